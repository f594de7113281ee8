#!/bin/sh
# Faults that come from whoever writes the configuration, or from how the agent is called, with
# the real binary (faults.md, C rows and P02).   config.sh SRCDIR BUILDDIR
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

# --- C25: what `check` takes, the daemon takes, and what it refuses is told alike ------------
write_plain() { # write_plain PORT: no TLS, and therefore no login
    write_config "$1" none
    sed -i "s/user: .*/tls: none}/; /tls: none, ca_file/d" tocsin.yaml
}
write_plain 1
"$build/tocsin" check -q -c tocsin.yaml >check.out || fail "C25: the configuration without a mistake"
number=0
while IFS= read -r change; do
    number=$((number + 1))
    sed "$change" tocsin.yaml >bad.yaml
    code=0
    "$build/tocsin" check -c bad.yaml >check.out 2>&1 || code=$?
    [ "$code" -eq 78 ] || fail "C25: check of '$change' ends with $code"
    code=0
    timeout 10 "$build/tocsin" run -c bad.yaml >run.out 2>&1 || code=$?
    [ "$code" -eq 78 ] || fail "C25: run of '$change' ends with $code"
    diff check.out run.out || fail "C25: check and run say different things of '$change'"
    grep -q 'bad.yaml:[0-9]*:[0-9]*: error: ' run.out || fail "C25: no place for '$change'"
done <<'END'
s/^rules:/rulez:/
s/severity: critical/severity: fatal/
s/match: 'WARN/match: '(WARN/
s/name: slow/name: refused/
s/group_wait: 0s/group_wait: -1s/
s/every: 3s/every: never/
s/to: \[ops\], digest/to: [opps], digest/
s/account: server/account: sever/
s/lead@example.com/lead/
s/port: [0-9]*/port: 99999/
s/port: 1/user: a, port: 1/
s/tls: [a-z]*/tls: perhaps/
s/^control: .*/control: ""/
s/^state_dir: .*/state_dir: here/
s/{name: app,/{name: app, stdin: true,/
s/{{what}} refused/{{what refused/
s/^outputs:/outputs: \&all/
END
ok "C25 $number mistakes are found by check and by run in the same words, with exit code 78"

# --- C08 C05: all mistakes of one file in one run ---------------------------------------------
sed "s/critical/fatal/; s/match: 'WARN/mach: 'WARN/; s/(?<what>/(?<what/; s/every: 3s/every: 1x/" \
    tocsin.yaml >bad.yaml
"$build/tocsin" check -c bad.yaml >check.out 2>&1 && fail "C08: check takes four mistakes"
[ "$(grep -c ': error: ' check.out)" -ge 4 ] || fail "C08: $(cat check.out)"
ok "C05 C08 four mistakes in one file are four errors with line and column in one run"

# --- C14: half of what an editor writes is no configuration ------------------------------------
if command -v strace >/dev/null && strace -o /dev/null true 2>/dev/null; then
    cp tocsin.yaml edited.yaml
    # The second read of the file is held back, and meanwhile somebody saves a new version.
    (until_true 10 grep -q pread64 trace && sleep 0.3 && sed 's/critical/fatal/' tocsin.yaml >edited.yaml) &
    pids="$pids $!"
    code=0
    strace -f -o trace -P "$work/edited.yaml" -e trace=pread64 \
        -e inject=pread64:delay_exit=1500000:when=1 \
        "$build/tocsin" check -c "$work/edited.yaml" >check.out 2>&1 || code=$?
    [ "$code" -eq 78 ] && grep -q fatal check.out ||
        fail "C14: a file that changed while it was read was taken ($code): $(cat check.out)"
    ok "C14 a file that changes while it is read is read again"
else
    left_out "C14 strace is not there, or may not trace"
fi

# --- a mail server, and an agent that watches a folder with its own log in it --------------
mkdir logs
"$build/tocsin" sink --plain --for 200s --log mails.log >logs/sink.log 2>&1 &
pids="$pids $!"
until_true 10 grep -q '^listening' logs/sink.log || fail "the sink did not start"
write_plain "$(sed -n 's/.*smtp=[^ ]*:\([0-9]*\).*/\1/p' logs/sink.log)"
sed -e "s,files: .*,files: ['$work/logs/*.log']}," \
    -e "s/^rules:/rules:\n  - {name: all, match: '.', unless: '^(?:fed|line)', by: []}/" \
    -e "s/, digest: {every: 3s}/, group_wait: 0s/" tocsin.yaml >base.yaml
cp base.yaml tocsin.yaml
count() { "$build/tocsin" status --json -c tocsin.yaml | sed -n "s/.*\"$1\":\([0-9]*\).*/\1/p"; }
reached() { [ "$(count "$1")" -ge "$2" ]; }
start() {
    "$build/tocsin" run -v -c tocsin.yaml 2>>logs/agent.log &
    agent=$!
    pids="$pids $agent"
    answers() { "$build/tocsin" status -c tocsin.yaml; }
    until_true 10 answers || fail "the agent did not start"
}
stop() {
    kill "$agent"
    wait "$agent" || fail "the agent ended with status $?"
}

# --- C17: its own log, by device and inode, under whatever name ------------------------------
: >logs/agent.log
ln logs/agent.log logs/another-name.log
start
until_true 10 grep -q 'it is the log of tocsin itself' logs/agent.log ||
    fail "C17: its own log is read"
sleep 3
[ "$(count lines)" -le "$(wc -l <logs/sink.log)" ] || fail "C17: lines of its own log were read"
ok "C17 the agent does not read its own log, through a glob and under another name"
stop

# --- C12: SIGHUP with a broken configuration ---------------------------------------------------
sed "/name: all/d" base.yaml >tocsin.yaml
start
sed 's/^rules:/rulez:/' base.yaml >tocsin.yaml
kill -HUP "$agent"
refused() { grep -q 'the configuration on disk has errors' logs/agent.log; }
until_true 10 refused || fail "C12: nothing is said of the broken configuration"
grep -q "tocsin.yaml:[0-9]*:[0-9]*: unknown key 'rulez'" logs/agent.log ||
    fail "C12: the log does not show the mistake"
sed "/name: all/d" base.yaml >tocsin.yaml
told() { grep -q ' tocsin' mails.log; }
until_true 20 told || fail "C12: no mail tells of the broken configuration"
echo "ERROR connection to db1 refused" >>logs/app.log
until_true 20 reached matches 2 || fail "C12: the old configuration is not in force"
ok "C12 a broken configuration is refused, shown in the log and told by mail, and the old one goes on"

# --- C26 P02: a storm of signals -----------------------------------------------------------------
resident() { awk '/^VmRSS/ { print $2 }' "/proc/$agent/status"; }
before=$(count lines) rss=$(resident) sent=0
i=0
while [ $i -lt 3000 ]; do
    i=$((i + 1))
    kill -HUP "$agent"
    [ $((i % 3)) -ne 0 ] || { echo "line $i of the storm" >>logs/app.log; sent=$((sent + 1)); }
    [ $((i % 100)) -ne 0 ] || sleep 0.02
done
until_true 20 reached lines $((before + sent)) || fail "C26: $(count lines) lines of $((before + sent))"
sleep 0.5
[ "$(count lines)" -eq $((before + sent)) ] || fail "C26: lines were read twice"
taken=$(count reloads)
[ "$taken" -ge 1 ] && [ "$taken" -lt 3000 ] || fail "C26: $taken reloads of 3000 signals"
grown=$(($(resident) - rss))
[ "$grown" -lt 4096 ] || fail "C26: it grew by $grown KiB"
kill -USR1 "$agent"
kill -USR2 "$agent"
kill -PIPE "$agent"
sleep 0.3
answers >/dev/null || fail "P02: a stray signal ended the agent"
ok "C26 P02 3000 SIGHUP became $taken reloads, it grew by $grown KiB, and each of $sent lines was counted once"
stop

# --- C18: each mail is a line of the watched log -----------------------------------------------
# The worst there is: each line its own group, and nothing waits.
cat >feeder.sh <<'END'
seen=0
while sleep 0.05; do
    now=$(wc -l <mails.log)
    while [ "$seen" -lt "$now" ]; do
        seen=$((seen + 1))
        echo "fed: id=$seen to=<ops@example.com> status=sent" >>logs/mta.log
    done
done
END
sed -e "s/^rules:/rules:\n  - {name: fed, match: 'id=(?<id>\\\\S+) .*status=sent', by: [id]}/" \
    -e "/name: all/d" -e "s/{to: \[ops\], group_wait: 0s}/{to: [ops], group_wait: 0s, group_by: ['...'], group_interval: 5m}/" \
    base.yaml >tocsin.yaml
: >mails.log
sh feeder.sh &
pids="$pids $!"
start
echo "fed: id=0 to=<ops@example.com> status=sent" >>logs/mta.log
until_true 60 grep -q "rule 'fed' seems to feed itself" logs/agent.log || fail "C18: $(wc -l <mails.log) mails"
sleep 3
first=$(wc -l <mails.log)
sleep 5
[ "$(wc -l <mails.log)" -eq "$first" ] || fail "C18: still a mail for each line"
[ "$first" -le 40 ] || fail "C18: $first mails before it was found"
ok "C18 a rule that fed itself was found after $first mails, and has one each group_interval then"
stop

echo "$passed passed, 0 failed, $skipped skipped"
