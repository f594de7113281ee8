#!/bin/sh
# Does anything leak? The agent does the same work in rounds: lines, a rotation, posts, mails
# over a connection of their own, a reload. What it has allocated, without the pages of the
# store, and its descriptors are the same after ROUNDS rounds and after twice as many, which
# no slope of resident memory could say so exactly in a minute.
#   ROUNDS=10 growth.sh SRCDIR BUILDDIR
set -u
build=$2 rounds=${ROUNDS:-10}
. "$1/tests/e2e/common"
passed=0 failed=0
command -v curl >/dev/null || skip "curl is not there"
http=$(free_port)
: >app.log
start_sink
cat >tocsin.yaml <<YAML
state_dir: $work/state
control: $work/control.sock
http: {listen: '127.0.0.1:$http'}
sources:
  - {name: app, files: [$work/app.log], start: beginning, rotate_wait: 1s, sweep: 200ms}
rules:
  - {name: refused, match: 'app\[(?<worker>\d+)\]: ERROR seq=\d+', by: [worker],
     severity: warning, resolve_after: 1s}
  - {name: posted, from: http, match: '.', resolve_after: 1s}
routes:
  - {to: [ops], group_by: [worker], group_wait: 0s, group_interval: 1s, repeat_interval: 1s}
accounts:
  - name: local
    smtp: {host: 127.0.0.1, port: $smtps, user: agent, password_file: $work/password,
           tls: implicit, ca_file: $work/ca.pem}
    from: agent@example.com
outputs:
  - {name: ops, account: local, to: [ops@example.com]}
YAML
# Freed pieces that malloc keeps for its thread would count as in use.
rm -f agent.log
GLIBC_TUNABLES=glibc.malloc.tcache_count=0 "$build/tocsin" run -c tocsin.yaml 2>agent.log &
agent=$!
pids="$pids $agent"
until_true 10 grep -q running agent.log || fail "the agent did not start"

ask() { # ask: "$value of NAME..." of one answer, in the order of the names
    "$build/tocsin" status --json -c tocsin.yaml >status
    for name in "$@"; do sed -n "s/.*\"$name\":\\([0-9]*\\).*/\\1/p" status; done | tr '\n' ' '
}
is_quiet() {
    [ "$(ask open alerts groups mails_waiting files_open)" = "0 0 0 0 1 " ]
}
has_counted() { [ "$(ask "$1")" = "$2 " ]; } # has_counted NAME VALUE
lines=0
round() { # round NUMBER: what is left of it at its end is noted
    for i in $(seq 100); do
        echo "web01 app[$((i % 5))]: ERROR seq=$((lines = lines + 1)) connection to db1 refused"
    done >>app.log
    mv app.log app.log.1
    : >app.log
    for i in 1 2 3 4 5 6 7 8; do
        code=$(curl -s -o reply -w '%{http_code}' --max-time 5 -H 'Content-Type: text/plain' \
            --data-binary "disk $i is full" "http://127.0.0.1:$http/webhook/text")
        [ "$code" = 200 ] || fail "a post was answered by $code"
    done
    until_true 20 has_counted lines "$lines" || fail "round $1: lines are missing"
    until_true 30 is_quiet || fail "round $1 did not come to rest"
    kill -HUP "$agent"
    until_true 10 has_counted reloads "$1" || fail "round $1: no reload"
    set -- "$1" $(ask allocated_bytes store_bytes)
    echo "$1 $(($2 - $3)) $(ls "/proc/$agent/fd" | wc -l)" >>rounds
}
# The most of the second half of the first rounds, and of as many at the end: now and then
# the connection to the mail server is just closed.
judge() { # judge COLUMN TOLERANCE NAME
    awk -v column="$1" -v most="$2" -v n="$rounds" -v name="$3" '
        NR > n + 2 - n / 2 && NR <= n + 2 && $column > a { a = $column }
        NR > 2 * n + 2 - n / 2 && $column > b { b = $column }
        END {
            printf "%s: %d after %d rounds, %d after %d\n", name, a, n + 2, b, 2 * n + 2
            exit !(a > 0 && b > 0 && b - a <= most)
        }' rounds
}
verdict() { # verdict STATUS NAME
    if [ "$1" -eq 0 ]; then
        echo "ok   $2"
        passed=$((passed + 1))
    else
        echo "FAIL $2"
        cat rounds
        failed=$((failed + 1))
    fi
}
for i in $(seq $((2 * rounds + 2))); do round "$i"; done
judge 2 1024 "bytes allocated"
verdict $? "P09 equal rounds leave as much memory in use"
judge 3 0 "descriptors"
verdict $? "P10 equal rounds leave as many descriptors open"
kill "$agent"
wait "$agent"
pids=$sink
echo "$passed passed, $failed failed, 0 skipped"
[ $failed -eq 0 ]
