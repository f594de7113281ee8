#!/bin/sh
# make fuzz FUZZ=gate [TIME=s], after libFuzzer: the matcher against PCRE2 on every pair of a
# pattern and a line by chance, at least 10^8 of them and at least TIME seconds (those are
# some minutes).   gate.sh SRCDIR BUILDDIR TIME
#
# FUZZ_PATTERNS and FUZZ_LINES name further files (':' between them), FUZZ_SEED a seed,
# FUZZ_PAIRS another number of pairs (0: none of this).
set -eu
src=$1 build=$2 seconds=$3
[ "${FUZZ_PAIRS:-1}" != 0 ] || exit 0
patterns=$src/tests/samples/patterns.txt
out=$build/tests/out
mkdir -p "$out"
if [ -d /etc/logcheck/ignore.d.server ]; then
    find /etc/logcheck -type f -path '*.d*' -exec cat {} + | grep -v '^#' | grep . >"$out/logcheck.txt"
    patterns=$patterns:$out/logcheck.txt
else
    echo "SKIP the patterns of logcheck-database: they are not there (Debian: apt-get install logcheck-database)"
fi
exec nice -n 19 "$build/tests/fuzz/frame/pairs" "$seconds" "${FUZZ_PAIRS:-100000000}" "${FUZZ_SEED:-$(date +%s)}" \
    "$patterns${FUZZ_PATTERNS:+:$FUZZ_PATTERNS}" "$src/tests/samples/lines.log${FUZZ_LINES:+:$FUZZ_LINES}"
