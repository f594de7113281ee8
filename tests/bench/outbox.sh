#!/bin/sh
# Memory while 10,000 mails leave the outbox: they are put while the server is down, the agent
# is started anew beside a server that takes them, and what its processes hold is read after
# 1,000 and after nearly all. A server without a login, because logins are paced.
#   MAILS=10000 outbox.sh SRCDIR BUILDDIR
set -u
src=$1 build=$2
. "$src/tests/bench/common"
mails=${MAILS:-10000}

write_config() { # write_config PORT
    cat >agent.yaml <<YAML
state_dir: $disk/state
control: $work/agent.sock
sources: [{name: app, files: [$watched]}]
rules: [{name: ssh, match: '(?<token>EVT-\d+) refused', by: [token], severity: critical, resolve_after: 1s}]
routes: [{to: [ops], group_by: [token], group_wait: 0s}]
accounts: [{name: local, smtp: {host: 127.0.0.1, port: $1, tls: none}, from: agent@example.com}]
outputs: [{name: ops, account: local, to: [ops@example.com]}]
YAML
}

start_agent() { # sets $agent
    "$build/tocsin" run -q -c agent.yaml 2>agent.err &
    agent=$!
    pids="$pids $agent"
}

waiting() { # mails in the outbox, by the agent's word
    "$build/tocsin" status -c agent.yaml --json 2>/dev/null |
        tr ',' '\n' | sed -n 's/.*"mails_waiting": *\([0-9]*\).*/\1/p' | head -n 1
}

held_kb() { # private memory of the agent and of its sender
    for pid in "$agent" $(pgrep -P "$agent") $(pgrep -P "$agent" | xargs -r -n 1 pgrep -P); do
        cat "/proc/$pid/smaps_rollup"
    done | awk '/^Private_(Clean|Dirty):/ { sum += $2 } END { print sum }'
}

arrived() { wc -l <sink.log; }

until_arrived() { # until_arrived COUNT: at most 200 s
    for _ in $(seq 1000); do
        [ "$(arrived)" -lt "$1" ] || return 0
        sleep 0.2
    done
    return 1
}

fresh_log agent
write_config 1 # where nobody listens
start_agent
for _ in $(seq 100); do [ ! -S agent.sock ] || break; sleep 0.1; done
seq -f 'EVT-%g refused' "$mails" >>"$watched"
for _ in $(seq 600); do
    put=$(waiting)
    [ "${put:-0}" -lt "$mails" ] || break
    sleep 0.2
done
kill "$agent"
wait "$agent"
start_sink sink smtp --plain --quickack
write_config "$port"
start_agent
title="private memory of agent and sender after $mails mails, against after $((mails / 10))"
if until_arrived $((mails / 10)) && early=$(held_kb) && until_arrived $((mails * 99 / 100)) &&
    late=$(held_kb) && until_arrived "$mails"; then
    ratio=$(awk "BEGIN { printf \"%.3f\", $late / $early }")
    row "$title" most 1.1 x "$ratio $ratio $ratio"
    awk -v mails="$mails" 'NR == 1 { first = $1 } { last = $1 } END {
        printf "outbox: %d of %d mails arrived, %.0f mails/s over new connections of 100; ",
            NR, mails, (NR - 1) / ((last - first) / 1e9) }' sink.log >said
    echo "$early KB held after a tenth, $late KB near the end" >>said
    tee -a "$rows.context" <said | sed 's/^/             /'
else
    no_row FAILED "$title" "only $(arrived) of $mails arrived; ${put:-0} were put"
fi
