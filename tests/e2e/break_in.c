/**
 * break_in PID CALL [PATH]: makes a running process do a system call, as who has found
 * a hole in it would, and prints what the kernel answers: "ok", or the name of the
 * error. For root and x86-64 only; exit code 77 elsewhere.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined __x86_64__
#include <errno.h>
#include <fcntl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>

enum { RED_ZONE = 128, WORD = 8, MAX_PATH = 256 };

static const struct {
    const char *name;
    long number;
    long arguments[4]; /* -1: the address of PATH */
} calls[] = {
    { "read", SYS_openat, { AT_FDCWD, -1, O_RDONLY, 0 } },
    { "write", SYS_openat, { AT_FDCWD, -1, O_WRONLY | O_CREAT, 0600 } },
    { "execve", SYS_execve, { -1, 0, 0, 0 } },
    { "fork", SYS_fork, { 0, 0, 0, 0 } },
    { "ptrace", SYS_ptrace, { PTRACE_TRACEME, 0, 0, 0 } },
    { "setuid", SYS_setuid, { 12345, 0, 0, 0 } },
    { "unshare", SYS_unshare, { 0, 0, 0, 0 } },
    { "netlink", SYS_socket, { AF_NETLINK, SOCK_RAW, 0, 0 } },
    { "packet", SYS_socket, { AF_PACKET, SOCK_RAW, 0, 0 } },
    { "tcp", SYS_socket, { AF_INET, SOCK_STREAM, 0, 0 } },
    { "udp", SYS_socket, { AF_INET, SOCK_DGRAM, 0, 0 } },
};

/* @return what the kernel answered; the process is as before afterwards. */
static long call(pid_t pid, size_t which, const char *path)
{
    struct user_regs_struct saved, regs;
    char block[MAX_PATH] = "";
    long words[MAX_PATH / WORD];
    ptrace(PTRACE_GETREGS, pid, NULL, &saved);
    regs = saved;
    unsigned long at = (saved.rsp - RED_ZONE - sizeof block) & ~15ul;
    snprintf(block, sizeof block, "%s", path);
    memcpy(words, block, sizeof words);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        ptrace(PTRACE_POKEDATA, pid, at + i * WORD, words[i]);
    long code = ptrace(PTRACE_PEEKTEXT, pid, saved.rip, NULL);
    ptrace(PTRACE_POKETEXT, pid, saved.rip, (code & ~0xffffl) | 0x050f); /* syscall */
    unsigned long given[4];
    for (size_t i = 0; i < 4; i++)
        given[i] = calls[which].arguments[i] == -1
                       ? at
                       : (unsigned long)calls[which].arguments[i];
    regs.rax = (unsigned long)calls[which].number;
    regs.orig_rax = (unsigned long)-1; /* no call that was interrupted goes on */
    regs.rdi = given[0];
    regs.rsi = given[1];
    regs.rdx = given[2];
    regs.r10 = given[3];
    ptrace(PTRACE_SETREGS, pid, NULL, &regs);
    ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL);
    waitpid(pid, NULL, 0);
    ptrace(PTRACE_GETREGS, pid, NULL, &regs);
    ptrace(PTRACE_POKETEXT, pid, saved.rip, code);
    ptrace(PTRACE_SETREGS, pid, NULL, &saved);
    return (long)regs.rax;
}

int main(int argc, char **argv)
{
    size_t which = 0, count = sizeof calls / sizeof *calls;
    if (argc < 3)
        return 64;
    pid_t pid = (pid_t)strtol(argv[1], NULL, 10);
    while (which < count && strcmp(calls[which].name, argv[2]) != 0)
        which++;
    if (which == count)
        return 64;
    if (ptrace(PTRACE_ATTACH, pid, NULL, NULL) != 0) {
        perror("ptrace");
        return 77;
    }
    waitpid(pid, NULL, 0);
    long answer = call(pid, which, argc > 3 ? argv[3] : "");
    ptrace(PTRACE_DETACH, pid, NULL, NULL);
    puts(answer >= 0 ? "ok" : strerrorname_np((int)-answer));
    return 0;
}
#else
int main(void)
{
    return 77;
}
#endif
