#!/bin/sh
# Debian's Icinga 2 hands its notifications over by contrib/icinga/tocsin.conf, and by the
# letters of its own mail scripts: a service and a host are told each in one thread, every
# word of it once, also what came while tocsin was down; and what a check or a person words
# stays text.
#   icinga.sh SRCDIR BUILDDIR
set -u
build=$2
. "$1/tests/e2e/common"
command -v icinga2 >/dev/null || skip "icinga2 is not there (apt-get install icinga2-bin)"
stock=/etc/icinga2/conf.d/commands.conf
[ -r $stock ] || skip "$stock cannot be read: it belongs to Icinga's user"
mkdir bin icinga icinga/lib icinga/log icinga/cache icinga/spool icinga/run spool
. "$1/tests/e2e/monitoring"

sed "s|/usr/local/bin/tocsin|$work/bin/tocsin|" "$1/contrib/icinga/tocsin.conf" |
    sed 's|assign where true|assign where host.vars.by == "contrib"|' >icinga/tocsin.conf
# The stock commands as they are, but for the program.
sed 's|command = \[ ConfigDir + "/scripts/mail-[a-z]*-notification.sh" \]|command = [ TocsinPath, "notify", "icinga" ]|' \
    $stock >icinga/stock.conf
[ "$(grep -c TocsinPath icinga/stock.conf)" -ge 2 ] || skip "$stock was changed"
cat >icinga/icinga2.conf <<CONF
include <itl>
const NodeName = "here"
const ZoneName = NodeName
object Endpoint NodeName { }
object Zone ZoneName { endpoints = [ NodeName ] }
object CheckerComponent "checker" { }
object NotificationComponent "notification" { }
object ExternalCommandListener "command" { command_path = "$work/icinga/pipe" }
include "tocsin.conf"
include "stock.conf"

object CheckCommand "check" { command = [ "$work/bin/check", "\$check\$" ] }
template CheckableTemplate() { }
object Host "web1" {
  check_command = "check"
  check_interval = 1s
  retry_interval = 1s
  max_check_attempts = 1
  enable_flapping = false
  display_name = "The shop"
  address = "192.0.2.1"
  vars.by = "contrib"
  vars.check = "web1"
}
object Host "web2" {
  check_command = "check"
  check_interval = 1s
  retry_interval = 1s
  max_check_attempts = 1
  enable_flapping = false
  address6 = "2001:db8::2"
  vars.by = "stock"
  vars.check = "web2"
}
object Service "shop" {
  host_name = "web1"
  display_name = "Shop"
  check_command = "check"
  check_interval = 1s
  retry_interval = 1s
  max_check_attempts = 1
  enable_flapping = false
  notes_url = "https://wiki.example/shop"
  vars.check = "shop"
}
object Service "till & co" {
  host_name = "web2"
  display_name = "Till"
  check_command = "check"
  check_interval = 1s
  retry_interval = 1s
  max_check_attempts = 1
  enable_flapping = false
  vars.check = "till"
}
object User "ops" { email = "ops@example.com" }
apply Notification "stock" to Host {
  command = "mail-host-notification"
  users = [ "ops" ]
  interval = 0
  vars.notification_icingaweb2url = "https://icinga.example/icingaweb2"
  vars.notification_from = "icinga@example.com"
  vars.notification_logtosyslog = true
  assign where host.vars.by == "stock"
}
apply Notification "stock" to Service {
  command = "mail-service-notification"
  users = [ "ops" ]
  interval = 0
  vars.notification_icingaweb2url = "https://icinga.example/icingaweb2"
  vars.notification_from = "icinga@example.com"
  vars.notification_logtosyslog = true
  assign where host.vars.by == "stock"
}
CONF
sed -i '/^template/d' icinga/icinga2.conf
start_icinga() {
    icinga2 daemon -c icinga/icinga2.conf -DConfigDir="$work/icinga" -DDataDir="$work/icinga/lib" \
        -DLogDir="$work/icinga/log" -DCacheDir="$work/icinga/cache" \
        -DSpoolDir="$work/icinga/spool" -DInitRunDir="$work/icinga/run" \
        -DPidPath="$work/icinga/run/pid" -DRunAsUser="$(id -un)" -DRunAsGroup="$(id -gn)" \
        >icinga/out 2>&1 &
    pids="$pids $!"
    until_true 60 test -p icinga/pipe || fail "Icinga did not start: $(tail -n 5 icinga/out)"
}
tell_icinga() { # tell_icinga COMMAND: as its web page does
    printf '[%s] %s\n' "$(date +%s)" "$1" >icinga/pipe
}

for name in web1 web2 shop till; do set_check $name 0; done
start
start_icinga

shop='shop on web1'
set_check shop 1
expect_mail "$shop" 1 'WARNING  Shop on web1 is WARNING: shop says 1' 'First mail' \
    'host name: The shop' 'address: 192.0.2.1' 'https://wiki.example/shop'
kill_agent
set_check shop 2 long
until_true 60 has_entry || fail "nothing is in the spool while nobody reads it"
start
expect_mail "$shop" 2 'CRITICAL  Shop on web1 is CRITICAL' "$(head -n 1 hostile)" \
    "$(sed -n 2p hostile)" 'third line' 'more bytes are left out' 'address: 192.0.2.1'
tell_icinga "ACKNOWLEDGE_SVC_PROBLEM;web1;shop;1;1;0;Jörg;we're on it '; touch $work/ran4; ' C:\\new"
expect_mail "$shop" 3 "is CRITICAL, acknowledged by Jörg: we're on it '; touch" 'C:\new'
kill_agent
start
set_check shop 0
expect_mail "$shop" 4 'RESOLVED  Shop on web1'

till='till & co on web2'
set_check till 1 hostile
expect_mail "$till" 1 "Till on web2 is WARNING: $(head -n 1 hostile)" "$(sed -n 2p hostile)" \
    'address: 2001:db8::2' \
    'https://icinga.example/icingaweb2/monitoring/service/show?host=web2&service=till%20%26%20co'
expect_text_in_page "$till" 1
set_check till 0
expect_mail "$till" 2 'RESOLVED'

kill_agent
set_check web2 2
until_true 60 has_entry || fail "nothing is in the spool while nobody reads it"
start
expect_mail 'CRITICAL: host on web2' 1 'CRITICAL  web2 is DOWN: web2 says 2' \
    'https://icinga.example/icingaweb2/monitoring/host/show?host=web2'
set_check web2 0
expect_mail 'CRITICAL: host on web2' 2 'RESOLVED'

expect_no_more "$shop" 4 "$till" 2 'CRITICAL: host on web2' 2
expect_only_text
echo "$passed passed, 0 failed, 0 skipped"
