#!/bin/sh
# GET /metrics of the real binary: promtool reads every line of it and has nothing to say,
# Prometheus itself scrapes it with a token, and nothing of a log or a post stands in it.
#   metrics.sh SRCDIR BUILDDIR
set -u
build=$2
. "$1/tests/e2e/common"
command -v curl >/dev/null || skip "curl is not there"
for program in promtool prometheus; do
    command -v $program >/dev/null || skip "$program is not there (Debian: prometheus)"
done
port=$(free_port)
canary=canary-$(cat /proc/sys/kernel/random/uuid)
printf 'read-token-0123456789abcdef' >token.read
printf 'ingest-token-0123456789abcdef' >token.ingest
chmod 600 token.read token.ingest
cat >tocsin.yaml <<YAML
state_dir: $work/state
control: $work/control.sock
sources:
  - {name: app, files: [$work/app.log], start: beginning, labels: {"team": "$canary"}}
rules:
  - {name: failed, match: 'failed (?<what>\S+)', by: [what]}
http:
  listen: ['127.0.0.1:$port']
  tokens:
    - {name: prometheus, file: $work/token.read, may: [read]}
    - {name: sender, file: $work/token.ingest}
outputs:
  - {name: local, maildir: $work/mail}
routes:
  - {to: [local], group_wait: 0s}
YAML
printf 'failed %s"} 1\n' "$canary" "$canary" >app.log
"$build/tocsin" run -v -c tocsin.yaml 2>agent.log &
agent=$!
pids="$pids $agent"
until_true 10 grep -q running: agent.log || fail "the agent did not start"

get() { # get TOKENFILE: prints the status
    curl -s -o metrics -D head -w '%{http_code}' --max-time 10 \
        -H "Authorization: Bearer $(cat "$1")" "http://127.0.0.1:$port/metrics"
}
value_of() { sed -n "s/^tocsin_$1 //p" metrics; }
has_told() { [ "$(get token.read)" = 200 ] && [ "$(value_of told_total)" = 3 ]; }

posted=$(curl -s -o reply -w '%{http_code}' -H 'Content-Type: application/json' \
    -H "Authorization: Bearer $(cat token.ingest)" --max-time 10 -d '{"version":"4",
    "status":"firing","groupKey":"x","alerts":[{"status":"firing","labels":{"alertname":
    "'"$canary"'","evil\"} 1\ntocsin_evil":"x"},"startsAt":"2026-01-01T00:00:00Z"}]}' \
    "http://127.0.0.1:$port/webhook/alertmanager")
[ "$posted" = 200 ] || fail "the alert was answered with $posted"
until_true 20 has_told || fail "not told three times: $(cat metrics)"
pass "two lines and an alert are told, and counted in /metrics"

grep -qi '^content-type: text/plain; version=0.0.4; charset=utf-8' head ||
    fail "another type: $(cat head)"
promtool check metrics <metrics >complaints 2>&1 ||
    fail "promtool says: $(cat complaints)"
[ ! -s complaints ] || fail "promtool says: $(cat complaints)"
pass "H35 promtool check metrics has nothing to say of $(grep -c '^tocsin_' metrics) samples"

! grep -q -e "$canary" -e evil metrics || fail "what others wrote is in /metrics"
! grep -q -F -e "$(cat token.read)" -e "$(cat token.ingest)" metrics || fail "a token is in /metrics"
pass "H35 no text of a log, a post or a secret stands in it"

[ "$(get token.ingest)" = 403 ] || fail "a token that may only ingest gets /metrics"
pass "a token that may only ingest is told 403"

web=$(free_port)
cat >prometheus.yml <<YAML
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - job_name: tocsin
    authorization: {credentials_file: $work/token.read}
    static_configs: [{targets: ['127.0.0.1:$port']}]
YAML
prometheus --config.file=prometheus.yml --storage.tsdb.path="$work/tsdb" \
    --web.listen-address="127.0.0.1:$web" >prometheus.log 2>&1 &
pids="$pids $!"
is_scraped() {
    curl -s --max-time 10 "http://127.0.0.1:$web/api/v1/query?query=tocsin_told_total" |
        grep -q '"__name__":"tocsin_told_total".*"3"'
}
until_true 60 is_scraped || fail "Prometheus has no samples: $(tail -n 5 prometheus.log)"
pass "Prometheus scrapes it with a token that may read"
echo "$passed passed, 0 failed, 0 skipped"
