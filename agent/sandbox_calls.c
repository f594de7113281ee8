/**
 * Found by strace(1) over tests/e2e, and what their libraries may do beside that. Not
 * here, on purpose: programs (execve), processes (fork, ptrace, process_vm_*), other
 * users (setuid), mounts, modules, keys, BPF, io_uring, and sockets but those of the
 * internet and of this host.
 */
#include "agent/sandbox_calls.h"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "agent/base/must.h"

#define CALL(name)                 \
    {                              \
        SYS_##name, 0, 0, 0, false \
    }
#define CALL_WITH(name, argument, mask, value)                             \
    {                                                                      \
        SYS_##name, (argument), (uint32_t)(mask), (uint32_t)(value), false \
    }
#define NOT_WITH(name, argument, mask, value)                             \
    {                                                                     \
        SYS_##name, (argument), (uint32_t)(mask), (uint32_t)(value), true \
    }
#define ALL_BITS UINT32_MAX
#define TYPE_BITS 0xf

static const struct seccomp_row of_both[] = {
    /* often */
    CALL(read),
    CALL(write),
    CALL(newfstatat),
    CALL(fstat),
    CALL(statx),
    CALL(openat),
    CALL(close),
    CALL(lseek),
    CALL(pread64),
    CALL(futex),
    CALL(getpid),
    CALL(clock_gettime),
    CALL(ppoll),
    CALL(recvfrom),
    CALL(recvmsg),
    NOT_WITH(sendto, 3, MSG_FASTOPEN, MSG_FASTOPEN),
    CALL(sendto),
    NOT_WITH(sendmsg, 2, MSG_FASTOPEN, MSG_FASTOPEN),
    CALL(sendmsg),
#ifdef SYS_poll
    CALL(poll),
#endif

    /* files */
    CALL(readv),
    CALL(writev),
    CALL(fcntl),
    CALL(getdents64),
    CALL(statfs),
    CALL(fstatfs),
    CALL(faccessat),
    CALL(faccessat2),
    CALL(readlinkat),
    CALL(unlinkat),
    CALL(renameat),
    CALL(renameat2),
    CALL(fchmod),
    CALL(fsync),
    CALL(fdatasync),
    CALL(ftruncate),
    CALL(umask),
    CALL(getcwd),
    CALL(dup),
    CALL(dup3),
    CALL(pipe2),
    CALL(fadvise64),
    CALL(ioctl),
    CALL(eventfd2),
#ifdef __x86_64__
    CALL(open),
    CALL(stat),
    CALL(lstat),
    CALL(access),
    CALL(readlink),
    CALL(unlink),
    CALL(rename),
    CALL(chmod),
    CALL(dup2),
    CALL(pipe),
    CALL(getdents),
    CALL(select),
    CALL(time),
    CALL(eventfd),
    CALL(arch_prctl),
#endif

    /* sockets; which kinds may be made stands below */
    CALL_WITH(socket, 0, ALL_BITS, AF_UNIX),
    CALL_WITH(socketpair, 0, ALL_BITS, AF_UNIX),
    CALL(getsockname),
    CALL(getpeername),
    CALL(setsockopt),
    CALL(getsockopt),
    CALL(shutdown),

    /* memory */
    CALL(mmap),
    CALL(munmap),
    CALL(mremap),
    CALL(mprotect),
    CALL(madvise),
    CALL(brk),
    CALL(mlock),
    CALL(mlock2),
    CALL(munlock),
    CALL(membarrier),

    /* itself */
    CALL(rt_sigaction),
    CALL(rt_sigprocmask),
    CALL(rt_sigreturn),
    CALL(sigaltstack),
    CALL(restart_syscall),
    CALL(exit),
    CALL(exit_group),
    CALL_WITH(tgkill, 2, ALL_BITS, SIGABRT),
    CALL(gettid),
    CALL(clock_nanosleep),
    CALL(nanosleep),
    CALL(clock_getres),
    CALL(gettimeofday),
    CALL(times),
    CALL(getrusage),
    CALL(getrandom),
    CALL(uname),
    CALL(sysinfo),
    CALL(getuid),
    CALL(geteuid),
    CALL(getgid),
    CALL(getegid),
    CALL(getgroups),
    CALL(getppid),
    CALL(sched_yield),
    CALL(sched_getaffinity),
    CALL(getcpu),
    CALL_WITH(prlimit64, 0, ALL_BITS, 0),
    CALL(getrlimit),
    CALL_WITH(prctl, 0, ALL_BITS, PR_SET_NAME),
    CALL_WITH(prctl, 0, ALL_BITS, PR_GET_NAME),
    CALL_WITH(prctl, 0, ALL_BITS, PR_SET_VMA),
};

/* It listens, and connects to nobody: no connect(), no datagrams to the internet. */
static const struct seccomp_row of_the_agent[] = {
    CALL(epoll_pwait),
    CALL(epoll_ctl),
    CALL(epoll_create1),
    CALL(epoll_pwait2),
    CALL(pwrite64),
    CALL(openat2),
    CALL(accept4),
    CALL(accept),
    CALL(bind),
    CALL(listen),
    NOT_WITH(socket, 1, TYPE_BITS, SOCK_DGRAM),
    NOT_WITH(socket, 1, TYPE_BITS, SOCK_RAW),
    CALL_WITH(socket, 0, ALL_BITS, AF_INET),
    CALL_WITH(socket, 0, ALL_BITS, AF_INET6),
    CALL(sendfile),
    CALL(timerfd_create),
    CALL(timerfd_settime),
    CALL(signalfd4),
    CALL(preadv),
    CALL(pwritev),
    CALL(fallocate),
    CALL(flock),
    CALL(mkdirat),
    CALL(linkat),
    CALL(fchmodat),
    CALL(fchown),
    CALL(fchownat),
    CALL(utimensat),
    CALL(inotify_init1),
    CALL(inotify_add_watch),
    CALL(inotify_rm_watch),
#ifdef __x86_64__
    CALL(epoll_wait),
    CALL(epoll_create),
    CALL(mkdir),
    CALL(rmdir),
    CALL(link),
    CALL(chown),
    CALL(inotify_init),
#endif
};

/* Threads, never processes: without clone3, whose flags cannot be looked at, a libc
 * takes clone. */
static const struct seccomp_row of_threads[] = {
    CALL_WITH(clone, 0, CLONE_THREAD, CLONE_THREAD),
    CALL(set_robust_list),
    CALL(get_robust_list),
    CALL(rseq),
    CALL(set_tid_address),
};

/* It connects, and resolves names in threads. */
static const struct seccomp_row of_the_sender[] = {
    CALL_WITH(socket, 0, ALL_BITS, AF_INET),
    CALL_WITH(socket, 0, ALL_BITS, AF_INET6),
    CALL(connect),
    CALL(bind),
    CALL(sendmmsg),
    CALL(recvmmsg),
    CALL(mkdirat),
    CALL(fchown), /* a new refresh token belongs to whom the old one did */
#ifdef __x86_64__
    CALL(alarm),
#endif
};

static size_t put_rows(struct seccomp_row *rows, size_t at,
                       const struct seccomp_row *from, size_t count)
{
    must(at + count <= SECCOMP_ROWS_MAX);
    for (size_t i = 0; i < count; i++)
        rows[at + i] = from[i];
    return at + count;
}

size_t sandbox_calls_of(enum sandbox_role role, bool has_threads,
                        struct seccomp_row rows[SECCOMP_ROWS_MAX])
{
    size_t both = sizeof of_both / sizeof *of_both;
    size_t count = put_rows(rows, 0, of_both, both);
    if (has_threads || role == SANDBOX_SENDER)
        count =
            put_rows(rows, count, of_threads, sizeof of_threads / sizeof *of_threads);
    if (role == SANDBOX_SENDER)
        return put_rows(rows, count, of_the_sender,
                        sizeof of_the_sender / sizeof *of_the_sender);
    return put_rows(rows, count, of_the_agent,
                    sizeof of_the_agent / sizeof *of_the_agent);
}
