#!/bin/sh
# Webhooks: an agent posts over HTTPS to the sink and in clear to a server on loopback, with the
# address and the token out of files, over a receiver that is in trouble and kill -9; a webhook is
# told what mail does not reach; `check` and `doctor` say what is wrong. No secret is seen.
set -eu
source=$1 build=$2
. "$1/tests/e2e/common"
command -v python3 >/dev/null || skip "package python3 is not installed"
passed=0

"$build/tocsin" sink --like gmail --write-ca "$work/ca.pem" --log "$work/sink.log" --for 150s \
    --says 'hook(first wave):2x 503 come back' --says 'hook(poison):400 invalid_payload' \
    >sink.out 2>sink.err &
pids="$pids $!"
until_true 10 grep -q '^listening' sink.out || fail "the sink did not start"
https=$(sed -n 's/.*https=[^ ]*:\([0-9]*\) .*/\1/p' sink.out)
clear=$(free_port)
python3 "$source/tests/e2e/webhook_server.py" "$clear" "$work/posts" &
pids="$pids $!"
until_true 10 [ -e "$work/posts" ] || fail "the server in clear did not start"
dead=$(free_port)

printf 'https://localhost:%s/hook/TCANARYADDRESS\n' "$https" >address
printf 'TCANARYTOKEN\n' >token
chmod 600 address token

write_yaml() { # write_yaml OUTPUT...
    cat >tocsin.yaml <<YAML
state_dir: $work/state
control: $work/control.sock
sources: [{name: app, files: [$work/app.log]}]
rules: [{name: refused, match: 'ERROR (?<what>.*) refused', by: [what], severity: critical,
         summary: '{{what}} refused'}]
routes: [{to: [chat, clear], group_by: [what], group_wait: 0s, fallback_after: 1s, $1}]
accounts: [{name: mail, from: a@example.com, smtp: {host: localhost, port: $dead, tls: none}}]
outputs:
  - {name: chat, webhook_file: $work/address, webhook_token_file: $work/token,
     webhook_ca_file: $work/ca.pem}
  - {name: clear, webhook: 'http://127.0.0.1:$clear/in', webhook_token_file: $work/token}
  - {name: ops, account: mail, to: [ops@example.com]}
YAML
}
start_agent() {
    rm -f agent.log
    "$build/tocsin" run -v -c tocsin.yaml 2>agent.log &
    agent=$!
    pids="$pids $agent"
    until_true 10 grep -q running agent.log || fail "the agent did not start"
}
good() {
    passed=$((passed + 1))
    echo "ok   $1"
}
has_posts() { [ "$(grep -c "$1" sink.log)" -eq "$2" ]; }
line() { echo "ERROR $1 refused" >>app.log; }

write_yaml 'fallback: []'
: >app.log
: >sink.log
start_agent
line "second wave"
until_true 20 has_posts 'second wave' 1 || fail "nothing was posted over HTTPS"
until_true 20 grep -q 'second wave refused' posts || fail "nothing was posted in clear"
grep -q '"Authorization": "Bearer TCANARYTOKEN"' posts || fail "the token was not sent"
grep -q '"severity": "critical"' posts || fail "the fields are not there"
good "a line is posted over HTTPS, and in clear to this host, with its token"

line poison
until_true 20 grep -q 'given up.*400 HTTP 400: invalid_payload' agent.log || fail "400 is no dead letter"
line "after it"
until_true 20 has_posts 'after it' 1 || fail "a dead letter held the next back"
grep 'after it' posts | grep -q 'HTTP 400' || fail "the dead letter is not told in the next"
good "what the receiver refuses is a dead letter and told, and the next goes on"

line "first wave"
until_true 20 grep -q 'HTTP 503: come back' agent.log || fail "503 is not in the log"
"$build/tocsin" status -c tocsin.yaml >status.txt
grep -q 'webhook:chat .*held for' status.txt || fail "status does not say that it is held"
kill -9 "$agent"
wait "$agent" 2>/dev/null || true
start_agent
line "behind the kill"
"$build/tocsin" queue retry -c tocsin.yaml "$("$build/tocsin" queue list -c tocsin.yaml |
    awk '/first wave/ { print $1; exit }')" >/dev/null || true
for _ in 1 2 3; do
    for id in $("$build/tocsin" queue list -c tocsin.yaml | awk '$1 ~ /^[0-9]+$/ { print $1 }'); do
        "$build/tocsin" queue retry -c tocsin.yaml "$id" >/dev/null 2>&1 || true
    done
    until_true 5 has_posts 'first wave' 1 && break
done
has_posts 'first wave' 1 || fail "what a receiver in trouble was told did not come once"
until_true 20 has_posts 'behind the kill' 1 || fail "nothing came behind a kill"
good "a receiver in trouble is waited for, over kill -9, and gets each post once"
kill "$agent"
wait "$agent" || fail "the agent ended with status $?"

sed 's/to: \[chat, clear\]/to: [ops]/; s/fallback: \[\]/fallback: [chat]/' tocsin.yaml >other
mv other tocsin.yaml
start_agent
line "by the other way"
until_true 20 has_posts 'by the other way' 1 || fail "the fallback was not told"
good "a webhook is told what mail does not reach"
kill "$agent"
wait "$agent" || fail "the agent ended with status $?"

"$build/tocsin" doctor -c tocsin.yaml --account webhook:chat --send >doctor.txt || fail "doctor fails"
grep -q 'OK .*send.*HTTP 200' doctor.txt || fail "doctor did not send"
chmod 644 token
"$build/tocsin" doctor -c tocsin.yaml --offline --account webhook:chat >bad.txt && fail "doctor saw nothing"
grep -q 'chmod 600' bad.txt || fail "doctor has no remedy"
"$build/tocsin" check -c tocsin.yaml >check.txt 2>&1 || true
grep -q 'nothing is posted for this output' check.txt || fail "check saw nothing"
sed -i 's,http://127.0.0.1:,http://127.example.com:,' tocsin.yaml
"$build/tocsin" check -c tocsin.yaml >check.txt 2>&1 && fail "a post in clear was allowed"
grep -q 'webhook_allow_http: true' check.txt || fail "check has no remedy"
good "doctor and check say what is wrong, and what to do"

if grep -rla TCANARY state agent.log status.txt doctor.txt bad.txt check.txt; then
    fail "a secret was seen"
fi
good "address and token are in no log, no store, and no status"

echo "$passed passed, 0 failed, 0 skipped"
