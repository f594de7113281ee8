#!/bin/sh
# Names of servers in the sender's sandbox, in namespaces of their own: a name that only /etc/hosts
# knows is found, and one whose IPv6 address is a black hole costs no more than a second.
set -eu
source=$1 build=$2
. "$1/tests/e2e/common"
command -v python3 >/dev/null || skip "package python3 is not installed"
command -v ip >/dev/null || skip "package iproute2 is not installed"
if [ "${3:-}" != inside ]; then
    unshare -n -m true 2>/dev/null || skip "namespaces need root"
    cd / && rm -rf "$work"
    exec unshare -n -m sh "$1/tests/e2e/names.sh" "$1" "$2" inside
fi
ip link set lo up
ip -6 address add 2001:db8::2/128 dev lo nodad 2>/dev/null || skip "there is no IPv6 here"
printf '2001:db8::2 both.test\n127.0.0.1 localhost four.test both.test\n' >hosts
mount --bind hosts /etc/hosts || skip "/etc/hosts cannot be covered"
passed=0

port=$(free_port)
python3 "$source/tests/e2e/webhook_server.py" "$port" "$work/posts" &
pids="$pids $!"
until_true 10 [ -e "$work/posts" ] || fail "the server did not start"
python3 "$source/tests/e2e/black_hole.py" 2001:db8::2 "$port" >hole.out &
pids="$pids $!"
until_true 10 grep -q full hole.out || fail "the black hole did not start"
getent ahosts both.test | head -1 | grep -q 2001:db8::2 || fail "the name has no IPv6 address in front"

run_once() { # run_once NAME: milliseconds until the mail was posted
    rm -rf state
    cat >tocsin.yaml <<YAML
state_dir: $work/state
control: $work/control.sock
sources: [{name: app, files: [$work/app.log]}]
rules: [{name: bad, match: ERROR}]
routes: [{to: [chat], group_wait: 0s}]
outputs: [{name: chat, webhook: 'http://$1:$port/in', webhook_allow_http: true}]
YAML
    start_agent
    count=$(wc -l <posts)
    begin=$(date +%s%N)
    echo ERROR >>app.log
    while [ "$(wc -l <posts)" -eq "$count" ]; do
        [ $((($(date +%s%N) - begin) / 1000000)) -lt 25000 ] || fail "nothing came from $1"
        sleep 0.01
    done
    took=$((($(date +%s%N) - begin) / 1000000))
    grep -q 'sandbox does not hold' agent.log && echo "     the sandbox does not hold here"
    kill "$agent"
    wait "$agent" || fail "the agent ended with status $?"
}

run_once four.test
echo "ok   a name that only /etc/hosts knows is found in the sender's sandbox"
passed=$((passed + 1))

best=99999
for _ in 1 2 3; do
    run_once four.test
    four=$took
    run_once both.test
    more=$((took - four))
    [ "$more" -ge "$best" ] || best=$more
done
[ "$best" -le 1000 ] || fail "an IPv6 black hole costs $best ms"
echo "ok   S17 an IPv6 address that swallows everything costs a connection $best ms"
passed=$((passed + 1))
echo "$passed passed, 0 failed, 0 skipped"
