#!/bin/sh
# Every way to rotate a log, with kill -9 and a mail server that loses replies, refuses and
# breaks off, all at the same time; with and without inotify; every line counts once.
#   rotations.sh SRCDIR BUILDDIR
set -u
src=$1 build=$2
work=$(mktemp -d "${TMPDIR:-/tmp}/tocsin-rotations.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
shm=$work
if [ -w /dev/shm ]; then shm=/dev/shm; fi
faults=0
if command -v sqlite3 >/dev/null; then faults=1; fi
export LINES=20000 ROTATIONS=4 SECONDS_LONG=8

story() { # story NAME VARIABLE=VALUE...: three run at once
    name=$1
    shift
    if env TMPDIR="$work" "$@" sh "$src/tests/e2e/kill9.sh" "$src" "$build" \
        >"$work/$name.out" 2>&1; then
        echo passed >"$work/$name.end"
    else
        echo failed >"$work/$name.end"
    fi
}

story rename STYLE=rename KILLS=40 FAULTS=$faults &
story copy STYLE=copy KILLS=40 FAULTS=$faults TMPDIR="$shm" &
story gzip STYLE=gzip KILLS=40 FAULTS=$faults &
wait
story rename-sweep STYLE=rename KILLS=40 FAULTS=$faults INOTIFY=false TMPDIR="$shm" &
story copy-sweep STYLE=copy KILLS=40 FAULTS=$faults INOTIFY=false &
story delete STYLE=delete KILLS=0 &
wait

passed=0 failed=0
for end in "$work"/*.end; do
    name=$(basename "$end" .end)
    echo "$name: $(cat "$end"): $(grep -h '^mailed' "$work/$name.out")"
    if [ "$(cat "$end")" = passed ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        cat "$work/$name.out"
    fi
done
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
