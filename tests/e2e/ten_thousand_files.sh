#!/bin/sh
# 10,000 files under 64 descriptors: found at once, every line counted once, also
# those written while nobody looked, and 100 that are written to are read at once; the times
# are those of tests/bench/idle.sh, with room for a busy host (faults.md L50, L53).
#   ten_thousand_files.sh SRCDIR BUILDDIR
set -u
build=$2
work=$(mktemp -d "${TMPDIR:-/tmp}/tocsin-ten-thousand.XXXXXX")
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
cd "$work" || exit 1
passed=0 failed=0
check() { # check NAME STATUS
    if [ "$2" -eq 0 ]; then
        passed=$((passed + 1))
        echo "ok   $1"
    else
        failed=$((failed + 1))
        echo "FAIL $1"
    fi
}

append() { # append FROM STEP TO: "failure N" to each of these files
    seq "$1" "$2" "$3" | awk '{
        file = "logs/" $1 ".log"
        print "failure " $1 >>file
        close(file) }'
}

now_ms() { date +%s%3N; }

number() { # number NAME: the first of that name in the status
    "$build/tocsin" status --json -c config.yaml 2>/dev/null |
        sed -n "s/.*\"file_bytes\":{[^}]*\"$1\":\([0-9]*\).*/\1/p; t
            s/.*[{,]\"$1\":\([0-9]*\).*/\1/p" | head -n 1
}

wait_for() { # wait_for NAME VALUE TENTHS: sets $took
    began=$(now_ms)
    for _ in $(seq "$3"); do
        got=$(number "$1")
        took=$(($(now_ms) - began))
        [ "${got:-0}" -ge "$2" ] && return 0
        sleep 0.1
    done
    echo "$1: $got instead of $2"
    return 1
}

start() {
    prlimit --nofile=64:64 "$build/tocsin" run -q -c config.yaml 2>>agent.log &
    pid=$!
}

if ! command -v prlimit >/dev/null; then
    echo "SKIP L50 L53: prlimit (package util-linux) is not there"
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
fi
cat >config.yaml <<YAML
state_dir: $work/state
control: $work/control.sock
sources: [{name: app, files: ['$work/logs/*.log'], start: beginning}]
rules: [{name: failure, match: 'failure (?<number>\\d+)'}]
routes: [{to: [ops], group_wait: 1s, group_interval: 1s, repeat_interval: 1s}]
outputs: [{name: ops, maildir: $work/mail}]
YAML
mkdir logs
append 1 1 10000
start
wait_for files_watched 10000 300
check "L53 10,000 files are found in time (took $took ms; a busy host has 5 s)" $((took > 5000))
wait_for lines 10000 300
check "L50 all of 10,000 files are read with 64 descriptors" $?
[ "$(number files_open)" -le 64 ] && ! grep -q 'cannot' agent.log
check "L50 no file could not be opened" $?
append 1 100 10000
wait_for lines 10100 100
status=$?
[ "$took" -le 5000 ] || status=1
check "L53 100 active files are read in time (took $took ms)" "$status"
kill -9 "$pid"
wait "$pid" 2>/dev/null
append 1 1 10000 # while nobody looks
start
wait_for lines 10000 300
check "L50 what was written while it was down is read" $?
sleep 4 # more than once would show now
written=$(cat logs/*.log | wc -c)
[ "$(number read)" -eq "$written" ] && [ "$(number waiting)" -eq 0 ]
check "L50 the bytes read are the bytes written, over a kill -9" $?
kill "$pid"
wait "$pid"
pid=
told=$(cat mail/new/* | awk 'sub(/^X-Tocsin-New-Count: */, "") { sum += $0 } END { print sum + 0 }')
[ "$told" -eq 20100 ]
check "L50 each line is told once (told $told of 20100)" $?
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
