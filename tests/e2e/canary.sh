#!/bin/sh
# Secrets that stand in matched lines, in captures and in rotated files are neither in the
# store, nor in its WAL, nor in a mail, nor in the agent's own log (faults.md L69).
#   canary.sh SRCDIR BUILDDIR
set -u
build=$2
work=$(mktemp -d "${TMPDIR:-/tmp}/tocsin-canary.XXXXXX")
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
cd "$work" || exit 1
passed=0 failed=0
check() { # check NAME STATUS
    if [ "$2" -eq 0 ]; then
        passed=$((passed + 1))
        echo "ok   L69 $1"
    else
        failed=$((failed + 1))
        echo "FAIL L69 $1"
    fi
}

cat >config.yaml <<YAML
state_dir: $work/state
control: $work/control.sock
redact: ['CARD-(?<secret>\\d+)']
sources: [{name: app, files: ['$work/*.log'], start: beginning}]
rules:
  - {name: all, match: '^(?<what>\\w+) (?<rest>.*)\$', by: [what], summary: '{{what}}: {{rest}}', description: '{{line}}', labels: {rest: '{{rest}}'}}
routes: [{to: [ops], group_by: [rule], group_wait: 1s, group_interval: 1s}]
outputs: [{name: ops, maildir: $work/mail}]
YAML
cat >app.log <<LOG
login password=CANARYone for bob
env DB_PASSWORD=CANARYtwo
json {"user":"bob","password":"CANARYthree","token":"CANARYfour"}
header Authorization: Bearer CANARYfive0123456789
url https://bob:CANARYsix@example.com/
jwt eyJCANARYseven.CANARYeight.CANARYnine0123
smtp app password: abcd efgh ijkl mnop
push ghp_CANARYten0123456789abcd
card CARD-4111111111111111
pem -----BEGIN RSA PRIVATE KEY-----CANARYeleven-----END RSA PRIVATE KEY-----
harmless VISIBLE
LOG
"$build/tocsin" run -v -c config.yaml >agent.log 2>&1 &
pid=$!
for _ in $(seq 100); do
    [ -n "$(find mail/new -type f 2>/dev/null)" ] && break
    sleep 0.1
done
kill -9 "$pid" 2>/dev/null # what is in the WAL stays there
wait "$pid" 2>/dev/null
pid=
[ -n "$(find mail/new -type f 2>/dev/null)" ]
check "a mail came" $?
grep -q VISIBLE state/tocsin.db state/tocsin.db-wal
check "what is no secret is in the store, so that looking for secrets there means something" $?
# Soft line breaks of quoted-printable could hide a secret from grep.
cat mail/new/* | sed -e ':a' -e '/=$/{N;s/=\n//;ba' -e '}' >mails
grep -q VISIBLE mails
check "what is no secret is in the mail" $?
cat state/* mails agent.log >everything
! grep -aq 'CANARY\|abcd efgh\|4111111' everything
check "no secret is in store, WAL, mails or log" $?
grep -ao '.\{20\}CANARY.\{9\}\|abcd efgh\|4111111' everything | head -n 5
grep -q 'redacted' mails
check "the mail says that something was hidden" $?
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
