#!/bin/sh
# The unit tests of followed files (groups fs, identity and tail) on ext4, a tmpfs and an
# overlay that are mounted for this run in a mount namespace of its own, with inotify and
# without; and a file that an overlay copies up while it is followed.
#   filesystems.sh SRCDIR BUILDDIR
set -eu
src=$1 build=$2
if [ "${INSIDE:-}" != yes ] && [ "$(id -u)" -eq 0 ] && unshare -m true 2>/dev/null; then
    INSIDE=yes exec unshare -m sh "$src/tests/e2e/filesystems.sh" "$src" "$build"
fi
. "$src/tests/e2e/common"
[ "${INSIDE:-}" = yes ] || skip "L43 L44 file systems: only root with a mount namespace can mount"
[ -x "$build/tests/unit-tests" ] || skip "L43 L44 file systems: Check is not there (Debian: apt-get install check)"
passed=0 failed=0 skipped=0

lack() {
    echo "FAIL $1"
    failed=$((failed + 1))
}
leave_out() {
    echo "SKIP $1"
    skipped=$((skipped + 1))
}

# run_on ROW FOLDER NAME: with inotify and without; no test may fail, and none be missing.
run_on() {
    for world in inotify sweep; do
        : >"$2.out"
        for group in fs identity tail; do
            TMPDIR=$work/$2 TOCSIN_WORLD=$world TOCSIN_TEST=$group \
                "$build/tests/unit-tests" >>"$2.out" 2>&1 || true
        done
        rows=$(grep -cE '^ok   [a-z]+: (L[0-9]+_)+' "$2.out" || true)
        bad=$(grep -c '^FAIL' "$2.out" || true)
        text="$1 $3, $([ $world = sweep ] && echo 'inotify off' || echo 'inotify on'): $rows tests of rows"
        if [ "$bad" -eq 0 ] && [ "$rows" -gt 50 ]; then
            pass "$text passed"
        else
            lack "$text passed, $bad tests failed"
            grep -vE '^(ok|SKIP) ' "$2.out"
        fi
    done
}

mkdir ext4 tmpfs overlay
trap 'umount -q bound overlay tmpfs ext4 2>/dev/null; cleanup' EXIT
truncate -s 1G disk.img
if mkfs.ext4 -q -F disk.img 2>/dev/null && mount -o loop disk.img ext4 2>/dev/null; then
    run_on L13 ext4 "ext4"
else
    leave_out "L13 ext4: no file system in a file can be mounted here"
fi
if mount -t tmpfs -o size=1g tmpfs tmpfs 2>/dev/null; then
    run_on L43 tmpfs "tmpfs"
else
    leave_out "L43 tmpfs: none can be mounted here"
fi
mkdir tmpfs/lower tmpfs/upper tmpfs/work
echo "ERROR db0 refused" >tmpfs/lower/app.log
if ! mount -t overlay -o "lowerdir=tmpfs/lower,upperdir=tmpfs/upper,workdir=tmpfs/work" \
    overlay overlay 2>/dev/null; then
    leave_out "L44 overlay: none can be mounted here"
    echo "$passed passed, $failed failed, $skipped skipped"
    exit 0
fi
run_on L44 overlay "overlay"

# write_config FILE...: a world of its own for each.
write_config() {
    rm -rf state mails
    cat >tocsin.yaml <<YAML
state_dir: $work/state
control: $work/control.sock
sources: [{name: app, files: [$1], start: beginning, sweep: 200ms}]
rules: [{name: refused, match: 'ERROR (?<what>\w+) refused', by: [what]}]
routes: [{to: [folder], group_by: [rule], group_wait: 0s, group_interval: 1s, repeat_interval: 1s}]
outputs: [{name: folder, maildir: $work/mails}]
YAML
}
lines_told() { cat mails/new/* 2>/dev/null | sed -n 's/^X-Tocsin-New-Count: //p' | awk '{ s += $1 } END { print s + 0 }'; }
has_told() { [ "$(lines_told)" -ge "$1" ]; }

# A bind mount shows the same inode twice; a layer of an overlay and what is merged of it are
# two files to the kernel, and read twice by whoever follows both.
mkdir bound
mount --bind tmpfs/lower bound
write_config "$work/tmpfs/lower/*.log, $work/bound/*.log"
"$build/tocsin" run --once -c tocsin.yaml 2>agent.log || true
once=$(lines_told)
umount bound
write_config "$work/tmpfs/lower/*.log, $work/overlay/*.log"
"$build/tocsin" run --once -c tocsin.yaml 2>agent.log || true
if [ "$once $(lines_told)" = "1 2" ]; then
    pass "L21 a file that a bind mount shows again is read once, one that an overlay shows again is another file"
else
    lack "L21 a line was told $once times under a bind mount, $(lines_told) times under an overlay"
fi

# The file lies in the lower layer until somebody writes to it; then it is copied up.
write_config "$work/overlay/app.log"
"$build/tocsin" run -c tocsin.yaml 2>agent.log &
agent=$!
pids="$pids $agent"
until_true 10 has_told 1 || lack "L44 overlay: a file of the lower layer is not read"
echo "ERROR db1 refused" >>overlay/app.log
until_true 10 has_told 2 || true
echo "ERROR db2 refused" >>overlay/app.log
until_true 10 has_told 3 || true
kill "$agent"
wait "$agent" || true
echo "ERROR db3 refused" >>overlay/app.log
"$build/tocsin" run --once -c tocsin.yaml 2>>agent.log || true
if [ "$(lines_told)" -eq 4 ]; then
    pass "L44 a file copied up while it is followed is read on from where it was"
else
    lack "L44 of 4 lines of a file that is copied up $(lines_told) were told"
    cat agent.log
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
