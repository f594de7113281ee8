#!/bin/sh
# The longest turn of the loop while a running agent reads a backlog, at two rates of hits:
# so long mails and questions wait at most.
#   MIB=1024 turn.sh SRCDIR BUILDDIR
set -u
src=$1 build=$2
. "$src/tests/bench/common"

field() { # field NAME: a number of `tocsin status`
    "$build/tocsin" status --json -c "$config" 2>/dev/null |
        grep -o "\"$1\":[0-9]*" | head -n 1 | cut -d: -f2
}

# A sample here: "turn REP MS".
run_turn() {
    fresh "$log"
    taskset -c "$core" "$build/tocsin" run -q -c "$config" >/dev/null 2>&1 &
    agent=$!
    for _ in $(seq 300); do
        sleep 0.2
        bytes=$(field bytes)
        [ "${bytes:-0}" -lt "$log_bytes" ] || break
    done
    [ "${bytes:-0}" -lt "$log_bytes" ] || field longest_turn_ms
    kill "$agent"
    wait "$agent" 2>/dev/null
}

rules 100
for rate in 10000 200000; do
    : >"$samples"
    corpus "$rate" "$(fitting "$config" 2 "${MIB:-1024}")"
    warm=no interleave turn
    title="longest turn, $((log_bytes / 1000000)) MB of backlog, 100 rules, $((rate / 10000)) % hits"
    row "$title" most 20 ms "$(of turn 3)"
done
