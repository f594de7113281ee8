#!/bin/sh
# The real binary at work for a while: lines without end, a rotation every 30 s, webhooks,
# one mail in ten refused, reloads. Every 10 s its memory, descriptors, pages of the store and
# WAL are looked at; none may grow. At the end each line must have been told once.
#   soak.sh SRCDIR BUILDDIR [TIME]      TIME in seconds, or as 10m or 1h
#   RATE=lines a second
set -u
build=$2 time=${3:-10m} rate=${RATE:-2000}
. "$1/tests/e2e/common"
case $time in
*h) long=$((${time%h} * 3600)) ;;
*m) long=$((${time%m} * 60)) ;;
*) long=${time%s} ;;
esac
every=$((long / 60))
[ $every -le 10 ] || every=10
[ $every -ge 1 ] || every=1
passed=0 failed=0
port=$(free_port)
mkdir mails
: >app.log
set --
for i in $(seq 10 10 600); do set -- "$@" --says "dot:#$i 451 4.3.0 try again"; done
start_sink --eml mails "$@"
cat >tocsin.yaml <<YAML
state_dir: $work/state
control: $work/control.sock
http: {listen: '127.0.0.1:$port'}
sources:
  - {name: app, files: [$work/app.log], start: beginning, rotate_wait: 2s}
rules:
  - {name: refused, match: 'app\[(?<worker>\d+)\]: ERROR seq=\d+', by: [worker],
     severity: warning}
routes:
  - {name: self, match: [rule=tocsin], to: [self], group_wait: 0s, group_interval: 1s}
  - {name: lines, match: [rule=refused], to: [ops], group_by: [worker], group_wait: 1s,
     group_interval: 10s, repeat_interval: 10s}
  - {name: posts, to: [self], group_wait: 1s, group_interval: 5s, repeat_interval: 1h}
accounts:
  - name: local
    smtp: {host: 127.0.0.1, port: $smtps, user: agent, password_file: $work/password,
           tls: implicit, ca_file: $work/ca.pem}
    from: agent@example.com
    doubt_wait: 1s
outputs:
  - {name: ops, account: local, to: [ops@example.com]}
  - {name: self, maildir: $work/self}
YAML
"$build/tocsin" run -c tocsin.yaml 2>agent.log &
agent=$!
pids="$pids $agent"
until_true 10 grep -q running agent.log || fail "the agent did not start"
lines=$((long * rate))
"$build/tests/e2e/kill9" write app.log "$lines" $((long / 30)) "$long" rename >written &
writer=$!
pids="$pids $writer"

sample() { # sample SECONDS
    awk -v t="$1" '/^Rss:/ { print t, $2 }' "/proc/$agent/smaps_rollup" >>rss
    awk -v t="$1" '/^Pss:/ { print t, $2 }' "/proc/$agent/smaps_rollup" >>pss
    awk -v t="$1" '/^Private_/ { kib += $2 } END { print t, kib }' \
        "/proc/$agent/smaps_rollup" >>private
    echo "$1 $(ls "/proc/$agent/fd" | wc -l)" >>fds
    echo "$1 $(($(stat -c %s state/tocsin.db) / 4096))" >>pages
    echo "$1 $(($(stat -c %s state/tocsin.db-wal) / 1024))" >>wal
}
began=$(date +%s) reloads=0 posts=0 next=0
while [ ! -s written ] && [ -r "/proc/$agent/smaps_rollup" ]; do
    age=$(($(date +%s) - began))
    if [ $age -ge $next ]; then
        sample "$age"
        next=$((next + every))
        [ $((next % (every * 6))) -ne 0 ] || { kill -HUP "$agent" && reloads=$((reloads + 1)); }
    fi
    for i in 1 2 3 4 5; do
        code=$(curl -s -o reply -w '%{http_code}' --max-time 5 -H 'Content-Type: text/plain' \
            --data-binary "disk $((posts % 50)) is full" "http://127.0.0.1:$port/webhook/text")
        [ "$code" = 200 ] && posts=$((posts + 1))
    done
    sleep 1
done
[ -s written ] || fail "the agent ended by itself"
wait "$writer"
sleep 15
kill "$agent"
wait "$agent" || fail "the agent ended with status $?"
# By now the server behaves, and what it had refused need not wait.
kill "$sink"
wait "$sink"
start_sink --eml mails --smtps "$smtps"
for i in 1 2 3; do
    sqlite3 state/tocsin.db 'DELETE FROM account_hold;
        UPDATE outbox SET next_at = 0 WHERE state = 0' 2>/dev/null
    timeout 60 "$build/tocsin" run --once -q -c tocsin.yaml 2>>agent.log && break
done

"$build/tests/e2e/kill9" sum mails >mailed
read -r written sum <written
read -r mails copies count total <mailed
refused=$(grep -c 'goes again later' agent.log)
echo "$long s: $written lines over $((long / 30)) rotations, $posts posts, $reloads reloads," \
    "$mails mails, $refused refused at first; mailed $count lines"
verdict() { # verdict NAME STATUS
    if [ "$2" -eq 0 ]; then
        echo "ok   $1"
        passed=$((passed + 1))
    else
        echo "FAIL $1"
        failed=$((failed + 1))
    fi
}
slope() { # slope FILE UNIT: 0 unless all of the interval is above nought
    "$build/tests/e2e/slope" "$1" "$2" "$written" <"$1"
}
[ "$written $sum" = "$count $total" ]
verdict "each line was told once" $?
slope rss KiB
grows=$?
slope private KiB
grows=$((grows + $?))
slope pss KiB # moves with other programs that have the same libraries open: only told
slope pages pages
grows=$((grows + $?))
slope wal KiB
grows=$((grows + $?))
verdict "P09 memory and store do not grow" $grows
slope fds descriptors
verdict "P10 descriptors do not grow" $?
echo "$passed passed, $failed failed, 0 skipped"
[ $failed -eq 0 ]
