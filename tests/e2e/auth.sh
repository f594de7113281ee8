#!/bin/sh
# tocsin auth gmail, whole, with curl as the browser: the sink's page sends it back with a code,
# whose verifier the sink's token endpoint checks; the consent that is written then logs in. And
# what a browser, a stranger or Google may do otherwise.
set -eu
build=$2
. "$1/tests/e2e/common"
command -v curl >/dev/null || skip "package curl is not installed"
passed=0
good() {
    passed=$((passed + 1))
    echo "ok   $1"
}

start_sink() { # start_sink OPTION...: sets $smtps and $https
    [ -z "${sink:-}" ] || kill "$sink" 2>/dev/null || true
    rm -f sink.out
    "$build/tocsin" sink --like gmail --write-ca "$work/ca.pem" --eml mails --for 120s \
        --user agent@example.com:none --client "me.apps:shh-secret" --refresh-token 1//none \
        "$@" >sink.out 2>sink.err &
    sink=$!
    pids="$pids $sink"
    until_true 10 grep -q '^listening' sink.out || fail "the sink did not start"
    smtps=$(sed -n 's/.*smtps=[^ ]*:\([0-9]*\) .*/\1/p' sink.out)
    https=$(sed -n 's/.*https=[^ ]*:\([0-9]*\) .*/\1/p' sink.out)
    cat >client.json <<JSON
{"installed": {"client_id": "me.apps", "client_secret": "shh-secret", "project_id": "p",
 "auth_uri": "https://localhost:$https/o/oauth2/v2/auth",
 "token_uri": "https://localhost:$https/token", "redirect_uris": ["http://localhost"]}}
JSON
    chmod 600 client.json
    cat >tocsin.yaml <<YAML
state_dir: $work/state
control: $work/control.sock
sources: [{name: app, files: [$work/app.log]}]
rules: [{name: refused, match: refused}]
routes: [{to: [ops], group_wait: 0s}]
accounts:
  - {name: a, from: agent@example.com, oauth: {token_file: $work/consent.json},
     smtp: {host: localhost, port: $smtps, user: agent@example.com, ca_file: $work/ca.pem}}
outputs: [{name: ops, account: a, to: [ops@example.com]}]
YAML
}

begin() { # begin OPTION...: runs tocsin auth, sets $url and $back
    rm -f auth.out # or the last address is taken for this one
    "$build/tocsin" auth gmail -c tocsin.yaml "$@" >auth.out 2>auth.err &
    auth=$!
    pids="$pids $auth"
    until_true 10 grep -q '^Waiting' auth.out || { cat auth.err; fail "no address was printed"; }
    url=$(sed -n '/^https:/p' auth.out)
    back=http://127.0.0.1:$(sed -n 's/^Waiting.* port \([0-9]*\)\..*/\1/p' auth.out)
    state=$(echo "$url" | sed 's/.*&state=\([^&]*\).*/\1/')
}
ended() { # ended CODE: how tocsin auth ended
    code=0
    wait "$auth" || code=$?
    [ "$code" -eq "$1" ] || { cat auth.out auth.err; fail "it ended with $code, wanted $1"; }
}
page() { # page URL: what the browser ends up with
    curl -sS --max-time 10 --cacert ca.pem -L "$1"
}

start_sink
begin --client client.json
echo "$url" | grep -q 'code_challenge_method=S256' || fail "no PKCE: $url"
echo "$url" | grep -q 'scope=https%3A%2F%2Fmail.google.com%2F&' || fail "another scope: $url"
echo "$url" | grep -q 'login_hint=agent%40example.com' || fail "no address is hinted: $url"
grep -q 'shh-secret' auth.out && fail "the client's secret is shown"

# A browser asks for its icon, strangers try states and codes of their own, and somebody is mute.
[ "$(curl -s -o /dev/null -w '%{http_code}' "$back/favicon.ico")" = 404 ] || fail "an icon"
[ "$(curl -s -o /dev/null -w '%{http_code}' "$back/?code=4/0evil&state=guess")" = 400 ] ||
    fail "a code with another state was taken"
[ "$(curl -s -o /dev/null -w '%{http_code}' "$back/?code=4/0evil")" = 400 ] ||
    fail "a code without a state was taken"
[ "$(curl -s -o /dev/null -w '%{http_code}' -d x "$back/?code=4/0evil&state=$state")" = 404 ] ||
    fail "a POST was taken"
curl -s --max-time 2 "telnet://${back#http://}" </dev/null >/dev/null 2>&1 || true
curl -s --max-time 2 "$back/?$(head -c 20000 /dev/zero | tr '\0' a)" >/dev/null || true
page "$url" | grep -q 'tocsin has the consent' || fail "the browser is not told that all is well"
ended 0
[ "$(stat -c %a consent.json)" = 600 ] || fail "others may read the consent"
grep -q '"type": "authorized_user"' consent.json || fail "it is no consent: $(cat consent.json)"
grep -qE 'ya29|1//0|shh-secret' auth.out auth.err && fail "a secret is printed"
good "a browser brings the consent, and nobody else"

code=0
"$build/tocsin" doctor -c tocsin.yaml --account a >found 2>&1 || code=$?
grep -qE '^OK +auth +a: the login is accepted' found || { cat found; fail "it does not log in"; }
good "the consent logs in"

begin # the client of the consent that is there
page "$url" | grep -q 'tocsin has the consent' || fail "a second consent failed"
ended 0
good "a consent is renewed without the client's file"

cp consent.json before.json
start_sink --says 'consent:403 access_denied no'
begin --client client.json
page "$url" | grep -q 'No consent was given' || fail "the browser is not told of the refusal"
ended 77
grep -q 'no consent was given: access_denied' auth.err || { cat auth.err; fail "no reason"; }
cmp -s consent.json before.json || fail "a refusal changed the consent"
good "a user who says no is told so, and the old consent stays"

start_sink --says @401-invalid-client
begin --client client.json
page "$url" >/dev/null
ended 77
grep -q 'invalid_client.*client id or client secret are wrong' auth.err ||
    { cat auth.err; fail "an error of the token endpoint has no advice"; }
good "an error of the token endpoint is told with its advice"

start_sink
begin --client client.json --timeout 1s
ended 69
grep -q 'no browser came back in time' auth.err || fail "the end of the time is not told"
good "the wait has an end"

begin --client client.json --port 0 # what a code is worth without its verifier
stolen=$(curl -sS --cacert ca.pem -o /dev/null -w '%{redirect_url}' "$url" |
    sed 's/.*[?&]code=\([^&]*\).*/\1/; s,%2F,/,g')
curl -sS --cacert ca.pem -d grant_type=authorization_code -d "code=$stolen" -d client_id=me.apps \
    -d client_secret=shh-secret --data-urlencode "redirect_uri=$back/" \
    -d "code_verifier=$(head -c 43 /dev/zero | tr '\0' a)" "https://localhost:$https/token" |
    grep -q 'Invalid code verifier' || fail "a stolen code was good"
kill "$auth"
good "a stolen code is worth nothing without its verifier"

chmod 644 client.json
code=0
"$build/tocsin" auth gmail -c tocsin.yaml --client client.json >auth.out 2>auth.err || code=$?
[ $code -ne 0 ] && grep -q 'chmod 600' auth.err || { cat auth.err; fail "an open file was taken"; }
rm consent.json
code=0
"$build/tocsin" auth gmail -c tocsin.yaml >auth.out 2>auth.err || code=$?
[ $code -eq 66 ] && grep -q 'name the OAuth client with --client' auth.err ||
    { cat auth.err; fail "a missing client is not told ($code)"; }
echo '{"web": {}}' >web.json
chmod 600 web.json
code=0
"$build/tocsin" auth gmail --out x.json --client web.json >auth.out 2>auth.err || code=$?
[ $code -eq 65 ] && grep -q 'Desktop app' auth.err || { cat auth.err; fail "a web client ($code)"; }
good "files that cannot be used are told with their remedy"
echo "$passed passed, 0 failed, 0 skipped"
