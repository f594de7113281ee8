#!/bin/sh
# Debian's logrotate rotates under a writer of numbered lines, ten times and more, once a
# second, in the ways that its manual has. No line may be lost and none told twice; what
# copytruncate itself loses is counted line by line.
#   logrotate.sh SRCDIR BUILDDIR
#   logrotate.sh SRCDIR BUILDDIR NAME INOTIFY DIRECTIVE...     one of them
# ONLY="1 4" chooses among them.
set -eu
src=$1 build=$2
. "$src/tests/e2e/common"
shift 2
command -v logrotate >/dev/null || skip "logrotate is not there (Debian: apt-get install logrotate)"
helper=$build/tests/e2e/logrotate
lines=${LINES:-10000} a_second=${A_SECOND:-1000}

told() { find mails/new -type f -exec cat {} + 2>/dev/null | sed -n 's/^X-Tocsin-New-Count: //p' | awk '{ s += $1 } END { print s + 0 }'; }
# What was written is read, and each line that was read is told.
has_told_all() {
    "$build/tocsin" status --json -c tocsin.yaml >status 2>/dev/null || return 1
    counted=$(sed -n 's/.*[{,]"lines":\([0-9]*\).*/\1/p' status | head -n 1)
    waiting=$(sed -n 's/.*"file_bytes":{[^}]*"waiting":\([0-9]*\).*/\1/p' status)
    [ "$waiting" = 0 ] && [ "$(told)" = "$counted" ]
}
all_lines() { # in all files that are left
    find logs -type f | while read -r log; do
        case $log in
        *.xz) xz -dc "$log" ;;
        *.zst) zstd -qdc "$log" ;;
        *.gz) gzip -dc "$log" ;;
        *) cat "$log" ;;
        esac
    done
}
is_running() { grep -q running agent.log; }

one() { # one NAME INOTIFY DIRECTIVE...
    name=$1 inotify=$2
    shift 2
    mkdir -p logs/old
    : >logs/app.log
    cat >hangup <<SH
#!/bin/sh
case "$name" in *away* | *late*) sleep 0.7 ;; esac
kill -HUP \$(cat $work/writer.pid)
SH
    {
        echo "$work/logs/app.log {"
        printf '    %s\n' "rotate 100" "missingok" "$@"
        case " $* " in *size*) ;; *) echo "    size 1k" ;; esac
        case " $* " in
        *copy*) ;;
        *) printf '    %s\n' postrotate "    sh $work/hangup" endscript ;;
        esac
        echo "}"
    } >logrotate.conf
    chmod 644 logrotate.conf
    cat >tocsin.yaml <<YAML
state_dir: $work/state
control: $work/control.sock
sources: [{name: app, files: [$work/logs/app.log], start: beginning, rotate_wait: 3s,
           inotify: $inotify, sweep: 200ms}]
rules: [{name: refused, match: 'app\[(?<bucket>\d+)\]: ERROR', by: [bucket], summary: 'bucket={{bucket}}',
         resolve_after: 3s}]
routes: [{to: [folder], group_by: [bucket], group_wait: 500ms, group_interval: 1s, repeat_interval: 1s}]
outputs: [{name: folder, maildir: $work/mails}]
YAML
    # Where rotated files match as well, none of them is read again.
    case $name in *all*) sed -i "s,logs/app.log\],logs/app.log*]," tocsin.yaml ;; esac
    rm -f agent.log
    "$build/tocsin" run -c tocsin.yaml 2>agent.log &
    agent=$!
    pids="$pids $agent"
    until_true 10 is_running || fail "$name: the agent did not start"
    "$helper" write logs/app.log "$lines" "$a_second" &
    writer=$!
    pids="$pids $writer"
    echo $writer >writer.pid
    while sleep 1.01 && kill -0 $writer 2>/dev/null; do
        logrotate -s "$work/logrotate.state" logrotate.conf >>logrotate.log 2>&1 || true
    done
    wait $writer
    # A rotated file has to be found by a sweep, too: it has to be so twice.
    until_true 60 has_told_all && sleep 1 && until_true 60 has_told_all || true
    kill "$agent"
    wait "$agent" || true
    rotations=$(find logs -type f -name 'app.log?*' | wc -l)
    code=0
    sums=$(all_lines | "$helper" sum "$lines" mails/new) || code=$?
    wanted=4 # of ten, on a very busy machine
    case " $* " in *shred*) wanted=1 ;; esac
    case $name in *away* | *late*) wanted=2 ;; esac
    # Only copytruncate has a window in which lines are lost.
    case " $* " in *copytruncate*) ;; *) echo "$sums" | grep -q ' + 0 in the window;' || code=1 ;; esac
    case " $* " in
    *copytruncate*) rows='L03 L04 L07' ;;
    *compress*) rows='L01 L08' ;;
    *) rows='L01 L02' ;;
    esac
    if [ $code -eq 0 ] && [ "$rotations" -ge $wanted ]; then
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
    case " ${ONLY:-$1} " in *" $1 "*) ;; *) return 0 ;; esac
    out=$work/$1.out
    begun=$((begun + 1))
    shift
    TMPDIR=$work sh "$src/tests/e2e/logrotate.sh" "$src" "$build" "$@" >"$out" 2>&1 &
    pids="$pids $!"
}
begin_packed() { # begin_packed NUMBER PROGRAM EXTENSION: where the program is
    if command -v "$2" >/dev/null; then
        begin "$1" "create, compress with $2" true create compress \
            "compresscmd $(command -v "$2")" "compressext .$3"
    else
        echo "SKIP L09 logrotate with $2: it is not there (Debian: apt-get install ${2}-utils)"
        skipped=$((skipped + 1))
    fi
}
begun=0 skipped=0
begin 1 "create" true create
begin 2 "create, compress" true create compress
begin 3 "create, compress, delaycompress, dateext; inotify off" false \
    create compress delaycompress dateext 'dateformat -%Y%m%d-%s'
begin 4 "copytruncate" true copytruncate
begin 5 "copytruncate; inotify off" false copytruncate
begin 6 "copytruncate, compress, delaycompress, dateext" true \
    copytruncate compress delaycompress dateext 'dateformat -%Y%m%d-%s'
begin 7 "nocreate, the log away for a while" true nocreate
begin 8 "nocreate, the log away for a while; inotify off" false nocreate
begin 9 "create, olddir, sharedscripts, maxsize" true create 'olddir old' \
    sharedscripts daily 'maxsize 1k'
# A file is shredded six rotations later, when it is not followed any more.
begin 10 "create, shred, 'rotate 6'; inotify off" false create shred 'rotate 6'
begin 11 "copy" true copy
begin_packed 12 xz xz
begin_packed 13 zstd zst
begin 14 "create, the writer late" true create
begin 15 "create, the writer late, all files; inotify off" false create
for pid in $pids; do wait "$pid" || true; done
cat "$work"/*.out
passed=$(cat "$work"/*.out | grep -c '^ok' || true)
failed=$((begun - passed))
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
