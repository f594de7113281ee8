/**
 * How the engines of the bench read a log: in blocks of whole lines, again and again
 * until a time is filled, with one line of figures at the end that the scripts read.
 */
#ifndef TOCSIN_BENCH_SCAN_H
#define TOCSIN_BENCH_SCAN_H

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "agent/base/mem.h"
#include "agent/base/must.h"
#include "agent/base/slice.h"

/** What one pass over the log found; an engine fills what it can know. */
struct scan_counts {
    uint64_t lines, matched_lines, pairs;
};

/** An engine: called for each block of whole lines, which begins at @offset. */
struct scan_engine {
    void (*block)(void *ctx, struct slice bytes, int64_t offset,
                  struct scan_counts *counts);
    void *ctx;
    size_t block_bytes; /**< one read */
};

static inline double scan_clock(clockid_t which)
{
    struct timespec at;
    must(clock_gettime(which, &at) == 0);
    return (double)at.tv_sec + (double)at.tv_nsec * 1e-9;
}

/** One pass over @path. @return its bytes */
static inline uint64_t scan_pass(const struct scan_engine *engine, const char *path,
                                 char *room, struct scan_counts *counts)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        perror(path);
        exit(66);
    }
    size_t have = 0;
    int64_t offset = 0;
    ssize_t got;
    while ((got = read(fd, room + have, engine->block_bytes)) > 0) {
        have += (size_t)got;
        const char *end = memrchr(room, '\n', have);
        size_t whole = end ? (size_t)(end - room) + 1 : 0;
        must(have - whole <= engine->block_bytes); /* lines are shorter than blocks */
        engine->block(engine->ctx, slice_make(room, whole), offset, counts);
        offset += (int64_t)whole;
        have -= whole;
        memmove(room, room + whole, have);
    }
    must(got == 0 && have == 0); /* the bench's logs end with a line end */
    close(fd);
    return (uint64_t)offset;
}

/** Pass over @path until @least_ms milliseconds are filled, and print
 *  "<bytes> <wall s> <cpu s> <peak RSS kB> <lines> <matched lines> <pairs>": the bytes
 *  and counts of one pass, the times of an average one. @return an exit status */
static inline int scan_run(const struct scan_engine *engine, const char *path,
                           long least_ms)
{
    char *room = mem_zalloc(2 * engine->block_bytes);
    struct scan_counts counts = { 0 };
    double wall = scan_clock(CLOCK_MONOTONIC), took;
    double cpu = scan_clock(CLOCK_PROCESS_CPUTIME_ID);
    uint64_t bytes;
    int passes = 0;
    do {
        counts = (struct scan_counts){ 0 };
        bytes = scan_pass(engine, path, room, &counts);
        passes++;
        took = scan_clock(CLOCK_MONOTONIC) - wall;
    } while (took * 1000 < (double)least_ms);
    cpu = scan_clock(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    struct rusage usage;
    must(getrusage(RUSAGE_SELF, &usage) == 0);
    printf("%" PRIu64 " %.6f %.6f %ld %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", bytes,
           took / passes, cpu / passes, usage.ru_maxrss, counts.lines,
           counts.matched_lines, counts.pairs);
    free(room);
    return 0;
}

#endif
