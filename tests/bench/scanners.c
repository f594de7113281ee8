/**
 * Gate and rules alone, in several threads: the scan of a log that lies in memory.
 *
 *   scanners CONFIG LOG THREADS MS
 *
 * Each thread takes the next block of whole lines and scans it with a scanner of its
 * own, as those of agent/crew.c do. Prints what scan_run() prints.
 */
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "agent/base/limits.h"
#include "agent/config.h"
#include "rules/matcher.h"
#include "tests/bench/scan.h"

enum { MOST_THREADS = 16 };

struct scanning {
    const struct matcher *matcher;
    const struct source *source;
    struct slice *blocks;
    size_t block_count, block_capacity;
    _Atomic size_t next;
};

struct thread {
    struct scanning *scanning;
    struct scanner *scanner;
    struct scan_counts counts;
    int64_t last_offset; /* of the line that matched last */
    pthread_t id;
};

static void found(void *ctx, struct rule *rule, const struct event *event)
{
    (void)rule;
    struct thread *thread = ctx;
    thread->counts.pairs++;
    thread->counts.matched_lines += event->offset != thread->last_offset;
    thread->last_offset = event->offset;
}

static struct block block_at(const struct scanning *scanning, size_t index)
{
    struct slice bytes = scanning->blocks[index];
    return (struct block){ .source = scanning->source,
                           .path = slice_of("bench.log"),
                           .offset = bytes.ptr - scanning->blocks[0].ptr,
                           .bytes = bytes };
}

static void *scan_blocks(void *ctx)
{
    struct thread *thread = ctx;
    struct scanning *scanning = thread->scanning;
    const struct look look = { .found = found, .ctx = thread };
    size_t index, end;
    while ((index = scanning->next++) < scanning->block_count) {
        struct block block = block_at(scanning, index);
        thread->counts.lines +=
            matcher_look(scanning->matcher, thread->scanner, &block, &look, &end);
    }
    return NULL;
}

static struct scan_counts pass(struct thread *threads, size_t count)
{
    struct scan_counts sum = { 0 };
    threads[0].scanning->next = 0;
    for (size_t i = 0; i < count; i++) {
        threads[i].counts = (struct scan_counts){ 0 };
        threads[i].last_offset = -1;
        if (i > 0)
            must(pthread_create(&threads[i].id, NULL, scan_blocks, &threads[i]) == 0);
    }
    scan_blocks(&threads[0]);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            must(pthread_join(threads[i].id, NULL) == 0);
        sum.lines += threads[i].counts.lines;
        sum.matched_lines += threads[i].counts.matched_lines;
        sum.pairs += threads[i].counts.pairs;
    }
    return sum;
}

/* --- the log ---------------------------------------------------------------------- */

static struct slice map_log(const char *path)
{
    struct stat stat;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    must(fd >= 0 && fstat(fd, &stat) == 0 && stat.st_size > 0);
    size_t len = (size_t)stat.st_size;
    const char *bytes = mmap(NULL, len, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
    must(bytes != MAP_FAILED);
    close(fd);
    return slice_make(bytes, len);
}

static void cut(struct scanning *scanning, struct slice log)
{
    while (log.len > 0) {
        size_t len = log.len < LIMIT_BLOCK_BYTES ? log.len : LIMIT_BLOCK_BYTES;
        const char *end = memrchr(log.ptr, '\n', len);
        must(end != NULL);
        len = (size_t)(end - log.ptr) + 1;
        *mem_push(scanning->blocks, scanning->block_count, scanning->block_capacity) =
            slice_make(log.ptr, len);
        log = slice_make(log.ptr + len, log.len - len);
    }
}

static void run(struct thread *threads, size_t count, size_t bytes, long least_ms)
{
    struct scan_counts counts;
    double wall = scan_clock(CLOCK_MONOTONIC), took;
    double cpu = scan_clock(CLOCK_PROCESS_CPUTIME_ID);
    struct rusage usage;
    int passes = 0;
    do {
        counts = pass(threads, count);
        passes++;
        took = scan_clock(CLOCK_MONOTONIC) - wall;
    } while (took * 1000 < (double)least_ms);
    cpu = scan_clock(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    must(getrusage(RUSAGE_SELF, &usage) == 0);
    printf("%zu %.6f %.6f %ld %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", bytes,
           took / passes, cpu / passes, usage.ru_maxrss, counts.lines,
           counts.matched_lines, counts.pairs);
}

int main(int argc, char **argv)
{
    struct buf out = buf_make(LIMIT_CONFIG_BYTES);
    size_t count = argc == 5 ? strtoul(argv[3], NULL, 10) : 0;
    if (count < 1 || count > MOST_THREADS) {
        fprintf(stderr, "usage: see the head of tests/bench/scanners.c\n");
        return 64;
    }
    struct config *config = config_load(argv[1], &out, false);
    if (!config) {
        fprintf(stderr, "%s", out.ptr);
        return 78;
    }
    struct matcher *matcher =
        matcher_create(config->compiled_rules, config->sources.count);
    struct scanning scanning = { .matcher = matcher,
                                 .source = &config->source_list[0] };
    struct thread threads[MOST_THREADS] = { 0 };
    struct slice log = map_log(argv[2]);
    cut(&scanning, log);
    struct block first = block_at(&scanning, 0);
    matcher_prepare(matcher, &first); /* a gate for this log */
    for (size_t i = 0; i < count; i++) {
        threads[i].scanning = &scanning;
        threads[i].scanner = scanner_create_apart(config->compiled_rules);
    }
    run(threads, count, log.len, strtol(argv[4], NULL, 10));
    return 0;
}
