#!/bin/sh
# H18: does the time of refusing a token say how much of the guess was right? To reach:
# |t| < 4.5 over a million guesses (Welch). A row of the bench and no unit test, because it
# is a statement about this machine's clock.
#   SAMPLES=1000000 token.sh SRCDIR BUILDDIR
set -eu
build=$2
work=$(mktemp -d "${TMPDIR:-/tmp}/tocsin-token.XXXXXX")
trap 'rm -rf "$work"' EXIT
token=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
printf %s "$token" >"$work/token"
chmod 600 "$work/token"
"$build/tests/bench/token" "$work/token" "$token" "${SAMPLES:-1000000}" |
    awk '{ t = $1 < 0 ? -$1 : $1
        printf "token: nothing right %s ns, all but the last %s ns, |t| = %.2f (to reach: < 4.5 %s)\n",
            $2, $3, t, t < 4.5 ? "reached" : "NOT REACHED" }'
