/**
 * A writer of numbered lines, and the sums over what became of each; for
 * tests/e2e/logrotate.sh.
 *
 *   logrotate write FILE LINES A_SECOND   append lines; SIGHUP: open FILE again
 *   logrotate sum LINES FOLDER            lines left on disk come from standard
 *                                         input, FOLDER holds the mails
 *
 * Lines are told in buckets of 50, one group and one mail's count and hash sum each, so
 * that it is known of each bucket which lines were told. A line that is neither on disk
 * nor told fell into the window between copying and truncating, where nobody can read
 * it. In that window lines can be told that are not on disk: those that were written
 * first, because a file is read from its front. So the count of a bucket says which
 * lines they are, and the hash sum proves it.
 */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent/base/hash.h"
#include "agent/base/mem.h"
#include "agent/base/must.h"

enum { BUCKET_LINES = 50, MAX_MAIL_BYTES = 1 << 20, PAUSES_A_SECOND = 200 };

static volatile sig_atomic_t wants_reopen;

static void on_hangup(int signal)
{
    (void)signal;
    wants_reopen = 1;
}

static size_t put_line(long number, char *line, size_t size)
{
    int len = snprintf(line, size, "web01 app[%ld]: ERROR seq=%06ld was refused",
                       number / BUCKET_LINES, number);
    must(len > 0 && (size_t)len < size - 1);
    return (size_t)len;
}

/* --- write ------------------------------------------------------------------------ */

static int open_log(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    must(fd >= 0);
    return fd;
}

static int do_write(const char *path, long lines, long a_second)
{
    char line[128];
    struct sigaction action = { .sa_handler = on_hangup };
    struct timespec pause = { .tv_nsec = 1000000000 / PAUSES_A_SECOND };
    long batch = a_second / PAUSES_A_SECOND + 1;
    sigaction(SIGHUP, &action, NULL);
    int fd = open_log(path);
    for (long i = 0; i < lines; i++) {
        size_t len = put_line(i, line, sizeof line);
        line[len] = '\n';
        must(write(fd, line, len + 1) == (ssize_t)len + 1);
        if (i % batch == batch - 1)
            nanosleep(&pause, NULL);
        if (!wants_reopen)
            continue;
        wants_reopen = 0;
        close(fd);
        fd = open_log(path);
    }
    close(fd);
    return 0;
}

/* --- sum -------------------------------------------------------------------------- */

struct bucket {
    uint64_t told, sum;
};

struct sums {
    long lines;
    bool *is_on_disk;
    struct bucket *buckets;
    long on_disk, told, in_window, lost, twice;
};

static void read_disk(struct sums *sums)
{
    char line[256];
    while (fgets(line, sizeof line, stdin)) {
        const char *at = strstr(line, "seq=");
        long number = at ? strtol(at + 4, NULL, 10) : -1;
        if (number < 0 || number >= sums->lines)
            continue;
        sums->on_disk += !sums->is_on_disk[number];
        sums->is_on_disk[number] = true;
    }
}

static const char *value_of(const char *mail, const char *name)
{
    const char *at = strstr(mail, name);
    must(at != NULL);
    return at + strlen(name);
}

static void add_mail(struct sums *sums, const char *path)
{
    static char mail[MAX_MAIL_BYTES];
    FILE *in = fopen(path, "r");
    must(in != NULL);
    mail[fread(mail, 1, sizeof mail - 1, in)] = '\0';
    fclose(in);
    long number = strtol(value_of(mail, "bucket="), NULL, 10);
    must(number >= 0 && number <= sums->lines / BUCKET_LINES);
    struct bucket *bucket = &sums->buckets[number];
    bucket->told += strtoull(value_of(mail, "\nX-Tocsin-New-Count:"), NULL, 10);
    bucket->sum += strtoull(value_of(mail, "\nX-Tocsin-Line-Hash-Sum:"), NULL, 16);
}

static void read_mails(struct sums *sums, const char *folder)
{
    char path[PATH_MAX];
    DIR *dir = opendir(folder);
    must(dir != NULL);
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        add_mail(sums, path);
    }
    closedir(dir);
}

static uint64_t hash_of(long number)
{
    char line[128];
    return hash_bytes(slice_make(line, put_line(number, line, sizeof line)));
}

/** Which lines of a bucket were told: all on disk, and then as many of those in
 *  the window as the count says, the first first. */
static void judge(struct sums *sums, long first)
{
    const struct bucket *bucket = &sums->buckets[first / BUCKET_LINES];
    long end = first + BUCKET_LINES < sums->lines ? first + BUCKET_LINES : sums->lines;
    long on_disk = 0, left = (long)bucket->told, window = 0;
    uint64_t sum = 0;
    for (long i = first; i < end; i++)
        on_disk += sums->is_on_disk[i];
    left -= on_disk;
    for (long i = first; i < end; i++) {
        bool is_told = sums->is_on_disk[i] || left-- > 0;
        sum += is_told ? hash_of(i) : 0;
        window += !is_told;
    }
    sums->told += (long)bucket->told;
    if (sum == bucket->sum) {
        sums->in_window += window;
        return;
    }
    long excess = (long)bucket->told - (end - first);
    if (excess > 0)
        sums->twice += excess;
    else
        sums->lost += (long)bucket->told < on_disk ? on_disk - (long)bucket->told : 1;
    printf("bucket %ld: %ld lines, %ld on disk, %" PRIu64 " told\n",
           first / BUCKET_LINES, end - first, on_disk, bucket->told);
}

static int do_sum(long lines, const char *folder)
{
    size_t buckets = (size_t)lines / BUCKET_LINES + 1;
    struct sums sums = { .lines = lines,
                         .is_on_disk = mem_zalloc((size_t)lines),
                         .buckets = mem_zalloc(buckets * sizeof *sums.buckets) };
    read_disk(&sums);
    read_mails(&sums, folder);
    for (long first = 0; first < lines; first += BUCKET_LINES)
        judge(&sums, first);
    printf(
        "%ld written = %ld told + %ld in the window; %ld lost, %ld twice; %ld are on "
        "disk\n",
        lines, sums.told, sums.in_window, sums.lost, sums.twice, sums.on_disk);
    bool is_exact = sums.lost == 0 && sums.twice == 0 &&
                    sums.told + sums.in_window == lines &&
                    sums.in_window <= lines - sums.on_disk;
    return is_exact ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "write") == 0)
        return do_write(argv[2], strtol(argv[3], NULL, 10), strtol(argv[4], NULL, 10));
    if (argc == 4 && strcmp(argv[1], "sum") == 0)
        return do_sum(strtol(argv[2], NULL, 10), argv[3]);
    fprintf(stderr, "usage: see the head of tests/e2e/logrotate.c\n");
    return 64;
}
