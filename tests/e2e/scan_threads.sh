#!/bin/sh
# Scanning threads on a real backlog: what is counted and mailed is the same with any number of
# them, in the sandbox; an end in the middle waits for them and loses nothing.
#   scan_threads.sh SRCDIR BUILDDIR
set -eu
src=$1 build=$2
. "$src/tests/e2e/common"
lines=1500000 # 120 MB or so
awk -v lines=$lines 'BEGIN {
    for (i = 1; i <= lines; i++) {
        printf "Nov 23 08:00:00 web%d app[%d]: request %d of user %d took %d ms\n", i % 7, i % 911, i, i % 1009, i * 7919 % 100003
        if (i % 1000 == 0) printf "Nov 23 08:00:00 web%d app[1]: ERROR db%d refused\n", i % 7, i / 1000 % 20
    }
}' >backlog
write() { # write THREADS NAME: a configuration that reads NAME.log
    cat >"$2.yaml" <<YAML
scan_threads: $1
state_dir: $work/$2.state
control: $work/$2.sock
host: here
sources: [{name: app, files: [$work/$2.log], start: beginning}]
rules:
  - {name: refused, match: 'ERROR (?<what>\w+) refused', by: [what], summary: '{{what}} refused'}
  - {name: slow, match: 'took (?<ms>1000[0-9]\d) ms'}
routes: [{to: [ops], group_by: [rule, what], group_wait: 3s}]
outputs: [{name: ops, maildir: $work/$2.mails}]
YAML
}
facts() { # facts NAME: what its mails say, but for times and what is made by chance
    find "$1.mails/new" -type f -exec sh -c 'name=$1; shift; for mail; do
        sed -n "s/^\(Subject\|X-Tocsin-[A-Z][^:]*\): /&/p; s/.* \(at byte [0-9]*\)$/\1/p; /^  > /p" \
            "$mail" | tr "\n" "|"
        echo
    done' sh "$1" {} + | sort
}
once() { # once NAME: to the end of NAME.log; what was counted, and what the mails say
    ln -f backlog "$1.log"
    "$build/tocsin" run --once -c "$1.yaml" 2>"$1.said" || fail "$1: status $?"
    sed -n 's/.*stopped: //p' "$1.said" >"$1.sum"
    facts "$1" >>"$1.sum"
}

write 0 none
once none
grep -q "^1501500 lines read, " none.sum || fail "read: $(head -n 1 none.sum)"
[ "$(grep -c 'Hash-Sum.*at byte' none.sum)" -eq 21 ] || fail "the mails are not understood"
for threads in 1 2 4 16; do
    write $threads with$threads
    once with$threads
    cmp -s none.sum with$threads.sum ||
        fail "with $threads threads: $(diff none.sum with$threads.sum | head -n 4)"
    ! grep -q 'threads are there' with$threads.said || fail "no thread: $(cat with$threads.said)"
done
pass "lines, counts, samples with their places and hash sums are the same with 0, 1, 2, 4 and 16 threads"

# --- an agent that goes on -------------------------------------------------------------------------
start() { # start NAME
    rm -f agent.log
    "$build/tocsin" run -v -c "$1.yaml" 2>agent.log &
    agent=$!
    pids="$pids $agent"
    until_true 20 grep -q running agent.log || fail "the agent did not start"
}
threads() { # how many scan now
    for task in "/proc/$agent/task"/*; do cat "$task/comm" 2>/dev/null; done | grep -c '^scan$'
}
counted() { # counted NAME: lines read since the start
    "$build/tocsin" status -c "$1.yaml" --json | sed -n 's/.*"lines":\([0-9]*\).*/\1/p'
}
at_least() { [ "$(counted "$1")" -ge "$2" ]; }
scan() { [ "$(threads)" -gt 0 ]; }
write 3 tail
: >tail.log
start tail
[ "$(threads)" -eq 0 ] || fail "threads without a backlog"
began=$(date +%s%3N)
cat backlog >>tail.log
until_true 10 scan || fail "no thread scans"
kill "$agent"
code=0
wait "$agent" || code=$?
[ $code -eq 0 ] || fail "SIGTERM: status $code"
first=$(sed -n 's/.*stopped: \([0-9]*\) lines.*/\1/p' agent.log)
took=$(($(date +%s%3N) - began))
[ $took -lt 15000 ] || fail "SIGTERM: the end took $took ms"
start tail
until_true 30 at_least tail $((1501500 - first)) || fail "after the end: $first and $(counted tail)"
[ "$(counted tail)" -eq $((1501500 - first)) ] || fail "counted twice: $first and $(counted tail)"
pass "SIGTERM while threads scan ends with status 0, and each line is counted once ($first before it)"

rests() { [ "$(threads)" -eq 0 ]; }
until_true 90 rests || fail "threads are there when it is quiet"
kill "$agent"
wait "$agent" || fail "the end after a rest: $?"
pass "when it is quiet, no thread is left"

write 0 tail
start tail
write 2 tail
kill -HUP "$agent"
if until_true 5 grep -q 'needs threads (scan_threads)' agent.log; then
    pass "the sandbox of an agent without threads holds: a reload that wants some asks for a restart"
elif "$build/tocsin" status -c tail.yaml | grep -q 'system calls by seccomp'; then
    fail "a reload took what the sandbox forbids"
fi
kill "$agent"
wait "$agent" || fail "the end: $?"
echo "$passed passed, 0 failed, 0 skipped"
