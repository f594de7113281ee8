#!/bin/sh
# Delivery to a Postfix of its own (own folders, loopback, TLS, SASL login against a
# throw-away sasldb), over implicit TLS and over STARTTLS.
set -eu
src=$1 build=$2
. "$src/tests/e2e/common"
[ "$(id -u)" = 0 ] || skip "Postfix must be started as root"
for tool in postfix saslpasswd2 openssl; do
    PATH=$PATH:/usr/sbin command -v $tool >/dev/null || skip "$tool is not installed (packages postfix, sasl2-bin, openssl)"
done
[ -e /usr/lib/sasl2/libsasldb.so ] || ls /usr/lib/*/sasl2/libsasldb.so >/dev/null 2>&1 ||
    skip "package libsasl2-modules-db is not installed"
PATH=$PATH:/usr/sbin:/sbin
chmod 755 "$work"
make_certificates
starttls_port=$(free_port)
implicit_port=$(free_port)
mkdir -p etc/sasl queue data mail
chown postfix data
chown nobody mail
cat >etc/main.cf <<CF
compatibility_level = 3.6
queue_directory = $work/queue
data_directory = $work/data
maillog_file = $work/server.log
maillog_file_prefixes = /tmp, $work
myhostname = mail.example.com
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mydestination =
alias_maps =
virtual_mailbox_domains = example.com
virtual_mailbox_base = $work/mail
virtual_mailbox_maps = static:box/
virtual_uid_maps = static:$(id -u nobody)
virtual_gid_maps = static:$(id -g nobody)
smtpd_tls_cert_file = $work/server.pem
smtpd_tls_key_file = $work/server.key
smtpd_tls_security_level = encrypt
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = cyrus
smtpd_sasl_path = smtpd
smtpd_sasl_local_domain = example.com
cyrus_sasl_config_path = $work/etc/sasl
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = permit_sasl_authenticated, reject
CF
cat >etc/master.cf <<CF
127.0.0.1:$starttls_port inet n - n - - smtpd
127.0.0.1:$implicit_port inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
postlog unix-dgram n - n - 1 postlogd
CF
for service in 'pickup unix n - n 60 1 pickup' 'cleanup unix n - n - 0 cleanup' \
    'qmgr unix n - n 300 1 qmgr' 'tlsmgr unix - - n 1000? 1 tlsmgr' \
    'rewrite unix - - n - - trivial-rewrite' 'bounce unix - - n - 0 bounce' \
    'defer unix - - n - 0 bounce' 'trace unix - - n - 0 bounce' \
    'proxymap unix - - n - - proxymap' 'error unix - - n - - error' \
    'retry unix - - n - - error' 'virtual unix - n n - - virtual' \
    'anvil unix - - n - 1 anvil' 'scache unix - - n - 1 scache'; do
    echo "$service" >>etc/master.cf
done
printf 'pwcheck_method: auxprop\nauxprop_plugin: sasldb\nmech_list: PLAIN LOGIN\nsasldb_path: %s\n' \
    "$work/sasldb2" >etc/sasl/smtpd.conf
echo secret | saslpasswd2 -p -f "$work/sasldb2" -c -u example.com agent
chgrp postfix sasldb2
chmod 640 sasldb2
postfix -c "$work/etc" start >start.log 2>&1 || { cat start.log; fail "Postfix did not start"; }
stop_postfix() {
    postfix -c "$work/etc" stop >/dev/null 2>&1 || true
    cleanup
}
trap stop_postfix EXIT
passed=0
count_mails() { ls mail/box/new 2>/dev/null | wc -l; }
for tls in implicit starttls; do
    if [ $tls = implicit ]; then port=$implicit_port; else port=$starttls_port; fi
    rm -rf mail/box
    write_config "$port" $tls
    run_agent count_mails 4 # two mails for each of two recipients
    [ "$(count_mails)" = 4 ] || fail "$(count_mails) mails lie there instead of 4"
    echo "Postfix over $tls: $(count_mails) mails delivered to two recipients"
    passed=$((passed + 1))
done
echo "$passed passed, 0 failed, 0 skipped"
