#!/bin/sh
# What 1,000 rules cost at rest: the resident memory of an agent that has read a little and
# idles, with 1,000 rules and with one.
#   memory.sh SRCDIR BUILDDIR
set -u
src=$1 build=$2
. "$src/tests/bench/common"

rest() { # rest CONFIG: its RSS in kB once it has read what is there
    rm -rf "${disk:?}"/* app.log
    : >app.log
    "$build/tocsin" run -c "$1" 2>said.err >/dev/null &
    agent=$!
    pids=$agent
    for _ in $(seq 50); do
        grep -q running said.err && break
        sleep 0.1
    done
    cat "$log" >>app.log
    sleep 1.5
    awk '/^VmRSS/ { print $2 }' "/proc/$agent/status"
    kill "$agent"
    wait "$agent" 2>/dev/null
    pids=
}
run_rules1() { echo "0 0 0 $(rest "$config1") - - -"; }
run_rules1000() { echo "0 0 0 $(rest "$config1000") - - -"; }

rules 1000
config1000=$config
head -n 1 "$patterns" >one
configure one >config.1.yaml
config1=$work/config.1.yaml
corpus 100 1
interleave rules1 rules1000
row '1,000 rules at rest, above one rule' most 8 MB "$(awk '
    $1 == "rules1" { one[$2] = $6 }
    $1 == "rules1000" { many[$2] = $6 }
    END { for (rep in many) print (many[rep] - one[rep]) / 1024 }' "$samples" | middle)"
context_rss() { printf '%s at rest: %s MB\n' "$1" "$(of "$1" 6 0.0009765625)"; }
{ context_rss rules1; context_rss rules1000; } | tee -a "$rows.context" | sed 's/^/             /'
