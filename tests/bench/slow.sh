#!/bin/sh
# The latency of tailing while 1,000 slow clients (a byte of a head a second) hang on the
# HTTP port, beside that of the same agent without them: rounds with and without alternate.
#   EVENTS=100 GAP_MS=25 slow.sh SRCDIR BUILDDIR
set -u
src=$1 build=$2
. "$src/tests/bench/common"
events=${EVENTS:-100} gap=${GAP_MS:-25} clients=${CLIENTS:-1000}

start_agent() {
    cat >agent.yaml <<YAML
state_dir: $disk/state
control: $work/agent.sock
http: {listen: "127.0.0.1:$http"}
sources:
  - {name: app, files: [$watched]}
rules:
  - {name: ssh, match: '(?<token>EVT-\d+) sshd\[\d+\]: Failed password for (?<user>\S+) from (?<ip>\S+)', by: [token]}
routes:
  - {to: [ops], group_by: [token], group_wait: 0s}
accounts:
  - name: local
    smtp: {host: 127.0.0.1, port: $port, tls: none}
    from: agent@example.com
outputs:
  - {name: ops, account: local, to: [ops@example.com]}
YAML
    taskset -c "$core" "$build/tocsin" run -q -c "$work/agent.yaml" 2>agent.err &
    pids="$pids $!"
}

wait_for_mails() { # wait_for_mails ROUND: at most 20 s
    for _ in $(seq 200); do
        mails=$(grep -c "EVT-$(printf '%02d' "$1")[0-9][0-9][0-9][0-9]\$" sink.log)
        [ "$mails" -ge "$events" ] && return
        sleep 0.1
    done
}

# A sample here: "NAME ROUND MAILS P50 P90 P99 MAX", in ms.
round() { # round NAME NUMBER
    "$tools/latency" give "$watched" 0 "$2" "$events" "$gap" >"times.$2"
    wait_for_mails "$2"
    echo "$1 $(($2 / 2)) $("$tools/latency" report "times.$2" sink.log)" >>"$samples"
}
disturbed() { # disturbed NUMBER
    taskset -c "$sender_core" "$tools/slow" "$http" "$clients" $((events * gap / 1000 + 5)) \
        >>slow.out &
    slow=$!
    sleep 2
    round disturbed "$1"
    wait "$slow"
}

ratio() { # ratio FIELD
    awk -v field="$1" '
        $1 == "disturbed" { slow[$2] = $field }
        $1 == "quiet" { calm[$2] = $field }
        END { for (r in slow) if (calm[r] > 0) print slow[r] / calm[r] }' "$samples" | middle
}

sender_core=$((core > 0 ? core - 1 : 0))
http=$(($(od -An -N2 -tu2 /dev/urandom) % 20000 + 30000))
start_sink sink smtp --plain --quickack
fresh_log agent
start_agent
sleep 1
for number in $(seq "$reps"); do
    round quiet $((2 * number))
    disturbed $((2 * number + 1))
done
read -r open opened closed <<SLOW
$(awk '{ open += $1; opened += $2; closed += $3 } END { print open / NR, opened / NR, closed / NR }' slow.out)
SLOW
lost=$(awk -v events="$events" '$3 != events { n++ } END { print n + 0 }' "$samples")
if [ "$lost" -gt 0 ] || [ "${open%.*}" -lt $((clients / 2)) ]; then
    no_row FAILED "latency beside $clients slow clients" "mails are missing in $lost rounds; $open clients were connected"
else
    row "p50 from line to mail beside $clients slow clients, against none" most 1.1 x "$(ratio 4)"
    row "p99 from line to mail beside $clients slow clients, against none" most 1.25 x "$(ratio 6)"
fi
{
    for name in disturbed quiet; do
        echo "slow clients, $name: p50 $(of "$name" 4), p99 $(of "$name" 6) ms"
    done
    echo "slow clients in a round: $opened connections, $closed closed by the server, $open open at the end"
} | tee -a "$rows.context" | sed 's/^/             /'
