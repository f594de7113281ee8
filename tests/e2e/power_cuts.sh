#!/bin/sh
# Power cuts under the store, on a disk in memory that drops, reorders and tears what was not
# synced: nothing that was confirmed is lost, nothing is half there. The control is a disk
# that lies about syncs (as synchronous=OFF): it must be found out. A migration of an older
# store is cut, and killed, at each of its operations.
#   CUTS=10000 SEED=1 power_cuts.sh SRCDIR BUILDDIR
set -u
build=$2 cuts=${CUTS:-1000} seed=${SEED:-1}
rows="D09 D10 power cuts in commits, checkpoints and at starts lose nothing"
migration="D15 whatever operation of a migration is the last, the schema is the old one or the next"
passed=0 failed=0
verdict() { # verdict CODE TEXT
    if [ "$1" -eq 0 ]; then
        echo "ok   $2" && passed=$((passed + 1))
    else
        echo "FAIL $2" && failed=$((failed + 1))
    fi
}
"$build/tests/e2e/cuts" "$cuts" "$seed" && ! "$build/tests/e2e/cuts" --lying 200 "$seed"
verdict $? "$rows"
"$build/tests/e2e/migrations" "$seed"
verdict $? "$migration"
echo "$passed passed, $failed failed, 0 skipped"
[ $failed -eq 0 ]
