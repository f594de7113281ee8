#!/bin/sh
# Power cuts under the store, on a disk in memory that drops, reorders and tears what was not
# synced: nothing that was confirmed is lost, nothing is half there. The control is a disk
# that lies about syncs (as synchronous=OFF): it must be found out.
#   CUTS=10000 SEED=1 power_cuts.sh SRCDIR BUILDDIR
set -u
build=$2 cuts=${CUTS:-1000} seed=${SEED:-1}
rows="D09 D10 D15 power cuts in commits, checkpoints, at starts and in migrations lose nothing"
if "$build/tests/e2e/cuts" "$cuts" "$seed" && ! "$build/tests/e2e/cuts" --lying 200 "$seed"; then
    echo "ok   $rows"
    echo "1 passed, 0 failed, 0 skipped"
else
    echo "FAIL $rows"
    echo "0 passed, 1 failed, 0 skipped"
    exit 1
fi
