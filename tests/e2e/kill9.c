/**
 * kill -9 at random moments while a writer never stops: every line is counted once in
 * the mails' totals. Run by tests/e2e/kill9.sh, which starts the sink and writes the
 * configuration; this program writes lines, rotates, kills, and does the sums.
 *
 *   kill9 write FILE LINES ROTATIONS SECONDS STYLE   append numbered lines, print
 *     "lines sum"; STYLE is rename, copy (copytruncate), delete or gzip (delayed)
 *   kill9 kill KILLS MAX_MS -- COMMAND...        start it, kill -9 after 0..MAX_MS,
 *     again; the same moments for the same KILL_SEED of the environment
 *   kill9 sum FOLDER                             "mails copies count sum" of the .eml
 *     files
 *
 * The sum is of the lines' hashes modulo 2^64: one lost line and one doubled line have
 * the right count and the wrong sum.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent/base/hash.h"
#include "agent/base/must.h"
#include "agent/base/rng.h"
#include "tests/e2e/shared/tally.h"

enum { MOST_KEPT = 30 }; /* rotated logs, for a writer that runs for hours */

static void pause_ms(int64_t ms)
{
    struct timespec span = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
    nanosleep(&span, NULL);
}

/* --- write ------------------------ */

static int open_log(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    must(fd >= 0);
    return fd;
}

/** FILE.2 -> FILE.3, FILE.1 -> FILE.2, FILE -> FILE.1, a new FILE. */
static int rotate_log(const char *path, int fd, int keep)
{
    char from[PATH_MAX], to[PATH_MAX];
    for (int i = keep; i > 0; i--) {
        snprintf(to, sizeof to, "%s.%d", path, i);
        snprintf(from, sizeof from, i > 1 ? "%s.%d" : "%s", path, i - 1);
        (void)rename(from, to);
    }
    close(fd);
    return open_log(path);
}

/** The same, and what was FILE.1 before is compressed, as by delaycompress. */
static int rotate_and_gzip(const char *path, int fd, int keep)
{
    char name[PATH_MAX];
    static char program[] = "gzip", force[] = "-f";
    char *gzip[] = { program, force, name, NULL };
    (void)keep;
    snprintf(name, sizeof name, "%s.1", path);
    pid_t child = access(name, F_OK) == 0 ? fork() : -1;
    if (child == 0) {
        execvp(gzip[0], gzip);
        _exit(127);
    }
    if (child > 0)
        waitpid(child, NULL, 0);
    (void)rename(path, name);
    close(fd);
    return open_log(path);
}

/** FILE is copied to FILE.1 and cut. Nothing is written in between, so the writer loses
 *  nothing. */
static int rotate_by_copy(const char *path, int fd, int keep)
{
    char from[PATH_MAX], to[PATH_MAX], bytes[65536];
    ssize_t count;
    for (int i = keep; i > 1; i--) {
        snprintf(to, sizeof to, "%s.%d", path, i);
        snprintf(from, sizeof from, "%s.%d", path, i - 1);
        (void)rename(from, to);
    }
    snprintf(to, sizeof to, "%s.1", path);
    int in = open(path, O_RDONLY | O_CLOEXEC), out = open_log(to);
    must(in >= 0);
    while ((count = read(in, bytes, sizeof bytes)) > 0)
        must(write(out, bytes, (size_t)count) == count);
    close(in);
    close(out);
    must(ftruncate(fd, 0) == 0);
    return fd;
}

/** Gone, unless somebody has it open: only for a reader that is not killed. */
static int rotate_by_delete(const char *path, int fd, int keep)
{
    (void)keep;
    must(unlink(path) == 0);
    close(fd);
    return open_log(path);
}

static const struct style {
    const char *name;
    int (*rotate)(const char *path, int fd, int keep);
} styles[] = {
    { "rename", rotate_log },
    { "copy", rotate_by_copy },
    { "delete", rotate_by_delete },
    { "gzip", rotate_and_gzip },
};

static const struct style *find_style(const char *name)
{
    for (size_t i = 0; i < sizeof styles / sizeof *styles; i++) {
        if (strcmp(styles[i].name, name) == 0)
            return &styles[i];
    }
    return NULL;
}

static int do_write(const char *path, long lines, long rotations, long seconds,
                    const struct style *style)
{
    must(style != NULL);
    uint64_t sum = 0;
    long batch = lines / (seconds * 50) + 1; /* every 20 ms */
    long every = lines / (rotations + 1) + 1;
    int fd = open_log(path);
    for (long i = 0; i < lines; i++) {
        char line[160];
        int len = snprintf(line, sizeof line,
                           "web01 app[%ld]: ERROR seq=%06ld connection to db1 refused",
                           i % 10, i);
        sum += hash_bytes(slice_make(line, (size_t)len));
        line[len++] = '\n';
        /* Now and then in two halves, so that a kill finds half a line. */
        int first = i % 13 == 0 ? len / 2 : len;
        must(write(fd, line, (size_t)first) == first);
        if (first < len)
            must(write(fd, line + first, (size_t)(len - first)) == len - first);
        if (i % every == every - 1)
            fd = style->rotate(path, fd,
                               rotations < MOST_KEPT ? (int)rotations + 1 : MOST_KEPT);
        if (i % batch == batch - 1)
            pause_ms(20);
    }
    close(fd);
    printf("%ld %016" PRIx64 "\n", lines, sum);
    return 0;
}

/* --- kill ------------------------ */

/* What the command itself had started (the agent's sender, a tracer) becomes our child
 * when its parent dies, and is waited for until it has let go of its locks. */
static void wait_for_group(pid_t group)
{
    while (waitpid(-group, NULL, 0) > 0)
        continue;
}

static int do_kill(long kills, long max_ms, char **command)
{
    struct rng rng;
    const char *wanted = getenv("KILL_SEED");
    uint64_t seed = wanted ? strtoull(wanted, NULL, 10) : rng_system_seed();
    rng_seed(&rng, seed);
    printf("seed %" PRIu64 "\n", seed);
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    for (long i = 0; i < kills; i++) {
        pid_t child = fork();
        must(child >= 0);
        if (child == 0) {
            (void)setpgid(0, 0);
            execv(command[0], command);
            _exit(127);
        }
        pause_ms((int64_t)(rng_next(&rng) % (uint64_t)(max_ms + 1)));
        int status = 0;
        if (waitpid(child, &status, WNOHANG) == child) {
            printf("kill %ld: the agent ended by itself with status %d\n", i, status);
            return 1;
        }
        (void)setpgid(child, child); /* whoever is first */
        kill(-child, SIGKILL);
        waitpid(child, &status, 0);
        wait_for_group(child);
    }
    printf("%ld kills\n", kills);
    return 0;
}

/* --- sum ------------------------ */

static int do_sum(const char *folder)
{
    struct tally tally = { 0 };
    tally_folder(&tally, folder);
    must(tally.forged == 0);
    printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %016" PRIx64 "\n", tally.mails,
           tally.copies, tally.count, tally.sum);
    tally_clear(&tally);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 7 && strcmp(argv[1], "write") == 0)
        return do_write(argv[2], strtol(argv[3], NULL, 10), strtol(argv[4], NULL, 10),
                        strtol(argv[5], NULL, 10), find_style(argv[6]));
    if (argc > 5 && strcmp(argv[1], "kill") == 0 && strcmp(argv[4], "--") == 0)
        return do_kill(strtol(argv[2], NULL, 10), strtol(argv[3], NULL, 10), argv + 5);
    if (argc == 3 && strcmp(argv[1], "sum") == 0)
        return do_sum(argv[2]);
    fprintf(stderr, "usage: see the head of tests/e2e/kill9.c\n");
    return 64;
}
