#!/bin/sh
# The matcher: gate, confirmation and captures of 100 and 1,000 rules, beside the limit
# (lines split by memchr), ripgrep and Hyperscan, over the same log in the same run.
#   matcher.sh SRCDIR BUILDDIR
set -u
src=$1 build=$2
. "$src/tests/bench/common"

run_lines() { inside "$tools/matcher" lines "$log" 300; }
run_rules100() { inside "$tools/matcher" rules "$config100" "$log" 300; }
run_rules1000() { inside "$tools/matcher" rules "$config1000" "$log" 300; }
run_hyperscan() {
    inside "$tools/hyperscan" literals "$config100" "$work/literals" "$log" 300
}
run_rg() { # the first pass of a process pays for its start; it is not taken off
    outside "$log_bytes" rg -j1 -c --no-mmap --no-config -f "$patterns100" "$log"
    echo " - $(cat said) -"
}

rules 100
config100=$config patterns100=$patterns
rules 1000
config1000=$config
"$tools/corpus" literals "$samples_dir" 100 >literals

limit='100 rules, 1 % hits, captures, against lines split by memchr'
beside_rg='100 rules, 1 % hits, captures, against rg -j1 -c -f'
beside_hs='100 rules, 1 % hits, captures, against Hyperscan'"'"'s literals + PCRE2'
engines="lines rules100"
if have rg ripgrep; then engines="$engines rg"; else no_row SKIP "$beside_rg" "no ripgrep"; fi
"$tools/hyperscan" version >said 2>&1
if [ $? -ne 77 ]; then
    engines="$engines hyperscan"
    beside_hs="$beside_hs ($(sed 's/ .*//' said))"
else
    no_row SKIP "$beside_hs" "configured without libhs (Debian: libhyperscan-dev)"
fi

corpus 10000 "$(fitting "$config100" 2 768)"
interleave $engines
compared "$limit" 0.5 rules100 lines 7
case $engines in *rg*) compared "$beside_rg" 5 rules100 rg 8 ;; esac
case $engines in *hyperscan*) compared "$beside_hs" 1 rules100 hyperscan 9 ;; esac
context "1 % hits" $engines

: >"$samples"
corpus 10000 "$(fitting "$config1000" 2 768)"
interleave rules100 rules1000
compared '1,000 rules against 100, 1 % hits' 0.75 rules1000 rules100 9
context "1 % hits" rules100 rules1000

: >"$samples"
rate=200000
corpus $rate "$(fitting "$config100" 2 768)"
interleave lines rules100
compared '100 rules, 20 % hits, captures, against lines split by memchr' 0.28 rules100 lines 7
context "20 % hits" lines rules100
