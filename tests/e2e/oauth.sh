#!/bin/sh
# Logins by OAuth 2.0 against the sink: an agent sends by a user's consent and by a service account,
# keeps its token over many mails, stores a new refresh token, and says what to do when Google
# takes the consent back.
set -eu
build=$2
. "$1/tests/e2e/common"
command -v openssl >/dev/null || skip "package openssl is not installed"
passed=0

start_sink() { # start_sink OPTION...: sets $smtps and $https
    [ -z "${sink:-}" ] || kill "$sink" 2>/dev/null || true
    rm -f sink.out
    "$build/tocsin" sink --like gmail --write-ca "$work/ca.pem" --eml mails --for 120s \
        --user agent@example.com:none --client "me.apps:shh" "$@" >sink.out 2>sink.err &
    sink=$!
    pids="$pids $sink"
    until_true 10 grep -q '^listening' sink.out || fail "the sink did not start"
    smtps=$(sed -n 's/.*smtps=[^ ]*:\([0-9]*\) .*/\1/p' sink.out)
    https=$(sed -n 's/.*https=[^ ]*:\([0-9]*\) .*/\1/p' sink.out)
}

write_consent() { # write_consent REFRESH-TOKEN
    cat >consent.json <<JSON
{"type": "authorized_user", "client_id": "me.apps", "client_secret": "shh",
 "refresh_token": "$1", "token_uri": "https://localhost:$https/token"}
JSON
    chmod 600 consent.json
}

write_key() {
    openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out key.pem 2>/dev/null
    body=$(awk '{ printf "%s\\n", $0 }' key.pem)
    printf '{"type": "service_account", "client_email": "bot@p.iam.gserviceaccount.com",
"private_key_id": "k1", "private_key": "%s", "token_uri": "https://localhost:%s/token"}' \
        "$body" "${https:-1}" >key.json
    chmod 600 key.json
}

configure() { # configure KEYS-OF-ACCOUNT
    rm -rf state
    cat >tocsin.yaml <<YAML
state_dir: $work/state
control: $work/control.sock
sources: [{name: app, files: [$work/app.log]}]
rules: [{name: refused, match: 'ERROR (?<what>\S+) refused', by: [what], summary: '{{what}} refused'}]
routes: [{to: [ops], group_by: [what], group_wait: 0s}]
accounts:
  - {name: a, from: agent@example.com, $1,
     smtp: {host: localhost, port: $smtps, user: agent@example.com, ca_file: $work/ca.pem}}
outputs: [{name: ops, account: a, to: [ops@example.com]}]
YAML
}

start_agent() {
    : >app.log
    rm -f agent.log
    "$build/tocsin" run -v -c tocsin.yaml 2>agent.log &
    agent=$!
    pids="$pids $agent"
    until_true 10 grep -q running agent.log || fail "the agent did not start"
}
stop_agent() {
    kill "$agent"
    wait "$agent" || fail "the agent ended with status $?"
}
mail_count() { find mails -name '*.eml' 2>/dev/null | wc -l; }
has_mails() { [ "$(mail_count)" -ge "$1" ]; }
good() {
    passed=$((passed + 1))
    echo "ok   $1"
}

for way in consent service; do
    rm -rf mails
    if [ $way = consent ]; then
        start_sink --refresh-token 1//first --rotate
        write_consent 1//first
        configure "oauth: {token_file: $work/consent.json}"
    else
        write_key # the sink wants a key, and the key the sink's port
        start_sink --service-account "$work/key.json"
        sed -i "s,localhost:[0-9]*,localhost:$https," key.json
        configure "service_account: {key_file: $work/key.json}"
    fi
    "$build/tocsin" check -c tocsin.yaml >checked 2>&1 || { cat checked; fail "check: $way"; }
    start_agent
    for i in 1 2 3 4 5; do echo "ERROR db$i refused" >>app.log; done
    until_true 20 has_mails 5 || fail "of 5 mails by $way $(mail_count) arrived"
    stop_agent
    good "five mails by $way"
    code=0
    "$build/tocsin" doctor -c tocsin.yaml --account a >found 2>&1 || code=$?
    grep -qE '^OK +secret ' found && grep -qE '^OK +auth ' found ||
        { cat found; fail "the doctor does not like $way ($code)"; }
    good "the doctor sees $way"
done

rm -rf mails
start_sink --refresh-token 1//first --rotate
write_consent 1//first
configure "oauth: {token_file: $work/consent.json}"
start_agent
echo "ERROR db1 refused" >>app.log
until_true 20 has_mails 1 || fail "no mail arrived"
grep -q '1//first' consent.json && fail "the new refresh token was not stored"
[ "$(stat -c %a consent.json)" = 600 ] || fail "others may read the new refresh token"
[ -z "$(find . -name '*.new')" ] || fail "half a file is left"
good "a new refresh token replaces the old one, mode 600"
stop_agent

start_sink --refresh-token 1//other
write_consent 1//revoked
configure "oauth: {token_file: $work/consent.json}"
start_agent
echo "ERROR db1 refused" >>app.log
held() { "$build/tocsin" status -c tocsin.yaml | grep -q 'consent anew with `tocsin auth gmail`'; }
until_true 20 held || fail "status does not say what to do about a revoked consent"
grep -q 'invalid_grant: Token has been expired or revoked' agent.log ||
    fail "the log does not say what Google said"
good "a revoked consent is told with its remedy"
sleep 1 # the file's time is to differ
write_consent 1//other
until_true 20 has_mails 2 || fail "a new consent did not end the wait"
good "a new consent ends the wait at once"
stop_agent
code=0
write_consent 1//revoked
"$build/tocsin" doctor -c tocsin.yaml --account a >found 2>&1 || code=$?
[ "$code" = 2 ] && grep -qE '^FAIL +token +a: 400 invalid_grant' found ||
    { cat found; fail "the doctor does not name the token endpoint's error"; }
grep -qE '1//|shh|ya29' found agent.log && fail "a secret is told"
good "the doctor names the endpoint's error"

# The API instead of SMTP: the same outbox, the same verdicts, and no port of mail at all.
configure_api() { # by consent.json, over HTTPS alone
    write_consent 1//first
    configure none
    sed -i '/^accounts:/,$d' tocsin.yaml
    cat >>tocsin.yaml <<YAML
accounts:
  - {name: a, gmail: agent@example.com, api: true, api_endpoint: 'https://localhost:$https',
     oauth: {token_file: $work/consent.json}, ca_file: $work/ca.pem, doubt_wait: 1s}
outputs: [{name: ops, account: a, to: [ops@example.com]}]
YAML
}
rm -rf mails
start_sink --refresh-token 1//first
configure_api
"$build/tocsin" check -c tocsin.yaml >checked 2>&1 || { cat checked tocsin.yaml; fail "check: api"; }
start_agent
for i in 1 2 3 4 5; do echo "ERROR db$i refused" >>app.log; done
until_true 20 has_mails 5 || fail "of 5 mails by the API $(mail_count) arrived"
stop_agent
kill "$sink"
until_true 5 grep -q 'accepted' sink.out
grep -qE '^5 mails accepted, 0 connections' sink.out ||
    { cat sink.out; fail "mails of the API went by SMTP"; }
good "five mails by the API, none by SMTP"

rm -rf mails
start_sink --refresh-token 1//first --says @503-api-trouble
configure_api
code=0
"$build/tocsin" doctor -c tocsin.yaml --account a >found 2>&1 || code=$?
grep -qE '^OK +auth +a: the login is accepted' found && grep -qE '^OK +tls ' found ||
    { cat found; fail "the doctor does not like the API ($code)"; }
start_agent
echo "ERROR db1 refused" >>app.log
busy() { "$build/tocsin" status -c tocsin.yaml | grep -q 'Google has a temporary problem'; }
until_true 20 busy || fail "503 of the API does not hold the account"
good "the doctor sees the API, and its trouble holds the account"
stop_agent

rm -rf mails
start_sink --refresh-token 1//first --says 'api:#1 take close'
configure_api
start_agent
echo "ERROR db1 refused" >>app.log
until_true 90 has_mails 2 || fail "a mail in doubt did not go again"
cmp -s mails/*1.eml mails/*2.eml || fail "what went again were other bytes"
stop_agent
good "a mail in doubt goes again as the same bytes"
echo "$passed passed, 0 failed, 0 skipped"
