#!/bin/sh
# Latency from write() of a line to the mail server's end of DATA over a kept connection,
# with the durable commit in between, beside prometheus-alertmanager's from POST to the same
# kind of sink (it keeps alerts in memory only). Both run at the same time, on one core, and
# their events alternate. Once with a sink as servers are, once with one that acknowledges
# at once (TCP_QUICKACK), because delayed ACKs hide what the agents do.
#   EVENTS=100 GAP_MS=25 latency.sh SRCDIR BUILDDIR
set -u
src=$1 build=$2
. "$src/tests/bench/common"
events=${EVENTS:-100} gap=${GAP_MS:-25}

# group_by the token's capture, so that each line is a mail of its own.
start_tocsin() { # start_tocsin VARIANT SINK_OPTION
    start_sink "tocsin$1" smtp --plain $2
    fresh_log "tocsin$1"
    cat >"tocsin$1.yaml" <<YAML
state_dir: $disk/state$1
control: $work/control$1.sock
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
    taskset -c "$core" "$build/tocsin" run -q -c "$work/tocsin$1.yaml" 2>"tocsin$1.err" &
    pids="$pids $!"
}

start_alertmanager() { # the same; sets $api
    start_sink "alertmanager$1" smtp --plain $2
    cat >"am$1.yml" <<YAML
global: {smtp_smarthost: '127.0.0.1:$port', smtp_from: 'a@example.com', smtp_require_tls: false}
route: {receiver: m, group_by: ['alertname', 'id'], group_wait: 0s, group_interval: 5m}
receivers:
- name: m
  email_configs:
  - to: ops@example.org
    text: '{{ range .Alerts }}{{ .Labels.id }}{{ end }}'
    headers: {Subject: '{{ .CommonLabels.id }}'}
YAML
    api=$(($(od -An -N2 -tu2 /dev/urandom) % 20000 + 30000))
    taskset -c "$core" prometheus-alertmanager --config.file="am$1.yml" \
        --storage.path="data$1" --web.listen-address="127.0.0.1:$api" \
        --cluster.listen-address= >"am$1.err" 2>&1 &
    pids="$pids $!"
}

seen() { # seen SINK ROUND: how many mails of the round it has
    grep -c "EVT-$(printf '%02d' "$2")[0-9][0-9][0-9][0-9]\$" "$1.log" || true
}

wait_for_mails() { # wait_for_mails SINK ROUND: at most 20 s
    for _ in $(seq 200); do
        [ "$(seen "$1" "$2")" -ge "$events" ] && return
        sleep 0.1
    done
}

# A sample here: "ENGINE ROUND MAILS P50 P90 P99 MAX", in ms.
round() { # round VARIANT NUMBER PEER
    "$tools/latency" give "tocsin$1.watched/app.log" "$api" "$2" "$events" "$gap" >"times.$1.$2"
    for name in tocsin $3; do
        wait_for_mails "$name$1" "$2"
        echo "$name$1 $2 $("$tools/latency" report "times.$1.$2" "$name$1.log")" >>"$samples"
    done
}

ratio() { # ratio VARIANT FIELD: tocsin's above Alertmanager's, round by round
    awk -v v="$1" -v field="$2" '
        $1 == "tocsin" v { ours[$2] = $field }
        $1 == "alertmanager" v { theirs[$2] = $field }
        END { for (round in ours) if (theirs[round] > 0) print ours[round] / theirs[round] }' \
        "$samples" | middle
}

peer=alertmanager
have prometheus-alertmanager prometheus-alertmanager || peer=
for variant in .delayed-ack .quick-ack; do
    option='' api=0
    [ "$variant" = .quick-ack ] && option=--quickack
    start_tocsin "$variant" "$option"
    [ -n "$peer" ] && start_alertmanager "$variant" "$option"
    sleep 3
    for number in $(seq "$reps"); do round "$variant" "$number" "$peer"; done
    for pid in $pids; do kill "$pid" && wait "$pid"; done 2>/dev/null
    pids=
    for pair in 50:4 99:6; do
        title="p${pair%:*} from line to mail, durable, against Alertmanager's from POST to mail, sink with ${variant#.}"
        lost=$(awk -v v="$variant" -v events="$events" \
            'index($1, v) && $3 != events { n++ } END { print n + 0 }' "$samples")
        if [ -z "$peer" ]; then
            no_row SKIP "$title" "no prometheus-alertmanager; ours: $(of "tocsin$variant" "${pair#*:}") ms"
        elif [ "$lost" -gt 0 ]; then
            no_row FAILED "$title" "mails are missing in $lost rounds"
        else
            row "$title" most 0.5 x "$(ratio "$variant" "${pair#*:}")"
        fi
    done
    for name in tocsin $peer; do
        echo "sink with ${variant#.}, $name: p50 $(of "$name$variant" 4), p90 $(of "$name$variant" 5), p99 $(of "$name$variant" 6) ms (median, min, max of the rounds)"
    done | tee -a "$rows.context" | sed 's/^/             /'
done
