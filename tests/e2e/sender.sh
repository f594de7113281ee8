#!/bin/sh
# The mail sender, a process of its own: what it and the agent cannot reach, what a kill of it
# costs, that it hears of a new configuration, and that it leaves with the agent.
#   sender.sh SRCDIR BUILDDIR
set -eu
src=$1 build=$2
. "$src/tests/e2e/common"
[ "$(id -u)" = 0 ] || skip "only root can look into another process"
mkdir -p etc secrets var/logs own
config=etc/tocsin.yaml
ln -s $config tocsin.yaml
: >var/logs/app.log
printf secret >secrets/password
printf other >secrets/other
chmod 600 secrets/*

start_sink() { # start_sink NAME PASSWORD: sets $sink and $smtps
    "$build/tocsin" sink --user "agent@example.com:$2" --write-ca "$work/secrets/$1.pem" \
        --eml "$1.mails" --for 120s >"$1.out" 2>&1 &
    sink=$!
    pids="$pids $sink"
    until_true 10 grep -q '^listening' "$1.out" || fail "the sink did not start"
    smtps=$(sed -n 's/.*smtps=[^ ]*:\([0-9]*\) .*/\1/p' "$1.out")
}
configure() { # configure NAME PASSWORD_FILE: the account with the sink started last
    cat >$config.new <<YAML
state_dir: $work/own/state
control: $work/own/control.sock
sources: [{name: app, files: [$work/var/logs/*.log], sweep: 200ms}]
rules: [{name: refused, match: 'ERROR (?<what>.*) refused', by: [what], summary: '{{what}} refused'}]
routes: [{to: [ops], group_by: [what], group_wait: 0s}]
accounts:
  - name: $1
    from: agent@example.com
    doubt_wait: 1s
    smtp: {host: localhost, port: $smtps, user: agent@example.com, password_file: $work/secrets/$2,
           ca_file: $work/secrets/$1.pem}
outputs: [{name: ops, account: $1, to: [ops@example.com]}]
YAML
    mv $config.new $config
}
start() {
    rm -f agent.log
    "$build/tocsin" run -v -c $config 2>agent.log &
    agent=$!
    pids="$pids $agent"
    until_true 10 grep -q running agent.log || fail "the agent did not start"
    until_true 10 child_of "$agent"
    keeper=$(child_of "$agent")
    until_true 10 child_of "$keeper"
    sender=$(child_of "$keeper")
}
child_of() { ps -o pid= --ppid "$1" | tr -d ' ' | grep '[0-9]'; }
is_told() { grep -rq "Subject:.*$2 refused" "$1.mails" || grep -rq "$2 refused" "$1.mails"; }
must_tell() { # must_tell SINK WORD: a line becomes a mail there
    echo "ERROR $2 refused" >>var/logs/app.log
    until_true 180 is_told "$1" "$2" || fail "no mail tells of $2"
}
must_answer() { # must_answer PID ERROR CALL [PATH]
    pid=$1 wanted=$2
    shift 2
    got=$("$build/tests/e2e/break_in" "$pid" "$@") ||
        skip "nothing can break in here (x86-64 and ptrace are needed)"
    [ "$got" = "$wanted" ] || fail "$*: the kernel says $got, wanted $wanted"
}

start_sink one secret
configure one password
start
must_tell one first
[ "$(cat "/proc/$sender/comm")" = tocsin-sender ] || fail "the third process is not the sender"
grep -q '^Seccomp:.*2' "/proc/$sender/status" || skip "this kernel has no seccomp"
for call in fork execve ptrace netlink packet; do must_answer "$sender" EPERM $call /bin/true; done
for call in udp packet netlink; do must_answer "$agent" EPERM $call; done
pass "it starts no programs, and the agent speaks to nobody outside"
if "$build/tocsin" status -c $config | grep -q 'by Landlock'; then
    must_answer "$sender" EACCES read "$work/var/logs/app.log"
    must_answer "$sender" EACCES read "$work/own/state/tocsin.db"
    must_answer "$sender" EACCES write "$work/secrets/new"
    must_answer "$sender" ok read "$work/secrets/password"
    must_answer "$agent" EACCES read "$work/secrets/password"
    must_answer "$agent" EACCES read /etc/resolv.conf
    pass "it has no logs and no store, and the agent has no password"
else
    echo "SKIP sender: files: this kernel has no Landlock"
fi
[ -z "$(find "/proc/$sender/fd" -lname "$work/own/*" -o -lname "$work/var/*")" ] ||
    fail "the sender has files of the agent open"
must_tell one second
pass "after all of that it sends as before"

kill -9 "$sender"
until_true 10 grep -q 'sender was ended by signal 9 and is started again' agent.log ||
    fail "nobody says that it was killed"
! "$build/tocsin" status -c $config | grep -q "process $sender," ||
    fail "status names a process that is gone"
must_tell one third
new=$(child_of "$keeper")
[ "$new" != "$sender" ] || fail "it is the same process"
sender=$new
kill -0 "$agent" || fail "the agent ended"
pass "killed, it is started again and the next mail goes"

start_sink two other
configure two other
kill -HUP "$agent"
until_true 10 grep -q 'new configuration is in force' agent.log || fail "the reload is not taken"
must_tell two fourth
pass "it hears of a new configuration, with another server and another password"

printf wrong >secrets/other
kill -HUP "$sender" "$keeper" # as a terminal and a service manager do to all of them
kill -TERM "$sender" "$keeper"
kill "$agent"
wait "$agent" || fail "the agent ended with status $?"
gone() { ! kill -0 "$sender" 2>/dev/null && ! kill -0 "$keeper" 2>/dev/null; }
until_true 5 gone || fail "sender or keeper stay behind"
pass "they leave with the agent, and only with it"

printf other >secrets/other
start
kill -9 "$agent"
until_true 5 gone || fail "sender or keeper stay behind a kill -9"
pass "they leave with an agent that is killed"
echo "$passed passed, 0 failed, 0 skipped"
