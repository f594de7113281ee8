#!/bin/sh
# Alerts that are posted: tocsin, each 200 behind an fdatasync, beside prometheus-alertmanager,
# which keeps them in memory; server and client on a core of their own, 16 connections. To
# reach: >= 1.5 x its alerts/s at batches of 1, >= 7 x at 64. Medians of ROUNDS rounds.
#   ROUNDS=3 ingest.sh SRCDIR BUILDDIR
set -eu
build=$2
rounds=${ROUNDS:-3}
work=$(mktemp -d "${TMPDIR:-/tmp}/tocsin-ingest.XXXXXX")
pids=
cleanup() {
    for pid in $pids; do kill "$pid" 2>/dev/null || true; done
    rm -rf "$work"
}
trap cleanup EXIT
cd "$work"
pin=
command -v taskset >/dev/null && [ "$(nproc)" -ge 2 ] && pin='taskset -c'

free_port() {
    while :; do
        port=$(($(od -An -N2 -tu2 /dev/urandom) % 20000 + 30000))
        grep -q "$(printf ':%04X ' "$port")" /proc/net/tcp || return 0
    done
}

stop() {
    kill "$server"
    wait "$server" 2>/dev/null || true
    pids=
}

measure() { # measure PATH COUNT BATCH DISTINCT: prints what the client says
    until grep -q "$(printf ':%04X 00000000:0000 0A' "$port")" /proc/net/tcp /proc/net/tcp6; do
        sleep 0.1
    done
    ${pin:+$pin 0} "$build/tests/bench/ingest" "$port" "$1" "$2" "$3" 16 "$4"
}

run_tocsin() { # run_tocsin COUNT BATCH DISTINCT
    free_port
    rm -rf state
    cat >tocsin.yaml <<YAML
state_dir: $work/state
control: $work/control.sock
http: {listen: '127.0.0.1:$port'}
routes: [{to: [local], group_by: [alertname], group_wait: 1h}]
outputs: [{name: local, maildir: $work/mail}]
YAML
    ${pin:+$pin 1} "$build/tocsin" run -q -c tocsin.yaml 2>tocsin.err &
    server=$!
    pids=$server
    measure /webhook/alertmanager "$@" || cat tocsin.err >&2
    stop
}

run_alertmanager() {
    free_port
    rm -rf data
    cat >am.yml <<YAML
route: {receiver: m, group_by: ['alertname'], group_wait: 1h}
receivers: [{name: m}]
YAML
    GOMAXPROCS=1 ${pin:+$pin 1} prometheus-alertmanager --config.file=am.yml --storage.path=data \
        --web.listen-address="127.0.0.1:$port" --cluster.listen-address= >am.err 2>&1 &
    server=$!
    pids=$server
    measure /api/v2/alerts "$@" || cat am.err >&2
    stop
}

median() { # median FILE: the line with the middle number of alerts/s
    sort -n "$1" | sed -n "$(((rounds + 1) / 2))p"
}

row() { # row NAME WHO "ALERTS/S P50 P99 BAD"
    name=$1 who=$2
    # shellcheck disable=SC2086
    set -- $3
    printf '%-20s %-12s %8s alerts/s  p50 %7s ms  p99 %7s  not 200: %s\n' \
        "$name" "$who" "$1" "$2" "$3" "$4"
}

have_peer=yes
if ! command -v prometheus-alertmanager >/dev/null; then
    have_peer=no
    echo "SKIP the peer: package prometheus-alertmanager is not installed"
fi
case_row() { # case_row NAME COUNT BATCH DISTINCT TO_REACH
    case=$1 count=$2 batch=$3 distinct=$4 wanted=$5
    rm -f ours.all theirs.all
    for _ in $(seq "$rounds"); do # interleaved, so that the machine's moods hit both
        run_tocsin $((count * 2)) "$batch" "$distinct" >ours.one
        cat ours.one >>ours.all
        [ $have_peer = no ] || run_alertmanager "$count" "$batch" "$distinct" >theirs.one
        [ $have_peer = no ] || cat theirs.one >>theirs.all
    done
    row "$case" tocsin "$(median ours.all)"
    [ $have_peer = yes ] || return 0
    row "" alertmanager "$(median theirs.all)"
    echo "$(median ours.all) $(median theirs.all)" | awk -v wanted="$wanted" '{
        printf "ratio %40.2f (to reach: %s %s)\n", $1 / $5, wanted,
            ($1 / $5 >= wanted && $4 == 0) ? "reached" : "NOT REACHED" }'
}
case_row "1, distinct" 20000 1 0 1.5
case_row "1, 1000 repeated" 20000 1 1000 1.5
case_row "64, distinct" 64000 64 0 7
case_row "64, 1000 repeated" 128000 64 1000 7
