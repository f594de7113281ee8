#!/bin/sh
# Faults of the process and of what the system grants it, with the real binary (faults.md, P
# rows).   process.sh SRCDIR BUILDDIR
set -eu
src=$1 build=$2
. "$src/tests/e2e/common"
passed=0 skipped=0
ok() {
    passed=$((passed + 1))
    echo "ok   $1"
}
left_out() {
    skipped=$((skipped + 1))
    echo "SKIP $1"
}
command -v prlimit >/dev/null || skip "P01 P06 P07: prlimit (package util-linux) is not there"

sink() { # sink [OPTION...]: a mail server of its own; sets $port
    rm -f sink.log # or the port of the last one is taken for its
    "$build/tocsin" sink --plain --for 200s --eml mails "$@" >sink.log 2>&1 &
    sink=$!
    pids="$pids $sink"
    until_true 10 grep -q '^listening' sink.log || fail "the sink did not start"
    port=$(sed -n 's/.*smtp=[^ ]*:\([0-9]*\).*/\1/p' sink.log)
    cat >tocsin.yaml <<YAML
state_dir: $work/state
control: $work/control.sock
sources: [{name: app, files: [$work/app.log]}]
rules: [{name: refused, match: 'refused (?<key>\S+)', by: [key]}]
routes: [{to: [ops], group_wait: 0s, group_interval: 1s}]
accounts: [{name: server, doubt_wait: 1s, smtp: {host: 127.0.0.1, port: $port, tls: none}, from: a@example.com}]
outputs: [{name: ops, account: server, to: [ops@example.com]}]
YAML
}
answers() { "$build/tocsin" status -c tocsin.yaml; }
start() { # start [WRAPPER...]
    "$@" "$build/tocsin" run -c tocsin.yaml 2>>agent.log &
    agent=$!
    pids="$pids $agent"
    until_true 15 answers || fail "the agent did not start"
}
stop() {
    kill "$agent"
    wait "$agent" || fail "the agent ended with status $?"
}
count() { "$build/tocsin" status --json -c tocsin.yaml | sed -n "s/.*\"$1\":\([0-9]*\).*/\1/p"; }
reached() { [ "$(count "$1")" -ge "$2" ]; }
mails() { ls mails/*.eml 2>/dev/null | wc -l; }
more_mails() { [ "$(mails)" -gt "$1" ]; }
: >app.log

# --- P01: SIGTERM while a mail is on its way ------------------------------------------------------
for phase in greeting data dot; do
    sink --says "$phase:hang"
    start
    echo "connection refused $phase" >>app.log
    until_true 10 reached connections 1 || fail "P01: no connection"
    sleep 0.5
    began=$(date +%s%3N) code=0
    kill "$agent"
    wait "$agent" || code=$?
    took=$(($(date +%s%3N) - began))
    [ $code -eq 0 ] && [ $took -lt 15000 ] || fail "P01: $phase: status $code after $took ms"
    kill "$sink"
    before=$(mails)
    sink
    start
    until_true 40 more_mails "$before" || fail "P01: $phase: the mail did not come after the start"
    sleep 1
    [ "$(mails)" -eq $((before + 1)) ] || fail "P01: $phase: the mail came twice"
    stop
    kill "$sink"
done
ok "P01 SIGTERM while the server hangs at greeting, DATA and dot ends the agent in time with status 0, and the mail comes once"
sink

# --- P06: a small stack ------------------------------------------------------------------------------
prlimit --stack=262144:262144 "$build/tocsin" test "$src"/tests/scenarios/*.yaml >out 2>&1 ||
    fail "P06: $(tail -n 3 out)"
if [ -x "$build/tests/unit-tests" ]; then
    for group in yaml schema json regex rule template where webhook unmime redact config; do
        TOCSIN_TEST=$group prlimit --stack=262144:262144 "$build/tests/unit-tests" >out 2>&1 ||
            fail "P06: $group: $(grep -v ^ok out)"
    done
fi
ok "P06 with a stack of 256 KiB all stories pass, and the unit tests of what reads foreign bytes"

# --- P07: small limits ---------------------------------------------------------------------------------
code=0
prlimit --nofile=8:8 timeout 10 "$build/tocsin" run -c tocsin.yaml 2>err || code=$?
[ $code -eq 75 ] && grep -q 'a limit of 8 open files is too small' err || fail "P07: $code $(cat err)"
start prlimit --nofile=40:40
echo "connection refused nofile" >>app.log
before=$(mails)
until_true 20 more_mails "$before" || fail "P07: no mail with 40 descriptors"
stop
rm -rf state
: >app.log
start prlimit --fsize=150000:
seq 1 9000 | sed 's/^/connection refused with a rather long key that fills pages /; s/$/&&&&&&&&&&/' >>app.log
until_true 20 grep -q 'no space left' agent.log || fail "P07: the limit was not reached"
answers >out
prlimit --fsize=unlimited: --pid "$agent"
until_true 60 reached lines 9000 || fail "P07: with larger files $(count lines) of 9000 lines"
stop
ok "P07 too few descriptors are said, few are lived with, and past a limit of file sizes it waits as on a full disk"

# --- P23: nobody listens ------------------------------------------------------------------------------
"$build/tocsin" run -v -c tocsin.yaml <&- >&- 2>&- &
agent=$!
pids="$pids $agent"
until_true 15 answers || fail "P23: it does not start with all three closed"
before=$(mails)
echo "connection refused closed" >>app.log
until_true 20 more_mails "$before" || fail "P23: no mail with all three closed"
stop
mkfifo pipe
sleep 60 <>pipe &
pids="$pids $!"
"$build/tocsin" run -v -c tocsin.yaml >pipe 2>&1 &
agent=$!
pids="$pids $agent"
until_true 15 answers || fail "P23: it does not start into a pipe"
i=0
while [ $i -lt 1500 ]; do
    i=$((i + 1))
    kill -HUP "$agent"
    [ $((i % 20)) -ne 0 ] || sleep 0.01
done
before=$(mails)
echo "connection refused pipe" >>app.log
until_true 20 more_mails "$before" || fail "P23: no mail behind a full pipe"
stop
ok "P23 closed descriptors and a full pipe stop nothing"

# --- P24: odd locales --------------------------------------------------------------------------------
for locale in C tr_TR.UTF-8 de_DE.ISO-8859-1 nonsense; do
    LC_ALL=$locale LANG=$locale "$build/tocsin" test "$src"/contrib/*.yaml >"out.$locale" 2>&1 ||
        fail "P24: $locale"
    diff out.C "out.$locale" || fail "P24: $locale says something else"
done
if command -v nm >/dev/null; then
    nm -uD "$build/tocsin" 2>/dev/null | grep -q ' setlocale' && fail "P24: setlocale() is called"
fi
ok "P24 whatever LC_ALL says, patterns, numbers and words are as in C"

# --- P20: there is no place for the store ------------------------------------------------------------
sed "s,state_dir: .*,state_dir: $work/not/mounted/yet," tocsin.yaml >away.yaml
code=0
timeout 10 "$build/tocsin" run -c away.yaml 2>err || code=$?
[ $code -gt 0 ] && [ $code -lt 124 ] && grep -q "$work/not/mounted/yet" err || fail "P20: $code $(cat err)"
grep -q '^StateDirectory=' "$src/contrib/systemd/tocsin.service.in" || fail "P20: the unit names no StateDirectory"
ok "P20 without the folder above its store it ends with status $code and says which; systemd mounts what StateDirectory needs"

# --- P21: hardly any CPU -------------------------------------------------------------------------------
: >app.log
start nice -n 19
busy=
for i in 1 2 3 4; do
    timeout 25 sh -c 'while :; do :; done' &
    busy="$busy $!"
done
pids="$pids $busy"
before=$(count lines)
i=0
while [ $i -lt 20 ]; do
    i=$((i + 1))
    seq 1 1000 | sed "s/^/line $i /" >>app.log
    [ $i -ne 10 ] || mv app.log app.log.1
done
until_true 40 reached lines $((before + 20000)) || fail "P21: $(($(count lines) - before)) of 20000 lines"
sleep 0.5
[ "$(count lines)" -eq $((before + 20000)) ] || fail "P21: lines were read twice"
[ "$(count lost_bytes)" -eq 0 ] || fail "P21: bytes were lost"
ok "P21 at nice 19 beside four busy loops 20,000 lines over a rotation are read once"
# shellcheck disable=SC2086
kill $busy 2>/dev/null || true
stop

echo "$passed passed, 0 failed, $skipped skipped"
