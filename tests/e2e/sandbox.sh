#!/bin/sh
# What the running agent has given up: a debugger makes it do what an intruder would, and the
# kernel refuses; what it needs still works; a reload that needs more is refused and says so.
#   sandbox.sh SRCDIR BUILDDIR
set -eu
src=$1 build=$2
. "$src/tests/e2e/common"
[ "$(id -u)" = 0 ] || skip "only root can look into another process"
mkdir -p etc var/logs own elsewhere
config=etc/tocsin.yaml
ln -s $config tocsin.yaml
: >var/logs/app.log
echo secret >elsewhere/file
cat >closed.yaml <<YAML
state_dir: $work/own/state
control: $work/own/control.sock
sources: [{name: app, files: [$work/var/logs/*.log], sweep: 200ms}]
rules: [{name: refused, match: 'ERROR (?<what>.*) refused', by: [what], summary: '{{what}} refused'}]
routes: [{to: [ops], group_by: [what], group_wait: 0s}]
outputs: [{name: ops, maildir: $work/own/mails}]
YAML
start() { # start: with what is configured
    rm -f agent.log
    "$build/tocsin" run -v -c $config 2>agent.log &
    agent=$!
    pids="$pids $agent"
    until_true 10 grep -q running agent.log || fail "the agent did not start"
}
is_told() { grep -rq "$1 refused" own/mails/new; }
must_tell() { # a line becomes a mail
    echo "ERROR $1 refused" >>var/logs/app.log
    until_true 10 is_told "$1" || fail "no mail tells of $1"
}
status() { "$build/tocsin" status -c $config "$@"; }
answer() { "$build/tests/e2e/break_in" "$agent" "$@"; }
must_answer() { # must_answer ERROR CALL [PATH]
    wanted=$1
    shift
    got=$(answer "$@") || skip "nothing can break in here (x86-64 and ptrace are needed)"
    [ "$got" = "$wanted" ] || fail "$*: the kernel says $got, wanted $wanted"
}

sed '$a sandbox: false' closed.yaml >$config
start
must_answer ok read "$work/elsewhere/file"
must_answer ok netlink
status | grep -q '^sandbox: off' || fail "the status does not say that the sandbox is off"
kill "$agent"
wait "$agent" || true
pass "without it, all of this is possible: so the answers below mean something"

cp closed.yaml $config
start
must_tell first
status -v >said
grep -q '^sandbox: ' said || fail "the status says nothing"
grep -q 'system calls by seccomp' said || skip "this kernel has no seccomp"
for call in fork ptrace setuid unshare netlink packet; do must_answer EPERM $call; done
must_answer EPERM execve /bin/true
must_answer ok tcp
grep -q '^Seccomp:.*2' /proc/$agent/status || fail "there is no filter"
pass "no programs, no processes, no other users, no odd sockets"

if grep -q 'by Landlock' said; then
    must_answer EACCES read "$work/elsewhere/file"
    must_answer EACCES write "$work/elsewhere/new"
    must_answer EACCES write "$work/var/logs/app.log"
    must_answer EACCES read /root
    must_answer ok read "$work/var/logs/app.log"
    must_answer ok write "$work/own/state/new"
    pass "of files, only logs can be read and only the store can be written"

    # Logs rotate, appear, and lie in folders that are made anew.
    mv var/logs/app.log var/logs/app.log.1
    must_tell second
    "$build/tocsin" queue list -c $config >/dev/null || fail "the queue cannot be asked"
    must_tell third
    # The folder may be made anew, and is another one then.
    rm -r var/logs
    mkdir var/logs
    : >var/logs/app.log
    must_answer ok read "$work/var/logs/app.log"
    pass "rotation, mails, questions and new folders work inside"

    sed "s,var/logs/\*.log,elsewhere/*," closed.yaml >$config
    kill -HUP "$agent"
    until_true 10 grep -q "needs to read '$work/elsewhere'.*restart" agent.log || fail "the reload is not refused"
    status | grep -q '1  Configurations refused' || fail "the status does not count it"
    pass "a reload that needs more is refused, says what and why, and all goes on"

    kill "$agent"
    wait "$agent" || true
    sed "\$a sandbox_read: [$work/elsewhere]" closed.yaml >$config
    start
    sed -i "s,var/logs/\*.log,elsewhere/*," $config
    kill -HUP "$agent"
    until_true 10 grep -q 'new configuration is in force' agent.log || fail "the reload is not taken"
    pass "with sandbox_read the same reload is taken"
else
    echo "SKIP sandbox: files: $(grep '^sandbox' said)"
fi
kill "$agent"
wait "$agent" || fail "the agent ended with status $?"
echo "$passed passed, 0 failed, 0 skipped"
