#!/bin/sh
# Latency from write() of a line to the mail server's end of DATA over a kept connection,
# with the durable commit in between, beside prometheus-alertmanager's from POST to the same
# kind of sink (it keeps alerts in memory only). To reach: p50 and p99 <= 0.5 x its.
#   EVENTS=200 GAP_MS=50 latency.sh SRCDIR BUILDDIR
set -eu
build=$2
events=${EVENTS:-200} gap=${GAP_MS:-50}
work=$(mktemp -d "${TMPDIR:-/tmp}/tocsin-latency.XXXXXX")
pids=
cleanup() {
    for pid in $pids; do kill "$pid" 2>/dev/null || true; done
    rm -rf "$work"
}
trap cleanup EXIT
cd "$work"

start_sink() { # start_sink NAME OPTIONS...: sets $port
    name=$1
    shift
    : >"$name.out" # before anybody reads it
    "$build/tocsin" sink --plain --token EVT- --log "$name.log" "$@" >"$name.out" 2>&1 &
    pids="$pids $!"
    port=
    for _ in $(seq 100); do
        port=$(sed -n 's/^listening .*smtp=127.0.0.1:\([0-9]*\).*/\1/p' "$name.out")
        [ -n "$port" ] && return 0
        sleep 0.1
    done
    cat "$name.out"
    return 1
}

wait_for() { # wait_for COUNT FILE: that many lines with a token, at most 20 s
    for _ in $(seq 200); do
        [ "$(grep -c EVT- "$2" || true)" -ge "$1" ] && return 0
        sleep 0.1
    done
    return 0
}

# One row: tocsin. group_by the token's capture, so that each line is a mail of its own.
run_tocsin() {
    start_sink "tocsin$1" $2
    mkdir "state$1"
    : >"app$1.log"
    cat >"tocsin$1.yaml" <<YAML
state_dir: $work/state$1
control: $work/control$1.sock
sources:
  - {name: app, files: [$work/app$1.log]}
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
    "$build/tocsin" run -q -c "$work/tocsin$1.yaml" 2>"tocsin$1.err" &
    agent=$!
    pids="$pids $agent"
    sleep 2
    "$build/tests/bench/latency" write "app$1.log" "$events" "$gap" >"times.tocsin$1"
    wait_for "$events" "tocsin$1.log"
    kill "$agent"
    wait "$agent" || cat "tocsin$1.err"
    "$build/tests/bench/latency" report "times.tocsin$1" "tocsin$1.log" ||
        cat "tocsin$1.err" >&2
}

run_alertmanager() {
    start_sink "am$1" $2
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
    prometheus-alertmanager --config.file="am$1.yml" --storage.path="data$1" \
        --web.listen-address="127.0.0.1:$api" --cluster.listen-address= >"am$1.err" 2>&1 &
    peer=$!
    pids="$pids $peer"
    sleep 3
    "$build/tests/bench/latency" post "$api" "$events" "$gap" >"times.am$1"
    wait_for "$events" "am$1.log"
    kill "$peer"
    wait "$peer" || true
    "$build/tests/bench/latency" report "times.am$1" "am$1.log" || cat "am$1.err" >&2
}

row() { # row NAME "got p50 p90 p99 max"
    printf '%-34s %5s mails  p50 %7s ms  p90 %7s  p99 %7s  max %7s\n' "$1" $2
}

command -v prometheus-alertmanager >/dev/null || have_peer=no
for variant in "" quickack; do
    options=${variant:+--quickack}
    run_tocsin "$variant" "$options" >ours # no $(...): the pids must stay known here
    ours=$(cat ours)
    row "tocsin ${variant:-delayed ACK}" "$ours"
    if [ "${have_peer:-yes}" = no ]; then
        echo "SKIP the peer: package prometheus-alertmanager is not installed"
        continue
    fi
    run_alertmanager "$variant" "$options" >theirs
    theirs=$(cat theirs)
    row "prometheus-alertmanager ${variant:-delayed ACK}" "$theirs"
    echo "$ours $theirs" | awk -v events="$events" '$1 != events || $6 != events {
        print "ratio: not all mails arrived, NOT REACHED"; exit }
    {
        p50 = $2 / $7; p99 = $4 / $9
        printf "ratio tocsin/alertmanager          p50 %.2f (to reach: 0.50 %s)  p99 %.2f (0.50 %s)\n",
            p50, p50 <= 0.5 ? "reached" : "NOT REACHED", p99, p99 <= 0.5 ? "reached" : "NOT REACHED" }'
done
