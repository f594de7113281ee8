#!/bin/sh
# The real journald, in a world of its own (mount namespace, /run and /var/log in memory),
# with a journal so small that it rotates and deletes faster than anybody reads. journald
# numbers its entries, so the sums must add up: read + told as lost = the number of the last.
#   journald.sh SRCDIR BUILDDIR
set -u
build=$2
if [ "${TOCSIN_INSIDE:-}" != yes ]; then
    . "$1/tests/e2e/common"
    "$build/tocsin" version | grep -q 'no libsystemd' && skip "tocsin is built without libsystemd"
    [ -x /lib/systemd/systemd-journald ] || skip "systemd-journald is not there (Debian: apt-get install systemd)"
    command -v systemd-cat sqlite3 >/dev/null || skip "systemd-cat or sqlite3 is not there"
    [ -s /etc/machine-id ] || skip "this machine has no /etc/machine-id"
    unshare -m --propagation private mount -t tmpfs none /run 2>/dev/null ||
        skip "only root can give journald a world of its own"
    TOCSIN_INSIDE=yes exec unshare -m --propagation private sh "$1/tests/e2e/journald.sh" "$1" "$build"
fi

mount -t tmpfs none /run || exit 1
mount -t tmpfs none /var/log || exit 1
mkdir -p /run/systemd/journal /run/systemd/journald.conf.d /run/tmp
touch /run/systemd/journal/flushed
TMPDIR=/run/tmp
. "$1/tests/e2e/common"
mkdir -p /var/log/journal
start_journald() { # start_journald FILE_SIZE
    printf '%s\n' '[Journal]' Storage=persistent SystemMaxUse=40M "SystemMaxFileSize=$1" \
        RateLimitIntervalSec=0 RateLimitBurst=0 ReadKMsg=no Audit=no ForwardToWall=no \
        >/run/systemd/journald.conf.d/small.conf
    rm -f /run/systemd/journal/stdout
    /lib/systemd/systemd-journald 2>journald.log &
    journald=$!
    pids="$journald ${agent:-}"
    until_true 10 test -S /run/systemd/journal/stdout || skip "journald does not start here: $(tail -n 1 journald.log)"
}
# The smallest files there are. journald writes an entry again, into a new file, when the old
# one was full in the middle of it: with files so small, at nearly each rotation.
start_journald 512K

cat >tocsin.yaml <<YAML
state_dir: $work/state
control: $work/control.sock
sources:
  - {name: all, start: beginning, sweep: 1h, journal: {}}
  - {name: some, start: beginning, sweep: 1h, journal: {identifiers: [num]}}
  - {name: same, start: beginning, sweep: 1h, journal: {identifiers: [same]}}
rules:
  - {name: seq, from: [all], match: '^seq=\d+', by: [identifier], resolve_after: 1h}
  - {name: some, from: [some], match: '^seq=\d+', by: [identifier], resolve_after: 1h}
routes:
  - {match: [rule=tocsin], to: [lost], group_wait: 0s, group_interval: 1s}
  - {to: [ops], group_wait: 0s, group_interval: 1s, repeat_interval: 1s}
outputs:
  - {name: ops, maildir: $work/mails}
  - {name: lost, maildir: $work/lost}
YAML
say() { # say FROM TO
    seq -f 'seq=%06.0f so that a file is full soon: one two three four five six seven' "$1" "$2" |
        systemd-cat -t num
    until_true 60 is_written "$2" || fail "journald did not write $2 lines"
}
is_written() {
    journalctl -q -n 1 -o cat SYSLOG_IDENTIFIER=num | grep -q "^seq=0*$1 "
}
number() { # number SOURCE NAME: a value of that source's status
    "$build/tocsin" status --json -c tocsin.yaml |
        sed -n "s/.*\"source\":\"$1\"[^}]*\"$2\":\([0-9]*\).*/\1/p"
}
last_number() { # of the newest entry, without our own words, which come later
    journalctl -q -n 1 -o export | sed -n 's/^__CURSOR=.*;i=\([0-9a-f]*\);.*/\1/p'
}
is_quiet() { # all that is there is read, or told
    [ "$(number all lag_ms)" = 0 ] && [ "$(number some lag_ms)" = 0 ] &&
        [ "$(printf '%d' "0x$(last_number)")" = "$(sum)" ]
}
sum() { # of all numbers that journald gave and that are accounted for
    echo $(($(number all entries) + $(number all copies) + $(number all missed)))
}
start() {
    "$build/tocsin" run -q -c tocsin.yaml 2>>agent.log &
    agent=$!
    pids="$journald $agent"
    until_true 10 "$build/tocsin" status -c tocsin.yaml || fail "the agent does not answer"
}
sums() {
    echo "     all: $(number all entries) read, $(number all copies) copies, $(number all missed) lost; some: $(number some entries) read," \
        "$(number some missed) lost; the last number is $(printf '%d' "0x$(last_number)");" \
        "$(ls /var/log/journal/*/*.journal | wc -l) files"
}

start
say 1 30000
until_true 20 is_quiet || { sums; fail "while journald rotates the sums do not add up"; }
sums
[ "$(number all gaps)" = 0 ] || fail "a loss is told where nothing was deleted"
[ "$(number some entries)" = 30000 ] || fail "the one with a filter read $(number some entries), not 30000"
[ "$(number all copies)" -gt 10 ] || fail "journald wrote hardly an entry twice, so nothing was tested"
pass "every entry of a journal that rotates is read once, also those that journald writes twice"

# Lines that are equal and said at once are no copies, wherever the rotations fall.
same_said() {
    journalctl -q -n 1 -o cat SYSLOG_IDENTIFIER=same | grep -q '^seq=8 '
}
{
    yes 'seq=7 the same again and again and again and again' | head -n 20000
    echo 'seq=8 the last'
} | systemd-cat -t same
until_true 60 same_said || fail "journald did not write the same lines"
until_true 20 is_quiet || { sums; fail "with equal lines the sums do not add up"; }
sums
[ "$(number same entries)" = 20001 ] || fail "of 20001 equal lines $(number same entries) are counted"
pass "of equal lines that are said at once each counts"
kill $journald
wait $journald
start_journald 8M

kill -STOP $agent
say 30001 200000 # more than a journal of 40 MiB holds
kill -CONT $agent
until_true 20 is_quiet || { sums; fail "after a stop the sums do not add up"; }
sums
[ "$(number all missed)" -gt 10000 ] || fail "nothing was lost, so nothing was tested"
[ "$(number some missed)" -gt 10000 ] || fail "the one with a filter did not see its loss"
[ "$(($(number some entries) + $(number some missed)))" -ge 200000 ] || fail "the one with a filter misses some"
pass "what journald deleted while the agent stood still is counted exactly"

longest=$("$build/tocsin" status --json -c tocsin.yaml | sed -n 's/.*"longest_turn_ms":\([0-9]*\).*/\1/p')
before=$(sum)
kill -9 $agent
wait $agent 2>/dev/null
say 200001 400000
start
expected() { # the last life's sums go on where the one before ended
    [ "$(number all lag_ms)" = 0 ] &&
        [ "$(printf '%d' "0x$(last_number)")" = $((before + $(sum))) ]
}
until_true 20 expected || { sums; fail "after kill -9 the sums do not add up: $before before"; }
sums
[ "$(number all gaps)" = 1 ] || fail "one gap is told as $(number all gaps)"
pass "what journald deleted while no agent ran is counted exactly"
echo "     the longest turn took $longest ms"
kill $agent
wait $agent 2>/dev/null
cat lost/new/* | grep -q 'journal entries were deleted before tocsin read them' || fail "no mail tells of the loss"
pass "mails tell of what was lost"
echo "$passed passed, 0 failed, 0 skipped"
