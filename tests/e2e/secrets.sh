#!/bin/sh
# What accounts log in with is in no log, argument, environment, answer or file of the agent, and
# never in its memory; the mail sender, a process of its own, has it as long as the connection
# lasts. A crash leaves no core. One agent has an account for each way to log in, each with a
# canary of its own.
set -eu
src=$1 build=$2
. "$src/tests/e2e/common"
[ "$(id -u)" = 0 ] || skip "only root can read the agent's memory"
passed=0
new_canary() { echo "canary-$(od -An -N12 -tx1 /dev/urandom | tr -d ' ')"; }

canaries='' # all that may be found nowhere
start_sink() { # start_sink NAME OPTION...: sets $smtps, writes NAME.pem, keeps mails in NAME.mails
    name=$1
    shift
    "$build/tocsin" sink --write-ca "$work/$name.pem" --eml "$name.mails" --for 90s "$@" \
        >"$name.out" 2>&1 &
    pids="$pids $!"
    until_true 10 grep -q '^listening' "$name.out" || fail "the sink did not start"
    smtps=$(sed -n 's/.*smtps=[^ ]*:\([0-9]*\) .*/\1/p' "$name.out")
}
accounts='' outputs='' names=''
add_account() { # add_account NAME KEYS-OF-SMTP [KEY...]: to localhost, by the sink started last
    accounts="$accounts
  - {name: $1, from: agent@example.com, smtp: {host: localhost, port: $smtps,
     user: agent@example.com, ca_file: $work/$1.pem$2}${3:-}}"
    outputs="$outputs
  - {name: $1, account: $1, to: [ops@example.com]}"
    names="$names${names:+, }$1"
}
password_of() { # password_of NAME: a canary, and the line of AUTH that it makes
    canary=$(new_canary)
    canaries="$canaries $canary $(printf '\0agent@example.com\0%s' "$canary" | base64 -w0)"
    printf '%s' "$canary" >"$1.secret"
    chmod 600 "$1.secret"
}

password_of file
start_sink file --user "agent@example.com:$canary"
add_account file ", password_file: $work/file.secret"
password_of command
start_sink command --user "agent@example.com:$canary"
add_account command ", password_command: [/bin/cat, $work/command.secret]"

# OAuth: the refresh token, the client's secret and the private key are nowhere; the access token
# is in locked memory, which this test leaves out of its search.
sink_like_gmail() { # sink_like_gmail NAME OPTION...: sets $https as well
    start_sink "$@" --like gmail --user agent@example.com:none
    https=$(sed -n 's/.*https=[^ ]*:\([0-9]*\) .*/\1/p' "$1.out")
}
client=$(new_canary) refresh=$(new_canary)
canaries="$canaries $client $refresh"
for name in consent api; do
    sink_like_gmail $name --client "me.apps:$client" --refresh-token "$refresh"
    printf '{"client_id": "me.apps", "client_secret": "%s", "refresh_token": "%s",
        "token_uri": "https://localhost:%s/token"}' "$client" "$refresh" "$https" >$name.secret
    chmod 600 $name.secret
done
accounts="$accounts
  - {name: api, gmail: agent@example.com, api: true, ca_file: $work/api.pem,
     api_endpoint: 'https://localhost:$https', oauth: {token_file: $work/api.secret}}"
outputs="$outputs
  - {name: api, account: api, to: [ops@example.com]}"
names="$names, api"
smtps=$(sed -n 's/.*smtps=[^ ]*:\([0-9]*\) .*/\1/p' consent.out)
add_account consent "" ", oauth: {token_file: $work/consent.secret}"
if command -v openssl >/dev/null; then
    openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out key.pem 2>/dev/null
    printf '{"client_email": "bot@p", "private_key": "%s"}' \
        "$(awk '{ printf "%s\\n", $0 }' key.pem)" >service.secret
    chmod 600 service.secret
    sink_like_gmail service --service-account "$work/service.secret"
    sed -i "s,}\$,\, \"token_uri\": \"https://localhost:$https/token\"}," service.secret
    add_account service "" ", service_account: {key_file: $work/service.secret}"
    canaries="$canaries $(sed -n 4p key.pem) $(sed -n 20p key.pem)"
    # The prime p as it lies in memory: OpenSSL has numbers with their lowest byte first.
    prime=$(openssl rsa -in key.pem -text -noout 2>/dev/null |
        awk '/^prime1/ { on = 1; next } /^prime2/ { on = 0 } on' | tr -d ' \n:' | tail -c 48)
    rm key.pem
fi

cat >tocsin.yaml <<YAML
state_dir: $work/state
control: $work/control.sock
sources: [{name: app, files: [$work/app.log]}]
rules: [{name: refused, match: 'ERROR (?<what>.*) refused', summary: '{{what}} refused'}]
routes: [{to: [$names], group_wait: 0s}]
accounts:$accounts
outputs:$outputs
YAML
: >app.log
prlimit --core=unlimited --pid $$ || true # or a limit of 0 would prove nothing
rm -f agent.log
"$build/tocsin" run -v -c tocsin.yaml 2>agent.log &
agent=$!
pids="$pids $agent"
until_true 10 grep -q running agent.log || fail "the agent did not start"
echo "2026-11-23 web01 app: ERROR connection to db1 refused" >>app.log
arrived() { for name in $(echo "$names" | tr -d ,); do ls "$name".mails/*.eml || return 1; done; }
until_true 20 arrived || fail "of the mails only these arrived: $(ls -d ./*.mails/* 2>/dev/null)"

absent() { # absent WHAT FILE...: none of the canaries stands there
    what=$1
    shift
    for text in $canaries; do
        if grep -qarF -e "$text" "$@" 2>/dev/null; then fail "'$text' is in $what"; fi
    done
    passed=$((passed + 1))
}
memory() { # memory PID: every readable mapping
    awk '$2 ~ /^r/ && $6 !~ /^\[v/ { split($1, at, "-"); print at[1], at[2] }' "/proc/$1/maps" |
        while read -r from to; do
            begin=$((0x$from / 4096)) count=$(((0x$to - 0x$from) / 4096))
            dd if="/proc/$1/mem" bs=4096 skip=$begin count=$count 2>/dev/null || true
        done
}
child_of() { ps -o pid= --ppid "$1" | tr -d ' '; }
keeper=$(child_of "$agent")
sender=$(child_of "$keeper")
# While the connections are open: libcurl has the passwords, where they belong.
memory "$sender" >memory.sender
found=0
for text in $canaries; do
    if grep -qaF -e "$text" memory.sender; then found=$((found + 1)); fi
done
[ $found -gt 0 ] || fail "the sender does not have the passwords either: the search finds nothing"
memory "$agent" >memory.bin
memory "$keeper" >memory.keeper
grep -qaF "$work/app.log" memory.bin || fail "the agent's memory could not be read"
absent "the agent's memory during the connection" memory.bin
absent "the keeper's memory" memory.keeper
rm memory.sender memory.keeper

"$build/tocsin" status -c tocsin.yaml -v >answers
"$build/tocsin" queue list -c tocsin.yaml >>answers
"$build/tocsin" doctor -c tocsin.yaml >>answers 2>&1 || true
[ "$(grep -c 'login is accepted' answers)" = "$(echo "$names" | wc -w)" ] ||
    { cat answers; fail "the doctor could not log in"; }
absent "what the commands say" answers
absent "the log" agent.log
absent "the store" state
absent "the mail" ./*.mails
absent "the arguments or the environment" /proc/$agent/cmdline /proc/$agent/environ

# libcurl has a password as long as the connection lasts, which is 30 s after its last mail. Then
# the sender's memory is searched for what the logins left behind.
all_closed() {
    [ "$("$build/tocsin" status -c tocsin.yaml | grep -c 'no connection')" = \
        "$(echo "$names" | wc -w)" ]
}
until_true 45 all_closed || fail "the idle connections were not closed"
memory "$agent" >memory.bin
absent "the agent's memory after the login" memory.bin
unlocked() { # unlocked PID: all but what is locked: there are the access tokens
    locked=$(awk '/^[0-9a-f]+-[0-9a-f]+ / { at = $1 } /^VmFlags:.* lo( |$)/ { printf "%s ", at }' \
        "/proc/$1/smaps")
    awk -v locked="$locked" 'index(locked, $1 " ") == 0 && $2 ~ /^r/ && $6 !~ /^\[v/ { split($1, at, "-"); print at[1], at[2] }' "/proc/$1/maps" |
        while read -r from to; do
            begin=$((0x$from / 4096)) count=$(((0x$to - 0x$from) / 4096))
            dd if="/proc/$1/mem" bs=4096 skip=$begin count=$count 2>/dev/null || true
        done
}
[ "$(child_of "$keeper")" = "$sender" ] || fail "the sender is another one"
unlocked "$sender" >memory.sender
grep -qaF "$work/app.log" memory.sender || fail "the sender's memory could not be read"
absent "the sender's memory after the login" memory.sender
if grep -qaE 'ya29\.a0[0-9a-f]' memory.bin memory.sender; then fail "an access token is in memory that is not locked"; fi
passed=$((passed + 1))
if [ -n "${prime:-}" ]; then
    big=$(printf '%s' "$prime" | sed 's/../\\x&/g')
    little=$(printf '%s' "$prime" | fold -w2 | tac | sed 's/^/\\x/' | tr -d '\n')
    if LC_ALL=C grep -qaP "$big|$little" memory.bin memory.sender; then fail "the private key is in memory"; fi
    passed=$((passed + 1))
fi
for pid in $agent $keeper $sender; do
    grep -q 'Max core file size *0 *0' "/proc/$pid/limits" || fail "a core may be written"
done
kill -ABRT "$agent"
wait "$agent" 2>/dev/null || true
[ -z "$(find . -name 'core*')" ] || fail "a core was written"
passed=$((passed + 1))
echo "ok   P25 no core is written, and the password is in no readable page behind the login"
echo "$passed passed, 0 failed, 0 skipped"
