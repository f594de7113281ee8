#!/bin/sh
# A store on disks of 4 and 16 MiB, and mails that cannot leave until it is full: the agent
# waits with reading, and goes on by itself when the server is back; no line is lost or told twice.
set -eu
src=$1 build=$2
if [ "${IN_NAMESPACE:-}" != yes ] && [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; then
    IN_NAMESPACE=yes exec unshare -m sh "$0" "$@"
fi
. "$src/tests/e2e/common"
[ "${IN_NAMESPACE:-}" = yes ] || skip "a small disk can be mounted by root alone"
mount --make-rprivate /
end() { # the agent lets go of the disk first
    for pid in $pids; do kill "$pid" 2>/dev/null && wait "$pid"; done
    umount disk 2>/dev/null || :
    pids=''
    cleanup
}
trap end EXIT
mkdir disk
port=$(free_port)
passed=0 first=4000 lines=4400
ask() { # ask NAME: $value is what `tocsin status` counts by this name
    value=$("$build/tocsin" status -c tocsin.yaml --json | tr ',{' '\n\n' | sed -n "s/^\"$1\":\([0-9]*\).*/\1/p")
    [ -n "$value" ]
}
number() { # a turn that cannot be committed refuses whoever asked in it
    until_true 20 ask "$1" || fail "nobody says how many $1 there are"
    echo "$value"
}
has_tried_since() { [ "$(number commit_failures)" -ge $(($1 + 2)) ]; } # it tries once a second
stays_full() { # two tries more fail, and nothing is told between them
    said=$(wc -l <agent.log) failures=$(number commit_failures)
    for _ in $(seq 100); do
        has_tried_since "$failures" && break
        sleep 0.1
    done
    has_tried_since "$failures" && [ "$(wc -l <agent.log)" = "$said" ]
}
settles_full() {
    for _ in 1 2 3 4 5 6; do stays_full && return; done
    return 1
}
is_full() { grep -q 'no space left' agent.log; }
are_told() { [ "$("$build/tests/e2e/kill9" sum mails | awk '{ print $3 }')" -ge "$lines" ]; }
for size in ${SIZES:-4 16}; do
    mount -t tmpfs -o size=${size}m tmpfs disk
    rm -rf mails
    mkdir mails
    cat >tocsin.yaml <<YAML
state_dir: $work/disk/state
control: $work/control.sock
sources: [{name: app, files: [$work/app.log]}]
rules: [{name: full, match: 'disk (?<disk>\w+) is full', by: [disk], severity: critical}]
routes: [{to: [ops], group_by: [disk], group_wait: 0s}]
accounts: [{name: relay, from: a@example.com, smtp: {host: localhost, port: $port, tls: none}}]
outputs: [{name: ops, account: relay, to: [ops@example.com]}]
YAML
    start_agent
    seq -f 'disk d%g is full' "$first" >>app.log
    until_true 60 is_full || fail "$size MiB were not filled"
    settles_full || fail "$size MiB do not stay full"
    before=$(number lines)
    seq -f 'disk d%g is full' "$((first + 1))" "$lines" >>app.log
    settles_full || fail "$size MiB: the agent does not try again"
    [ "$(number lines)" = "$before" ] ||
        fail "on $size MiB reading went on over a full disk: from $before to $(number lines) lines"
    "$build/tocsin" sink --plain --smtp "$port" --eml mails >sink.out 2>&1 &
    sink=$!
    pids="$pids $sink"
    until_true 240 are_told || fail "on $size MiB only $("$build/tests/e2e/kill9" sum mails) of $lines lines came"
    kill "$agent"
    wait "$agent" || fail "the agent ended with status $?"
    sums=$("$build/tests/e2e/kill9" sum mails)
    [ "$(echo "$sums" | awk '{ print $3 }')" = "$lines" ] || fail "on $size MiB lines were told twice: $sums"
    kill "$sink"
    wait "$sink" || true
    umount disk
    echo "ok   D01 $size MiB: full after $before lines, then all told: $sums"
    passed=$((passed + 1))
done
echo "$passed passed, 0 failed, 0 skipped"
