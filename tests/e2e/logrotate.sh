#!/bin/sh
# Debian's logrotate rotates under a writer of numbered lines, ten times and more, once a
# second: create, copytruncate, compress, delaycompress, dateext, by size. No line may be lost
# and none told twice; what copytruncate itself loses is counted line by line.
#   logrotate.sh SRCDIR BUILDDIR
#   logrotate.sh SRCDIR BUILDDIR NAME INOTIFY DIRECTIVE...     one of them
set -eu
src=$1 build=$2
. "$src/tests/e2e/common"
shift 2
command -v logrotate >/dev/null || skip "logrotate is not there (Debian: apt-get install logrotate)"
helper=$build/tests/e2e/logrotate
lines=${LINES:-20000} a_second=${A_SECOND:-2000}

told() { cat mails/new/* 2>/dev/null | sed -n 's/^X-Tocsin-New-Count: //p' | awk '{ s += $1 } END { print s + 0 }'; }
has_told() { [ "$(told)" -ge "$1" ]; }
is_running() { grep -q running agent.log; }

one() { # one NAME INOTIFY DIRECTIVE...
    name=$1 inotify=$2
    shift 2
    mkdir logs
    : >logs/app.log
    {
        echo "$work/logs/app.log {"
        printf '    %s\n' "size 1k" "rotate 100" "missingok" "$@"
        case " $* " in
        *copytruncate*) ;;
        *) printf '    %s\n' postrotate "    kill -HUP \$(cat $work/writer.pid)" endscript ;;
        esac
        echo "}"
    } >logrotate.conf
    chmod 644 logrotate.conf
    cat >tocsin.yaml <<YAML
state_dir: $work/state
control: $work/control.sock
sources: [{name: app, files: [$work/logs/app.log], start: beginning, rotate_wait: 3s,
           inotify: $inotify, sweep: 200ms}]
rules: [{name: refused, match: 'app\[(?<bucket>\d+)\]: ERROR', by: [bucket], summary: 'bucket={{bucket}}'}]
routes: [{to: [folder], group_by: [bucket], group_wait: 500ms, group_interval: 1s, repeat_interval: 1s}]
outputs: [{name: folder, maildir: $work/mails}]
YAML
    rm -f agent.log
    "$build/tocsin" run -c tocsin.yaml 2>agent.log &
    agent=$!
    pids="$pids $agent"
    until_true 10 is_running || fail "$name: the agent did not start"
    "$helper" write logs/app.log "$lines" "$a_second" &
    writer=$!
    echo $writer >writer.pid
    while sleep 1.01 && kill -0 $writer 2>/dev/null; do
        logrotate -s "$work/logrotate.state" logrotate.conf >>logrotate.log 2>&1 || true
    done
    wait $writer
    # A window's lines never come: then the waiting ends when nothing is told any more.
    last=-1
    until has_told "$lines" || [ "$(told)" -eq "$last" ]; do
        last=$(told)
        sleep 2
    done
    kill "$agent"
    wait "$agent" || true
    rotations=$(find logs -name 'app.log?*' | wc -l)
    code=0
    sums=$(for log in logs/*; do gzip -dcf "$log"; done | "$helper" sum "$lines" mails/new) || code=$?
    case " $* " in
    *copytruncate*) rows='L03 L04 L07' ;;
    *compress*) rows='L01 L08' ;;
    *) rows='L01 L02' ;;
    esac
    if [ $code -eq 0 ] && [ "$rotations" -ge 8 ]; then
        echo "ok   $rows logrotate with $name: $rotations rotations; $sums"
    else
        echo "FAIL $rows logrotate with $name: $rotations rotations; $sums"
        tail -n 20 logrotate.log agent.log
    fi
}

if [ $# -gt 0 ]; then
    one "$@"
    exit 0
fi

# They wait most of their time, so all of them run at once, each in a folder of its own.
begin() { # begin NUMBER NAME INOTIFY DIRECTIVE...
    out=$work/$1.out
    shift
    TMPDIR=$work sh "$src/tests/e2e/logrotate.sh" "$src" "$build" "$@" >"$out" 2>&1 &
}
begin 1 "create" true create
begin 2 "create, compress" true create compress
begin 3 "create, compress, delaycompress, dateext; inotify off" false \
    create compress delaycompress dateext 'dateformat -%Y%m%d-%s'
begin 4 "copytruncate" true copytruncate
begin 5 "copytruncate; inotify off" false copytruncate
begin 6 "copytruncate, compress, delaycompress, dateext" true \
    copytruncate compress delaycompress dateext 'dateformat -%Y%m%d-%s'
wait
cat "$work"/[1-6].out
passed=$(cat "$work"/[1-6].out | grep -c '^ok' || true)
failed=$((6 - passed))
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
