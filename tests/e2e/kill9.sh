#!/bin/sh
# kill -9 at random moments while a writer appends numbered lines over rotations.
# Prints the figures; fails unless every line is counted exactly once.
#   KILLS=200 LINES=100000 ROTATIONS=5 SECONDS_LONG=30 kill9.sh SRCDIR BUILDDIR
# STYLE is rename, copy, delete or gzip; KILLS=0 lets one agent run through; INOTIFY=false
# leaves the sweep alone; FAULTS=1 lets the server lose replies, refuse and break off, and
# forgets between two lives of the agent that it has to wait (needs sqlite3). KEEP=1 leaves
# the folder of a run that failed.
set -eu
build=$2
kills=${KILLS:-200} lines=${LINES:-100000} rotations=${ROTATIONS:-5} long=${SECONDS_LONG:-30}
style=${STYLE:-rename} inotify=${INOTIFY:-true} faults=${FAULTS:-0}
work=$(mktemp -d "${TMPDIR:-/tmp}/tocsin-kill9.XXXXXX")
sink=
cleanup() {
    if [ -n "$sink" ]; then kill "$sink" 2>/dev/null || true; fi
    [ -n "${kept:-}" ] || rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM
cd "$work"
mkdir state mails
touch app.log sink.out # before anybody reads them

cat >agent <<SH
#!/bin/sh
if [ $faults -gt 0 ] && [ -f state/tocsin.db ]; then
    sqlite3 state/tocsin.db 'DELETE FROM account_hold;
        UPDATE outbox SET next_at = 0, doubts = 0 WHERE state = 0' || true
fi
exec "$build/tocsin" run -q "\$@" -c tocsin.yaml
SH
chmod +x agent
set --
if [ "$faults" -gt 0 ]; then
    for i in $(seq 3 8 75); do
        set -- "$@" --says "dot:#${i} take reset" --says "dot:#$((i + 2)) take close" \
            --says "dot:#$((i + 3)) 451 4.3.0 try again" \
            --says "dot:#$((i + 5)) reset" --says "rcpt:#$((i + 1)) 450 4.2.1 too fast" \
            --says "data:#$((i + 4)) 421 4.7.0 closing" --says "body:#${i} close" \
            --says "mail:#$((i + 6)) reset" --says "auth:#${i} 454 4.7.0 try later" \
            --says "greeting:#$((i + 2)) 421 4.7.0 not now" --says "ehlo:#${i} close"
    done
fi
start_sink() { # start_sink OPTION...: sets $sink and $port
    "$build/tocsin" sink "$@" --eml mails --write-ca ca.pem --user agent:secret \
        >sink.out 2>&1 &
    sink=$!
    port=
    for _ in $(seq 100); do
        port=$(sed -n 's/^listening .*smtps=127.0.0.1:\([0-9]*\).*/\1/p' sink.out)
        [ -n "$port" ] && return
        sleep 0.1
    done
    cat sink.out
    echo "0 passed, 1 failed, 0 skipped"
    exit 1
}
start_sink "$@"

printf secret >password
chmod 600 password
cat >tocsin.yaml <<YAML
state_dir: $work/state
control: $work/control.sock
sources:
  - {name: app, files: [$work/app.log], start: beginning, rotate_wait: 2s,
     inotify: $inotify, sweep: 100ms}
rules:
  - {name: refused, match: 'app\[(?<worker>\d+)\]: ERROR seq=\d+', by: [worker], resolve_after: 3s, severity: warning}
routes:
  - {to: [ops], group_by: [worker], group_wait: 0s, group_interval: 1s, repeat_interval: 1s}
accounts:
  - name: local
    smtp: {host: 127.0.0.1, port: $port, user: agent, password_file: $work/password,
           tls: implicit, ca_file: $work/ca.pem}
    from: agent@example.com
    doubt_wait: 1s
outputs:
  - {name: ops, account: local, to: [ops@example.com]}
YAML

"$build/tests/e2e/kill9" write app.log "$lines" "$rotations" "$long" "$style" >written &
writer=$!
if [ "$kills" -gt 0 ]; then
    "$build/tests/e2e/kill9" kill "$kills" $((long * 1600 / kills)) -- \
        ./agent >kills 2>agent.err || cat kills agent.err
    wait "$writer"
else
    ./agent 2>agent.err &
    agent=$!
    wait "$writer"
    sleep 3
    kill "$agent"
    wait "$agent" || echo "the agent ended with status $?" >>agent.err
    echo "0 kills" >kills
fi
# What is left is read and told by last runs; mails in doubt wait a second each.
if [ "$faults" -gt 0 ]; then # by now the server behaves
    kill "$sink"
    wait "$sink" || true
    start_sink --smtps "$port"
fi
for _ in 1 2; do
    ./agent --once 2>>agent.err && break
done

# A mail that three kills met between its text and the stored reply (the first of them, since
# its claim) is a dead letter: it is told as such, and a person may send it again.
dead=0
asked() { "$build/tocsin" queue "$@" -c tocsin.yaml; }
if [ "$kills" -gt 0 ]; then
    ./agent 2>>agent.err &
    agent=$!
    for _ in $(seq 100); do
        asked >queue 2>&1 && break
        sleep 0.1
    done
    for id in $(asked --json | sed -n 's/^{"id":\([0-9]*\),"state":"dead".*/\1/p'); do
        asked retry "$id" && dead=$((dead + 1))
        sleep 1
    done
    kill "$agent"
    wait "$agent" || echo "the agent ended with status $?" >>agent.err
fi

"$build/tests/e2e/kill9" sum mails >mailed
read -r written_lines written_sum <written
read -r mails copies count sum <mailed
cat kills
echo "written $written_lines lines over $rotations rotations, hash sum $written_sum"
echo "mailed  $count lines in $mails mails, hash sum $sum; $copies byte-identical second copies"
lost=$((written_lines > count ? written_lines - count : 0))
twice=$((count > written_lines ? count - written_lines : 0))
echo "lost $lost, twice $twice; $dead dead letters told and sent again by hand"
if [ "$written_lines $written_sum" = "$count $sum" ] && grep -q "^$kills kills" kills; then
    echo "ok   D07 P04 over $kills kills -9 at random moments each line is told once"
    echo "1 passed, 0 failed, 0 skipped"
else
    [ -z "${KEEP:-}" ] || { kept=1 && echo "kept in $work"; }
    sort agent.err | uniq -c | sort -rn | head -20
    echo "FAIL D07 P04 over $kills kills -9 at random moments each line is told once"
    echo "0 passed, 1 failed, 0 skipped"
    exit 1
fi
