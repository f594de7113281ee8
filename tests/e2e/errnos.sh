#!/bin/sh
# An error at every system call of one scripted life of the real binary: ENOSPC, EIO, EDQUOT,
# EINTR, EMFILE and ENOMEM, once each. The agent may say so and end, or go on; each line is
# told once all the same. An fdatasync that fails ends it at once (D05).
#   STRIDE=1 errnos.sh SRCDIR BUILDDIR      every one (make proof); see tests/e2e/lives
#   ERRNOS="EIO"                            only these
set -u
build=$2
. "$1/tests/e2e/common"
stride=250
. "$1/tests/e2e/lives"

# Calls that cannot fail so, or whose failure is no failure of the agent's, are left out.
points '!exit_group,exit,execve,brk,mprotect,arch_prctl,set_tid_address,rseq,rt_sigprocmask,rt_sigreturn,munmap'
for errno in ${ERRNOS:-ENOSPC EIO EDQUOT EINTR EMFILE ENOMEM}; do
    sed "s/^/$errno /" points
done >all
fail_at() { # fail_at ERRNO SYSCALL K
    program first "strace -D -f -qq -y -o $work/trace -e signal=none -e trace=$2 -e inject=$2:error=$1:when=$3 $plain"
    try "$1 at $2 number $3" first
    ! grep -q INJECTED trace 2>/dev/null || hit=$((hit + 1))
    case $(cat life) in *status=6\ *) aborted=$((aborted + 1)) ;; esac
}
aborted=0
each all fail_at
echo "$(wc -l <points) system calls: $(cut -d' ' -f1 points | sort | uniq -c | sort -rn |
    awk '{ printf "%s%s %s", sep, $1, $2; sep = ", " }')"
echo "$tried of $(wc -l <all) errors tried, $hit met: lost or told twice $bad; told by a later" \
    "agent $late, libraries that gave up by abort() $aborted, $copies byte-identical second copies"

# After a failed fdatasync a second one can succeed, though the pages are gone (D05). How
# SQLite's own syncs of the folder end, SQLite does not look at; the agent syncs it again. The
# file `starts` is no part of the store: without it only the next look for an old copy is lost.
# Behind the last sync of all, with which SQLite closes the store, nothing comes that could build
# on it: each commit was synced before, and the WAL stays where it is.
sync_fails_at() {
    fail_at "$@"
    if grep INJECTED trace | grep -q "$work/state>"; then
        of_folder=$((of_folder + 1))
    elif grep INJECTED trace | grep -q "$work/state/starts"; then
        of_starts=$((of_starts + 1))
    elif grep 'sync(' trace | tail -n 1 | grep -q INJECTED && grep -q 'status=0 ' life; then
        at_close=$((at_close + 1))
    elif grep -q INJECTED trace && grep -q 'status=0 ' life; then
        survived=$((survived + 1))
        grep INJECTED trace # what it was that failed
    fi
}
survived=0 of_folder=0 of_starts=0 at_close=0 before=$tried
grep 'EIO f[a-z]*sync ' all >syncs
[ "$stride" -le 6 ] || stride=6 offset=0
each syncs sync_fails_at
echo "$((tried - before)) of $(wc -l <syncs) failing syncs tried, $of_folder of them of the folder," \
    "$of_starts of the file that counts starts, $at_close the last of all: of the others $survived agents went on"

verdict() { # verdict ROWS TEXT OK
    if [ "$3" -eq 0 ]; then
        echo "ok   $1 $2"
        passed=$((passed + 1))
    else
        echo "FAIL $1 $2"
        failed=$((failed + 1))
    fi
}
passed=0 failed=0
[ $hit -gt $((tried / 2)) ] || bad=$((bad + 1))
verdict "D01 D02 D03 D04 D06" "whatever error a system call meets, each line is told once" $bad
verdict D05 "a sync that fails ends the agent, and the next one recovers" $((survived + bad))
echo "$passed passed, $failed failed, 0 skipped"
[ $failed -eq 0 ]
