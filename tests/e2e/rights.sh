#!/bin/sh
# The real agent as a user who may not read everything: rights that go and come back, and
# links that another user laid to what is not his.
#   rights.sh SRCDIR BUILDDIR
set -eu
src=$1 build=$2
. "$src/tests/e2e/common"
passed=0 failed=0 skipped=0
agent_uid=65534 other_uid=12345

[ "$(id -u)" -eq 0 ] || skip "L19 L25 L26 rights: only root can be other users"
command -v setpriv >/dev/null || skip "L19 L25 L26 rights: setpriv is not there (Debian: apt-get install util-linux)"
chmod 755 "$work"
cp "$build/tocsin" tocsin
as_agent() { setpriv --reuid=$agent_uid --regid=$agent_uid --clear-groups "$@"; }
as_agent test -x "$work/tocsin" 2>/dev/null ||
    skip "L19 L25 L26 rights: other users cannot get into $work"

lack() {
    echo "FAIL $1"
    failed=$((failed + 1))
    cat agent.log
}
told() { cat own/mails/new/* 2>/dev/null | sed -n 's/^X-Tocsin-New-Count: //p' | awk '{ s += $1 } END { print s + 0 }'; }
has_told() { [ "$(told)" -ge "$1" ]; }
is_running() { grep -q running agent.log; }
warnings() { grep -c "^tocsin: warning: .*$1" agent.log || true; }

begin() { # begin: an empty world
    rm -rf own logs agent.log
    mkdir own logs
    chown $agent_uid own
    cat >tocsin.yaml <<YAML
state_dir: $work/own/state
control: $work/own/control.sock
sources: [{name: app, files: ["$work/logs/*.log", "$work/logs/deep/*.log"], start: beginning, sweep: 200ms}]
rules: [{name: refused, match: 'refused'}]
routes: [{to: [folder], group_wait: 0s, group_interval: 1s, repeat_interval: 1s}]
outputs: [{name: folder, maildir: $work/own/mails}]
YAML
}
start() {
    : >agent.log
    rm -f agent.log
    setpriv --reuid=$agent_uid --regid=$agent_uid --clear-groups \
        "$work/tocsin" run -c tocsin.yaml 2>agent.log &
    agent=$!
    pids="$pids $agent"
    until_true 10 is_running || fail "the agent did not start"
}
finish() {
    kill "$1" "$agent"
    wait "$agent" 2>/dev/null || true
}

# --- L25 and L26: rights that go and come back ---------------------------------------------------
# What is denied, and how it comes back, is one path: the file, or the folder above it.
lose_and_regain() { # lose_and_regain ROW PATH MODE TEXT
    begin
    mkdir -p logs/deep
    echo "refused 1" >logs/deep/app.log
    chown -R $agent_uid logs/deep
    start
    until_true 10 has_told 1 || true
    chmod 000 "$2"
    echo "refused 2" >>logs/deep/app.log
    until_true 10 has_told 2 || true
    by_open=$(told)
    finish -9
    echo "refused 3" >>logs/deep/app.log
    start
    sleep 2 # several sweeps
    denied=$(warnings 'Permission denied')
    before=$(told)
    chmod "$3" "$2"
    until_true 15 has_told 3 || true
    echo "refused 4" >>logs/deep/app.log
    until_true 10 has_told 4 || true
    finish -15
    if [ "$by_open $before $(told) $denied" = "2 2 4 1" ]; then
        pass "$1 $4: read on while it is open, told once, and gone on where it was"
    else
        lack "$1 $4: $by_open of 2 lines by the open file, $before of 2 while denied, $(told) of 4 in the end; told $denied times"
    fi
}
lose_and_regain L25 logs/deep/app.log 644 "the right to read a file was lost and regained"
lose_and_regain L26 logs/deep 755 "the right to enter a folder was lost and regained"

# --- L19: a link that another user laid to a file that is not his ------------------------------------
begin
echo "refused SESAME" >secret.txt
chmod 644 secret.txt
echo "refused honest" >own.txt
chown $other_uid own.txt logs
as_other() { setpriv --reuid=$other_uid --regid=$other_uid --clear-groups "$@"; }
as_other ln -s "$work/secret.txt" logs/stolen.log
as_other ln -s "$work/own.txt" logs/own.log
as_other ln -s "$work" logs/deep # its *.log would be found as well
echo "refused SESAME" >above.log
start
until_true 10 has_told 1 || true
sleep 1 # several sweeps
echo "refused SESAME again" >>secret.txt
sleep 1
finish -15
if [ "$(told)" -eq 1 ] && ! grep -rqa SESAME own agent.log && [ "$(warnings 'stolen.log.*is not followed')" -eq 1 ] &&
    [ "$(warnings 'above.log.*is not followed')" -eq 1 ]; then
    pass "L19 a link of another user to a file that is not his is refused, his own is read; nothing of it is in store, mails or log"
else
    lack "L19 told $(told) of 1 lines; found in: $(grep -rla SESAME own agent.log | tr '\n' ' ')"
fi

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
