#!/bin/sh
# Mails a second into one sink over TLS with a login: tocsin over its one connection, msmtp once a
# mail, and Postfix's smtp client over one reused connection. Interleaved rounds; each rate is
# (mails - 1) / (last arrival - first arrival) by the sink's stamps. tocsin and Postfix have each
# mail durable on their side, msmtp has nothing. To reach: ahead of both.
#   ROUNDS=5 MAILS=100 smtp.sh SRCDIR BUILDDIR      (MAILS: at most 100, a connection's worth)
set -eu
build=$2
rounds=${ROUNDS:-5} mails=${MAILS:-100}
work=$(mktemp -d "${TMPDIR:-/tmp}/tocsin-smtp.XXXXXX")
pids=
cleanup() {
    [ ! -e "$work/etc/main.cf" ] || postfix -c "$work/etc" stop >/dev/null 2>&1 || true
    for pid in $pids; do kill "$pid" 2>/dev/null || true; done
    rm -rf "$work"
}
trap cleanup EXIT
PATH=$PATH:/usr/sbin
chmod 755 "$work"
cd "$work"
printf secret >password
chmod 600 password

"$build/tocsin" sink --quickack --token EVT- --log sink.log --write-ca ca.pem >sink.out 2>&1 &
pids="$pids $!"
smtps=
for _ in $(seq 100); do
    smtps=$(sed -n 's/^listening .*smtps=127.0.0.1:\([0-9]*\).*/\1/p' sink.out)
    [ -z "$smtps" ] || break
    sleep 0.1
done
: >rates

# measure NAME: wait until all of this round are there, and note the rate.
measure() {
    for _ in $(seq 600); do
        [ "$(grep -c EVT- sink.log)" -lt "$mails" ] || break
        sleep 0.1
    done
    awk -v name="$1" 'NR == 1 { first = $1 } { last = $1 } END {
        printf "%s %d %.1f\n", name, NR, (NR - 1) / ((last - first) / 1e9) }' sink.log >>rates
    : >sink.log
}

run_tocsin() {
    rm -rf state watched
    mkdir watched # nothing else is written there
    : >watched/app.log
    cat >tocsin.yaml <<YAML
state_dir: $work/state
control: $work/control.sock
sources: [{name: app, files: [$work/watched/app.log]}]
rules: [{name: ssh, match: '(?<token>EVT-\d+) refused', by: [token]}]
routes: [{to: [ops], group_by: [token], group_wait: 0s}]
accounts:
  - name: sink
    smtp: {host: localhost, port: $smtps, user: agent@example.com, password_file: $work/password,
           ca_file: $work/ca.pem}
    from: agent@example.com
outputs: [{name: ops, account: sink, to: [ops@example.com]}]
YAML
    "$build/tocsin" run -q -c tocsin.yaml 2>agent.log &
    agent=$!
    for _ in $(seq 100); do [ ! -S control.sock ] || break; sleep 0.1; done
    seq -f 'EVT-%g refused' "$mails" >>watched/app.log
    measure tocsin
    kill "$agent"
    wait "$agent" || true
}

mail_text() { # about as long as tocsin's
    printf 'From: agent@example.com\nTo: ops@example.com\nSubject: EVT-%s refused\n\nEVT-%s\n' "$1" "$1"
    head -c 9000 /dev/zero | tr '\0' x | fold -w 72
    echo
}

run_msmtp() {
    cat >msmtprc <<RC
account default
host localhost
port $smtps
tls on
tls_starttls off
tls_trust_file $work/ca.pem
auth plain
user agent@example.com
password secret
from agent@example.com
RC
    chmod 600 msmtprc
    mail_text 1 >one.eml
    for _ in $(seq "$mails"); do msmtp -C msmtprc ops@example.com <one.eml; done
    measure msmtp
}

make_postfix() {
    mkdir -p etc queue data
    chown postfix data
    cat >etc/main.cf <<CF
compatibility_level = 3.6
queue_directory = $work/queue
data_directory = $work/data
maillog_file = $work/postfix.log
maillog_file_prefixes = /tmp, $work
myhostname = bench.example.org
inet_protocols = ipv4
mydestination =
alias_maps =
relayhost = [localhost]:$smtps
smtp_host_lookup = native
smtp_tls_wrappermode = yes
smtp_tls_security_level = encrypt
smtp_tls_connection_reuse = yes
smtp_sasl_auth_enable = yes
smtp_sasl_password_maps = static:agent@example.com:secret
smtp_sasl_security_options =
smtp_destination_concurrency_limit = 1
defer_transports = smtp
CF
    {
        echo "postlog unix-dgram n - n - 1 postlogd"
        for service in 'pickup unix n - n 60 1 pickup' 'cleanup unix n - n - 0 cleanup' \
            'qmgr unix n - n 300 1 qmgr' 'tlsmgr unix - - n 1000? 1 tlsmgr' \
            'rewrite unix - - n - - trivial-rewrite' 'bounce unix - - n - 0 bounce' \
            'defer unix - - n - 0 bounce' 'trace unix - - n - 0 bounce' \
            'proxymap unix - - n - - proxymap' 'error unix - - n - - error' \
            'retry unix - - n - - error' 'smtp unix - - n - - smtp' \
            'scache unix - - n - 1 scache' 'tlsproxy unix - - n - 0 tlsproxy' \
            'showq unix n - n - - showq' 'flush unix n - n 1000? 0 flush'; do
            echo "$service"
        done
    } >etc/master.cf
    postfix -c "$work/etc" start >/dev/null 2>&1
}

run_postfix() {
    for i in $(seq "$mails"); do mail_text "$i" | sendmail -C "$work/etc" -f agent@example.com ops@example.com; done
    for _ in $(seq 300); do
        [ "$(find queue/deferred -type f | wc -l)" -lt "$mails" ] || break
        sleep 0.1
    done
    postconf -c "$work/etc" -e defer_transports=
    postfix -c "$work/etc" reload >/dev/null 2>&1
    postqueue -c "$work/etc" -f
    measure postfix
    postconf -c "$work/etc" -e defer_transports=smtp
    postfix -c "$work/etc" reload >/dev/null 2>&1
}

has_msmtp=$(command -v msmtp || true)
has_postfix=
[ "$(id -u)" != 0 ] || has_postfix=$(command -v postfix || true)
[ -n "$has_msmtp" ] || echo "SKIP msmtp is not installed"
[ -n "$has_postfix" ] || echo "SKIP Postfix is not installed, or this is not root"
[ -z "$has_postfix" ] || make_postfix
for _ in $(seq "$rounds"); do
    run_tocsin
    [ -z "$has_msmtp" ] || run_msmtp
    [ -z "$has_postfix" ] || run_postfix
done
sort -k1,1 -k3,3n rates | awk '
    $1 != name { if (name) show(); name = $1; count = 0 }
    { rate[++count] = $3; mails = $2 }
    function show() {
        printf "%-8s %7.1f mails/s (median of %d rounds of %d mails; %.1f to %.1f)\n", name,
            rate[int((count + 1) / 2)], count, mails, rate[1], rate[count] }
    END { if (name) show() }'
