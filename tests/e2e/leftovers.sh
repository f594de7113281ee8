#!/bin/sh
# A script of tests/e2e that ends in the middle leaves no process behind: not one that is
# stopped, not one that does not listen, whether the script fails, ends or is told to end.
#   leftovers.sh SRCDIR BUILDDIR
set -eu
src=$1 build=$2
. "$src/tests/e2e/common"

cat >script <<'SH'
set -eu
build=$2
. "$1/tests/e2e/common"
sleep 60 &
pids="$pids $!"
kill -STOP $!
sh -c 'trap "" TERM; exec sleep 60' &
pids="$pids $!"
echo "$pids $work" >"$4"
eval "$3"
SH
is_listed() { [ -s children ]; }
has_ended() { ! grep -qs '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$1/status"; }
are_gone() { has_ended "$first" && has_ended "$second" && [ ! -e "$folder" ]; }
for end in 'fail "as if"' false 'exit 0' 'while :; do sleep 0.1; done'; do
    rm -f children
    sh script "$src" "$build" "$end" "$work/children" >script.out 2>&1 &
    shell=$!
    pids="$pids $shell"
    until_true 20 is_listed || fail "the script did not start"
    [ "${end%% *}" != while ] || kill "$shell"
    wait "$shell" || true
    read -r first second folder <children
    until_true 5 are_gone || {
        kill -9 "$first" "$second" || true
        cat script.out
        fail "after '$end' something is left"
    }
    pass "nothing is left after '$end'"
done
echo "$passed passed, 0 failed, 0 skipped"
