#!/bin/sh
# kill -9 at random moments while a writer appends numbered lines over rotations.
# Prints the figures; fails unless every line is counted exactly once.
#   KILLS=200 LINES=100000 ROTATIONS=5 SECONDS_LONG=30 kill9.sh SRCDIR BUILDDIR
set -eu
build=$2
kills=${KILLS:-200} lines=${LINES:-100000} rotations=${ROTATIONS:-5} long=${SECONDS_LONG:-30}
work=$(mktemp -d "${TMPDIR:-/tmp}/tocsin-kill9.XXXXXX")
sink=
cleanup() {
    if [ -n "$sink" ]; then kill "$sink" 2>/dev/null || true; fi
    rm -rf "$work"
}
trap cleanup EXIT
cd "$work"
mkdir state mails
touch app.log sink.out # before anybody reads them

"$build/tocsin" sink --eml mails --write-ca ca.pem --user agent:secret >sink.out 2>&1 &
sink=$!
port=
for _ in $(seq 100); do
    port=$(sed -n 's/^listening .*smtps=127.0.0.1:\([0-9]*\).*/\1/p' sink.out)
    [ -n "$port" ] && break
    sleep 0.1
done
[ -n "$port" ] || { cat sink.out; echo "0 passed, 1 failed, 0 skipped"; exit 1; }

printf secret >password
chmod 600 password
cat >tocsin.yaml <<YAML
state_dir: $work/state
control: $work/control.sock
sources:
  - {name: app, files: [$work/app.log], start: beginning, rotate_wait: 2s}
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

"$build/tests/e2e/kill9" write app.log "$lines" "$rotations" "$long" >written &
writer=$!
"$build/tests/e2e/kill9" kill "$kills" $((long * 1600 / kills)) -- \
    "$build/tocsin" run -q -c tocsin.yaml >kills 2>agent.err || { cat kills agent.err; }
wait "$writer"
# What is left is read and told by a last run; in doubt mails wait a second each.
"$build/tocsin" run -q --once -c tocsin.yaml 2>>agent.err || true
"$build/tocsin" run -q --once -c tocsin.yaml 2>>agent.err || true

"$build/tests/e2e/kill9" sum mails >mailed
read -r written_lines written_sum <written
read -r mails copies count sum <mailed
cat kills
echo "written $written_lines lines over $rotations rotations, hash sum $written_sum"
echo "mailed  $count lines in $mails mails, hash sum $sum; $copies byte-identical second copies"
lost=$((written_lines > count ? written_lines - count : 0))
twice=$((count > written_lines ? count - written_lines : 0))
echo "lost $lost, twice $twice"
if [ "$written_lines $written_sum" = "$count $sum" ] && grep -q "^$kills kills" kills; then
    echo "1 passed, 0 failed, 0 skipped"
else
    sort agent.err | uniq -c | sort -rn | head -20
    echo "0 passed, 1 failed, 0 skipped"
    exit 1
fi
