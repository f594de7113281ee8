#!/bin/sh
# Two scanning threads against one, on two cores: gate and rules alone over a log that lies in
# memory, and the whole agent, `tocsin run --once`, whose reading stays with one thread.
#   threads.sh SRCDIR BUILDDIR
set -u
src=$1 build=$2
. "$src/tests/bench/common"

scan='gate and rules alone, 2 threads against 1, 100 rules, 1 % hits, two cores'
agent='tocsin run --once, scan_threads 2 against 1, 100 rules, 1 % hits, two cores'
if [ "$(nproc)" -lt 2 ]; then
    no_row SKIP "$scan" "one core only"
    no_row SKIP "$agent" "one core only"
    exit 0
fi
rules 100
base=$config
for count in 1 2; do
    { echo "scan_threads: $count"; cat "$base"; } >"threads$count.yaml"
done
core=0,1
cores=0,1
run_scan1() { inside "$tools/scanners" "$base" "$log" 1 300; }
run_scan2() { inside "$tools/scanners" "$base" "$log" 2 300; }
with() { config=$work/threads$1.yaml; net "$(once "$work/one.log")" "$(once "$log")"; }
run_agent1() { with 1; }
run_agent2() { with 2; }
echo 'Nov 23 00:00:00 web01 app[1]: write failed: No space left on device' >one.log
corpus 10000 "$(fitting "$base" 3 1024)"
interleave scan1 scan2
compared "$scan" 1.8 scan2 scan1 9
context "1 % hits" scan1 scan2
: >"$samples"
interleave agent1 agent2
compared "$agent" 1.8 agent2 agent1 9
context "1 % hits" agent1 agent2
