/**
 * The peer to beat: Hyperscan (or Vectorscan, which has its API) over whole blocks,
 * each hit confirmed and captured by the same compiled rule as ours, so that only the
 * search differs. Built where configure found libhs.
 *
 *   hyperscan literals CONFIG LITERALS LOG MS   finds the texts of "<index> <text>"
 *   hyperscan patterns CONFIG PATTERNS LOG MS   finds the patterns themselves
 *   hyperscan accepts PATTERNS                  prints those that it can compile
 *   hyperscan version
 *
 * Exit status 77: built without it.
 */
#include "build.h"

#ifdef HAVE_HYPERSCAN
#include <hs.h>

#include "agent/base/limits.h"
#include "agent/config.h"
#include "tests/bench/scan.h"

#define BLOCK_BYTES ((size_t)1024 * 1024)
#define MOST_PATTERNS 20000

/* What is searched for: parallel arrays, as the library wants them. */
struct search {
    const char *texts[MOST_PATTERNS];
    size_t lengths[MOST_PATTERNS];
    unsigned flags[MOST_PATTERNS], ids[MOST_PATTERNS];
    size_t count;
};

struct scanning {
    struct rules *rules;
    const struct source *source;
    const unsigned *rule_of; /* by id */
    hs_database_t *database;
    hs_scratch_t *scratch;
    struct slice block, line;              /* of the last hit */
    uint64_t seen[MOST_PATTERNS / 64 + 1]; /* rules already tried on that line */
    unsigned tried[MOST_PATTERNS];
    size_t tried_count;
    bool line_matched;
    struct scanner *scanner;
    struct scan_counts *counts;
    uint64_t captured_bytes;
};

static void start_line(struct scanning *scanning, const char *at)
{
    const char *begin = scanning->block.ptr, *end = begin + scanning->block.len;
    const char *before = memrchr(begin, '\n', (size_t)(at - begin));
    const char *after = memchr(at, '\n', (size_t)(end - at));
    before = before ? before + 1 : begin;
    scanning->line = slice_make(before, (size_t)((after ? after : end) - before));
    for (size_t i = 0; i < scanning->tried_count; i++)
        scanning->seen[scanning->tried[i] / 64] &=
            ~((uint64_t)1 << scanning->tried[i] % 64);
    scanning->tried_count = 0;
    scanning->line_matched = false;
}

static void confirm(struct scanning *scanning, unsigned rule)
{
    struct event event = { .source = scanning->source, .line = scanning->line };
    if (!rule_matches(rules_get(scanning->rules, rule), scanning->scanner, &event))
        return;
    scanning->counts->pairs++;
    scanning->counts->matched_lines += !scanning->line_matched;
    scanning->line_matched = true;
    for (size_t i = 0; i < event.capture_count; i++)
        scanning->captured_bytes += event.captures[i].value.len;
}

static int on_hit(unsigned id, unsigned long long from, unsigned long long to,
                  unsigned flags, void *ctx)
{
    (void)from;
    (void)flags;
    struct scanning *scanning = ctx;
    const char *last = scanning->block.ptr + to - 1;
    if (last >= scanning->line.ptr + scanning->line.len || last < scanning->line.ptr)
        start_line(scanning, last);
    unsigned rule = scanning->rule_of[id];
    uint64_t bit = (uint64_t)1 << rule % 64;
    if (scanning->seen[rule / 64] & bit)
        return 0;
    scanning->seen[rule / 64] |= bit;
    scanning->tried[scanning->tried_count++] = rule;
    confirm(scanning, rule);
    return 0;
}

static void scan_block(void *ctx, struct slice bytes, int64_t offset,
                       struct scan_counts *counts)
{
    (void)offset;
    struct scanning *scanning = ctx;
    scanning->block = bytes;
    scanning->counts = counts;
    start_line(scanning, bytes.ptr);
    scanning->line.len = 0;
    must(hs_scan(scanning->database, bytes.ptr, (unsigned)bytes.len, 0,
                 scanning->scratch, on_hit, scanning) == HS_SUCCESS);
}

static FILE *open_or_exit(const char *path)
{
    FILE *in = fopen(path, "r");
    if (!in) {
        perror(path);
        exit(66);
    }
    return in;
}

/* The bracket expression at @c, with \n excluded when it is negated: over a block it
 * would run into the next lines. @return its end */
static const char *put_bracket(const char *c, struct buf *out)
{
    bool negated = c[1] == '^';
    buf_puts(out, negated ? "[^\\n" : "[");
    c += negated ? 2 : 1;
    if (*c == ']') {
        buf_puts(out, "\\]");
        c++;
    }
    for (; *c && *c != ']'; c++) {
        buf_putc(out, *c);
        if (*c == '\\' && c[1])
            buf_putc(out, *++c);
        else if (*c == '[' && c[1] == ':')
            do
                buf_putc(out, *++c);
            while (c[1] && *c != ']');
    }
    buf_putc(out, ']');
    return c;
}

static char *within_line(const char *pattern)
{
    struct buf out = buf_make(64 * 1024);
    for (const char *c = pattern; *c; c++) {
        if (*c == '[') {
            c = put_bracket(c, &out);
            continue;
        }
        buf_putc(&out, *c);
        if (*c == '\\' && c[1])
            buf_putc(&out, *++c);
    }
    return out.ptr;
}

/* @rule_of gets the rule of each text: the number before a literal, or its line. */
static void read_search(const char *path, bool literals, struct search *search,
                        unsigned *rule_of)
{
    char line[16 * 1024];
    FILE *in = open_or_exit(path);
    while (fgets(line, sizeof line, in)) {
        must(search->count < MOST_PATTERNS);
        char *text = line;
        line[strcspn(line, "\n")] = '\0';
        size_t i = search->count++;
        rule_of[i] = (unsigned)i;
        if (literals) {
            rule_of[i] = (unsigned)strtoul(line, &text, 10);
            text++;
        }
        search->texts[i] = literals ? mem_copy_text(text) : within_line(text);
        search->lengths[i] = strlen(search->texts[i]);
        search->ids[i] = (unsigned)i;
        search->flags[i] = literals ? 0 : HS_FLAG_ALLOWEMPTY | HS_FLAG_MULTILINE;
    }
    fclose(in);
}

static hs_database_t *compile(const struct search *search, bool literals)
{
    hs_database_t *database;
    hs_compile_error_t *error;
    hs_error_t status =
        literals ? hs_compile_lit_multi(search->texts, search->flags, search->ids,
                                        search->lengths, (unsigned)search->count,
                                        HS_MODE_BLOCK, NULL, &database, &error)
                 : hs_compile_multi(search->texts, search->flags, search->ids,
                                    (unsigned)search->count, HS_MODE_BLOCK, NULL,
                                    &database, &error);
    if (status == HS_SUCCESS)
        return database;
    fprintf(stderr, "hyperscan: %s\n", error->message);
    exit(65);
}

static int run(char **argv, bool literals)
{
    struct buf out = buf_make(LIMIT_CONFIG_BYTES);
    struct config *config = config_load(argv[2], &out, false);
    if (!config) {
        fprintf(stderr, "%s", out.ptr);
        return 78;
    }
    buf_free(&out);
    struct search *search = mem_zalloc(sizeof *search);
    struct scanning *scanning = mem_zalloc(sizeof *scanning);
    unsigned *rule_of = mem_zalloc(MOST_PATTERNS * sizeof *rule_of);
    read_search(argv[3], literals, search, rule_of);
    scanning->rules = config->compiled_rules;
    scanning->scanner = scanner_create(scanning->rules);
    scanning->source = &config->source_list[0];
    scanning->rule_of = rule_of;
    scanning->database = compile(search, literals);
    must(hs_alloc_scratch(scanning->database, &scanning->scratch) == HS_SUCCESS);
    struct scan_engine engine = { scan_block, scanning, BLOCK_BYTES };
    return scan_run(&engine, argv[4], strtol(argv[5], NULL, 10));
}

static int print_accepted(const char *path)
{
    char line[16 * 1024];
    FILE *in = open_or_exit(path);
    while (fgets(line, sizeof line, in)) {
        line[strcspn(line, "\n")] = '\0';
        hs_database_t *database;
        hs_compile_error_t *error;
        if (hs_compile(within_line(line), HS_FLAG_ALLOWEMPTY | HS_FLAG_MULTILINE,
                       HS_MODE_BLOCK, NULL, &database, &error) == HS_SUCCESS) {
            puts(line);
            hs_free_database(database);
        } else {
            hs_free_compile_error(error);
        }
    }
    fclose(in);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 6 && strcmp(argv[1], "literals") == 0)
        return run(argv, true);
    if (argc == 6 && strcmp(argv[1], "patterns") == 0)
        return run(argv, false);
    if (argc == 3 && strcmp(argv[1], "accepts") == 0)
        return print_accepted(argv[2]);
    if (argc == 2 && strcmp(argv[1], "version") == 0)
        return puts(hs_version()) < 0;
    fprintf(stderr, "usage: see the head of tests/bench/hyperscan.c\n");
    return 64;
}
#else
int main(void)
{
    return 77;
}
#endif
