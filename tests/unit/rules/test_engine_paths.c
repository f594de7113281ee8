#include "agent/base/hash.h"
#include "engine_story.h"

#include "agent/base/rng.h"

/* Lines of rules whose labels last, so that most of them go where the one before went:
 * while alerts end, groups are forgotten, and the agent crashes. */
static void feed_line(struct story *story, struct rng *rng, int number)
{
    char line[40];
    snprintf(line, sizeof line, "%c %d\n", "abc"[rng_next(rng) % 3], number);
    story_feed(story, line);
    story->seen_hash += hash_bytes(slice_make(line, strlen(line) - 1));
}

TEST(engine_paths, a_trodden_path_leads_to_nothing_that_has_gone)
{
    struct story story;
    struct rng rng;
    rng_seed(&rng, 4);
    story_begin(&story, "  - {to: [ops], group_by: [rule], group_wait: 10s,\n"
                        "     group_interval: 1m, repeat_interval: 1h}\n"
                        "rules:\n"
                        "  - {name: a, match: '^a', resolve_after: 1m}\n"
                        "  - {name: b, match: '^b', resolve_after: 5m}\n"
                        "  - {name: c, match: '^c', resolve_after: never}\n");
    for (int i = 0; i < 3000; i++) {
        feed_line(&story, &rng, i);
        if (rng_next(&rng) % 4 == 0)
            story_pass(&story, (int64_t)(rng_next(&rng) % 400) * SECOND_MS);
        if (rng_next(&rng) % 200 == 0)
            story_crash(&story, SECOND_MS, NULL);
    }
    story_pass(&story, 2 * HOUR_MS);
    ck_assert_uint_eq(story.told, 3000);
    ck_assert_uint_eq(story.told_hash, story.seen_hash);
    story_end(&story);
}

/* --- what the next line overwrites is not written --------------------------------- */

enum { LINES = 3000, LINES_A_MAIL = 500 };

/** Lines of all rules, some of two, some empty, some with a secret. */
static struct buf make_lines(uint64_t seed)
{
    static const char *const forms[] = {
        "a ", "b ", "both a b ", "nothing ", "user of b", "a with password=hunter", ""
    };
    struct buf lines = buf_make(1 << 20);
    struct rng rng;
    rng_seed(&rng, seed);
    for (int i = 0; i < LINES; i++) {
        const char *form = forms[rng_next(&rng) % (sizeof forms / sizeof *forms)];
        buf_puts(&lines, form);
        if (form[0])
            buf_putc(&lines, (char)('0' + rng_next(&rng) % 5));
        buf_putc(&lines, '\n');
    }
    return lines;
}

static void put_sheet(void *ctx, uint32_t sheet, struct slice bytes)
{
    struct buf *out = ctx;
    buf_put_u64(out, sheet);
    buf_put(out, bytes);
}

static struct slice head_of(struct slice lines, int count)
{
    size_t len = 0;
    for (int i = 0; i < count && len < lines.len; i++)
        len +=
            slice_find(slice_make(lines.ptr + len, lines.len - len), SLICE("\n")) + 1;
    return slice_make(lines.ptr, len);
}

static void put_mails(struct story *story, struct buf *out)
{
    engine_save(story->engine, story->now, put_sheet, out);
    engine_flush(story->engine, story->now, &story->notices);
    for (size_t i = 0; i < story->notices.count; i++)
        buf_printf(out, "%llx\n",
                   (unsigned long long)story->notices.items[i].line_hash_sum);
    story->notices.count = 0;
}

/** Feed @lines, @lines_a_block in a block, with mails for every LINES_A_MAIL of them.
 *  Puts what is told and what is kept into @out. */
static void feed_in_blocks(struct slice lines, int lines_a_block, struct buf *out)
{
    static const struct source source = { .name = SLICE("app") };
    const char *begin = lines.ptr;
    struct story story;
    story_begin(&story,
                "  - {to: [ops], group_by: [rule], group_wait: 0s, continue: true}\n"
                "  - {to: [ops], group_by: [severity], group_wait: 0s}\n"
                "rules:\n"
                "  - {name: a, match: '^(?:both )?a', summary: 'a: {{line}}'}\n"
                "  - {name: b, match: 'b(?<n>.*)$', summary: '{{n}} {{offset}}',\n"
                "     description: '{{line}}'}\n"
                "  - {name: u, match: 'user (?<u>\\S+)', by: [u]}\n"
                "  - {name: e, match: '^$'}\n");
    for (int line = lines_a_block; lines.len > 0; line += lines_a_block) {
        struct block block = { .source = &source,
                               .path = SLICE("/var/log/app.log"),
                               .offset = lines.ptr - begin,
                               .bytes = head_of(lines, lines_a_block) };
        engine_feed(story.engine, &block, story.now);
        lines = slice_make(lines.ptr + block.bytes.len, lines.len - block.bytes.len);
        if (line % LINES_A_MAIL == 0)
            put_mails(&story, out);
    }
    put_mails(&story, out);
    /* It was fed past the story, which counted nothing. */
    story.seen_hash = story.told_hash;
    story.seen = story.told + engine_tally(story.engine)->open;
    story_end(&story);
}

TEST(engine_paths, how_lines_lie_in_blocks_changes_nothing_that_is_kept)
{
    struct buf lines = make_lines(11);
    struct buf one = buf_make(64 << 20), many = buf_make(64 << 20);
    static const int blocks[] = { 4, 20, 100, 500 };
    feed_in_blocks(buf_slice(&lines), 1, &one);
    ck_assert_uint_gt(one.len, 10000);
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        buf_clear(&many);
        feed_in_blocks(buf_slice(&lines), blocks[i], &many);
        ck_assert(slice_equal(buf_slice(&one), buf_slice(&many)));
    }
    buf_free(&lines);
    buf_free(&one);
    buf_free(&many);
}
