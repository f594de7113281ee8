#!/bin/sh
# What accounts log in with is in no log, argument, environment, answer or file of the agent, and
# after the connection not in its memory either; a crash leaves no core. One agent has an account
# for each way to log in, each with a canary of its own.
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
# every readable mapping is searched for what the logins left behind.
all_closed() {
    [ "$("$build/tocsin" status -c tocsin.yaml | grep -c 'no connection')" = \
        "$(echo "$names" | wc -w)" ]
}
until_true 45 all_closed || fail "the idle connections were not closed"
memory() {
    awk '$2 ~ /^r/ && $6 !~ /^\[v/ { split($1, at, "-"); print at[1], at[2] }' "/proc/$agent/maps" |
        while read -r from to; do
            begin=$((0x$from / 4096)) count=$(((0x$to - 0x$from) / 4096))
            dd if="/proc/$agent/mem" bs=4096 skip=$begin count=$count 2>/dev/null || true
        done
}
memory >memory.bin
grep -qaF "$work/app.log" memory.bin || fail "the agent's memory could not be read"
absent "the agent's memory after the login" memory.bin
grep -q 'Max core file size *0 *0' /proc/$agent/limits || fail "a core may be written"
kill -ABRT "$agent"
wait "$agent" 2>/dev/null || true
[ -z "$(find . -name 'core*')" ] || fail "a core was written"
passed=$((passed + 1))
echo "$passed passed, 0 failed, 0 skipped"
