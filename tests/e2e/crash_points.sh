#!/bin/sh
# SIGKILL at every system call of one scripted life of the real binary that changes or says
# something (300 lines, two rotations, a webhook, mails): each line is told once, whatever
# call it was. Prints how many calls there are, and how many of them were tried.
#   STRIDE=1 crash_points.sh SRCDIR BUILDDIR      every one (make proof); see tests/e2e/lives
set -u
build=$2
. "$1/tests/e2e/common"
stride=40
. "$1/tests/e2e/lives"

calls=pwrite64,write,writev,fdatasync,fsync,ftruncate,unlink,unlinkat,rename,renameat
calls=$calls,mkdir,chmod,fchmod,sendto,sendmsg,connect,openat,openat2,open,close,socket
calls=$calls,bind,listen,accept4,read,pread64,recvfrom,fcntl,inotify_add_watch,epoll_ctl,futex
points "$calls"
kill_at() { # kill_at SYSCALL K
    program first "strace -D -f -qq -o /dev/null -e trace=$1 -e inject=$1:signal=SIGKILL:when=$2 $plain"
    try "SIGKILL at $1 number $2" first
    if grep -q 'status=9 ' life; then
        hit=$((hit + 1))
    elif grep -q 'mail sender was ended by signal 9' agent.err; then
        hit=$((hit + 1)) of_sender=$((of_sender + 1))
        ! grep -q '^late' life || waited=$((waited + 1))
    fi
}
# With a sender that died the agent waits as after any cut connection, which can be longer
# than the script lets it live: then the next one sends.
of_sender=0 waited=0
each points kill_at
echo "$(wc -l <points) system calls: $(cut -d' ' -f1 points | sort | uniq -c | sort -rn |
    awk '{ printf "%s%s %s", sep, $1, $2; sep = ", " }')"
echo "$tried of them tried, $hit died there, $of_sender of them only the" \
    "sender, whose mails the next agent sent $waited times: lost or told twice $bad," \
    "$copies byte-identical second copies"
if [ $bad -eq 0 ] && [ $late -eq $waited ] && [ $hit -gt $((tried / 2)) ]; then
    echo "ok   D08 whatever system call it is killed at, each line is told once"
    echo "1 passed, 0 failed, 0 skipped"
else
    echo "FAIL D08 $bad of $tried lives went wrong, $((late - waited)) were late"
    echo "0 passed, 1 failed, 0 skipped"
    exit 1
fi
