#!/bin/sh
# prometheus-alertmanager posts to the real binary: firing and then resolved are mailed once
# each, in one thread; tocsin is killed, and Alertmanager restarted, in between.
#   alertmanager.sh SRCDIR BUILDDIR
set -u
build=$2
. "$1/tests/e2e/common"
command -v prometheus-alertmanager >/dev/null || skip "prometheus-alertmanager is not there"
command -v amtool >/dev/null || skip "amtool is not there"
passed=0
port=$(free_port)
am_port=$(free_port)

cat >tocsin.yaml <<YAML
state_dir: $work/state
control: $work/control.sock
http: {listen: '127.0.0.1:$port'}
outputs:
  - {name: local, maildir: $work/mail}
routes:
  - {to: [local], group_wait: 1s, group_interval: 1s, repeat_interval: 1h}
YAML
cat >alertmanager.yml <<YAML
route: {receiver: tocsin, group_by: [alertname], group_wait: 1s, group_interval: 2s,
        repeat_interval: 1h}
receivers:
  - name: tocsin
    webhook_configs:
      - {url: 'http://127.0.0.1:$port/webhook/alertmanager', send_resolved: true}
YAML

start() {
    rm -f agent.log
    "$build/tocsin" run -v -c tocsin.yaml 2>agent.log &
    agent=$!
    pids="$pids $agent"
    until_true 10 grep -q running agent.log || fail "the agent did not start"
}
kill_agent() {
    kill -9 "$agent"
    wait "$agent" 2>/dev/null
}
start_alertmanager() {
    prometheus-alertmanager --config.file=alertmanager.yml --storage.path="$work/am" \
        --web.listen-address="127.0.0.1:$am_port" --cluster.listen-address= 2>>server.log &
    alertmanager=$!
    pids="$pids $alertmanager"
    until_true 20 amtool --alertmanager.url="http://127.0.0.1:$am_port" alert query ||
        fail "Alertmanager did not start"
}
alert() { # alert INSTANCE END: as Prometheus says it, again and again
    amtool --alertmanager.url="http://127.0.0.1:$am_port" alert add alertname=Down \
        instance="$1" severity=critical --annotation="summary=$1 is down" \
        --start="$began" --end="$2" --generator-url=http://prometheus.example/graph ||
        fail "amtool could not add an alert"
}
all() { find mail -type f -exec cat {} + 2>/dev/null; }
mails() { all | grep -c "$1"; }
has_mails() { [ "$(mails "$1")" -ge "$2" ]; } # has_mails PATTERN COUNT
expect() { # expect TEXT WANTED GOT
    [ "$2" = "$3" ] || fail "$1: $3 instead of $2"
    passed=$((passed + 1))
}
count() { # count NAME: one of the counters
    "$build/tocsin" status -c tocsin.yaml --json | grep -o "\"$1\":[0-9]*" | head -n 1 |
        cut -d: -f2
}

began=$(date -u -d '1 minute ago' +%Y-%m-%dT%H:%M:%SZ)
later=$(date -u -d '1 hour' +%Y-%m-%dT%H:%M:%SZ)
start
start_alertmanager

alert web1 "$later"
until_true 20 has_mails '^X-Tocsin-Reason: first' 1 || fail "the first mail did not come"
expect "the first mail" 1 "$(mails '^X-Tocsin-Reason: ')"

# What fires while nobody listens is posted until somebody does.
kill_agent
alert web2 "$later"
sleep 3 # Alertmanager has tried, and found nobody
start
until_true 30 has_mails '^X-Tocsin-Reason: new' 1 || fail "web2 was not told"

# An Alertmanager that begins anew hears of everything again, and posts it again.
kill "$alertmanager"
wait "$alertmanager" 2>/dev/null
rm -rf am
start_alertmanager
repeats=$(count repeats)
alert web1 "$later"
alert web2 "$later"
repeated() { [ "$(count repeats)" -ge $((repeats + 2)) ]; }
until_true 20 repeated || fail "the alerts were not posted again"
kill_agent
start
expect "mails after both came again" 2 "$(mails '^X-Tocsin-Reason: ')"

ended=$(date -u +%Y-%m-%dT%H:%M:%SZ)
alert web1 "$ended"
alert web2 "$ended"
over() { all | grep -A 3 'RESOLVED  ' | grep -q over; }
until_true 30 over || fail "the end was not told"
kill_agent
start
sleep 5 # time for whatever would come twice
expect "each firing was told once" 2 "$(all |
    grep '^X-Tocsin-New-Count: ' | tr -d '\r' | awk '{ n += $2 } END { print n + 0 }')"
expect "first mails" 1 "$(mails '^X-Tocsin-Reason: first')"
expect "mails of web2" 1 "$(mails '^X-Tocsin-Reason: new')"
resolved=$(mails '^X-Tocsin-Reason: resolved')
[ "$resolved" -ge 1 ] && [ "$resolved" -le 2 ] ||
    fail "$resolved mails tell the end of two alerts"
first=$(grep -l '^X-Tocsin-Reason: first' mail/new/* mail/cur/* 2>/dev/null |
    xargs grep -h -i '^Message-ID:' | tr -d '\r' | sed 's/.*<//; s/>.*//')
expect "mails in the thread of the first" $((resolved + 1)) "$(mails "^References: <$first")"
echo "$passed passed, 0 failed, 0 skipped"
