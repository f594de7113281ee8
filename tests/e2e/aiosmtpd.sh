#!/bin/sh
# Delivery to python3-aiosmtpd with TLS and a login, over implicit TLS and over STARTTLS; the
# mails parse without defects by Python's email package, policy strict.
set -eu
src=$1 build=$2
. "$src/tests/e2e/common"
python=/usr/bin/python3
"$python" -c 'import aiosmtpd' 2>/dev/null || skip "package python3-aiosmtpd is not installed"
command -v openssl >/dev/null || skip "package openssl is not installed"
make_certificates
mkdir mails
mkfifo leash
passed=0
count_mails() { ls mails/*.eml 2>/dev/null | wc -l; }
for tls in implicit starttls; do
    rm -f server.out
    port=$(free_port)
    "$python" "$src/tests/e2e/aiosmtpd_server.py" $tls server.pem server.key "$port" mails \
        <leash >server.out 2>server.log &
    pids="$pids $!"
    exec 9>leash
    until_true 10 grep -q ready server.out || fail "aiosmtpd did not start"
    write_config "$port" $tls
    run_agent count_mails 2
    exec 9>&-
    grep -qx lead@example.com mails/$tls-1.rcpt || fail "the second recipient is missing"
    sums=$("$python" "$src/tests/e2e/mail_check.py" mails/$tls-*.eml) || fail "a mail has defects"
    echo "aiosmtpd over $tls: $sums"
    case $sums in *" 6 events") ;; *) fail "6 events were given" ;; esac
    passed=$((passed + 1))
done
echo "$passed passed, 0 failed, 0 skipped"
