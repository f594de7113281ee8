#!/bin/sh
# Delivery to an OpenSMTPD of its own with TLS and a login, over implicit TLS (smtps, as port
# 465) and over STARTTLS (as port 587). Debian's package cannot be installed beside Postfix, so
# it is unpacked, and stands in its places in a mount namespace of its own.
set -eu
src=$1 build=$2
. "$src/tests/e2e/common"
[ "$(id -u)" = 0 ] || skip "OpenSMTPD must be started as root"
command -v openssl >/dev/null || skip "package openssl is not installed"
unshare -m true 2>/dev/null || skip "no mount namespace can be made here"
chmod 755 "$work"
deb=$build/tests/out/deb
mkdir -p "$deb" root
[ -n "$(ls "$deb"/opensmtpd_*.deb 2>/dev/null)" ] ||
    (cd "$deb" && apt-get -q download opensmtpd) >apt.log 2>&1 || skip "package opensmtpd cannot be downloaded"
dpkg -x "$deb"/opensmtpd_*.deb root
ldd root/usr/sbin/smtpd | grep -q 'not found' && skip "OpenSMTPD's libraries are missing: $(ldd root/usr/sbin/smtpd | sed -n 's/ => not found//p' | tr -d '\n')"

make_certificates
chmod 600 server.key
# Debian 12's OpenSMTPD signs by a process of its own, which OpenSSL 3 does not ask: each
# handshake fails ("EVP lib"). A shim gives the key to where it is missing.
cat >key.c <<'C'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
static EVP_PKEY *key;
__attribute__((constructor)) static void read_key(void)
{
    FILE *in = fopen("/run/server.key", "r");
    if (in) {
        key = PEM_read_PrivateKey(in, NULL, NULL, NULL);
        fclose(in);
    }
}
void SSL_set_accept_state(SSL *ssl)
{
    void (*usual)(SSL *) = dlsym(RTLD_NEXT, "SSL_set_accept_state");
    SSL_use_PrivateKey(ssl, key);
    usual(ssl);
}
C
cc -shared -fPIC -o key.so key.c -lssl -lcrypto 2>cc.log || skip "no C compiler with libssl-dev: $(head -n 1 cc.log)"
starttls_port=$(free_port)
implicit_port=$(free_port)
# Users that the package would have made; its mails go into one Maildir of nobody's.
cp /etc/passwd passwd && cp /etc/group group
echo 'opensmtpd:x:64101:64101::/nonexistent:/usr/sbin/nologin' >>passwd
echo 'opensmtpq:x:64102:64102::/nonexistent:/usr/sbin/nologin' >>passwd
echo 'box:x:64103:64103::/box:/bin/sh' >>passwd
printf 'opensmtpd:x:64101:\nopensmtpq:x:64102:\nbox:x:64103:\n' >>group
mkdir -p mail spool/smtpd run
cp server.key run/server.key
chown 64103:64103 mail
chmod 711 spool/smtpd
echo "agent@example.com $(openssl passwd -6 secret)" >credentials
chmod 600 credentials
chown 64101 credentials
cat >smtpd.conf <<CF
pki localhost cert "$work/server.pem"
pki localhost key "$work/server.key"
table credentials file:$work/credentials
table users { "@" = "box" }
listen on 127.0.0.1 port $implicit_port smtps pki localhost auth <credentials> hostname localhost
listen on 127.0.0.1 port $starttls_port tls-require pki localhost auth <credentials> hostname localhost
action "box" maildir "$work/mail" virtual <users>
match from auth for any action "box"
CF
cat >start <<SH
set -e
mount --make-rprivate /
mkdir -p /usr/libexec
mount -t tmpfs tmpfs /usr/libexec
mkdir /usr/libexec/opensmtpd
mount --bind $work/root/usr/libexec/opensmtpd /usr/libexec/opensmtpd
mount --bind $work/spool /var/spool
mount --bind $work/run /run
mount --bind $work/passwd /etc/passwd
mount --bind $work/group /etc/group
mount -t tmpfs tmpfs /var/lib
mkdir -p /var/lib/opensmtpd/empty
LD_PRELOAD=$work/key.so exec $work/root/usr/sbin/smtpd -d -f $work/smtpd.conf
SH
unshare -m sh ./start >server.log 2>&1 &
pids="$pids $!"
up() { openssl s_client -connect "127.0.0.1:$implicit_port" -CAfile ca.pem -verify_return_error </dev/null; }
until_true 10 up || fail "OpenSMTPD did not start"
passed=0
count_mails() { ls mail/new 2>/dev/null | wc -l; }
for tls in implicit starttls; do
    if [ $tls = implicit ]; then port=$implicit_port; else port=$starttls_port; fi
    rm -rf mail/new
    logins=$(grep -c 'smtp authentication' server.log || true)
    write_config "$port" $tls
    run_agent count_mails 4 # two mails for each of two recipients
    [ "$(count_mails)" = 4 ] || fail "$(count_mails) mails lie there instead of 4"
    [ "$(grep -c 'smtp authentication user=agent@example.com result=ok' server.log)" -gt "$logins" ] ||
        fail "nobody logged in"
    echo "OpenSMTPD over $tls: $(count_mails) mails delivered to two recipients"
    passed=$((passed + 1))
done
echo "$passed passed, 0 failed, 0 skipped"
