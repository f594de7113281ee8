#!/bin/sh
# S07: certificates that are not right, one agent each: nothing is said to such a server, the mail
# is kept, and the reason is in the log and in the status.
set -eu
build=$2
. "$1/tests/e2e/common"
command -v openssl >/dev/null || skip "package openssl is not installed"
passed=0
printf secret >password
chmod 600 password

# An authority of our own, because the dates of a certificate are asked for.
mkdir authority
: >authority/index.txt
echo 01 >authority/serial
cat >ca.cnf <<CNF
[ca]
default_ca = own
[own]
dir = $work/authority
database = $work/authority/index.txt
new_certs_dir = $work/authority
serial = $work/authority/serial
certificate = $work/ca.pem
private_key = $work/ca.key
default_md = sha256
policy = any
copy_extensions = none
unique_subject = no
[any]
commonName = supplied
CNF
make_certificates
make_server() { # make_server NAME ALTERNATIVE-NAME FROM TO
    printf 'subjectAltName=%s\n' "$2" >"$1.san"
    openssl ca -batch -config ca.cnf -in server.csr -out "$1.pem" -startdate "$3" -enddate "$4" \
        -extfile "$1.san" -notext >ca.log 2>&1 || fail "no certificate: $(tail -1 ca.log)"
}
make_server good DNS:localhost 20200101000000Z 20490101000000Z
make_server expired DNS:localhost 20200101000000Z 20210101000000Z
make_server early DNS:localhost 20480101000000Z 20490101000000Z
make_server other DNS:mail.example.com 20200101000000Z 20490101000000Z
openssl req -x509 -newkey rsa:2048 -nodes -keyout self.key -out self.pem -days 2 \
    -subj "/CN=localhost" -addext subjectAltName=DNS:localhost 2>/dev/null

start_server() { # start_server CERTIFICATE KEY OPTION...: sets $port
    certificate=$1 key=$2
    shift 2
    port=$(free_port)
    rm -f said
    # It greets, and what the client says then is in the file `said`.
    ({ printf '220 ready\r\n' && tail -f /dev/null --pid=$$; } | exec openssl s_server -accept "127.0.0.1:$port" -cert "$certificate" \
        -key "$key" -quiet "$@" >said 2>server.log) &
    server=$!
    pids="$pids $server"
    until_true 10 sh -c "grep -q '$(printf ':%04X ' "$port")' /proc/net/tcp" || fail "no server"
}

run_agent() { # run_agent CA-FILE: with one line to tell
    rm -rf state agent.log
    cat >tocsin.yaml <<YAML
state_dir: $work/state
control: $work/control.sock
sources: [{name: app, files: [$work/app.log]}]
rules: [{name: bad, match: ERROR}]
routes: [{to: [ops], group_wait: 0s}]
accounts:
  - {name: server, from: agent@example.com,
     smtp: {host: localhost, port: $port, user: agent@example.com, password_file: $work/password,
            tls: implicit, ca_file: $1}}
outputs: [{name: ops, account: server, to: [ops@example.com]}]
YAML
    start_agent
    echo ERROR >>app.log
}
try() { # try NAME CA-FILE REASON
    run_agent "$2"
    until_true 20 grep -q 'waits for' agent.log || fail "$1: the account is not held"
    "$build/tocsin" status -c tocsin.yaml >status.txt
    grep -qiE "reply: .*($3)" status.txt || fail "$1: the reason is not told: $(cat status.txt)"
    "$build/tocsin" queue list -c tocsin.yaml | grep -q waiting || fail "$1: the mail is not kept"
    [ ! -s said ] || fail "$1: something was said to the server"
    kill "$agent"
    wait "$agent" || fail "the agent ended with status $?"
    kill "$server" 2>/dev/null || true
    passed=$((passed + 1))
    echo "ok   S07 $1: nothing is sent, and the reason is told: $(sed -n 's/.*reply: //p' status.txt)"
}

start_server expired.pem server.key
try "an expired certificate" "$work/ca.pem" expired
start_server early.pem server.key
try "a certificate that is not valid yet" "$work/ca.pem" 'not yet valid'
start_server other.pem server.key
try "a certificate of another host" "$work/ca.pem" "localhost|does not match|no alternative"
start_server self.pem self.key
try "a certificate that signed itself" "$work/ca.pem" "self.signed"
start_server good.pem server.key -tls1_1 -cipher 'ALL:@SECLEVEL=0'
try "a server with TLS 1.1 alone" "$work/ca.pem" "protocol|version"
start_server good.pem server.key
try "a ca_file that is not there" "$work/no-such.pem" "ca_file"

# The same server with nothing wrong is talked to: what is said above is no silence by mistake.
start_server good.pem server.key
run_agent "$work/ca.pem"
until_true 20 grep -q EHLO said || fail "the good certificate is not good"
passed=$((passed + 1))
echo "ok   a certificate of the same authority with nothing wrong is talked to"
echo "$passed passed, 0 failed, 0 skipped"
