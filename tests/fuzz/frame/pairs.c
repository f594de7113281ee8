/**
 * make fuzz FUZZ=gate [TIME=s]: the matcher against PCRE2 on every pair of a pattern
 * and a line by chance.
 *     pairs SECONDS PAIRS SEED PATTERNS LINES
 * Ends when both the time has passed and the pairs are done, or when one differs.
 * PATTERNS and LINES: a file with one on each line; several with ':' between them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "agent/base/buf.h"
#include "tests/unit/rules/trial.h"

static void read_files(const char *paths, struct buf *out)
{
    struct slice rest = slice_of(paths), path;
    char bytes[65536];
    while (slice_next(&rest, ':', &path)) {
        char *name = mem_copy(path);
        FILE *in = fopen(name, "r");
        free(name);
        for (size_t len; in && (len = fread(bytes, 1, sizeof bytes, in)) > 0;)
            buf_put(out, slice_make(bytes, len));
        if (in)
            fclose(in);
        buf_putc(out, '\n');
    }
}

static void print_sum(const struct trial_sum *sum, double seconds)
{
    printf(
        "%llu pairs, %llu match; %llu patterns, %llu with a literal; %llu refused by "
        "PCRE2; %.0f s\n",
        (unsigned long long)sum->pairs, (unsigned long long)sum->matches,
        (unsigned long long)sum->patterns, (unsigned long long)sum->with_literal,
        (unsigned long long)sum->refused, seconds);
    fflush(stdout);
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

int main(int argc, char **argv)
{
    struct buf patterns = buf_make(64u << 20), lines = buf_make(64u << 20);
    struct arena arena = { 0 };
    struct corpus corpus = { .rules = 48, .lines_a_trial = 2000 };
    struct trial_sum sum = { 0 };
    if (argc < 6)
        return 2;
    double end = seconds_now() + (double)strtoull(argv[1], NULL, 10),
           begin = seconds_now();
    uint64_t pairs = strtoull(argv[2], NULL, 10), seed = strtoull(argv[3], NULL, 10);
    read_files(argv[4], &patterns);
    read_files(argv[5], &lines);
    corpus.pattern_count = corpus_split(buf_slice(&patterns), &arena, &corpus.patterns);
    corpus.line_count = corpus_split(buf_slice(&lines), &arena, &corpus.lines);
    printf("%zu real patterns, %zu real lines, seed %llu\n", corpus.pattern_count,
           corpus.line_count, (unsigned long long)seed);
    bool is_equal = true;
    for (uint64_t i = 0; is_equal && (sum.pairs < pairs || seconds_now() < end); i++) {
        is_equal = trial_run(&corpus, seed + i, &sum);
        if (i % 100 == 99)
            print_sum(&sum, seconds_now() - begin);
    }
    print_sum(&sum, seconds_now() - begin);
    printf("%s\n", is_equal ? "all equal" : sum.failure);
    buf_free(&patterns);
    buf_free(&lines);
    arena_free(&arena);
    return !is_equal;
}
