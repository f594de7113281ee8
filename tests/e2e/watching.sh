#!/bin/sh
# The real agent where the kernel gives too little: inotify's queue overflows, watches or
# instances are used up, and there are fewer descriptors than files. Nothing may be lost.
#   watching.sh SRCDIR BUILDDIR
set -eu
src=$1 build=$2
. "$src/tests/e2e/common"
passed=0 failed=0 skipped=0
writer=$build/tests/e2e/watching

lack() {
    echo "FAIL $1"
    failed=$((failed + 1))
    cat agent.log status 2>/dev/null || true
}

write_config() { # write_config SWEEP
    rm -rf state mails logs agent.log status
    mkdir logs
    cat >tocsin.yaml <<YAML
state_dir: $work/state
control: $work/control.sock
sources: [{name: app, files: ["$work/logs/**/*.log"], start: beginning, sweep: $1, rotate_wait: 2s}]
rules: [{name: refused, match: 'refused'}]
routes: [{to: [folder], group_wait: 0s, group_interval: 1s, repeat_interval: 1s}]
outputs: [{name: folder, maildir: $work/mails}]
YAML
}
told() { cat mails/new/* 2>/dev/null | sed -n 's/^X-Tocsin-New-Count: //p' | awk '{ s += $1 } END { print s + 0 }'; }
has_told() { [ "$(told)" -ge "$1" ]; }
is_running() { grep -q running agent.log; }
has_read() { # has_read LINES: all of them by now, seen in the mails
    "$build/tocsin" status -v -c tocsin.yaml >status 2>/dev/null && has_told "$1"
}
number() { sed -n "s/^ *$1 *\([0-9]*\)\$/\1/p" status; }

start() { # start COMMAND...: the agent, by a command that becomes it
    rm -f agent.log
    "$@" "$build/tocsin" run -c tocsin.yaml 2>agent.log &
    agent=$!
    pids="$pids $agent"
    until_true 10 is_running || fail "the agent did not start"
}
stop() {
    kill "$agent" 2>/dev/null || true
    wait "$agent" || true
}

# --- L47: 16,384 events and more while the agent is stopped, and a rotation among them --------
queue=$(cat /proc/sys/fs/inotify/max_queued_events)
write_config 1h
: >logs/a.log
: >logs/b.log
start env
kill -STOP "$agent"
"$writer" append $((queue / 2 + 200)) logs/a.log logs/b.log
mv logs/a.log logs/a.log.1
echo refused >logs/a.log
kill -CONT "$agent"
lines=$((queue + 401))
until_true 60 has_read $lines || true
"$build/tocsin" status -v -c tocsin.yaml >status
if [ "$(told)" -eq $lines ] && [ "$(number watch_overflows)" -ge 1 ]; then
    pass "L47 $lines lines over an overflow of inotify's queue, and a rotation in it, are all told"
else
    lack "L47 of $lines lines $(told) were told; overflows: $(number watch_overflows)"
fi
stop

# --- L28: folders made as fast as a program can ----------------------------------------------
write_config 1h
start env
"$writer" folders 3000 logs
until_true 60 has_read 3000 || true
if [ "$(told)" -eq 3000 ]; then
    pass "L28 3000 folders, made with a file in each as fast as possible, are all read"
else
    lack "L28 of 3000 folders' lines $(told) were told"
fi
stop

# --- L48, L49: no watches, no instances, in a user namespace with limits of its own -----------
# limited NAME VALUE COMMAND...: with that limit for the user of the namespace.
limited() {
    limit=$1 value=$2
    shift 2
    exec unshare -Ur sh -c 'echo "$2" >/proc/sys/user/"$1" && shift 2 && exec "$@"' - "$limit" "$value" "$@"
}
limits_work() { (limited max_inotify_watches 3 true) 2>/dev/null; }
for row in L48 L49; do
    case $row in
    L48) limit=max_inotify_watches value=12 what="12 watches for 40 folders" ;;
    L49) limit=max_inotify_instances value=0 what="no instance of inotify" ;;
    esac
    if ! limits_work; then
        echo "SKIP $row $what: no user namespace can be made here"
        skipped=$((skipped + 1))
        continue
    fi
    write_config 200ms
    "$writer" folders 40 logs
    start limited $limit $value
    until_true 60 has_read 40 || true
    for i in $(seq 0 39); do echo refused >>logs/$i/x.log; done
    until_true 60 has_read 80 || true
    "$build/tocsin" status -v -c tocsin.yaml >status
    told_once=$(grep -c 'looked at by the sweep alone' agent.log || true)
    if [ "$(told)" -eq 80 ] && [ "$told_once" -eq 1 ] && [ "$(number watch_failures)" -ge 1 ]; then
        pass "$row with $what the sweep reads all, and it is told once"
    else
        lack "$row with $what: $(told) of 80 lines, told $told_once times"
    fi
    stop
done

# --- L50: 64 descriptors for 200 files ---------------------------------------------------------
if command -v prlimit >/dev/null; then
    write_config 200ms
    start prlimit --nofile=64:64
    sum=0
    for round in 1 2 3; do
        for i in $(seq 200); do echo refused >>logs/$i.log; done
        sum=$((sum + 200))
        until_true 60 has_read $sum || true
    done
    # Now each is rotated with a line that was not read yet, and one comes late.
    for i in $(seq 200); do
        echo refused >>logs/$i.log
        mv logs/$i.log logs/$i.log.1
        echo refused >logs/$i.log
    done
    for i in $(seq 200); do echo refused >>logs/$i.log.1; done
    sum=$((sum + 600))
    until_true 60 has_read $sum || true
    "$build/tocsin" status -v -c tocsin.yaml >status
    if [ "$(told)" -eq $sum ] && [ "$(number lost_bytes)" = 0 ] &&
        [ "$(number files_open)" -le 24 ]; then
        pass "L50 200 files under 64 descriptors: $sum lines over rotations, none lost, $(number files_open) files open"
    else
        lack "L50 of $sum lines $(told) were told, $(number lost_bytes) bytes lost, $(number files_open) files open"
    fi
    stop
else
    echo "SKIP L50 prlimit is not there (Debian: apt-get install util-linux)"
    skipped=$((skipped + 1))
fi

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
