#!/bin/sh
# Mails a second into one sink over TLS with a login: tocsin over its one connection, msmtp
# once a mail, and Postfix's smtp client over one reused connection. Each rate is (mails - 1)
# / (last arrival - first arrival) by the sink's stamps. tocsin and Postfix have each mail
# durable on their side, msmtp has nothing.
#   REPS=5 MAILS=100 smtp.sh SRCDIR BUILDDIR        (MAILS: at most 100, a connection's worth)
set -u
src=$1 build=$2
. "$src/tests/bench/common"
mails=${MAILS:-100}
PATH=$PATH:/usr/sbin
spool=$(mktemp -d "${TMPDIR:-/tmp}/tocsin-smtp.XXXXXX") # Postfix's own users go through
chmod 755 "$spool"
trap '[ ! -e "$spool/etc/main.cf" ] || postfix -c "$spool/etc" stop >/dev/null 2>&1
      rm -rf "$spool"
      cleanup' EXIT
printf secret >password
chmod 600 password

# A sample here: "ENGINE REP INTERVALS SECONDS", by the sink's stamps.
measure() { # measure ENGINE: waits until all mails of this round are there
    for _ in $(seq 600); do
        [ "$(grep -c EVT- sink.log)" -lt "$mails" ] || break
        sleep 0.1
    done
    awk -v name="$1" -v round="$round" 'NR == 1 { first = $1 } { last = $1 } END {
        printf "%s %d %d %.6f\n", name, round, NR - 1, (last - first) / 1e9 }' sink.log >>"$samples"
    : >sink.log
}

run_tocsin() {
    rm -rf "$disk/state"
    fresh_log agent
    cat >tocsin.yaml <<YAML
state_dir: $disk/state
control: $work/control.sock
sources: [{name: app, files: [$watched]}]
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
    seq -f 'EVT-%g refused' "$mails" >>"$watched"
    measure tocsin
    kill "$agent"
    wait "$agent" || true
}

mail_text() { # about as long as tocsin's
    printf 'From: agent@example.com\nTo: ops@example.com\nSubject: EVT-%s refused\n\nEVT-%s\n' "$1" "$1"
    head -c 4300 /dev/zero | tr '\0' x | fold -w 72
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
    mkdir -p "$spool/etc" "$spool/queue" "$spool/data"
    chown postfix "$spool/data"
    cat >"$spool/etc/main.cf" <<CF
compatibility_level = 3.6
queue_directory = $spool/queue
data_directory = $spool/data
maillog_file = $spool/postfix.log
maillog_file_prefixes = $spool
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
    } >"$spool/etc/master.cf"
    postfix -c "$spool/etc" start >/dev/null 2>&1
}

run_postfix() {
    for i in $(seq "$mails"); do mail_text "$i" | sendmail -C "$spool/etc" -f agent@example.com ops@example.com; done
    for _ in $(seq 300); do
        [ "$(find "$spool/queue/deferred" -type f | wc -l)" -lt "$mails" ] || break
        sleep 0.1
    done
    postconf -c "$spool/etc" -e defer_transports=
    postfix -c "$spool/etc" reload >/dev/null 2>&1
    postqueue -c "$spool/etc" -f
    measure postfix
    postconf -c "$spool/etc" -e defer_transports=smtp
    postfix -c "$spool/etc" reload >/dev/null 2>&1
}

beats() { # beats PEER TITLE
    if missing=$(agree 3 tocsin "$1"); then
        row "mails a second over TLS with a login, against $2" least 1 x "$(faster tocsin "$1")"
    else
        no_row FAILED "mails a second against $2" "$missing"
    fi
}

show() { # show ENGINE: mails a second
    awk -v engine="$1" '$1 == engine { print $3 / $4 }' "$samples" | middle |
        sed "s|^|$1: mails/s over one connection, rounds of $mails: |"
}

peers_here=
[ -z "$(command -v msmtp)" ] || peers_here=msmtp
[ "$(id -u)" != 0 ] || [ -z "$(command -v postfix)" ] || peers_here="$peers_here postfix"
start_sink sink smtps --quickack --write-ca ca.pem
smtps=$port
case $peers_here in *postfix*) make_postfix ;; esac
for round in $(seq "$reps"); do
    for engine in tocsin $peers_here; do "run_$engine"; done
done
case $peers_here in
*postfix*) beats postfix "Postfix's smtp client, its connection reused" ;;
*) no_row SKIP "mails a second against Postfix" "it is not installed, or this is not root" ;;
esac
case $peers_here in
*msmtp*) beats msmtp "msmtp once a mail" ;;
*) no_row SKIP "mails a second against msmtp" "it is not installed" ;;
esac
for engine in tocsin $peers_here; do show "$engine"; done |
    tee -a "$rows.context" | sed 's/^/             /'
