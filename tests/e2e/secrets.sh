#!/bin/sh
# A canary password is in no log, argument, environment, answer or file of the agent, and after
# the connection not in its memory either; a crash leaves no core.
set -eu
src=$1 build=$2
. "$src/tests/e2e/common"
[ "$(id -u)" = 0 ] || skip "only root can read the agent's memory"
passed=0
canary=canary-$(od -An -N8 -tx1 /dev/urandom | tr -d ' ')
coded=$(printf '\0agent@example.com\0%s' "$canary" | base64 -w0)
"$build/tocsin" sink --user "agent@example.com:$canary" --write-ca "$work/ca.pem" --eml mails \
    --for 60s >sink.out 2>&1 &
pids="$pids $!"
until_true 10 grep -q '^listening' sink.out || fail "the sink did not start"
write_config "$(sed -n 's/.*smtps=[^ ]*:\([0-9]*\) .*/\1/p' sink.out)" implicit
printf '%s' "$canary" >password
: >app.log
prlimit --core=unlimited --pid $$ || true # or a limit of 0 would prove nothing
"$build/tocsin" run -v -c tocsin.yaml 2>agent.log &
agent=$!
pids="$pids $agent"
until_true 10 grep -q running agent.log || fail "the agent did not start"
echo "2026-11-23 web01 app: ERROR connection to db1 refused" >>app.log
arrived() { ls mails/*.eml; }
until_true 20 arrived || fail "no mail arrived"

absent() { # absent WHAT FILE...: neither the canary nor the line of AUTH stands there
    what=$1
    shift
    for text in "$canary" "$coded"; do
        if grep -qarF -e "$text" "$@" 2>/dev/null; then fail "the password is in $what"; fi
    done
    passed=$((passed + 1))
}
"$build/tocsin" status -c tocsin.yaml -v >answers
"$build/tocsin" queue list -c tocsin.yaml >>answers
"$build/tocsin" doctor -c tocsin.yaml >>answers 2>&1 || true
grep -q 'login is accepted' answers || fail "the doctor could not log in"
absent "what the commands say" answers
absent "the log" agent.log
absent "the store" state
absent "the mail" mails
absent "the arguments or the environment" /proc/$agent/cmdline /proc/$agent/environ

# libcurl has it as long as the connection lasts, which is 30 s after its last mail. Then every
# readable mapping is searched for what the login left behind.
closed() { "$build/tocsin" status -c tocsin.yaml | grep -q 'no connection'; }
until_true 45 closed || fail "the idle connection was not closed"
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
