#!/bin/sh
# The matrix of tests/samples/smtp_matrix.tsv once for real: each stage is one agent with ten
# accounts, each against a sink of its own that behaves so; names are resolved by a server that
# goes wrong likewise. No turn of the agent's loop may take more than 50 ms. What takes minutes
# (time-outs, the next try) is shown by the unit tests "matrix"; here a hung cell blocks nobody.
#   matrix.sh SRCDIR BUILDDIR [STAGE...]
set -eu
src=$1 build=$2
if [ "${IN_NAMESPACE:-}" != yes ] && [ "$(id -u)" = 0 ] && unshare -n -m true 2>/dev/null; then
    IN_NAMESPACE=yes exec unshare -n -m sh "$0" "$@"
fi
shift 2
. "$src/tests/e2e/common"
[ "${IN_NAMESPACE:-}" = yes ] || skip "networks and name servers of its own need root and namespaces"
command -v ip >/dev/null || skip "package iproute2 is not installed"
python=/usr/bin/python3
[ -x "$python" ] || skip "package python3 is not installed"
table=$src/tests/samples/smtp_matrix.tsv
tab=$(printf '\t')
ip link set lo up
mount --make-rprivate /
mkdir fast
trap 'umount -l fast; cleanup' EXIT
mount -t tmpfs tmpfs fast # a disk that others keep busy is not what is asked about here
printf 'nameserver 127.0.0.1\noptions timeout:2 attempts:1\n' >resolv.conf
mount --bind resolv.conf /etc/resolv.conf
printf '127.0.0.1 localhost\n' >hosts
mount --bind hosts /etc/hosts
"$python" "$src/tests/e2e/matrix_dns.py" 2>dns.log &
pids="$pids $!"
mkfifo leash
"$build/tests/e2e/silent_port" <leash >silent &
pids="$pids $!"
exec 9>leash
printf secret >password
chmod 600 password

host_of() { # host_of STAGE BEHAVIOUR
    case $1.$2 in
    resolve.2xx) echo localhost ;;
    resolve.4xx) echo servfail.test ;;
    resolve.garbage | resolve.close | resolve.hang | resolve.slow | resolve.long) echo "$2.test" ;;
    resolve.*) echo "nowhere.test" ;;
    *) echo localhost ;;
    esac
}

ca_of() { # a handshake that a person has to mend: a certificate of somebody else
    case $1.$2 in tls.5xx) echo 2xx ;; *) echo "$2" ;; esac
}

start_sinks() { # start_sinks STAGE: sets nothing, leaves ports in BEHAVIOUR.out
    sinks=
    grep "^$1$tab" "$table" | while IFS="$tab" read -r stage behaviour _ rules _; do
        set --
        [ "$stage" = resolve ] || [ "$stage.$behaviour" = tls.5xx ] || while [ -n "$rules" ]; do
            rule=$(printf '%s\n' "${rules%%;*}" | sed 's/wait 20s/wait 2s/; s/slow 1$/slow 200/')
            set -- "$@" --says "$rule"
            case $rules in *\;*) rules=${rules#*;} ;; *) rules= ;; esac
        done
        mkdir -p "mails/$behaviour"
        "$build/tocsin" sink "$@" --for 60s --write-ca "$behaviour.pem" --eml "mails/$behaviour" >"$behaviour.out" 2>&1 &
        echo $! >>sinks
    done
    pids="$pids $(tr '\n' ' ' <sinks)"
}

write_matrix_config() { # write_matrix_config STAGE
    {
        echo "state_dir: $work/fast/state"
        echo "control: $work/control.sock"
        echo "sources: [{name: app, files: [$work/app.log]}]"
        echo "rules: [{name: refused, match: refused}]"
        echo "accounts:"
        grep "^$1$tab" "$table" | while IFS="$tab" read -r stage behaviour tls _; do
            name=smtps
            [ "$tls" = implicit ] || name=smtp
            port=$(sed -n "s/.* $name=127.0.0.1:\([0-9]*\).*/\1/p" "$behaviour.out")
            case $stage.$behaviour in
            connect.reset) port=1 ;;             # nobody listens
            connect.hang) port=$(cat silent) ;; # nobody accepts, and the queue is full
            esac
            echo "  - {name: '$behaviour', from: a@example.com, smtp: {host: $(host_of "$stage" "$behaviour"), port: $port, tls: $tls, user: a, password_file: $work/password, ca_file: $work/$(ca_of "$stage" "$behaviour").pem}}"
        done
        echo "outputs:"
        grep "^$1$tab" "$table" | while IFS="$tab" read -r _ behaviour _; do
            echo "  - {name: '$behaviour', account: '$behaviour', to: [ops@example.com]}"
        done
        echo "routes: [{group_wait: 0s, to: [$(grep "^$1$tab" "$table" | cut -f2 | sed "s/.*/'&'/" | paste -sd,)]}]"
    } >tocsin.yaml
}

play() { # play STAGE: leaves the longest turn in $longest
    rm -rf fast/state mails sinks ./*.out agent.log
    : >app.log
    start_sinks "$1"
    all_listen() { [ "$(grep -l '^listening' ./*.out 2>/dev/null | wc -l)" = 10 ]; }
    until_true 10 all_listen || fail "ten sinks did not start for $1"
    write_matrix_config "$1"
    "$build/tocsin" run -v -c tocsin.yaml 2>agent.log &
    agent=$!
    pids="$pids $agent"
    until_true 10 grep -q running agent.log || fail "the agent did not start for $1"
    echo "connection refused" >>app.log
    sleep "${WAIT:-7}"
    longest=$("$build/tocsin" status -c tocsin.yaml -v | awk '$1 == "longest_turn_ms" { print $2 }')
    kill -KILL "$agent"
    wait "$agent" 2>/dev/null || true
    for sink in $(cat sinks); do kill "$sink" 2>/dev/null || true; done
}

passed=0 failed=0
[ $# -gt 0 ] || set -- $(grep -v '^#' "$table" | cut -f1 | uniq)
for stage in "$@"; do
    for try in 1 2 3 4 5; do # what blocks does so each time; a busy machine does not
        play "$stage"
        [ "$longest" -gt 50 ] || break
    done
    if "$python" "$src/tests/e2e/matrix_look.py" "$table" "$stage" fast/state/tocsin.db mails && [ "$longest" -le 50 ]; then
        echo "ok   S01 10 cells of $stage for real; the longest turn took $longest ms (try $try)"
        passed=$((passed + 1))
    else
        echo "FAIL S01 $stage for real; the longest turn took $longest ms"
        failed=$((failed + 1))
        tail -n 40 agent.log
    fi
done
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
