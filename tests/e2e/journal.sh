#!/bin/sh
# Real journal files, written by systemd-journal-remote, and the agent killed while it reads
# them: every entry counts once, over rotation, vacuum and kill -9. What is deleted unread is
# told once. Then what is wanted of a journal, and what cannot be read.
#   KILLS=40 LINES=8000 journal.sh SRCDIR BUILDDIR
set -u
build=$2
. "$1/tests/e2e/common"
kills=${KILLS:-40} lines=${LINES:-8000}
remote=/lib/systemd/systemd-journal-remote
passed=0 skipped=0
"$build/tocsin" version | grep -q 'no libsystemd' && skip "tocsin is built without libsystemd"
[ -x $remote ] || skip "systemd-journal-remote is not there (Debian: apt-get install systemd-journal-remote)"

# --- writing -----------------------------------------------------------------------------
# export FROM TO FIELD...: lines FROM to TO of app.log as entries in the journal export format,
# each with one of another unit in between.
export_lines() {
    from=$1 to=$2
    awk -v from="$from" -v to="$to" '
        function entry(n, unit, message) {
            printf "__REALTIME_TIMESTAMP=%.0f\n", 1700000000000000 + n * 1000
            printf "__MONOTONIC_TIMESTAMP=%.0f\n", n * 1000
            printf "_BOOT_ID=0123456789abcdef0123456789abcdef\nPRIORITY=3\n_PID=%d\n", n
            printf "_SYSTEMD_UNIT=%s\nMESSAGE=%s\n\n", unit, message
        }
        NR < from { next }
        NR > to { exit }
        { entry(2 * NR, "app.service", $0); entry(2 * NR + 1, "other.service", $0) }
    ' app.log
}
append() { # append FILE: entries from stdin
    $remote -o "$1" - >/dev/null 2>remote.err || { cat remote.err; fail "the journal could not be written"; }
}

config() { # config FILE KEYS RULE [GROUP_BY]
    cat >"$1" <<YAML
state_dir: $work/state-$1
control: $work/control.sock
sources:
  - {name: app, start: beginning, sweep: 100ms, journal: {$2}}
rules:
  - $3
routes:
  - {match: [rule=tocsin], to: [lost], group_wait: 0s, group_interval: 1s}
  - {to: [ops], group_by: [${4:-rule}], group_wait: 0s, group_interval: 1s, repeat_interval: 1s}
outputs:
  - {name: ops, maildir: $work/mails-$1}
  - {name: lost, maildir: $work/lost-$1}
YAML
}

# --- kill -9, rotation and vacuum ---------------------------------------------------------
mkdir j
"$build/tests/e2e/kill9" write app.log "$lines" 0 1 rename >written
read -r written_lines written_sum <written
config tocsin.yaml "directory: $work/j, units: [app]" \
    "{name: refused, match: 'app\[(?<worker>\d+)\]: ERROR seq=\d+', by: [worker], resolve_after: 3s}" worker
mkdir state-tocsin.yaml
cat >agent <<SH
#!/bin/sh
exec "$build/tocsin" run -q -c tocsin.yaml
SH
chmod +x agent

step=$((lines / 8))
batch() { # batch N FILE
    export_lines $((($1 - 1) * step + 1)) $(($1 * step)) | append "j/$2.journal"
}
write_some() { # write_some FIRST LAST FILE...: a batch into each file
    number=$1
    for name in $2; do
        batch $number "$name"
        number=$((number + 1))
        sleep 0.7
    done
}
round() { # round FIRST FILES: kills, while batches are written
    write_some "$1" "$2" &
    writer=$!
    "$build/tests/e2e/kill9" kill $((kills / 2)) $((6000 / (kills / 2))) -- ./agent >kills 2>agent.log ||
        { cat kills; fail "an agent ended by itself"; }
    wait $writer
    "$build/tocsin" run --once -q -c tocsin.yaml 2>>agent.log || fail "the last run of a round"
}
round 1 "a a b b"
rm j/a.journal # all of it was read
round 5 "b c c d"
rm j/b.journal

sum() { # sum FOLDER: "mails copies count sum"
    mkdir -p sums
    rm -f sums/*
    for mail in "$1"/new/*; do ln "$mail" "sums/$(basename "$mail").eml"; done
    "$build/tests/e2e/kill9" sum sums
}
sum mails-tocsin.yaml >mailed
read -r mails copies count total <mailed
echo "written $written_lines entries of app in 4 files, hash sum $written_sum; $kills kills"
echo "mailed  $count entries in $mails mails, hash sum $total; $copies byte-identical second copies"
[ "$written_lines $written_sum" = "$count $total" ] || fail "not every entry was counted once"
[ ! -d lost-tocsin.yaml/new ] || [ -z "$(ls lost-tocsin.yaml/new)" ] || fail "a loss was told that was none"
pass "every entry once over $kills kills, 4 files and 2 that were deleted after they were read"

# --- what is deleted unread ---------------------------------------------------------------
"$build/tests/e2e/kill9" write app.log 100 0 1 rename >/dev/null # appended behind the others
export_lines $((lines + 1)) $((lines + 50)) | append j/lost.journal
rm j/*.journal
export_lines $((lines + 51)) $((lines + 100)) | append j/new.journal
"$build/tests/e2e/kill9" kill 5 100 -- ./agent >kills 2>>agent.log || fail "an agent ended by itself"
for _ in 1 2; do
    "$build/tocsin" run --once -q -c tocsin.yaml 2>>agent.log || fail "reading on after a loss"
done
sum mails-tocsin.yaml >mailed
read -r _ _ count _ <mailed
[ "$count" = $((lines + 50)) ] || fail "$count entries are told, not $((lines + 50))"
[ "$(ls lost-tocsin.yaml/new | wc -l)" = 1 ] || fail "the loss is told in $(ls lost-tocsin.yaml/new | wc -l) mails"
grep -q 'may have been deleted' lost-tocsin.yaml/new/* || fail "the loss is not named"
pass "what was deleted unread is told in one mail, and the 50 entries behind it count once"

# --- while it runs ------------------------------------------------------------------------
"$build/tocsin" run -q -c tocsin.yaml 2>>agent.log &
agent=$!
pids=$agent
until_true 10 "$build/tocsin" status -c tocsin.yaml || fail "the agent does not answer"
"$build/tests/e2e/kill9" write app.log 200 0 1 rename >/dev/null
read_all() { # read_all COUNT
    "$build/tocsin" status --json -c tocsin.yaml | grep -q "\"entries\":$1,"
}
export_lines $((lines + 101)) $((lines + 150)) | append j/new.journal
until_true 10 read_all 50 || fail "entries behind the others are not seen"
export_lines $((lines + 151)) $((lines + 300)) | append j/live.journal
rm j/new.journal
until_true 10 read_all 200 || fail "a new file is not seen"
"$build/tocsin" status -c tocsin.yaml | grep "journal of source 'app': read to its end, last entry .* 200 entries read" ||
    fail "status says something else"
kill $agent
wait $agent
pids=
"$build/tocsin" run --once -q -c tocsin.yaml 2>>agent.log || fail "the last run" # tells the rest
sum mails-tocsin.yaml >mailed
read -r _ _ count _ <mailed
[ "$count" = $((lines + 250)) ] || fail "$count entries are told, not $((lines + 250))"
[ "$(ls lost-tocsin.yaml/new | wc -l)" = 1 ] || fail "a loss was told that was none"
pass "a running agent follows new entries, a new file and a deleted one"

# --- what is wanted -----------------------------------------------------------------------
mkdir f
number=0
say() { # say NAME FIELD...: one entry whose message is "want NAME"
    number=$((number + 1))
    printf '__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=%d\n' $((1700000000000000 + number)) $number
    printf '_BOOT_ID=0123456789abcdef0123456789abcdef\nMESSAGE=want %s\n' "$1"
    shift
    [ $# -eq 0 ] || printf '%s\n' "$@"
    echo
}
{
    say own-words _SYSTEMD_UNIT=ssh.service PRIORITY=4 SYSLOG_IDENTIFIER=sshd
    say of-pid-one _PID=1 UNIT=ssh.service _SYSTEMD_UNIT=init.scope PRIORITY=4
    say not-pid-one _PID=2 UNIT=ssh.service _SYSTEMD_UNIT=b.service PRIORITY=4
    say of-root _UID=0 OBJECT_SYSTEMD_UNIT=ssh.service PRIORITY=0
    say not-root _UID=7 OBJECT_SYSTEMD_UNIT=ssh.service PRIORITY=0
    say of-dump _UID=0 COREDUMP_UNIT=ssh.service PRIORITY=2
    say in-slice _SYSTEMD_SLICE=web.slice _SYSTEMD_UNIT=c.service PRIORITY=4
    say of-socket _SYSTEMD_UNIT=x.socket PRIORITY=4
    say too-quiet _SYSTEMD_UNIT=ssh.service PRIORITY=5
    say no-priority _SYSTEMD_UNIT=ssh.service
    say other-unit _SYSTEMD_UNIT=cron.service PRIORITY=3
    say ourselves _SYSTEMD_UNIT=ssh.service PRIORITY=3 SYSLOG_IDENTIFIER=tocsin
    say cron-words SYSLOG_IDENTIFIER=cron _SYSTEMD_UNIT=cron.service PRIORITY=7
    say no-fields
} >wants
append f/f.journal <wants
told() { # told NAME KEYS: the names of the entries that this source reads
    config "$1" "directory: $work/f, $2" "{name: want, match: 'want (?<name>\S+)', by: [name], summary: '<{{name}}>'}"
    mkdir "state-$1"
    "$build/tocsin" run --once -q -c "$1" 2>>agent.log || fail "$1"
    cat "mails-$1"/new/* 2>/dev/null | grep -oE '^[A-Z ]+[0-9]+x +<[a-z-]+>' | sed 's/.*<\(.*\)>/\1/' | sort -u | tr '\n' ' '
}
expect() { # expect NAME KEYS WANTED
    got=$(told "$1" "$2")
    [ "$got" = "$3" ] || fail "$2 reads '$got', not '$3'"
}
expect units.yaml "units: [ssh, web.slice, x.socket], priority: warning" \
    "in-slice of-dump of-pid-one of-root of-socket own-words "
expect ids.yaml "identifiers: [sshd, cron]" "cron-words own-words "
expect both.yaml "units: [cron], identifiers: [cron], priority: err" ""
expect loud.yaml "priority: emerg" "not-root of-root "
expect boot.yaml "boot: current" ""
pass "units, identifiers, priority and boot choose what journalctl chooses; our own words are left out"

# --- odd entries --------------------------------------------------------------------------
mkdir o
{
    printf '__REALTIME_TIMESTAMP=1700000000000001\n__MONOTONIC_TIMESTAMP=1\n'
    printf '_BOOT_ID=0123456789abcdef0123456789abcdef\nMESSAGE\n'
    printf '\030\000\000\000\000\000\000\000odd \000\377 first\nodd second\n\n\n' # 24 bytes
    printf '__REALTIME_TIMESTAMP=1700000000000002\n__MONOTONIC_TIMESTAMP=2\n'
    printf '_BOOT_ID=0123456789abcdef0123456789abcdef\nSYSLOG_IDENTIFIER=mute\n\n'
    printf '__REALTIME_TIMESTAMP=1700000000000003\n__MONOTONIC_TIMESTAMP=3\n'
    printf '_BOOT_ID=0123456789abcdef0123456789abcdef\nMESSAGE=odd '
    head -c 200000 /dev/zero | tr '\0' x
    printf '\n\n'
} | append o/o.journal
config odd.yaml "directory: $work/o" "{name: odd, match: '^odd', resolve_after: 1h}"
mkdir state-odd.yaml
"$build/tocsin" run --once -c odd.yaml 2>odd.log || fail "odd entries"
grep -q 'stopped: 3 lines read, 2 matched' odd.log || fail "odd entries: $(tail -n 1 odd.log)"
pass "a message with NUL and line ends, a missing and a huge one are three records"

# --- damaged files ------------------------------------------------------------------------
mkdir d
seq_entries() { # seq_entries FROM TO
    seq "$1" "$2" | awk '{
        printf "__REALTIME_TIMESTAMP=%.0f\n__MONOTONIC_TIMESTAMP=%.0f\n", 1700000000000000 + $1 * 1000, $1 * 1000
        printf "_BOOT_ID=0123456789abcdef0123456789abcdef\nMESSAGE=seen %d\n\n", $1
    }'
}
seq_entries 1 1000 | append d/cut.journal
seq_entries 1001 2000 | append d/hole.journal
seq_entries 2001 3000 | append d/whole.journal
config damaged.yaml "directory: $work/d" "{name: seen, match: '^seen', resolve_after: 1h}"
mkdir state-damaged.yaml
truncate -s 100000 d/cut.journal
touch -d @1700000000 d/cut.journal # before the entries that are read
"$build/tocsin" run --once -c damaged.yaml 2>damaged.log || fail "a damaged journal"
grep -q "stopped: 2000 lines read" damaged.log || { cat damaged.log; fail "a file that is cut off hurts the others"; }
grep -q "the journal file '$work/d/cut.journal' is damaged: up to 1000 entries were not read" damaged.log ||
    { cat damaged.log; fail "a file that is cut off is not told"; }
"$build/tocsin" run --once -c damaged.yaml 2>damaged.log || fail "a damaged journal, again"
grep -q 'is damaged' damaged.log && fail "what was damaged before is told again"
rm d/cut.journal
rm -rf state-damaged.yaml/*
# A hole of 16 KiB before its last objects, which the library does not get over.
last=$(od -An -t u8 -j 136 -N 8 d/hole.journal)
dd if=/dev/zero of=d/hole.journal bs=1024 seek=$(((last - 120000) / 1024)) count=16 conv=notrunc 2>/dev/null
touch -d @1700000000 d/hole.journal
"$build/tocsin" run --once -c damaged.yaml 2>damaged.log || fail "a journal with a hole"
grep -q "hole.journal' is damaged: up to 1000 entries were not read" damaged.log ||
    { cat damaged.log; fail "a file with a hole is not told"; }
cat lost-damaged.yaml/new/* | grep -q "journalctl --verify" || fail "a mail does not say what to do"
pass "of a damaged file is told once, with the number of its entries, and the others are read"

# --- what cannot be read ------------------------------------------------------------------
mkdir m
for i in $(seq 30); do
    ln f/f.journal "m/$i.journal"
done
config many.yaml "directory: $work/m" "{name: want, match: 'want (?<name>\S+)', by: [name]}"
mkdir state-many.yaml
(
    # shellcheck disable=SC3045
    ulimit -n 36
    exec timeout 4 "$build/tocsin" run -c many.yaml
) 2>many.log
[ "$(grep -c 'too few file descriptors.*it is tried again by itself' many.log)" = 1 ] || { cat many.log; fail "too few descriptors are not told once"; }
"$build/tocsin" run --once -c many.yaml 2>many.log || fail "a journal of 30 files"
grep -q 'stopped: 13 lines read' many.log || { cat many.log; fail "30 links to one file are not read as one"; }
pass "without descriptors nothing is read, it is told once, and nothing is lost"

if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
    chmod 755 "$work"
    chmod 600 f/f.journal
    setpriv --reuid nobody --regid nogroup --clear-groups "$build/tocsin" check units.yaml >denied.out 2>&1
    grep -q "f.journal' cannot be read (is the user in group systemd-journal?)" denied.out ||
        { cat denied.out; fail "check does not say that the journal may not be read"; }
    pass "check says that a journal may not be read, and what helps"
else
    echo "SKIP permissions: only root can become somebody else"
    skipped=1
fi
echo "$passed passed, 0 failed, $skipped skipped"
