#!/bin/sh
# The same crash harness for other log agents: one writer that never stops, the same
# rotations, kill -9 at the same moments; what each brings into a file is counted by the
# numbers of the lines. A run without kills comes first: who loses or doubles a line there
# is not set up right, and his other figures say nothing. That is why only app.log is read
# (with app.log* both peers read rotated logs again under their new names), why 6 s lie
# between two rotations (with less than 2 s both miss whole logs), and why 200 lines come in
# a second (at 800 rsyslog falls behind once it writes each position, and misses logs).
#   KILLS=150 KILL_SEED=1 peers.sh SRCDIR BUILDDIR [PEER...]
# Packages are unpacked below the build folder and not installed. KEEP=1 leaves the folder.
set -u
src=$1 build=$2
shift 2
. "$src/tests/e2e/common"
peers=$build/tests/bench/peers
. "$src/tests/bench/debian"
KILLS=${KILLS:-150} KILL_SEED=${KILL_SEED:-1}
LINES=${LINES:-$((KILLS * 120))} SECONDS_LONG=${SECONDS_LONG:-$((KILLS * 3 / 5))}
ROTATIONS=${ROTATIONS:-$((SECONDS_LONG / 6))}
export KILLS LINES ROTATIONS SECONDS_LONG KILL_SEED
passed=0 failed=0
[ -z "${KEEP:-}" ] || { trap - EXIT && echo "kept in $work"; }
have rsyslogd $rsyslog_packages || skip "the package rsyslog cannot be had"
have syslog-ng $syslogng_packages || skip "the package syslog-ng-core cannot be had"
find_rsyslog_modules
find_syslogng_modules

# --- one function a peer: writes conf and agent; lines go from app.log to out -------------

rsyslogd_agent() {
    cat >agent <<SH
#!/bin/sh
exec env LD_LIBRARY_PATH="$libraries" RSYSLOG_MODDIR="$moddir" \
    rsyslogd -n -iNONE -f conf -M "$moddir" 2>>agent.err
SH
}

rsyslog_conf() { # rsyslog_conf QUEUE INPUT-OPTIONS OUTPUT-OPTIONS
    mkdir spool
    cat >conf <<CONF
global(workDirectory="$PWD/spool")
module(load="imfile")
template(name="line" type="string" string="%msg%\n")
main_queue($1)
input(type="imfile" file="$PWD/app.log" tag="app" ruleset="out" $2)
ruleset(name="out") { action(type="omfile" file="$PWD/out" template="line" $3) }
CONF
    rsyslogd_agent
}
rsyslog_default() { # as its documentation shows imfile
    rsyslog_conf '' '' ''
}
rsyslog_queue() { # each position is written, what is read waits on disk
    rsyslog_conf 'queue.type="disk" queue.filename="main"
            queue.checkpointInterval="1" queue.syncQueueFiles="on"' \
        'persistStateInterval="1"' ''
}
rsyslog_careful() { # a position is written once its line is in the file
    rsyslog_conf 'queue.type="direct"' \
        'persistStateInterval="1" persistStateAfterSubmission="on"' \
        'asyncWriting="off" flushOnTXEnd="on"'
}

syslogng_conf() { # syslogng_conf SOURCE-OPTIONS DESTINATION-OPTIONS FLAGS
    cat >conf <<CONF
@version: 3.38
options { stats-freq(0); use-dns(no); keep-hostname(yes); };
source s { file("$PWD/app.log" flags(no-parse) read-old-records(yes) $1); };
destination out { file("$PWD/out" template("\$MESSAGE\\n") $2); };
log { source(s); destination(out); $3 };
CONF
    cat >agent <<SH
#!/bin/sh
exec env LD_LIBRARY_PATH="$libraries" syslog-ng -F --no-caps -f conf -p pid -c control \
    -R persist --module-path "$modules" 2>>agent.err
SH
}
syslogng_default() {
    syslogng_conf '' '' ''
}
syslogng_careful() { # a position is kept once its line is in the file
    syslogng_conf 'follow-freq(0.1)' 'flush-lines(1)' 'flags(flow-control);'
}
# --- a run ------------------------------------------------------------------------------

drain() { # drain PID: until nothing has come for 3 s
    still=0 size=
    for _ in $(seq 60); do
        sleep 1
        now=$(stat -c %s out 2>/dev/null || echo 0)
        [ "$now" = "$size" ] && still=$((still + 1)) || still=0
        size=$now
        [ $still -lt 3 ] || return
    done
}

# count: "lost twice broken" of the lines of out. A line that is not as it was written
# stands for none.
count() {
    touch out
    awk -v lines="$LINES" '
        /^web01 app\[[0-9]\]: ERROR seq=[0-9]+ connection to db1 refused$/ {
            seq = substr($4, 5) + 0
            if ($2 == "app[" seq % 10 "]:" && seq < lines) { seen[seq]++; next }
        }
        { broken++ }
        END {
            for (i = 0; i < lines; i++) {
                if (!seen[i]) lost++
                else twice += seen[i] - 1
            }
            print lost + 0, twice + 0, broken + 0
        }' out
}

# run_peer PEER KILLS: sets $figures to "lost twice broken".
run_peer() {
    mkdir "$work/$1-$2"
    cd "$work/$1-$2" || exit 1
    : >app.log
    "$1"
    chmod +x agent
    "$build/tests/e2e/kill9" write app.log "$LINES" "$ROTATIONS" "$SECONDS_LONG" rename >written &
    writer=$!
    pids="$pids $writer"
    if [ "$2" -gt 0 ]; then
        "$build/tests/e2e/kill9" kill "$2" $((SECONDS_LONG * 1600 / $2)) -- ./agent >kills 2>&1 ||
            cat kills agent.err
    fi
    ./agent &
    agent=$!
    pids="$pids $agent"
    wait "$writer"
    drain
    kill "$agent"
    wait "$agent"
    figures=$(count)
    cd "$work" || exit 1
    [ -n "${KEEP:-}" ] || rm -rf "$1-$2"
}

row() { # row NAME KILLS LOST TWICE BROKEN NOTE
    printf '%-18s %4d kills: lost %6d, twice %6d, broken %4d%s\n' "$@"
}

peer() { # peer NAME: the control, then the kills
    run_peer "$1" 0
    row "$1" 0 $figures ''
    if [ "$figures" = '0 0 0' ]; then
        echo "ok   $1: without kills each line comes once"
        passed=$((passed + 1))
    else
        echo "FAIL $1: without kills each line comes once"
        failed=$((failed + 1))
    fi
    run_peer "$1" "$KILLS"
    row "$1" "$KILLS" $figures ''
}

tocsin_row() { # tocsin_row KILLS: the same writer; mails have counts and hash sums
    KILLS=$1 sh "$src/tests/e2e/kill9.sh" "$src" "$build" >"$work/tocsin.log" 2>&1
    status=$?
    set -- "$1" $(sed -n 's/^lost \([0-9]*\), twice \([0-9]*\).*/\1 \2/p' "$work/tocsin.log") 0 \
        "; $(sed -n 's/.*; \([0-9]* byte-identical second copies\)$/\1/p' "$work/tocsin.log") of mails"
    row tocsin "$@"
    if [ $status -eq 0 ]; then
        passed=$((passed + 1))
    else
        cat "$work/tocsin.log"
        failed=$((failed + 1))
    fi
}

version_of() { LD_LIBRARY_PATH=$libraries "$@" | sed -n '1s/ (aka.*//p; 1s/ 3 (\(.*\))/ \1/p'; }

[ $# -gt 0 ] || set -- tocsin rsyslog_default rsyslog_queue rsyslog_careful \
    syslogng_default syslogng_careful
pace=$((SECONDS_LONG * 1600 / KILLS))
echo "$LINES lines tried in $SECONDS_LONG s, $ROTATIONS rotations, kill -9 each 0..$pace ms, seed $KILL_SEED"
echo "beside tocsin: $(version_of rsyslogd -v), $(version_of syslog-ng -V --module-path "$modules")"
for name in "$@"; do
    if [ "$name" = tocsin ]; then
        tocsin_row 0
        tocsin_row "$KILLS"
    else
        peer "$name"
    fi
done
echo "$passed passed, $failed failed, 0 skipped"
[ $failed -eq 0 ]
