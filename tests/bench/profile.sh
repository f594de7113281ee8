#!/bin/sh
# Where the time goes in the two hottest rows: the matcher and the whole agent at 20 %
# hits, by perf. A section of its own in BENCH.md, and no row.
#   profile.sh SRCDIR BUILDDIR
set -u
src=$1 build=$2
. "$src/tests/bench/common"

# profile TITLE COMMAND...: its functions that take 1 % and more of its samples.
profile() {
    title=$1
    shift
    if ! inside perf record -q -F 2000 -e cpu-clock -o perf.data "$@" >said 2>said.err; then
        no_row SKIP "$title, profile" "perf record says: $(tail -n 1 said.err)"
        return
    fi
    {
        printf '\n%s:\n\n| %% | function | of |\n|---:|---|---|\n' "$title"
        perf report -i perf.data --no-children --percent-limit 1 --stdio --sort sym,dso -F overhead,sym,dso 2>/dev/null |
            awk '$1 ~ /%$/ { sub("%", "", $1); printf "| %.1f | `%s` | %s |\n", $1, $3, $4 }'   |
            sort -t "|" -k 2 -rn
    } | tee -a "$rows.profile"
}

if ! command -v perf >/dev/null; then
    no_row SKIP 'profiles' 'there is no perf (Debian: linux-perf)'
    exit 0
fi
rules 100
rate=200000
corpus $rate "$(fitting "$config" 2 768)"
profile 'The matcher, 100 rules, 20 % hits' "$tools/matcher" rules "$config" "$log" 1500
fresh "$log"
profile '`tocsin run --once`, 100 rules, 20 % hits' "$build/tocsin" run --once -c "$config"
