#!/bin/sh
# tocsin doctor against the sink: what is right is OK, and each thing that is wrong is named at
# its step, with its remedy, and ends with its exit code.
set -eu
build=$2
. "$1/tests/e2e/common"
passed=0

start_sink() { # start_sink OPTION...: sets $smtp and $smtps
    [ -z "${sink:-}" ] || kill "$sink" 2>/dev/null || true
    rm -f sink.out
    "$build/tocsin" sink --write-ca "$work/ca.pem" --for 60s "$@" >sink.out 2>sink.err &
    sink=$!
    pids="$pids $sink"
    until_true 10 grep -q '^listening' sink.out || fail "the sink did not start"
    smtp=$(sed -n 's/.*smtp=[^ ]*:\([0-9]*\) .*/\1/p' sink.out)
    smtps=$(sed -n 's/.*smtps=[^ ]*:\([0-9]*\) .*/\1/p' sink.out)
}

configure() { # configure KEYS-OF-SMTP
    printf right >password
    chmod 600 password
    cat >tocsin.yaml <<YAML
state_dir: $work/state
control: $work/control.sock
sources: [{name: app, files: [$work/app.log]}]
rules: [{name: r, match: refused}]
routes: [{to: [ops]}]
accounts:
  - {name: a, from: agent@example.com, smtp: {$1}}
outputs: [{name: ops, account: a, to: [ops@example.com]}]
YAML
}

login="user: agent@example.com, password_file: $work/password, ca_file: $work/ca.pem"

# examine CODE TEXT OPTION...: the doctor of account a ends with CODE and says TEXT.
examine() {
    wanted=$1 text=$2
    shift 2
    code=0
    timeout 60 "$build/tocsin" doctor -c tocsin.yaml --account a --timeout 1s "$@" >found 2>&1 ||
        code=$?
    [ "$code" -eq "$wanted" ] || { cat found; fail "exit code $code, wanted $wanted ($text)"; }
    grep -qE "$text" found || { cat found; fail "it does not say '$text'"; }
    if grep -q right found; then fail "it shows the password"; fi
    passed=$((passed + 1))
}

start_sink --user agent@example.com:right --eml mails
for keys in "port: $smtps" "port: $smtp, tls: starttls"; do
    configure "host: localhost, $keys, $login"
    examine 0 '^OK +auth +a: the login is accepted'
    grep -qE '^OK +tls +a: the certificate is trusted and ends in [0-9]+ days' found ||
        { cat found; fail "the certificate's end is not told"; }
    grep -qE '^OK +ehlo .*PIPELINING SIZE' found || fail "no extensions are told"
    grep -qE '^OK +rcpt +a: ops@example.com: 250' found || fail "no recipient was tried"
    [ -z "$(ls mails 2>/dev/null)" ] || fail "a mail was sent without --send"
done
examine 0 '^OK +send +a: 250' --send
[ "$(ls mails | wc -l)" -eq 1 ] || fail "--send sent no mail"
grep -q 'a test mail' mails/* || fail "the test mail does not say what it is"
examine 0 '"grade":"OK","step":"auth","about":"a"' --json
examine 0 'OK +secret' --offline
if grep -qE '^(OK|FAIL) +auth' found; then fail "--offline used the network"; fi

# A command prints the password: the doctor looks at it, and the login runs it.
configure "host: localhost, port: $smtps, user: agent@example.com, ca_file: $work/ca.pem, \
password_command: [/bin/cat, $work/password]"
examine 0 '^OK +secret +a: the command that prints the password is there'
grep -qE '^OK +auth +a: the login is accepted' found || fail "the command was not asked"
configure "host: localhost, port: $smtps, user: agent@example.com, ca_file: $work/ca.pem, \
password_command: [/bin/sh, -c, 'echo locked >&2; exit 3']"
examine 2 "^FAIL +auth +a: the command '/bin/sh' ended with status 3 and said: locked"
grep -q 'run it by hand' found || fail "a command that fails has no remedy"
configure "host: localhost, port: $smtps, $login"

printf wrong >password
examine 2 '^FAIL +auth +a: 535 5.7.8'
grep -q 'support.google.com/accounts/answer/185833' found || fail "535 has no remedy"
printf right >password
chmod 644 password
examine 2 '^FAIL +secret +a: others may read'
grep -q 'chmod 600' found || fail "the remedy is not named"

configure "host: localhost, port: $smtps, user: agent@example.com, password_file: $work/password"
examine 2 '^FAIL +tls +a: .*certificate'
configure "host: localhost, port: $smtp, $login"
examine 2 '^FAIL +tls +a: .*wrong version'
configure "host: localhost, port: $(free_port), $login"
examine 2 '^FAIL +ports +a: port [0-9]+ refuses'
configure "host: no-such-host.invalid, port: 465, $login"
examine 2 '^FAIL +dns +a: '

start_sink --says @534-app-password
configure "host: localhost, port: $smtps, $login"
examine 2 '^FAIL +auth +a: 534 5.7.9 Application-specific password'
grep -q 'App Password here: create one' found || fail "534 has no remedy"
start_sink --says @550-no-user
configure "host: localhost, port: $smtps, $login"
examine 2 '^FAIL +rcpt +a: ops@example.com: 550 5.1.1'
grep -qE '^SKIP +send' found || fail "sending was not skipped"
start_sink --says @550-daily-limit
configure "host: localhost, port: $smtps, $login"
examine 2 '^FAIL +mail +a: .*550 5.4.5'
start_sink --says @421-later
configure "host: localhost, port: $smtps, $login"
examine 2 '^FAIL +ehlo +a: 421 4.7.0'
start_sink --says greeting:close
configure "host: localhost, port: $smtps, $login"
examine 2 '^FAIL +greeting +a: '
start_sink --plain
configure "host: localhost, port: $smtp, tls: starttls, $login"
examine 2 '^FAIL +starttls +a: .*does not offer STARTTLS'

if [ -x "$build/tests/e2e/silent_port" ]; then
    mkfifo leash
    "$build/tests/e2e/silent_port" <leash >port.out &
    pids="$pids $!"
    exec 9>leash
    until_true 10 test -s port.out || fail "the silent port did not open"
    configure "host: 127.0.0.1, port: $(cat port.out), $login"
    examine 2 '^FAIL +ports +a: port [0-9]+ is silent'
    grep -q 'HTTPS API' found || fail "the way by HTTPS is not named"
    exec 9>&-
else
    echo "SKIP a silent port: tests/e2e/silent_port is not built"
fi

if command -v openssl >/dev/null; then
    make_certificates
    printf 'database=index\nnew_certs_dir=.\nserial=serial\ndefault_md=sha256\npolicy=p\n' >ca.body
    { printf '[ca]\ndefault_ca=c\n[c]\n'; cat ca.body; printf '[p]\ncommonName=supplied\n'; } >ca.conf
    : >index
    echo 01 >serial
    openssl ca -batch -config ca.conf -cert ca.pem -keyfile ca.key -in server.csr -extfile san \
        -startdate 20200101000000Z -enddate 20200102000000Z -out expired.pem >/dev/null 2>&1 ||
        fail "no expired certificate could be made"
    port=$(free_port)
    openssl s_server -quiet -accept "127.0.0.1:$port" -cert expired.pem -key server.key \
        >/dev/null 2>&1 </dev/null &
    pids="$pids $!"
    listens() { grep -q "$(printf ':%04X ' "$port")" /proc/net/tcp; }
    until_true 10 listens || fail "openssl s_server did not start"
    configure "host: localhost, port: $port, $login"
    examine 2 '^FAIL +tls +a: .*expired'
else
    echo "SKIP an expired certificate: package openssl is not installed"
fi
echo "$passed passed, 0 failed, 0 skipped"
