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

#define CALL(name)          \
    {                       \
        SYS_##name, 0, 0, 0 \
    }
#define CALL_WITH(name, argument, mask, value)                      \
    {                                                               \
        SYS_##name, (argument), (uint32_t)(mask), (uint32_t)(value) \
    }
#define ALL_BITS UINT32_MAX

const struct seccomp_row sandbox_calls[] = {
    /* often */
    CALL(epoll_pwait),
#ifdef SYS_epoll_wait
    CALL(epoll_wait),
#endif
    CALL(read),
    CALL(pread64),
    CALL(write),
    CALL(pwrite64),
    CALL(newfstatat),
    CALL(fstat),
    CALL(statx),
    CALL(openat),
    CALL(openat2),
    CALL(close),
    CALL(lseek),
    CALL(futex),
    CALL(epoll_ctl),
    CALL(getpid),
    CALL(clock_gettime),
    CALL(ppoll),
#ifdef SYS_poll
    CALL(poll),
#endif
    CALL(recvfrom),
    CALL(sendto),
    CALL(recvmsg),
    CALL(sendmsg),
    CALL(sendmmsg),
    CALL(recvmmsg),
    CALL(accept4),
    CALL(fdatasync),
    CALL(fsync),

    /* files */
    CALL(readv),
    CALL(writev),
    CALL(preadv),
    CALL(pwritev),
    CALL(ftruncate),
    CALL(fallocate),
    CALL(fcntl),
    CALL(flock),
    CALL(getdents64),
    CALL(statfs),
    CALL(fstatfs),
    CALL(faccessat),
    CALL(faccessat2),
    CALL(readlinkat),
    CALL(mkdirat),
    CALL(unlinkat),
    CALL(renameat),
    CALL(renameat2),
    CALL(linkat),
    CALL(fchmod),
    CALL(fchmodat),
    CALL(fchown),
    CALL(fchownat),
    CALL(utimensat),
    CALL(umask),
    CALL(getcwd),
    CALL(fchdir),
    CALL(dup),
    CALL(dup3),
    CALL(pipe2),
    CALL(fadvise64),
    CALL(inotify_init1),
    CALL(inotify_add_watch),
    CALL(inotify_rm_watch),
    CALL(ioctl),
#ifdef __x86_64__
    CALL(open),
    CALL(stat),
    CALL(lstat),
    CALL(access),
    CALL(readlink),
    CALL(mkdir),
    CALL(rmdir),
    CALL(unlink),
    CALL(rename),
    CALL(link),
    CALL(chmod),
    CALL(chown),
    CALL(dup2),
    CALL(pipe),
    CALL(getdents),
    CALL(select),
    CALL(time),
    CALL(alarm),
    CALL(inotify_init),
    CALL(epoll_create),
    CALL(eventfd),
    CALL(arch_prctl),
#endif

    /* the loop */
    CALL(epoll_create1),
    CALL(epoll_pwait2),
    CALL(eventfd2),
    CALL(timerfd_create),
    CALL(timerfd_settime),
    CALL(signalfd4),
    CALL(pselect6),

    /* sockets: of this host, and of the internet */
    CALL_WITH(socket, 0, ALL_BITS, AF_UNIX),
    CALL_WITH(socket, 0, ALL_BITS, AF_INET),
    CALL_WITH(socket, 0, ALL_BITS, AF_INET6),
    CALL_WITH(socketpair, 0, ALL_BITS, AF_UNIX),
    CALL(bind),
    CALL(listen),
    CALL(accept),
    CALL(connect),
    CALL(getsockname),
    CALL(getpeername),
    CALL(setsockopt),
    CALL(getsockopt),
    CALL(shutdown),
    CALL(sendfile),

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

    /* threads (of the resolver), never processes: without clone3, whose flags cannot be
     * looked at, a libc takes clone */
    CALL_WITH(clone, 0, CLONE_THREAD, CLONE_THREAD),
    CALL(set_robust_list),
    CALL(get_robust_list),
    CALL(rseq),
    CALL(set_tid_address),
    CALL(gettid),
    CALL(sched_yield),
    CALL(sched_getaffinity),
    CALL(exit),
    CALL(getcpu),

    /* itself */
    CALL(rt_sigaction),
    CALL(rt_sigprocmask),
    CALL(rt_sigreturn),
    CALL(rt_sigpending),
    CALL(rt_sigtimedwait),
    CALL(rt_sigsuspend),
    CALL(sigaltstack),
    CALL(restart_syscall),
    CALL(pause),
    CALL(exit_group),
    CALL_WITH(tgkill, 2, ALL_BITS, SIGABRT),
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
    CALL_WITH(prlimit64, 0, ALL_BITS, 0),
    CALL(getrlimit),
    CALL_WITH(prctl, 0, ALL_BITS, PR_SET_NAME),
    CALL_WITH(prctl, 0, ALL_BITS, PR_GET_NAME),
    CALL_WITH(prctl, 0, ALL_BITS, PR_SET_DUMPABLE),
    CALL_WITH(prctl, 0, ALL_BITS, PR_SET_VMA),
};
const size_t sandbox_call_count = sizeof sandbox_calls / sizeof *sandbox_calls;
