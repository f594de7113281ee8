#!/bin/sh
# Two scanning threads against one, on two cores: `tocsin run --once` over a backlog.
#   threads.sh SRCDIR BUILDDIR
set -u
src=$1 build=$2
. "$src/tests/bench/common"

title='scan_threads 2 against 1, 100 rules, 1 % hits, two cores'
rules 100
base=$config
for count in 1 2; do
    { echo "scan_threads: $count"; cat "$base"; } >"threads$count.yaml"
done
if ! "$build/tocsin" check -q -c threads2.yaml >said 2>&1; then
    no_row SKIP "$title" "this tocsin has no scan_threads"
    exit 0
fi
if [ "$(nproc)" -lt 2 ]; then
    no_row SKIP "$title" "one core only"
    exit 0
fi
cores=0,1
with() { config=$work/threads$1.yaml; net "$(once "$work/one.log")" "$(once "$log")"; }
run_threads1() { with 1; }
run_threads2() { with 2; }
echo 'Nov 23 00:00:00 web01 app[1]: write failed: No space left on device' >one.log
corpus 10000 "$(fitting "$base" 3 1024)"
interleave threads1 threads2
compared "$title" 1.8 threads2 threads1 9
context "1 % hits" threads1 threads2
