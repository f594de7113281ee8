#!/bin/sh
# The HTTP server in the real binary: over TCP, TLS and a unix socket, with curl; a reload
# over HTTP; SIGTERM and kill -9 in the middle of posting: what was answered with 200 is
# there after the next start.
#   http.sh SRCDIR BUILDDIR
set -u
build=$2
. "$1/tests/e2e/common"
command -v curl >/dev/null || skip "curl is not there"
command -v openssl >/dev/null || skip "openssl is not there"
passed=0
port=$(free_port)
make_certificates
chmod 600 server.key
printf 'ingest-token-0123456789abcdef' >token.ingest
printf 'admin-token-0123456789abcdef' >token.admin
chmod 600 token.ingest token.admin
write_config() { # write_config MORE
    cat >tocsin.yaml <<YAML
state_dir: $work/state
control: $work/control.sock
http:
  listen: ['127.0.0.1:$port', 'unix:$work/http.sock']
  tokens:
    - {name: sender, file: $work/token.ingest}
    - {name: boss, file: $work/token.admin, may: [admin]}
  $1
outputs:
  - {name: local, maildir: $work/mail}
routes:
  - {to: [local], group_wait: 1h}
YAML
}
start() {
    rm -f agent.log
    "$build/tocsin" run -v -c tocsin.yaml 2>agent.log &
    agent=$!
    pids="$pids $agent"
    until_true 10 grep -q running: agent.log || fail "the agent did not start"
}
post() { # post URL [OPTION...]: prints the status
    curl -s -o reply -w '%{http_code}' --max-time 10 --cacert ca.pem \
        -H 'Content-Type: text/plain' -H "Authorization: Bearer $(cat token.ingest)" \
        --data-binary "disk $(cat /proc/sys/kernel/random/uuid) is full" "$@"
}
expect() { # expect TEXT WANTED GOT
    [ "$2" = "$3" ] || fail "$1: $3 instead of $2"
    passed=$((passed + 1))
}
count() { # count NAME: one of the counters
    "$build/tocsin" status -c tocsin.yaml --json | grep -o "\"$1\":[0-9]*" | head -n 1 |
        cut -d: -f2
}

enough() { [ "$(cat codes.? | grep -c '^200$')" -ge 40 ]; }

write_config 'hosts: [alerts.example]'
start
expect "over TCP" 200 "$(post "http://127.0.0.1:$port/webhook/text")"
expect "over the unix socket" 200 \
    "$(post --unix-socket http.sock "http://localhost/webhook/text")"
expect "without a token" 401 "$(curl -s -o reply -w '%{http_code}' \
    -H 'Content-Type: text/plain' -d x "http://127.0.0.1:$port/webhook/text")"
expect "by a name that is not ours" 421 \
    "$(post -H 'Host: evil.example' "http://127.0.0.1:$port/webhook/text")"
head -c 1100000 /dev/zero | tr '\0' x >large
expect "a body that is too large" 413 "$(curl -s -o reply -w '%{http_code}' \
    -H 'Content-Type: text/plain' -H "Authorization: Bearer $(cat token.ingest)" \
    --data-binary @large "http://127.0.0.1:$port/webhook/text")"
expect "healthy" 200 "$(curl -s -o reply -w '%{http_code}' "http://127.0.0.1:$port/-/healthy")"
expect "two were counted, and the report of the one that was too large" 3 "$(count matches)"

# A reload over HTTP turns TLS on for the port, and leaves the unix socket as it is.
write_config "certificate: $work/server.pem
  key: $work/server.key"
expect "a reload" 200 "$(curl -s -o reply -w '%{http_code}' -X POST \
    -H "Authorization: Bearer $(cat token.admin)" "http://127.0.0.1:$port/-/reload")"
until_true 10 grep -q 'in force' agent.log || fail "the configuration was not read anew"
expect "over TLS" 200 "$(post "https://localhost:$port/webhook/text")"
expect "in clear, now" 000 "$(post "http://127.0.0.1:$port/webhook/text")"
expect "over the unix socket, after" 200 \
    "$(post --unix-socket http.sock "http://localhost/webhook/text")"

# Posting while it is killed: every 200 is in the store, whoever is killed when.
kill -9 "$agent"
wait "$agent" 2>/dev/null
write_config 'hosts: []'
start
expect "the state survived" 5 "$(count open)"
for signal in KILL TERM; do
    : >codes.0
    for i in 1 2 3 4; do
        (for n in $(seq 50); do
            post "http://127.0.0.1:$port/webhook/text" -o /dev/null
            echo
        done >>"codes.$i") &
        posters="${posters:-} $!"
    done
    until_true 10 enough
    kill -$signal "$agent"
    wait "$agent" 2>/dev/null
    ended=$?
    for poster in $posters; do wait "$poster"; done
    posters=
    taken=$(cat codes.? | grep -c '^200$')
    rm -f codes.?
    before=${open:-5}
    start
    open=$(count open)
    [ "$open" -ge $((before + taken)) ] ||
        fail "SIG$signal: $taken were answered with 200, and $((open - before)) are there"
    # What was stored and not answered may be there too: at most one a poster.
    [ "$open" -le $((before + taken + 4)) ] || fail "SIG$signal: $open are too many"
    echo "SIG$signal: $taken answered with 200, $((open - before)) stored"
    passed=$((passed + 1))
    [ $signal != TERM ] || expect "the end by SIGTERM" 0 $ended
done
echo "$passed passed, 0 failed, 0 skipped"
