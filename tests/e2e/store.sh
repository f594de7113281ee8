#!/bin/sh
# Faults of the store, made by hand, with the real binary (faults.md, D rows).
#   store.sh SRCDIR BUILDDIR
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
can_trace() { command -v strace >/dev/null && strace -o /dev/null true 2>/dev/null; }

"$build/tocsin" sink --plain --for 200s --eml mails >sink.log 2>&1 &
pids="$pids $!"
until_true 10 grep -q '^listening' sink.log || fail "the sink did not start"
port=$(sed -n 's/.*smtp=[^ ]*:\([0-9]*\).*/\1/p' sink.log)
cat >tocsin.yaml <<YAML
state_dir: $work/state
control: $work/control.sock
sources: [{name: app, files: [$work/app.log]}]
rules: [{name: refused, match: 'refused'}]
routes: [{to: [ops], group_wait: 0s, group_interval: 1s}]
accounts: [{name: server, smtp: {host: 127.0.0.1, port: $port, tls: none}, from: a@example.com}]
outputs: [{name: ops, account: server, to: [ops@example.com]}]
YAML
: >app.log
answers() { "$build/tocsin" status -c tocsin.yaml; }
start() { # start [WRAPPER...]
    "$@" "$build/tocsin" run -c tocsin.yaml 2>>agent.log &
    agent=$!
    pids="$pids $agent"
    until_true 15 answers || fail "the agent did not start"
}
stop() {
    "$build/tocsin" status -c tocsin.yaml >/dev/null || fail "the agent is gone"
    kill "$agent"
    wait "$agent" || fail "the agent ended with status $?"
}
told() { # told TEXT: a mail holds it (its text is encoded word by word, so short texts only)
    cat mails/*.eml 2>/dev/null | tr -d '\n=' | grep -q "$1"
}

# --- D24: rights ----------------------------------------------------------------------------
mkdir -m 777 open
sed "s,state_dir: .*,state_dir: $work/open," tocsin.yaml >open.yaml
code=0
"$build/tocsin" run -c open.yaml 2>err || code=$?
[ $code -eq 77 ] && grep -q "others can write into the state folder" err || fail "D24: $code $(cat err)"
umask 0
start
umask 022
[ "$(stat -c %a state)" = 700 ] || fail "D24: the state folder has mode $(stat -c %a state)"
for file in state/*; do
    [ "$(stat -c %a "$file")" = 600 ] || fail "D24: $file has mode $(stat -c %a "$file")"
done
ok "D24 the folder has mode 0700 and its files 0600 whatever the umask; one that is open to others is refused"

# --- D16: a second instance ------------------------------------------------------------------
began=$(date +%s%3N) code=0
"$build/tocsin" run -c tocsin.yaml 2>err || code=$?
took=$(($(date +%s%3N) - began))
[ $code -eq 69 ] && grep -q 'another tocsin is running' err || fail "D16: $code $(cat err)"
[ $took -le 1000 ] || fail "D16: it took $took ms"
echo "connection refused" >>app.log
until_true 10 told refused || fail "D16: the first instance does not go on"
ok "D16 a second instance ended after $took ms, and the first went on"

# --- D17 D23: a copy while it runs, and the copy put back ---------------------------------------
"$build/tocsin" backup -c tocsin.yaml copy.db || fail "D17: no copy"
[ "$(stat -c %a copy.db)" = 600 ] || fail "D17: the copy has mode $(stat -c %a copy.db)"
"$build/tocsin" backup -c tocsin.yaml copy.db 2>err && fail "D17: a file was written over"
[ ! -e state/backup.db ] || fail "D17: the copy was left in the state folder"
echo "connection refused again" >>app.log
lines() { [ "$("$build/tocsin" status --json -c tocsin.yaml | sed -n 's/.*"lines":\([0-9]*\).*/\1/p')" -ge "$1" ]; }
until_true 10 lines 2 || fail "D17: the agent does not go on"
stop
"$build/tocsin" backup -c tocsin.yaml copy2.db || fail "D17: no copy without an agent"
ok "D17 tocsin backup makes a private copy while the agent runs, and without one, and writes over nothing"
rm -f state/tocsin.db state/tocsin.db-wal
cp copy.db state/tocsin.db
chmod 600 state/tocsin.db
start
until_true 10 told 'restored-store' || fail "D23: nothing is told of the restored store"
stop
grep -q 'the store is older than it was' agent.log || fail "D23: the log says nothing"
: >agent.log
start
stop
grep -q 'older than it was' agent.log && fail "D23: it is told again"
ok "D23 a copy that was put back is told by mail, once"

# --- D11 D13: damaged, and gone -----------------------------------------------------------------
dd if=/dev/urandom of=state/tocsin.db bs=4096 seek=2 count=8 conv=notrunc 2>/dev/null
sed '1i damaged_store: stop' tocsin.yaml >careful.yaml
code=0
"$build/tocsin" run -c careful.yaml 2>err || code=$?
[ $code -eq 65 ] && grep -q 'is damaged\|cannot be used' err || fail "D11: $code $(cat err)"
set -- state/corrupt-*
[ ! -e "$1" ] || fail "D11: it was moved although it is to stop"
start
until_true 10 told 'damaged-store' || fail "D11: nothing is told of the damaged store"
set -- state/corrupt-*.db
[ -f "$1" ] || fail "D11: the damaged store was not kept"
echo "connection refused once more" >>app.log
until_true 10 lines 1 || fail "D11: nothing is read with the new store"
stop
ok "D11 a damaged store is kept, told by mail and replaced; with damaged_store: stop the agent stops"
: >state/tocsin.db
start
until_true 10 told 'lost-store' || fail "D13: nothing is told of the empty store"
stop
ok "D13 a store that became empty is told by mail"

# --- D12: deleted while it runs -------------------------------------------------------------------
start
rm state/tocsin.db-wal
echo "connection refused in between" >>app.log
code=0
wait "$agent" || code=$?
[ $code -eq 65 ] && grep -q 'was moved, deleted or replaced' agent.log || fail "D12: $code"
start
until_true 10 told 'between' || fail "D12: the line of that moment is not told"
stop
ok "D12 an agent whose WAL was deleted stops at once, and the line of that moment is told after the start"

# --- D14: of a newer version ---------------------------------------------------------------------
cp state/tocsin.db kept.db
printf '\0\0\3\350' | dd of=state/tocsin.db bs=1 seek=60 conv=notrunc 2>/dev/null # user_version
code=0
"$build/tocsin" run -c tocsin.yaml 2>err || code=$?
[ $code -eq 65 ] && grep -q 'start the newer tocsin' err || fail "D14 P22: $code $(cat err)"
cp kept.db state/tocsin.db
start
stop
ok "D14 P22 an older binary refuses the store of a newer one and leaves it as it is"

# --- D21: where it lies ----------------------------------------------------------------------------
if unshare -Urm true 2>/dev/null; then
    mkdir volatile
    sed "s,state_dir: .*,state_dir: $work/volatile/state," tocsin.yaml >volatile.yaml
    unshare -Urm sh -c "mount -t tmpfs none '$work/volatile' && '$build/tocsin' check -c volatile.yaml" >out
    grep -q 'lies on tmpfs, which a reboot empties' out || fail "D21: $(cat out)"
    ok "D21 check warns of a store on tmpfs"
else
    left_out "D21 no user namespace can be made"
fi

# --- D22 D27: what strace shows and delays ---------------------------------------------------------
if can_trace; then
    rm -rf state
    strace -f -y -o trace -e trace=fsync,fdatasync "$build/tocsin" run --once -c tocsin.yaml 2>/dev/null
    grep -q "fsync([0-9]*<$work/state>" trace || fail "D22: the folder was not synced"
    ok "D22 the folder is synced when the store is made in it"
    rm -f mails/*.eml
    : >app.log
    start strace -f -o /dev/null -e trace=fdatasync \
        -e inject=fdatasync:delay_enter=2000000:when=12+3
    i=0
    while [ $i -lt 60 ]; do
        i=$((i + 1))
        echo "connection $i refused" >>app.log
        sleep 0.1
    done
    until_true 60 lines 60 || fail "D27: not all lines were read"
    commits=$("$build/tocsin" status --json -c tocsin.yaml | sed -n 's/.*"commits":\([0-9]*\).*/\1/p')
    longest=$("$build/tocsin" status --json -c tocsin.yaml | sed -n 's/.*"longest_turn_ms":\([0-9]*\).*/\1/p')
    [ "$longest" -ge 2000 ] && [ "$longest" -le 9000 ] || fail "D27: the longest turn took $longest ms"
    [ "$commits" -lt 60 ] || fail "D27: $commits commits for 60 lines"
    kill $(cat "/proc/$agent/task/$agent/children")
    wait "$agent" || true
    ok "D27 with syncs of 2 s the longest turn took $longest ms, and $commits commits took 60 lines"
else
    left_out "D22 D27 strace is not there, or may not trace"
fi

echo "$passed passed, 0 failed, $skipped skipped"
