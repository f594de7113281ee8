/**
 * The matcher alone, as the agent calls it, and the limit that it is held against: the
 * same reading, and lines split by memchr().
 *
 *   matcher rules CONFIG LOG MS    the rules of CONFIG over LOG, as its first source
 *   matcher lines LOG MS           lines only
 *
 * Passes are repeated until MS milliseconds are filled; scan.h says what is printed.
 */
#include "rules/matcher.h"
#include "agent/base/limits.h"
#include "agent/config.h"
#include "tests/bench/scan.h"

#define LINES_BLOCK_BYTES ((size_t)1024 * 1024) /* the fastest, where it was tried */

struct matching {
    struct matcher *matcher;
    const struct source *source;
    struct scan_counts *counts;
    int64_t last_offset; /* of the line that matched last */
    uint64_t captured_bytes;
};

static void found(void *ctx, struct rule *rule, const struct event *event)
{
    (void)rule;
    struct matching *matching = ctx;
    matching->counts->pairs++;
    matching->counts->matched_lines += event->offset != matching->last_offset;
    matching->last_offset = event->offset;
    for (size_t i = 0; i < event->capture_count; i++)
        matching->captured_bytes += event->captures[i].value.len;
}

static void match_block(void *ctx, struct slice bytes, int64_t offset,
                        struct scan_counts *counts)
{
    struct matching *matching = ctx;
    matching->counts = counts;
    if (offset == 0)
        matching->last_offset = -1;
    struct block block = { .source = matching->source,
                           .path = slice_of("bench.log"),
                           .offset = offset,
                           .bytes = bytes };
    counts->lines += matcher_scan(matching->matcher, &block, 0, found, matching);
}

static void split_block(void *ctx, struct slice bytes, int64_t offset,
                        struct scan_counts *counts)
{
    (void)ctx;
    (void)offset;
    const char *at = bytes.ptr, *end = bytes.ptr + bytes.len;
    while (at < end) {
        at = (const char *)memchr(at, '\n', (size_t)(end - at)) + 1;
        counts->lines++;
    }
}

static int run_rules(const char *path, const char *log, long least_ms)
{
    struct buf out = buf_make(LIMIT_CONFIG_BYTES);
    struct config *config = config_load(path, &out, false);
    if (!config) {
        fprintf(stderr, "%s", out.ptr);
        return 78;
    }
    buf_free(&out);
    struct matching matching = {
        .matcher = matcher_create(config->compiled_rules, config->sources.count),
        .source = &config->source_list[0],
    };
    struct scan_engine engine = { match_block, &matching, LIMIT_BLOCK_BYTES };
    int status = scan_run(&engine, log, least_ms);
    matcher_free(matching.matcher);
    config_free(config);
    return status;
}

int main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "rules") == 0)
        return run_rules(argv[2], argv[3], strtol(argv[4], NULL, 10));
    struct scan_engine lines = { split_block, NULL, LINES_BLOCK_BYTES };
    if (argc == 4 && strcmp(argv[1], "lines") == 0)
        return scan_run(&lines, argv[2], strtol(argv[3], NULL, 10));
    fprintf(stderr, "usage: see the head of tests/bench/matcher.c\n");
    return 64;
}
