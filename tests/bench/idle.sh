#!/bin/sh
# An idle agent with 10 rules beside 1 and 10,000 files: time to start, memory, CPU and
# wake-ups, and rsyslog's beside it (10,000 files, the same folder). To reach: start < 2 s,
# RSS <= 12 MB, CPU < 0.1 %, no wake-ups but the sweep's (one a second).
#   SECONDS_IDLE=20 COUNTS="1 10000" idle.sh SRCDIR BUILDDIR
set -u
src=$1 build=$2
. "$src/tests/bench/common"
idle_s=${SECONDS_IDLE:-20} counts=${COUNTS:-1 10000}

now_ms() { date +%s%3N; }

field() { # field PID NAME: a number of /proc/PID/status
    sed -n "s/^$2:[^0-9]*\([0-9]*\).*/\1/p" "/proc/$1/status"
}

cpu_us() { # cpu_us PID: on a processor so far, all threads
    cat /proc/"$1"/task/*/schedstat | awk '{ sum += $1 } END { printf "%d", sum / 1000 }'
}

wakes() { # wakes PID: how often its threads were put to sleep by themselves
    cat /proc/"$1"/task/*/status |
        awk '/^voluntary_ctxt_switches/ { sum += $2 } END { print sum }'
}

make_files() { # make_files COUNT: a line in each, an hour ago
    mkdir "logs$1"
    seq "$1" | awk -v folder="logs$1" '{
        file = folder "/app-" $1 ".log"
        print "Nov 26 23:31:00 host app: started" >file
        close(file) }'
    find "logs$1" -type f -exec touch -d '1 hour ago' {} +
}

write_config() { # write_config COUNT
    cat >"$1.yaml" <<YAML
state_dir: $work/state$1
control: $work/control$1.sock
sources:
  - {name: app, files: ['$work/logs$1/*.log']}
rules:
YAML
    for rule in 0 1 2 3 4 5 6 7 8 9; do
        echo "  - {name: rule$rule, match: 'failure $rule of (?<user>\\S+)'}" >>"$1.yaml"
    done
    cat >>"$1.yaml" <<YAML
routes: [{to: [ops]}]
outputs: [{name: ops, maildir: $work/mail$1}]
YAML
}

measure() { # measure NAME PID START_MS: sets $rss_mb, $cpu_percent, $wakes_per_s
    sleep 8
    cpu_before=$(cpu_us "$2") wakes_before=$(wakes "$2")
    sleep "$idle_s"
    cpu=$(($(cpu_us "$2") - cpu_before)) woken=$(($(wakes "$2") - wakes_before))
    rss_mb=$(field "$2" VmRSS | awk '{ print $1 / 1024 }')
    cpu_percent=$(echo "$cpu $idle_s" | awk '{ print $1 / $2 / 10000 }')
    wakes_per_s=$(echo "$woken $idle_s" | awk '{ print $1 / $2 }')
    echo "idle, $1: start $3 ms, RSS $rss_mb MB, CPU $cpu_percent %, $wakes_per_s wake-ups/s" |
        tee -a "$rows.context" | sed 's/^/             /'
}

wait_until_followed() { # wait_until_followed COUNT: at most 60 s
    for _ in $(seq 3000); do
        "$build/tocsin" status --json -c "$1.yaml" 2>/dev/null |
            grep -q "\"files_watched\":$1," && return 0
        sleep 0.02
    done
    return 1
}

bounded() { # bounded TITLE MOST UNIT FIGURE
    row "$1" most "$2" "$3" "$4 $4 $4"
}

run_tocsin() { # run_tocsin COUNT
    make_files "$1"
    write_config "$1"
    started=$(now_ms)
    "$build/tocsin" run -q -c "$1.yaml" 2>"$1.err" &
    pid=$!
    pids="$pids $pid"
    wait_until_followed "$1" || { no_row FAILED "$1 files" "$(tail -n 1 "$1.err")"; return; }
    took=$(($(now_ms) - started))
    measure "tocsin/$1" "$pid" "$took"
    bounded "start beside $1 files" 2000 ms "$took"
    bounded "resident memory at rest beside $1 files" 12 MB "$rss_mb"
    bounded "CPU at rest beside $1 files" 0.1 % "$cpu_percent"
    bounded "wake-ups at rest beside $1 files" 1.1 /s "$wakes_per_s"
    kill "$pid"
    wait "$pid" 2>/dev/null
}

run_rsyslog() { # run_rsyslog COUNT
    {
        echo "module(load=\"imfile\" mode=\"inotify\")"
        echo "global(workDirectory=\"$work/spool\")"
        echo "input(type=\"imfile\" file=\"$work/logs$1/*.log\" tag=\"app\")"
        echo "*.* action(type=\"omfile\" file=\"$work/rsyslog.out\")"
    } >rsyslog.conf
    mkdir spool
    started=$(now_ms)
    LD_LIBRARY_PATH=$libraries RSYSLOG_MODDIR=$moddir rsyslogd -n -f "$work/rsyslog.conf" \
        -i "$work/rsyslog.pid" -M "$moddir" >rsyslog.err 2>&1 &
    pid=$!
    pids="$pids $pid"
    for _ in $(seq 300); do
        took=$(($(now_ms) - started))
        [ "$(cat rsyslog.out 2>/dev/null | wc -l)" -ge "$1" ] && break
        took="more than $took"
        sleep 0.1
    done
    measure "rsyslog/$1" "$pid" "$took"
    kill "$pid"
    wait "$pid" 2>/dev/null
}

for count in $counts; do
    run_tocsin "$count"
done
if have rsyslogd $rsyslog_packages; then
    find_rsyslog_modules
    run_rsyslog "$count"
else
    no_row SKIP "rsyslog at rest" "package rsyslog is not installed and cannot be unpacked here"
fi
