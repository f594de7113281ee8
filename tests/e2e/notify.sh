#!/bin/sh
# What `tocsin notify` hands over is told once: while the agent runs, while it does not, when
# it is killed in between, and by run --once; and it never waits for the agent.
#   notify.sh SRCDIR BUILDDIR
set -eu
src=$1 build=$2
. "$src/tests/e2e/common"
mkdir -m 2770 spool
cat >tocsin.yaml <<YAML
state_dir: $work/state
control: $work/control.sock
spool: {folder: $work/spool}
routes: [{to: [me], group_by: ['...'], group_wait: 0s}]
outputs: [{name: me, maildir: $work/mails}]
YAML
hand_over() { "$build/tocsin" notify "$@" --spool spool; }
about() { hand_over nagios --type PROBLEM --host "$1" --state DOWN --output "no ping"; }
mails_of() { grep -l "^Subject: .* on $1\$" mails/new/* 2>/dev/null | wc -l; }
has_mails() { [ "$(mails_of "$1")" -eq "$2" ]; }
is_empty() { [ -z "$(ls -A spool)" ]; }

start_agent
about web1
until_true 20 has_mails web1 1 || fail "what was handed over was not told"
until_true 20 is_empty || fail "its file was not removed"
pass "what is handed over to a running agent is told and removed"

kill -STOP "$agent"
about web2
kill -9 "$agent"
wait "$agent" 2>/dev/null || true
about web3
for number in $(seq 20); do about "many$number"; done
start_agent
sleep 0.2
kill -9 "$agent"
wait "$agent" 2>/dev/null || true
start_agent
for host in web2 web3 many1 many20; do
    until_true 20 has_mails "$host" 1 || fail "$host: $(mails_of "$host") mails"
done
until_true 20 is_empty || fail "files are left in the spool"
sent=$(find mails/new -type f | wc -l)
[ "$sent" -eq 23 ] || fail "$sent mails of 23"
pass "what was handed over to a stopped, killed or absent agent is told once each"

kill "$agent"
wait "$agent" || fail "the agent ended with $?"
printf 'backup on db1\ndisk full\n' | hand_over raw
"$build/tocsin" run --once -n -c tocsin.yaml >dry.out 2>&1
is_empty && fail "a dry run emptied the spool"
"$build/tocsin" run --once -c tocsin.yaml >once.out 2>&1 || fail "run --once: $?"
is_empty || fail "run --once left something in the spool"
grep -qs 'disk full' mails/new/* || fail "run --once did not tell what was in the spool"
pass "run --once tells what lies there, a dry run leaves it"

sed 's,/spool},/nowhere},' tocsin.yaml >wrong.yaml
"$build/tocsin" check -c wrong.yaml >said 2>&1 || fail "check: $?"
grep -q "wrong.yaml:3:.*install -d -m 2770" said || fail "check says nothing of a spool that is not there: $(cat said)"
hand_over nagios --host web1 --state BROKEN 2>said && fail "a state that is none was taken"
grep -q "'BROKEN' is no state: OK, WARNING" said || fail "$(cat said)"
hand_over raw --as nothing </dev/null 2>said && fail "a form that is none was taken"
"$build/tocsin" notify nagios --host web1 --state DOWN --spool nowhere 2>said &&
    fail "a folder that is not there took it"
grep -q 'install -d' said || fail "no remedy: $(cat said)"
is_empty || fail "something was left in the spool"
pass "what cannot be handed over is said, with the remedy"
echo "$passed passed, 0 failed, 0 skipped"
