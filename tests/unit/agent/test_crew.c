/**
 * Scanning threads change nothing but the time it takes: whatever is fed, the engine
 * and the rules end as they do with one thread.
 */
#include "agent/crew.h"

#include "agent/base/buf.h"
#include "agent/base/hash.h"
#include "agent/base/limits.h"
#include "agent/base/rng.h"
#include "agent/config.h"
#include "rules/rule_cost.h"
#include "test.h"

enum { LOG_BYTES = 6 * 1024 * 1024, PATH_BYTES = 32, HITS_IN_A_ROW = 3000 };

static const char yaml[] =
    "sources:\n"
    "  - {name: app, files: [/var/log/app.log]}\n"
    "  - {name: web, files: [/var/log/web.log]}\n"
    "rules:\n"
    "  - {name: refused, match: '(?<what>\\w+) refused by (?<who>\\w+)', by: [what],\n"
    "     where: ['who=~\"peer[0-4]\"'], summary: '{{what}} at {{who}}'}\n"
    "  - {name: many, match: 'sensor (?<n>\\d+) too hot', unless: ['sensor 7']}\n"
    "  - {name: short, from: [app], match: 'q[0-9]z'}\n"
    "  - {name: slow, match: 'HOSTILE (a+)+$'}\n"
    "  - {name: odd, match: 'password=(?<secret>\\S+)', summary: 'it is {{secret}}'}\n"
    "routes:\n"
    "  - {to: [ops], group_by: [rule, what], group_wait: 5s}\n"
    "outputs:\n"
    "  - {name: ops, maildir: /var/mail/tocsin}\n";

/* What one way of scanning has to work with. */
struct side {
    struct config *config;
    struct engine *engine;
    struct crew *crew; /* NULL: the engine is fed directly */
};

static const struct now at = { .mono_ms = 5000, .unix_ms = 1700000000000 };

static struct side make_side(size_t thread_count, bool has_threads)
{
    struct side side = { 0 };
    struct buf out = buf_make(LIMIT_CONFIG_BYTES);
    side.config = config_load_text("t.yaml", slice_of(yaml), &out);
    ck_assert_msg(side.config != NULL, "%s", out.ptr);
    buf_free(&out);
    side.engine =
        engine_create(side.config->compiled_rules, &side.config->compiled_routes,
                      side.config->source_count, 42, at);
    side.crew =
        crew_create(&(struct crew_setting){ .engine = side.engine,
                                            .rules = side.config->compiled_rules,
                                            .thread_count = thread_count,
                                            .has_threads = has_threads });
    return side;
}

static void drop_side(struct side *side)
{
    crew_free(side->crew);
    engine_free(side->engine);
    config_free(side->config);
}

/* --- a log ------------------------------------------------------------------------ */

static void put_line(struct rng *rng, struct buf *log)
{
    uint64_t pick = rng_next(rng) % 1000;
    unsigned number = (unsigned)(rng_next(rng) % 10);
    if (pick < 8)
        buf_printf(log, "link%u refused by peer%u", number, number);
    else if (pick < 12)
        buf_printf(log, "job q%uz\r", number);
    else if (pick == 12)
        buf_printf(log, "%llu HOSTILE aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
                   (unsigned long long)rng_next(rng));
    else if (pick == 13)
        buf_printf(log, "login password=hunter%u refused by peer1", number);
    else if (pick == 14)
        buf_puts(log, "Nov 23 08:00:00 web1 tocsin[1]: link refused by peer1");
    else
        buf_printf(log, "2026-11-23 08:00:0%u INFO job %llu of user %u done", number,
                   (unsigned long long)rng_next(rng), number);
    buf_putc(log, '\n');
    for (int i = 0; pick == 15 && number == 0 && i < HITS_IN_A_ROW; i++)
        buf_printf(log, "sensor %d too hot\n", i);
}

static struct buf make_log(uint64_t seed)
{
    struct buf log = buf_make(LOG_BYTES + LIMIT_BLOCK_BYTES);
    struct rng rng;
    rng_seed(&rng, seed);
    while (log.len < LOG_BYTES)
        put_line(&rng, &log);
    ck_assert(!log.overflowed);
    return log;
}

/* --- feeding ---------------------------------------------------------------------- */

/* As an input does it: bytes and path lie where the next ones will lie, too. */
struct input {
    char bytes[LIMIT_BLOCK_BYTES];
    char path[PATH_BYTES];
};

static void feed(const struct side *side, struct input *input, struct block block)
{
    char *room = side->crew ? crew_room(side->crew, sizeof input->bytes) : NULL;
    room = room ? room : input->bytes;
    memcpy(room, block.bytes.ptr, block.bytes.len);
    memcpy(input->path, block.path.ptr, block.path.len);
    block.bytes.ptr = room;
    block.path.ptr = input->path;
    if (side->crew)
        crew_feed(side->crew, &block, at);
    else
        engine_feed(side->engine, &block, at);
    memset(input, '#', sizeof *input);
}

/* A piece of the log: mostly as much as is read at once. */
static struct slice next_piece(struct rng *rng, struct slice *log)
{
    size_t most = rng_next(rng) % 4 == 0 ? rng_next(rng) % 4096 : LIMIT_BLOCK_BYTES;
    size_t len = log->len < most ? log->len : most;
    const char *end = memrchr(log->ptr, '\n', len);
    len = end ? (size_t)(end - log->ptr) + 1 : len;
    struct slice piece = slice_make(log->ptr, len);
    *log = slice_make(log->ptr + len, log->len - len);
    return piece;
}

static struct block make_block(const struct side *side, struct rng *rng,
                               struct slice *log)
{
    struct block block = { .bytes = next_piece(rng, log) };
    uint64_t pick = rng_next(rng) % 16;
    block.source = &side->config->source_list[pick % 2];
    block.path = pick % 2 ? SLICE("/var/log/web.log") : SLICE("/var/log/app.log");
    block.offset = pick == 2 ? -1 : (int64_t)log->len;
    block.is_record = pick == 3 && block.bytes.len < 4096;
    block.is_unterminated = pick == 4;
    if (pick == 4 && block.bytes.len > 0)
        block.bytes.len--;
    return block;
}

/* Turns end now and then, and quiet times come. */
static void pass_time(const struct side *side, uint64_t pick)
{
    if (pick % 16 != 0)
        return;
    crew_finish(side->crew, at);
    if (pick % 64 == 0)
        crew_rest(side->crew);
}

static void feed_log(const struct side *side, struct slice log, uint64_t seed)
{
    struct input *input = mem_zalloc(sizeof *input);
    struct rng rng;
    rng_seed(&rng, seed);
    while (log.len > 0) {
        feed(side, input, make_block(side, &rng, &log));
        pass_time(side, rng_next(&rng));
    }
    crew_finish(side->crew, at);
    free(input);
}

/* --- comparing -------------------------------------------------------------------- */

static void put_sheet(void *ctx, uint32_t sheet, struct slice bytes)
{
    buf_printf(ctx, "sheet %u %016llx\n", sheet, (unsigned long long)hash_bytes(bytes));
}

static void put_given_up(void *ctx, const struct rule *rule, uint64_t count,
                         struct slice line)
{
    struct slice name = rule_name(rule);
    buf_printf(ctx, "%.*s gave up %llu times: %.*s\n", SLICE_ARG(name),
               (unsigned long long)count, SLICE_ARG(line));
}

/* How many lines a rule was tried on depends on where blocks lie in memory: the gate
 * may let through what does not match. */
static void put_without_tries(struct buf *out, struct slice text)
{
    struct slice line;
    while (slice_next(&text, '\n', &line)) {
        const char *tried = memmem(line.ptr, line.len, " lines tried", 12);
        const char *name = tried ? memchr(line.ptr, ':', line.len) : NULL;
        if (name)
            buf_put(out, slice_make(line.ptr, (size_t)(name - line.ptr)));
        if (name)
            line = slice_make(tried, (size_t)(line.ptr + line.len - tried));
        buf_put(out, line);
        buf_puts(out, "\n");
    }
}

/* All that can be seen of a side. */
static struct buf tell(const struct side *side)
{
    struct buf out = buf_make(1024 * 1024);
    const struct engine_tally *tally = engine_tally(side->engine);
    struct rules *rules = side->config->compiled_rules;
    buf_printf(&out, "%llu lines, %llu bytes, %llu matches, %llu own, %llu limits\n",
               (unsigned long long)tally->lines, (unsigned long long)tally->bytes,
               (unsigned long long)tally->matches, (unsigned long long)tally->own_lines,
               (unsigned long long)tally->regex_limits);
    struct buf described = buf_make(64 * 1024);
    rules_describe(rules, at, FORM_FULL, &described);
    put_without_tries(&out, buf_slice(&described));
    buf_free(&described);
    rules_watch_limits(rules, at, put_given_up, &out);
    engine_describe(side->engine, at, FORM_FULL, &out);
    engine_save(side->engine, at, put_sheet, &out);
    ck_assert(!out.overflowed);
    return out;
}

static void check_same(size_t thread_count, bool has_threads, uint64_t seed)
{
    struct side alone = make_side(0, false);
    struct side shared = make_side(thread_count, has_threads);
    struct buf log = make_log(seed);
    feed_log(&alone, buf_slice(&log), seed);
    feed_log(&shared, buf_slice(&log), seed);
    struct buf wanted = tell(&alone), got = tell(&shared);
    ck_assert_ptr_nonnull(strstr(wanted.ptr, "slow gave up"));
    ck_assert_uint_gt(engine_tally(alone.engine)->matches, HITS_IN_A_ROW);
    ck_assert_uint_gt(engine_tally(alone.engine)->own_lines, 0);
    ck_assert_str_eq(got.ptr, wanted.ptr);
    buf_free(&wanted);
    buf_free(&got);
    buf_free(&log);
    drop_side(&alone);
    drop_side(&shared);
}

TEST(crew, two_threads_find_what_one_finds)
{
    check_same(2, true, 1);
}

TEST(crew, as_many_threads_as_there_can_be_find_what_one_finds)
{
    check_same(CREW_THREADS, true, 2);
}

TEST(crew, blocks_that_are_done_in_another_order_are_taken_in_theirs)
{
    check_same(2, false, 3);
    check_same(5, false, 4);
}

TEST(crew, one_thread_is_no_crew)
{
    struct side side = make_side(1, true);
    ck_assert_ptr_null(side.crew);
    drop_side(&side);
}

static uint64_t slow_ticks(void)
{
    static uint64_t ticks;
    return ticks += 30 * UINT64_C(1000000000);
}

static void count(void *ctx, const struct rule *rule, int percent)
{
    ck_assert_slice(rule_name(rule), "refused");
    ck_assert_int_eq(percent, 100);
    ++*(int *)ctx;
}

/* The rule "refused" takes half a minute for a line. */
static void suspend_a_rule(const struct side *side)
{
    int count_of = 0;
    struct rules *rules = side->config->compiled_rules;
    struct now later = at;
    struct block block = { .source = &side->config->source_list[1],
                           .path = SLICE("/var/log/web.log"),
                           .bytes = SLICE("link1 refused by peer1\n") };
    rules_share(rules, 3);
    rules_measure(rules, slow_ticks);
    rules_watch(rules, at, true, count, &count_of);
    engine_feed(side->engine, &block, at);
    later.mono_ms += RULE_WATCH_MS;
    rules_watch(rules, later, true, count, &count_of);
    rules_measure(rules, NULL);
    ck_assert_int_eq(count_of, 1);
}

TEST(crew, a_suspended_rule_is_passed_over_by_all_and_a_share_is_one_of_all_threads)
{
    struct side alone = make_side(0, false), shared = make_side(3, true);
    struct buf log = make_log(5);
    suspend_a_rule(&alone);
    suspend_a_rule(&shared);
    feed_log(&alone, buf_slice(&log), 5);
    feed_log(&shared, buf_slice(&log), 5);
    struct buf wanted = tell(&alone), got = tell(&shared);
    ck_assert_uint_gt(rules_passed_over(alone.config->compiled_rules), 0);
    ck_assert_str_eq(got.ptr, wanted.ptr);
    buf_free(&wanted);
    buf_free(&got);
    buf_free(&log);
    drop_side(&alone);
    drop_side(&shared);
}
