#!/bin/sh
# What a rule costs that no literal can speak for: it is tried on every line. Measured as
# the nanoseconds a line that it adds to 100 rules; and does `check` say so?
#   fallback.sh SRCDIR BUILDDIR
set -u
src=$1 build=$2
. "$src/tests/bench/common"

# Both match nothing in the log, for what is wanted is the price of trying.
anchored='^[A-Z][a-z]+ +[0-9]+ [0-9:]+ [a-z0-9-]+ [A-Z]+$'
unanchored='[0-9]{4}[a-f]{2}[g-k]{3}[0-9]'

run_without() { inside "$tools/matcher" rules "$config100" "$log" 300; }
run_anchored() { inside "$tools/matcher" rules "$work/anchored.yaml" "$log" 300; }
run_unanchored() { inside "$tools/matcher" rules "$work/unanchored.yaml" "$log" 300; }

added() { # added ENGINE: nanoseconds a line above `without`
    awk -v engine="$1" '
        $1 == "without" { base[$2] = $4 }
        $1 == engine { took[$2] = $4; lines = $7 }
        END { for (rep in took) print (took[rep] - base[rep]) / lines * 1e9 }' "$samples" | middle
}

rules 100
config100=$config
for name in anchored unanchored; do
    { cat "$patterns"; eval "echo \"\$$name\""; } >with
    configure with >"$name.yaml"
done
corpus 10000 "$(fitting "$config100" 2 768)"
interleave without anchored unanchored
for name in anchored unanchored; do
    said=silent
    eval "echo \"\$$name\"" >alone # complaints about 100 others would hide this one
    configure alone >alone.yaml
    "$build/tocsin" check -c alone.yaml 2>&1 | grep -q "tried on every line" && said=says
    title="a rule without a literal, $name, added to 100 (check $said so)"
    if [ "$said" = silent ]; then
        no_row 'not reached' "$title" "check is silent; $(added "$name") ns a line"
    elif differing=$(agree 9 without "$name"); then
        row "$title" most 60 'ns a line' "$(added "$name")"
    else
        no_row FAILED "$title" "$differing"
    fi
done
context "1 % hits" without anchored unanchored
