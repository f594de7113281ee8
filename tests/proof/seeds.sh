#!/bin/sh
# Many simulated lives, in pieces that are remembered: what ends it loses one piece, and the
# same command goes on behind the last one.
#   seeds.sh SRCDIR BUILDDIR FROM SEEDS
#   CHUNK=5000 JOBS=1 LOG=BUILDDIR/tests/proof/seeds.chunks
# A line of LOG: commit, first seed, seeds, passed, failed, skipped, actions, a second of a core.
# What failed stands in LOG.failed as files that can be kept (tests/sim/regress).
set -u
src=$1 build=$2 from=$3 seeds=$4 chunk=${CHUNK:-5000} jobs=${JOBS:-1}
log=${LOG:-$build/tests/proof/seeds.chunks}
commit=${COMMIT:-$(git -C "$src" rev-parse --short=12 HEAD 2>/dev/null || echo unknown)}
touch "$log" || exit 1
said=$(mktemp) || exit 1
trap 'rm -f "$said"' EXIT
at=$from end=$((from + seeds))
while [ "$at" -lt "$end" ]; do
    count=$((end - at < chunk ? end - at : chunk))
    if ! grep -q "^$commit $at $count " "$log"; then
        "$build/tests/sim/sim" --from "$at" --seeds "$count" --jobs "$jobs" >"$said" 2>&1
        line=$(awk -v head="$commit $at $count" '
            / lives, / { actions = $3; core = $(NF - 5) }
            / passed, / { print head, $1, $3, $5, actions, core }' "$said")
        [ -n "$line" ] || { cat "$said"; exit 1; }
        grep -v -e ' lives, ' -e ' passed, ' -e '^SKIP' "$said" >>"$log.failed"
        echo "$line" >>"$log"
    fi
    at=$((at + count))
done
awk -v commit="$commit" -v from="$from" -v end="$end" '
    $1 == commit && $2 >= from && $2 + $3 <= end {
        lives += $3; passed += $4; failed += $5; skipped += $6; actions += $7; core += $8; n++
    }
    END {
        printf "%d lives, %d actions, %d a second of a core\n", lives, actions, n ? core / n : 0
        printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
        exit failed > 0 || lives == 0
    }' "$log"
