/**
 * Runs a command on one core and prints what it took. A program of its own, linked to
 * nothing, because a child's peak of memory starts at the size of whoever forked it.
 *
 *   measure CORES REPORT END COMMAND...
 *     CORES    as taskset has them: 1 or 0,1
 *     REPORT   gets "<wall s> <cpu s> <peak RSS kB> <exit status>"
 *     END      "-": the run is over when COMMAND ends; else a file: the run is over
 *              when something stands in it, and then COMMAND is told to end (SIGTERM)
 */
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOST_SECONDS 120 /* for END to come; then the run is a failure */

static double now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec * 1e-9;
}

static void pin(const char *cores)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    char *rest = (char *)cores;
    while (*rest) {
        CPU_SET(strtoul(rest, &rest, 10), &set);
        rest += *rest == ',';
    }
    if (sched_setaffinity(0, sizeof set, &set) != 0)
        perror("measure: sched_setaffinity");
}

/* @return when something stands in @path, or 0 when that did not happen in time or the
 * command ended before. */
static double wait_for_end(pid_t pid, const char *path, double start)
{
    const struct timespec moment = { .tv_nsec = 1000000 };
    struct stat st;
    siginfo_t info;
    while (now() - start < MOST_SECONDS) {
        if (stat(path, &st) == 0 && st.st_size > 0)
            return now();
        info.si_pid = 0;
        if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
            info.si_pid == pid)
            return 0;
        nanosleep(&moment, NULL);
    }
    return 0;
}

static double cpu_of(const struct rusage *usage)
{
    return (double)usage->ru_utime.tv_sec + (double)usage->ru_utime.tv_usec * 1e-6 +
           (double)usage->ru_stime.tv_sec + (double)usage->ru_stime.tv_usec * 1e-6;
}

static int measure(const char *report_path, const char *end_path, char **command)
{
    bool is_daemon = strcmp(end_path, "-") != 0;
    double start = now(), end = 0;
    pid_t pid = fork();
    if (pid == 0) {
        execvp(command[0], command);
        perror(command[0]);
        _exit(127);
    }
    if (is_daemon) {
        end = wait_for_end(pid, end_path, start);
        kill(pid, SIGTERM);
    }
    int status;
    struct rusage usage;
    if (wait4(pid, &status, 0, &usage) != pid)
        return 71;
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (is_daemon)
        code = end > 0 ? 0 : 124;
    else
        end = now();
    FILE *report = fopen(report_path, "w");
    if (!report)
        return 73;
    fprintf(report, "%.6f %.6f %ld %d\n", end - start, cpu_of(&usage), usage.ru_maxrss,
            code);
    return fclose(report) == 0 ? code : 73;
}

int main(int argc, char **argv)
{
    if (argc < 5) {
        fprintf(stderr, "usage: see the head of tests/bench/measure.c\n");
        return 64;
    }
    pin(argv[1]);
    return measure(argv[2], argv[3], argv + 4);
}
