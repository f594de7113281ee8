#!/bin/sh
# A password_command: what it needs it has, and the mail sender, which asks for it, has its
# sandbox all the same.
#   command.sh SRCDIR BUILDDIR
set -u
build=$2
. "$1/tests/e2e/common"
mkdir -p etc vault
ln -s etc/tocsin.yaml tocsin.yaml
printf 'secret\n' >vault/password
cat >vault/tell <<'SH'
#!/bin/sh
# What the sandbox of the sender would not let it do: other programs, another folder.
cat "$(dirname "$0")/password" | head -n 1
: >"$(dirname "$0")/told"
SH
chmod 700 vault/tell
"$build/tocsin" sink --user agent@example.com:secret --write-ca "$work/ca.pem" --eml mails \
    --for 120s >sink.out 2>&1 &
pids="$pids $!"
until_true 10 grep -q '^listening' sink.out || fail "the sink did not start"
smtps=$(sed -n 's/.*smtps=[^ ]*:\([0-9]*\) .*/\1/p' sink.out)
configure() { # configure PROGRAM
    cat >etc/new <<YAML
state_dir: $work/state
control: $work/control.sock
sources: [{name: app, files: [$work/logs/*.log], sweep: 200ms}]
rules: [{name: refused, match: 'ERROR (?<what>.*) refused', by: [what], summary: '{{what}} refused'}]
routes: [{to: [ops], group_by: [what], group_wait: 0s}]
accounts:
  - name: server
    from: agent@example.com
    smtp: {host: localhost, port: $smtps, user: agent@example.com, password_command: [$1],
           ca_file: $work/etc/ca.pem}
outputs: [{name: ops, account: server, to: [ops@example.com]}]
YAML
    mv etc/new etc/tocsin.yaml
}
cp ca.pem etc/ca.pem
mkdir logs
: >logs/app.log
child_of() { ps -o pid= --ppid "$1" | tr -d ' ' | grep '[0-9]'; }
family() { keeper=$(child_of "$agent") && sender=$(child_of "$keeper") && runner=$(child_of "$sender"); }
is_sent() { grep -rq "$1 refused" mails; }
must_tell() {
    echo "ERROR $1 refused" >>logs/app.log
    until_true 180 is_sent "$1" || fail "no mail tells of $1"
}
configure "$work/vault/tell"
"$build/tocsin" run -v -c etc/tocsin.yaml 2>agent.log &
agent=$!
pids="$pids $agent"
until_true 20 grep -q running: agent.log || fail "the agent did not start"
until_true 10 family || fail "a process is missing"
[ "$(cat "/proc/$runner/comm")" = tocsin-runner ] || fail "the fourth process is no runner"
must_tell first
[ -e vault/told ] || fail "the command did not get to its end"
pass "a command that needs other programs and folders gives the password"

"$build/tocsin" status -c tocsin.yaml | grep '^mail sender' >told
grep -q '; password_command runs outside of it' told || fail "status does not say it: $(cat told)"
if grep -q '^Seccomp:.*2' "/proc/$sender/status"; then
    grep -q ', seccomp' told || fail "status knows of no seccomp: $(cat told)"
    grep -q '^Seccomp:.*0' "/proc/$runner/status" || fail "the runner has a sandbox"
    pass "the sender has its sandbox"
    for call in fork execve; do
        got=$("$build/tests/e2e/break_in" "$sender" $call /bin/true) || continue
        [ "$got" = EPERM ] || fail "$call in the sender: the kernel says $got"
        pass "the sender cannot $call"
    done
else
    echo "SKIP the sandbox: this kernel has no seccomp"
fi
[ -z "$(find "/proc/$runner/fd" -lname "$work/state/*" -o -lname "$work/logs/*")" ] || fail "the runner has files of the agent open"

cp vault/tell vault/other
configure "$work/vault/other"
rm vault/told
kill -HUP "$agent"
until_true 10 grep -q 'new configuration is in force' agent.log || fail "the reload is not taken"
rm vault/tell
must_tell second
[ -e vault/told ] || fail "the other command was not run"
pass "another command is run after a reload"

gone() { ! kill -0 "$1" 2>/dev/null; }
cp vault/other vault/third
configure "$work/vault/third" # so that the next mail needs a login
kill -9 "$runner"
kill -HUP "$agent"
rm vault/other
must_tell third
pass "a runner that is killed comes again, and knows the configuration of now"

until_true 10 family || fail "a process is missing"
kill -9 "$agent"
until_true 10 gone "$runner" || fail "the runner stays behind"
pass "the runner leaves with the agent"
echo "$passed passed, 0 failed, 0 skipped"
