#!/bin/sh
# Debian's Nagios hands its notifications over by contrib/nagios/tocsin.cfg: a service and a
# host are told each in one thread, every word of it once, also what came while tocsin was
# down; and what a check or a person words stays text.
#   nagios.sh SRCDIR BUILDDIR
set -u
build=$2
. "$1/tests/e2e/common"
command -v nagios4 >/dev/null || skip "nagios4 is not there (apt-get install nagios4-core)"
mkdir bin nagios nagios/results nagios/tmp spool
. "$1/tests/e2e/monitoring"

sed "s|/usr/local/bin/tocsin|$work/bin/tocsin|" "$1/contrib/nagios/tocsin.cfg" >nagios/tocsin.cfg
cat >nagios/nagios.cfg <<CFG
cfg_file=$work/nagios/tocsin.cfg
cfg_file=$work/nagios/objects.cfg
log_file=$work/nagios/nagios.log
object_cache_file=$work/nagios/objects.cache
status_file=$work/nagios/status.dat
state_retention_file=$work/nagios/retention.dat
temp_file=$work/nagios/temp
temp_path=$work/nagios/tmp
check_result_path=$work/nagios/results
query_socket=$work/nagios/query
command_file=$work/nagios/pipe
lock_file=$work/nagios/lock
nagios_user=$(id -un)
nagios_group=$(id -gn)
use_syslog=0
check_for_updates=0
check_workers=1
check_external_commands=1
interval_length=1
check_result_reaper_frequency=1
service_inter_check_delay_method=n
host_inter_check_delay_method=n
cached_host_check_horizon=0
enable_flap_detection=0
enable_environment_macros=1
illegal_macro_output_chars=\`~\$&|'"<>
CFG
# Shop is told by the hook of contrib, which Debian's Nagios takes quotes and brackets from;
# Till by the environment alone, where nothing is taken.
cat >nagios/objects.cfg <<CFG
define command {
    command_name  check
    command_line  $work/bin/check \$ARG1\$
}
define command {
    command_name  notify-by-environment
    command_line  $work/bin/tocsin notify nagios
}
define contact {
    contact_name  environment
    host_notification_period     tocsin-always
    service_notification_period  tocsin-always
    host_notification_options     d,u,r
    service_notification_options  w,u,c,r
    service_notification_commands  notify-by-environment
    host_notification_commands     notify-by-environment
}
define host {
    name                   every-host
    register               0
    address                192.0.2.1
    check_interval         1
    retry_interval         1
    max_check_attempts     1
    notification_interval  0
    notification_period    tocsin-always
    check_period           tocsin-always
}
define host {
    use            every-host
    host_name      web1
    alias          The shop
    check_command  check!web1
    contacts       tocsin
}
define host {
    use            every-host
    host_name      web2
    check_command  check!web2
    contacts       environment
}
define service {
    name                   every-service
    register               0
    check_interval         1
    retry_interval         1
    max_check_attempts     1
    notification_interval  0
    notification_period    tocsin-always
    check_period           tocsin-always
}
define service {
    use                  every-service
    host_name            web1
    service_description  Shop
    check_command        check!shop
    contacts             tocsin
    notes_url            https://wiki.example/shop
}
define service {
    use                  every-service
    host_name            web1
    service_description  Till
    check_command        check!till
    contacts             environment
}
CFG
start_nagios() {
    nagios4 nagios/nagios.cfg >nagios/out 2>&1 &
    pids="$pids $!"
    until_true 20 test -p nagios/pipe || fail "Nagios did not start: $(tail -n 5 nagios/out)"
}
tell_nagios() { # tell_nagios COMMAND: as its web page does
    printf '[%s] %s\n' "$(date +%s)" "$1" >nagios/pipe
}

for name in web1 web2 shop till; do set_check $name 0; done
start
start_nagios

shop='Shop on web1'
set_check shop 1
expect_mail "$shop" 1 'WARNING  Shop on web1 is WARNING: shop says 1' 'First mail' \
    'host name: The shop' 'address: 192.0.2.1' 'https://wiki.example/shop'

# Debian's Nagios takes out what a shell could take for its own.
kill_agent
set_check shop 2 long
until_true 60 has_entry || fail "nothing is in the spool while nobody reads it"
start
expect_mail "$shop" 2 'CRITICAL  Shop on web1 is CRITICAL: double single back\slash C:\new Ümlaut btag/b' \
    'second line C:\new ; touch' 'third line HOSTNAME %s' 'more bytes are left out' \
    'address: 192.0.2.1'

tell_nagios "ACKNOWLEDGE_SVC_PROBLEM;web1;Shop;1;1;0;Jörg;we're on it '; touch $work/ran4; ' C:\\new"
expect_mail "$shop" 3 'is CRITICAL, acknowledged by Jörg: were on it' 'C:\new'
kill_agent
start
set_check shop 0
expect_mail "$shop" 4 'RESOLVED  Shop on web1'

# Nothing is taken out of what stands in the environment.
set_check till 1 hostile
expect_mail 'Till on web1' 1 "$(head -n 1 hostile)" "$(sed -n 2p hostile)" '$HOSTNAME$ %s'
expect_text_in_page 'Till on web1' 1
set_check till 0
expect_mail 'Till on web1' 2 'RESOLVED'

kill_agent
set_check web2 2
until_true 60 has_entry || fail "nothing is in the spool while nobody reads it"
start
expect_mail 'CRITICAL: host on web2' 1 'CRITICAL  web2 is DOWN: web2 says 2'
set_check web2 0
expect_mail 'CRITICAL: host on web2' 2 'RESOLVED'

expect_no_more "$shop" 4 'Till on web1' 2 'CRITICAL: host on web2' 2
expect_only_text
echo "$passed passed, 0 failed, 0 skipped"
