#!/bin/sh
# Rules as people have them: those of Debian's logcheck-database that all engines here can
# compile (long, anchored, POSIX classes), beside ripgrep, grep -E and Hyperscan.
#   logcheck.sh SRCDIR BUILDDIR
set -u
src=$1 build=$2
. "$src/tests/bench/common"

run_rules() { inside "$tools/matcher" rules "$config" "$log" 300; }
run_hyperscan() { inside "$tools/hyperscan" patterns "$config" "$patterns" "$log" 300; }
run_rg() {
    outside "$log_bytes" rg -j1 -c --no-mmap --no-config --regex-size-limit 2G \
        --dfa-size-limit 2G -f "$patterns" "$log"
    echo " - $(cat said) -"
}
run_once() { once "$log"; }
# The two of grep's row read the head only: at 3 MB/s the whole would take minutes.
run_grep() {
    outside "$(stat -c %s head.log)" grep -E -c -f "$patterns" head.log
    echo " - $(cat said) -"
}
run_head() { inside "$tools/matcher" rules "$config" head.log 300; }

# What ripgrep and Hyperscan both take; found once, for it takes a while.
find_patterns() {
    patterns=$peers/logcheck.patterns
    [ -s "$patterns" ] && return
    find "$peers/root/etc/logcheck" -type f -exec cat {} + | grep -v -e '^#' -e '^ *$' |
        sort -u >all
    "$tools/hyperscan" accepts all >accepted
    [ $? -eq 77 ] && cp all accepted
    while IFS= read -r pattern; do
        printf '%s\n' "$pattern" >one
        rg -q --no-config -f one /dev/null >/dev/null 2>&1
        [ $? -le 1 ] && printf '%s\n' "$pattern"
    done <accepted >"$patterns.new"
    mv "$patterns.new" "$patterns"
}

title="the rules of logcheck-database"
if ! peers_have logcheck-database || ! have rg ripgrep; then
    no_row SKIP "$title" "logcheck-database or ripgrep cannot be had"
    exit 0
fi
find_patterns
config=$work/config.yaml
configure "$patterns" >"$config"
if ! "$build/tocsin" check -q -c "$config" >said 2>&1; then
    no_row FAILED "$title" "tocsin refuses: $(grep -m1 error said)"
    exit 1
fi
title="$(wc -l <"$patterns") rules of logcheck-database"
engines="rules once rg"
"$tools/hyperscan" version >/dev/null
[ $? -eq 77 ] || engines="$engines hyperscan"

rate=100
warm=no # a minute for each of rg and grep
corpus $rate 1
cp "$log" head.log
corpus $rate "$(fitting "$config" 2 256)"
interleave $engines grep head
compared "$title, against rg" 28 rules rg 8
case $engines in
*hyperscan*) compared "$title, against Hyperscan + PCRE2" 2.2 rules hyperscan 9 ;;
*) no_row SKIP "$title, against Hyperscan + PCRE2" "configured without libhs" ;;
esac
compared "$title, against grep -E (the first $(($(stat -c %s head.log) / 1000000)) MB)" 180 head grep 8
if differing=$(agree 9 rules once); then
    row "$title, peak memory of tocsin run --once" most 32 MB "$(of once 6 0.0009765625)"
else
    no_row FAILED "$title, peak memory" "$differing"
fi
context "logcheck" $engines grep head
