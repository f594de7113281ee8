#!/bin/sh
# One allocation of a scripted life of the real binary fails, each once (LD_PRELOAD): the
# agent's own, and those of SQLite, libcurl, OpenSSL, libyaml, libuv and the others. It may
# go on, or end with a status; it may not crash, and each line is told once.
#   STRIDE=1 allocations.sh SRCDIR BUILDDIR      every one (make proof); see tests/e2e/lives
set -u
build=$2
. "$1/tests/e2e/common"
stride=400
. "$1/tests/e2e/lives"
shim=$build/tests/e2e/preload/starve.so
[ -f "$shim" ] || skip "the allocator that fails is not built"
! ldd "$build/tocsin" | grep -q asan || skip "AddressSanitizer has an allocator of its own"

# Reading the configuration: each allocation, those of the libraries' own start left out. What
# lacks memory is no mistake in the file, so the only ends are 0 and 71 (EX_OSERR).
STARVE_COUNT=$work/count LD_PRELOAD=$shim "$build/tocsin" check tocsin.yaml >check.out 2>&1 || fail "check"
last=$(cat count) odd=0
for k in $(seq $((last - 620)) "$last"); do
    STARVE_AT=$k LD_PRELOAD=$shim "$build/tocsin" check tocsin.yaml >check.out 2>&1
    case $? in 0 | 71) ;; *) odd=$((odd + 1)) && echo "allocation number $k: $(grep -v warning: check.out | head -n 3)" ;; esac
done
[ $odd = 0 ] || fail "of the last 620 allocations of check $odd end in a crash or are called a mistake"
echo "ok   D25 whatever allocation fails while the configuration is read, it is called what it is"

program first "env LD_PRELOAD=$shim STARVE_COUNT=$work/count $plain"
live first || fail "a life that is only looked at: $(cat life)"
count=$(cat count) || fail "nothing was counted"
seq "$count" >points
starve_at() { # starve_at K
    program first "env LD_PRELOAD=$shim STARVE_AT=$1 $plain"
    try "allocation number $1" first
    grep -q starved agent.err && hit=$((hit + 1))
    status=$(sed -n 's/.*status=\([0-9]*\) .*/\1/p' life)
    if [ "${status:-0}" -lt 256 ]; then
        echo "signal-$status" >>ends
    else
        echo "exit-$((status / 256))" >>ends
    fi
    [ "${status:-0}" -eq 0 ] || [ "$status" -ge 256 ] || {
        crashed=$((crashed + 1))
        echo "allocation number $1: signal $status"
        grep -v "running\|listening\|is sent\|stopped" agent.err | head -n 5
    }
}
crashed=0
each points starve_at
echo "$count allocations, $tried tried, $hit met: lost or told twice $bad, told by a later" \
    "agent $late, crashed $crashed; ends: $(sed 's/signal-0/went on/' ends | sort | uniq -c |
        sort -rn | awk '{ n = $1; $1 = ""; printf "%s%d%s", sep, n, $0; sep = ", " }')"
if [ $bad -eq 0 ] && [ $crashed -eq 0 ] && [ $hit -gt $((tried / 2)) ]; then
    echo "ok   D25 P05 whatever allocation fails, the agent goes on or ends with a status," \
        "and each line is told once"
    echo "2 passed, 0 failed, 0 skipped"
else
    echo "FAIL D25 P05 whatever allocation fails, each line is told once"
    echo "1 passed, 1 failed, 0 skipped"
    exit 1
fi
