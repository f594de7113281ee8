#!/bin/sh
# Alerts a second over 16 kept HTTP connections, each 200 behind a durable commit, beside
# prometheus-alertmanager's POST /api/v2/alerts (which keeps alerts in memory only), one
# core each and the sender on another; and what 100,000 active alerts cost in memory. Both
# servers are started anew for each run, or what was distinct would be a repeat.
#   ingest.sh SRCDIR BUILDDIR
set -u
src=$1 build=$2
. "$src/tests/bench/common"

now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
sender_core=$((core > 0 ? core - 1 : 0))
free_port() {
    while :; do
        port=$(($(od -An -N2 -tu2 /dev/urandom) % 20000 + 30000))
        grep -q "$(printf ':%04X ' "$port")" /proc/net/tcp || return 0
    done
}

start_tocsin() {
    rm -rf "${disk:?}"/*
    tocsin_config "$port" >ingest.yaml
    exec taskset -c "$core" "$build/tocsin" run -q -c "$work/ingest.yaml"
}
tocsin_config() {
    cat <<YAML
state_dir: $disk/state
control: $disk/control.sock
http: {listen: "127.0.0.1:$1"}
routes: [{to: [folder], group_by: [alertname], group_wait: 10m}]
outputs: [{name: folder, maildir: $disk/mails}]
YAML
}

start_alertmanager() {
    rm -rf "$work/data"
    cat >am.yml <<'YAML'
route: {receiver: nobody, group_by: [alertname], group_wait: 10m}
receivers: [{name: nobody}]
YAML
    exec taskset -c "$core" prometheus-alertmanager --config.file=am.yml \
        --storage.path="$work/data" --web.listen-address="127.0.0.1:$port" \
        --cluster.listen-address= --log.level=error
}

# taken_SERVER ALERTS: a server that says 200 must have counted each of them.
taken_alertmanager() { :; }
taken_tocsin() {
    "$build/tocsin" status --json -c ingest.yaml >counters
    awk -v RS=, -F '[:}]' -v wanted="$1" '
        /"(matches|repeats)":/ { taken += $(NF) == "" ? $(NF - 1) : $NF }
        END { exit taken != wanted }' counters && return
    echo "tocsin does not count the $1 alerts that it was sent:"
    grep -oE '"(matches|repeats)":[0-9]*' counters
    return 1
} >&2

# A sample here: "ENGINE REP ALERTS WALL_S - RSS_KB P50_MS P99_MS".
load() { # load SERVER FORM ALERTS BATCH DISTINCT
    free_port
    "start_$1" >"$1.err" 2>&1 &
    server=$!
    for _ in $(seq 100); do
        cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
            grep -q "$(printf ':%04X 0*:0000 0A' "$port")" && break
        sleep 0.1
    done
    taskset -c "$sender_core" "$tools/ingest" "$port" "$2" 16 "$3" "$4" "$5" "$now" >said 2>said.err
    status=$?
    rss=$(awk '/^VmRSS/ { print $2 }' "/proc/$server/status")
    "taken_$1" "$3" || status=1
    kill "$server"
    wait "$server" 2>/dev/null
    [ "$status" -eq 0 ] || { cat said.err "$1.err" >&2; return; }
    read -r alerts wall p50 p99 refused <said
    echo "$alerts $wall - $rss $p50 $p99"
}

run_am_1() { load alertmanager api 8000 1 0; }
run_am_64() { load alertmanager api 100000 64 0; }
run_am_1r() { load alertmanager api 8000 1 1000; }
run_am_64r() { load alertmanager api 64000 64 1000; }
run_tocsin_1() { load tocsin webhook 8000 1 0; }
run_tocsin_64() { load tocsin webhook 100000 64 0; }
run_tocsin_1r() { load tocsin webhook 8000 1 1000; }
run_tocsin_64r() { load tocsin webhook 64000 64 1000; }

theirs='' ours=''
have prometheus-alertmanager prometheus-alertmanager && theirs='am_1 am_64 am_1r am_64r'
tocsin_config 9 >probe.yaml
"$build/tocsin" check -q -c probe.yaml >said 2>&1 && ours='tocsin_1 tocsin_64 tocsin_1r tocsin_64r'

one() { # one KIND TARGET TITLE
    title="alerts over HTTP, durable, $3, against Alertmanager's API in memory"
    if [ -z "$ours" ]; then
        no_row SKIP "$title" "this tocsin has no http; Alertmanager: $(awk -v engine="am_$1" \
            '$1 == engine { print $3 / $4 }' "$samples" | middle) alerts/s"
    elif [ -z "$theirs" ]; then
        no_row SKIP "$title" "no prometheus-alertmanager"
    else
        row "$title" least "$2" x "$(faster "tocsin_$1" "am_$1")"
    fi
}

: >"$samples"
warm=no
interleave $theirs $ours
one 1 1.5 'one a request, distinct'
one 1r 1.5 'one a request, 1,000 repeating'
one 64 7 '64 a request, distinct'
one 64r 7 '64 a request, 1,000 repeating'
title="memory with 100,000 active alerts, against Alertmanager's"
if [ -n "$ours" ] && [ -n "$theirs" ]; then
    row "$title" most 0.2 x "$(awk '
        $1 == "tocsin_64" { ours[$2] = $6 }
        $1 == "am_64" { theirs[$2] = $6 }
        END { for (rep in ours) if (theirs[rep] > 0) print ours[rep] / theirs[rep] }' "$samples" | middle)"
else
    no_row SKIP "$title" "Alertmanager: $(of am_64 6 0.0009765625) MB"
fi
for engine in $theirs $ours; do
    grep -q "^$engine " "$samples" || continue
    echo "ingest, $engine: $(awk -v engine="$engine" '$1 == engine { print $3 / $4 }' "$samples" | middle) alerts/s, p99 $(of "$engine" 8) ms, RSS $(of "$engine" 6 0.0009765625) MB"
done | tee -a "$rows.context" | sed 's/^/             /'
