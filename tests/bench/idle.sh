#!/bin/sh
# An idle agent with 10 rules beside 1, 100 and 10,000 files: time to start, memory, CPU and
# wake-ups, and rsyslog's beside it (10,000 files, the same folder). To reach: start < 2 s,
# RSS <= 12 MB, CPU < 0.1 %, no wake-ups but the sweep's (one a second).
#   SECONDS_IDLE=20 COUNTS="1 100 10000" idle.sh SRCDIR BUILDDIR
set -eu
build=$2
idle_s=${SECONDS_IDLE:-20} counts=${COUNTS:-1 100 10000}
work=$(mktemp -d "${TMPDIR:-/tmp}/tocsin-idle.XXXXXX")
pids=
cleanup() {
    for pid in $pids; do kill "$pid" 2>/dev/null || true; done
    rm -rf "$work"
}
trap cleanup EXIT
cd "$work"

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

reached() { # reached VALUE LIMIT
    awk -v value="$1" -v limit="$2" 'BEGIN {
        print (value <= limit ? "reached" : "NOT REACHED") }'
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

measure() { # measure NAME PID START_MS: a row; sets $rss
    sleep 8
    cpu_before=$(cpu_us "$2") wakes_before=$(wakes "$2")
    sleep "$idle_s"
    cpu=$(($(cpu_us "$2") - cpu_before)) woken=$(($(wakes "$2") - wakes_before))
    rss=$(field "$2" VmRSS)
    echo "$1 $3 $rss $(field "$2" RssAnon) $cpu $woken $idle_s" | awk '{
        printf "%-16s start %5d ms  RSS %6d KiB (anonymous %6d)  CPU %.3f %%  " \
            "%.1f wake-ups/s\n", $1, $2, $3, $4, $5 / $7 / 10000, $6 / $7 }'
    cpu_percent=$(echo "$cpu $idle_s" | awk '{ print $1 / $2 / 10000 }')
    wakes_per_s=$(echo "$woken $idle_s" | awk '{ print $1 / $2 }')
}

wait_until_followed() { # wait_until_followed COUNT: at most 60 s
    for _ in $(seq 3000); do
        "$build/tocsin" status --json -c "$1.yaml" 2>/dev/null |
            grep -q "\"files_watched\":$1," && return 0
        sleep 0.02
    done
    return 1
}

run_tocsin() { # run_tocsin COUNT
    make_files "$1"
    write_config "$1"
    started=$(now_ms)
    "$build/tocsin" run -q -c "$1.yaml" 2>"$1.err" &
    pid=$!
    pids="$pids $pid"
    wait_until_followed "$1" || { cat "$1.err"; return 1; }
    took=$(($(now_ms) - started))
    measure "tocsin/$1" "$pid" "$took"
    printf '%-16s start %s  RSS %s  CPU %s  wake-ups %s\n' "" \
        "$(reached "$took" 2000)" "$(reached "$rss" 12288)" \
        "$(reached "$cpu_percent" 0.1)" "$(reached "$wakes_per_s" 1.1)"
    kill "$pid"
    wait "$pid" || true
}

find_rsyslog() { # sets $rsyslogd and $modules, from the package if it is not installed
    rsyslogd=$(command -v rsyslogd || true) modules=
    [ -z "$rsyslogd" ] || return 0
    (apt-get download rsyslog libestr0 libfastjson4 liblognorm5 >apt.log 2>&1) || return 1
    for deb in *.deb; do dpkg -x "$deb" peer; done
    rsyslogd=$work/peer/usr/sbin/rsyslogd
    modules=$(dirname "$(find "$work/peer" -name imfile.so)")
    LD_LIBRARY_PATH=$(dirname "$(find "$work/peer" -name 'libestr.so.0' | head -n 1)")
    export LD_LIBRARY_PATH
    "$rsyslogd" -v >/dev/null 2>&1
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
    "$rsyslogd" ${modules:+-M "$modules"} -n -f "$work/rsyslog.conf" \
        -i "$work/rsyslog.pid" >rsyslog.err 2>&1 &
    pid=$!
    pids="$pids $pid"
    for _ in $(seq 600); do
        [ "$(wc -l 2>/dev/null <rsyslog.out || echo 0)" -ge "$1" ] && break
        sleep 0.1
    done
    measure "rsyslog/$1" "$pid" $(($(now_ms) - started))
    kill "$pid"
    wait "$pid" || true
}

for count in $counts; do
    run_tocsin "$count"
done
if find_rsyslog; then
    run_rsyslog "$count"
else
    echo "SKIP the peer: package rsyslog is not installed and cannot be unpacked here"
fi
