#!/bin/sh
# No memory can be locked (RLIMIT_MEMLOCK 0, no CAP_IPC_LOCK): the log, status and the doctor
# say that passwords may be swapped, and mails go as ever.
#   locked_memory.sh SRCDIR BUILDDIR
set -u
build=$2
. "$1/tests/e2e/common"
poor() { # poor COMMAND...: without the right to lock memory
    if [ "$(id -u)" = 0 ]; then
        prlimit --memlock=0:0 setpriv --bounding-set=-ipc_lock "$@"
    else
        prlimit --memlock=0:0 "$@"
    fi
}
poor true 2>/dev/null || skip "prlimit or setpriv cannot take the right to lock memory"
"$build/tocsin" sink --user agent@example.com:secret --write-ca "$work/ca.pem" --eml mails \
    --for 120s >sink.out 2>&1 &
pids="$pids $!"
until_true 10 grep -q '^listening' sink.out || fail "the sink did not start"
write_config "$(sed -n 's/.*smtps=[^ ]*:\([0-9]*\) .*/\1/p' sink.out)" implicit

poor "$build/tocsin" doctor -c tocsin.yaml --offline >found 2>&1
grep -A1 'memory' found | grep -q 'may be swapped' || fail "the doctor does not say it: $(cat found)"
"$build/tocsin" doctor -c tocsin.yaml --offline 2>&1 | grep -q 'kept from the swap' ||
    skip "no memory can be locked here anyway"
pass "the doctor says it"

: >app.log
poor "$build/tocsin" run -v -c tocsin.yaml 2>agent.log &
pids="$pids $!"
until_true 20 grep -q running: agent.log || fail "the agent did not start"
echo "ERROR connection to db1 refused" >>app.log
is_sent() { grep -rq "db1 refused" mails; }
until_true 60 is_sent || fail "no mail came"
pass "mails go all the same"
[ "$(grep -c 'no memory can be locked.*may be swapped' agent.log)" = 1 ] ||
    fail "the log does not say it once"
"$build/tocsin" status -c tocsin.yaml | grep -q 'PASSWORDS MAY BE SWAPPED' ||
    fail "status does not say it"
"$build/tocsin" status -c tocsin.yaml --json | grep -q '"memory_locked":false' ||
    fail "status --json does not say it"
pass "log and status say it"
echo "$passed passed, 0 failed, 0 skipped"
