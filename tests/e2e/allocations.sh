#!/bin/sh
# One allocation of a scripted life of the real binary fails, each once (LD_PRELOAD): those of
# the agent and of its mail sender, and of SQLite, libcurl, OpenSSL, libyaml, libuv and the
# others in them. Either may go on, or end with a status; it may not crash, nor go on with half
# of something, and each line is told once.
#   STRIDE=1 allocations.sh SRCDIR BUILDDIR      every one (make proof); see tests/e2e/lives
set -u
build=$2
. "$1/tests/e2e/common"
stride=800
. "$1/tests/e2e/lives"
shim=$build/tests/e2e/preload/starve.so
[ -f "$shim" ] || skip "the allocator that fails is not built"
ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0 # where it is built in
export ASAN_OPTIONS

# Reading the configuration: each allocation, those of the libraries' own start left out. What
# lacks memory is no mistake in the file, so the only ends are 0 and 71 (EX_OSERR).
STARVE_COUNT=$work/count LD_PRELOAD=$shim "$build/tocsin" check tocsin.yaml >check.out 2>&1 || fail "check"
last=$(cut -d' ' -f1 count) odd=0
for k in $(seq $((last - 620)) "$last"); do
    STARVE_AT=$k LD_PRELOAD=$shim "$build/tocsin" check tocsin.yaml >check.out 2>&1
    case $? in 0 | 71) ;; *) odd=$((odd + 1)) && echo "allocation number $k: $(grep -v warning: check.out | head -n 3)" ;; esac
done
[ $odd = 0 ] || fail "of the last 620 allocations of check $odd end in a crash or are called a mistake"
echo "ok   D25 whatever allocation fails while the configuration is read, it is called what it is"

# What OpenSSL lacked memory for when it was set up, the names of digests for one, it would do
# without for good: no certificate would be trusted. The next sender has all of it.
mkdir once
# (Without repeats: one that came due in the last moment would be left for the next run.)
sed "s,$work/state,$work/once/state,; s,$work/logs,$work/once,; s,^http:.*,,; s,repeat_interval: 1s,repeat_interval: 1h," \
    tocsin.yaml >once.yaml
for k in 2 4 8; do
    rm -rf once/* mails/*.eml self
    echo 'app[1]: ERROR seq=1' >once/app.log
    STARVE_DEPTH=2 STARVE_AT=$k LD_PRELOAD=$shim timeout 120 "$build/tocsin" run --once -c once.yaml \
        >once/said 2>&1 || fail "sender without its allocation $k: $(cat once/said)"
    grep -q starved once/said || fail "there was no allocation $k of the sender"
    [ "$(ls mails | wc -l)" -gt 0 ] || fail "sender without its allocation $k: no mail came"
done
echo "ok   D25 a sender whose OpenSSL lacked memory is not the one that sends"

program first "env LD_PRELOAD=$shim STARVE_COUNT=$work/count $plain"
live first || fail "a life that is only looked at: $(cat life)"
read -r count between senders <count || fail "nothing was counted"
{ seq "$count" | sed 's/^/0 /' && seq "$senders" | sed 's/^/2 /'; } >points

count_end() { # count_end NUMBER WHO STATUS: as wait(2) has it
    if [ "$3" -eq 0 ]; then
        echo "$2 went on" >>ends
    elif [ "$3" -ge 256 ]; then
        echo "$2 exit-$(($3 / 256))" >>ends
    else
        echo "$2 signal-$3" >>ends
        crashed=$((crashed + 1))
        echo "allocation number $1: $2 ended by signal $3"
        grep -v "running\|listening\|is sent\|stopped" agent.err | head -n 5
    fi
}
starve_at() { # starve_at DEPTH K
    program first "env LD_PRELOAD=$shim STARVE_DEPTH=$1 STARVE_AT=$2 $plain"
    try "allocation number $2 of depth $1" first
    grep -q starved agent.err && hit=$((hit + 1))
    if [ "$1" -eq 0 ]; then
        status=$(sed -n 's/.*status=\([0-9]*\) .*/\1/p' life)
        count_end "$2" agent "${status:-0}"
    else
        status=$(sed -n 's/.*mail sender ended with status \([0-9]*\) .*/\1/p' agent.err | head -n 1)
        signal=$(sed -n 's/.*mail sender was ended by signal \([0-9]*\) .*/\1/p' agent.err | head -n 1)
        count_end "$2" sender "${signal:-$((${status:-0} * 256))}"
    fi
    ! grep -q "Sanitizer\|runtime error" agent.err || crashed=$((crashed + 1))
}
crashed=0
each points starve_at
echo "$count allocations of the agent, $senders of its sender, $tried tried, $hit met: lost or" \
    "told twice $bad, told by a later agent $late, crashed $crashed; ends: $(sort ends |
        uniq -c | sort -rn | awk '{ n = $1; $1 = ""; printf "%s%d%s", sep, n, $0; sep = ", " }')"
if [ $bad -eq 0 ] && [ $crashed -eq 0 ] && [ $hit -gt $((tried / 2)) ]; then
    echo "ok   D25 P05 whatever allocation fails, the agent goes on or ends with a status," \
        "and each line is told once"
    echo "3 passed, 0 failed, 0 skipped"
else
    echo "FAIL D25 P05 whatever allocation fails, each line is told once"
    echo "2 passed, 1 failed, 0 skipped"
    exit 1
fi
