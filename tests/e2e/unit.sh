#!/bin/sh
# The systemd unit: what systemd-analyze says of it, and the agent as the unit runs it, as far
# as that goes without systemd: another user with two groups and no capabilities, no /proc but
# processes, no memory that is writable and executable, and no system call that the unit does
# not allow.
#   unit.sh SRCDIR BUILDDIR
set -eu
src=$1 build=$2
. "$src/tests/e2e/common"
passed=0 skipped=0
skips() {
    echo "SKIP unit: $1"
    skipped=$((skipped + 1))
}
finish() {
    echo "$passed passed, 0 failed, $skipped skipped"
    exit 0
}
unit=$src/contrib/systemd/tocsin.service.in

# --- what is allowed ------------------------------------------------------------------
# allowed SET...: the system calls of systemd's sets, sets in sets as well.
allowed() {
    for set in "$@"; do
        systemd-analyze --no-pager syscall-filter "$set" | sed -n 's/^    \([@a-z_0-9]\)/\1/p'
    done | while read -r word; do
        case $word in
        @*) allowed "$word" ;;
        *) echo "$word" ;;
        esac
    done
}
if command -v systemd-analyze >/dev/null; then
    allowed @system-service | sort -u >service
    allowed @privileged @resources | sort -u >denied
    comm -23 service denied >calls
    sed -n 's/^SystemCallFilter=\([a-z].*\)/\1/p' "$unit" | tr ' ' '\n' >>calls
    sort -u -o calls calls
    grep -qx openat calls && ! grep -qx setuid calls || fail "the unit's system calls are not known"
else
    skips "its system calls: systemd-analyze is not there (Debian: apt-get install systemd)"
    : >calls
fi

# --- the agent in such a place --------------------------------------------------------
[ "$(id -u)" = 0 ] || { skips "only root can be another user"; finish; }
for tool in setpriv unshare mount; do
    command -v $tool >/dev/null || { skips "$tool is not there"; finish; }
done
adm=$(getent group adm | cut -d: -f3)
unshare -m --pid --fork --mount-proc true 2>/dev/null ||
    { skips "no mount namespaces here"; finish; }
chmod 755 "$work"
mkdir own logs secrets
cp "$build/tocsin" "$build/tests/e2e/confined" .
printf secret >secrets/app-password
chown -R 64999 own secrets
chmod 500 secrets
chmod 400 secrets/app-password
: >logs/app.log
chown -R "0:$adm" logs
chmod 750 logs
chmod 640 logs/app.log

cat >inside <<END
#!/bin/sh
mount -t proc -o subset=pid,hidepid=2 proc /proc || exit 77
export CREDENTIALS_DIRECTORY=$work/secrets NOTIFY_SOCKET= WATCHDOG_USEC=
exec setpriv --reuid 64999 --regid 64999 --groups $adm --bounding-set=-all --inh-caps=-all \
    $work/confined "\$@"
END
status=0
unshare -m --pid --fork sh inside "$work/tocsin" --version >/dev/null 2>&1 || status=$?
[ $status -ne 77 ] || { skips "this kernel knows no PR_SET_MDWE or no subset=pid"; finish; }
[ $status -eq 0 ] || fail "the agent cannot even be started in such a place ($status)"

"$build/tocsin" sink --user "agent@example.com:secret" --write-ca "$work/ca.pem" --eml mails \
    --for 60s >sink.out 2>&1 &
pids="$pids $!"
until_true 10 grep -q '^listening' sink.out || fail "the sink did not start"
chmod 644 ca.pem
http=$(free_port)
write_config "$(sed -n 's/.*smtps=[^ ]*:\([0-9]*\) .*/\1/p' sink.out)" implicit
sed -e "s,$work/password,'\${CREDENTIALS_DIRECTORY:-/etc/tocsin}/app-password'," \
    -e "s,^state_dir:.*,state_dir: $work/own/state," -e "s,^control:.*,control: $work/own/control.sock," \
    -e "s,$work/app.log,$work/logs/app.log," tocsin.yaml >unit.yaml
echo "http: {listen: 127.0.0.1:$http}" >>unit.yaml
chmod 644 unit.yaml

tracer=
if command -v strace >/dev/null; then
    tracer="$(command -v strace) -D -f -qq -o $work/own/trace"
else
    skips "its system calls: strace is not there (Debian: apt-get install strace)"
fi
# shellcheck disable=SC2086
rm -f agent.log
unshare -m --pid --fork --kill-child sh inside $tracer "$work/tocsin" run -v -c "$work/unit.yaml" \
    >own/out 2>agent.log &
# unshare leaves SIGTERM to its child, the first process of its world.
outer=$!
inner() { ps -o pid= --ppid $outer | grep '[0-9]'; }
until_true 10 inner || fail "unshare has no child"
pids="$pids $(inner)"
until_true 20 grep -q running agent.log || fail "the agent did not start"
echo "2026-11-23 web01 app: ERROR connection to db1 refused" >>logs/app.log
arrived() { [ "$(ls mails/*.eml | wc -l)" -ge "$1" ]; }
until_true 30 arrived 1 || fail "no mail arrived"
pass "its user with group adm reads logs, and mails reach a server, without memory that is writable and executable"
reached() { # a port without curl
    # shellcheck disable=SC3025
    bash -c "exec 3<>/dev/tcp/127.0.0.1/$http; printf 'POST /webhook/text HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain\r\nContent-Length: 4\r\nConnection: close\r\n\r\nfire' >&3; timeout 5 head -n 1 <&3" |
        grep -q ' 200 '
}
until_true 10 reached || fail "nothing can be posted"
pass "it listens on this host"

if [ -n "$tracer" ] && [ -s calls ]; then
    sed -n 's/^[0-9]* *\([a-z_0-9]*\)(.*/\1/p' own/trace | sort -u >used
    grep -qx openat used || fail "strace has seen nothing"
    strangers=$(comm -23 used calls | tr '\n' ' ')
    # strace itself starts the program, and the last thing that is seen of it is its end.
    [ -z "$strangers" ] || fail "the unit would not allow: $strangers"
    pass "all $(wc -l <used) system calls that it makes are among the $(wc -l <calls) of the unit"
fi
finish
