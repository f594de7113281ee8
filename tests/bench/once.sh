#!/bin/sh
# The whole agent, `tocsin run --once` (reading, matching, groups, durable commits, a mail
# into a Maildir), beside the bare matcher over the same log, at three rates of hits. Its
# start and its end, measured over a log of one line that matches, are taken off.
#   once.sh SRCDIR BUILDDIR
set -u
src=$1 build=$2
. "$src/tests/bench/common"

run_matcher() { inside "$tools/matcher" rules "$config" "$log" 300; }
run_once() { net "$(once "$work/one.log")" "$(once "$log")"; }

rules 100
echo 'Nov 23 00:00:00 web01 app[1]: write failed: No space left on device' >one.log
for pair in 100:0.95 10000:0.9 200000:0.7; do
    rate=${pair%:*}
    : >"$samples"
    corpus "$rate" "$(fitting "$config" 2 1024)"
    interleave matcher once
    title="tocsin run --once, 100 rules, $(awk "BEGIN { print $rate / 10000 }") % hits, against the bare matcher"
    compared "$title" "${pair#*:}" once matcher 9
    context "$(awk "BEGIN { print $rate / 10000 }") % hits" matcher once
done
