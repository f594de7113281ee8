#!/bin/sh
# This host's own journal over a power cut and a boot whose clock begins in the past, as on a
# board without a battery: made of real files, in a world of its own (mount namespace, /run and
# /var/log in memory). Each entry counts once, and none is passed over.
#   journal_boots.sh SRCDIR BUILDDIR
set -u
build=$2
if [ "${TOCSIN_INSIDE:-}" != yes ]; then
    . "$1/tests/e2e/common"
    "$build/tocsin" version | grep -q 'no libsystemd' && skip "tocsin is built without libsystemd"
    [ -x /lib/systemd/systemd-journal-remote ] || skip "systemd-journal-remote is not there (Debian: apt-get install systemd-journal-remote)"
    [ -s /etc/machine-id ] || skip "this machine has no /etc/machine-id"
    unshare -m --propagation private mount -t tmpfs none /run 2>/dev/null ||
        skip "only root can give a journal a world of its own"
    TOCSIN_INSIDE=yes exec unshare -m --propagation private sh "$1/tests/e2e/journal_boots.sh" "$1" "$build"
fi

mount -t tmpfs none /run || exit 1
mount -t tmpfs none /var/log || exit 1
mkdir -p /run/tmp
TMPDIR=/run/tmp
. "$1/tests/e2e/common"
passed=0
journal=/var/log/journal/$(cat /etc/machine-id)
mkdir -p "$journal"
since=0
now=$(tr -d - </proc/sys/kernel/random/boot_id)
before=0123456789abcdef0123456789abcdef
entry() { # entry SECOND BOOT NAME: since the boot began each is a second later than the last
    since=$((since + 1))
    printf '__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=%d\n' $((1700000000000000 + $1 * 1000000)) $((since * 1000000))
    printf '_BOOT_ID=%s\nPRIORITY=3\nMESSAGE=seen %s\n\n' "$2" "$3"
}
write() { # write FILE: of the entries in the file of the same name
    /lib/systemd/systemd-journal-remote -o "$journal/$1.journal" - <"$1" >/dev/null 2>remote.err ||
        { cat remote.err; fail "the journal could not be written"; }
}
cat >tocsin.yaml <<YAML
state_dir: $work/state
sources:
  - {name: all, start: beginning, journal: {}}
rules:
  - {name: seen, match: 'seen (?<name>\S+)', by: [name], resolve_after: 1h, summary: '<{{name}}>'}
routes:
  - {match: [rule=tocsin], to: [lost], group_wait: 0s}
  - {to: [ops], group_by: [name], group_wait: 0s}
outputs:
  - {name: ops, maildir: $work/mails}
  - {name: lost, maildir: $work/lost}
YAML
expect_read() { # expect_read NAMES: the next run reads these, in this order or another
    rm -rf mails
    "$build/tocsin" run --once -q -c tocsin.yaml 2>agent.log || { cat agent.log; fail "a run"; }
    got=$(cat mails/new/* 2>/dev/null | sed -n 's/^Subject: .*(name=\(.*\)).*/\1/p' | sort | tr '\n' ' ')
    [ "$got" = "$1" ] || fail "read was '$got', not '$1'"
}
{
    entry 10 $before one
    entry 20 $before two
    entry 50 $before cut-off
} >old && write old
expect_read "cut-off one two "

# The last entry never reached the disk. The clock begins before those that did.
rm "$journal/old.journal"
since=0
{
    entry 10 $before one
    entry 20 $before two
} >old && write old
{
    entry 5 "$now" early
    entry 15 "$now" earlier-than-two
    entry 40 "$now" later
} >new && write new
expect_read "earlier-than-two early later "
cat lost/new/* | grep -q 'may have been deleted' || fail "what the cut may have taken is not told"
pass "a boot whose clock began in the past is read whole, and nothing before it again"

{
    entry 16 "$now" on
    entry 90 "$now" in-time
} >newer && write newer
expect_read "in-time on "
expect_read ""
[ "$(ls lost/new | wc -l)" = 1 ] || fail "a loss was told that was none"
pass "it goes on by its own clock, over a file that is new"
echo "$passed passed, 0 failed, 0 skipped"
