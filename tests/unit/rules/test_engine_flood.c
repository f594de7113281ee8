/** A million different keys, as an attacker or a request id makes them. */
#include "agent/base/limits.h"
#include "engine_story.h"

enum { KEYS = 1000 * 1000, KEYS_A_BLOCK = 1000 };

/** A line for each key, from @from on. */
static void feed_keys(struct story *story, int from)
{
    static const struct source source = { .name = { "app", 3 } };
    struct buf lines = buf_make(64 * KEYS_A_BLOCK);
    for (int i = from; i < from + KEYS_A_BLOCK; i++)
        buf_printf(&lines, "login of user%d refused\n", i);
    const struct block block = { .source = &source,
                                 .path = SLICE("/var/log/app.log"),
                                 .bytes = buf_slice(&lines) };
    engine_feed(story->engine, &block, story->now);
    buf_free(&lines);
}

/** Tell all that is due; @return the lines that were told. */
static uint64_t tell(struct story *story)
{
    uint64_t told = 0;
    story->now.mono_ms += HOUR_MS;
    story->now.unix_ms += HOUR_MS;
    do {
        story->notices.count = 0;
        arena_clear(&story->turn);
        engine_tick(story->engine, story->now, &story->notices);
        for (size_t i = 0; i < story->notices.count; i++)
            told += story->notices.items[i].new_count;
    } while (story->notices.count > 0);
    return told;
}

static void flood(struct story *story, const char *routes)
{
    story_begin(story, routes);
    story->notices.arena = &story->turn;
    for (int i = 0; i < KEYS; i += KEYS_A_BLOCK)
        feed_keys(story, i);
}

#define RULE   \
    "rules:\n" \
    "  - {name: refused, match: 'login of (?<user>\\w+) refused', by: [user]}\n"

TEST(engine_flood, C16_a_million_keys_make_ten_thousand_groups_and_a_sum_that_adds_up)
{
    struct story story;
    flood(&story, "  - {to: [ops], group_by: [user]}\n" RULE);
    const struct engine_tally *tally = engine_tally(story.engine);
    ck_assert_uint_eq(tally->groups, LIMIT_GROUPS + 1);
    ck_assert_uint_eq(tally->alerts, LIMIT_GROUPS + LIMIT_GROUP_ALERTS + 1);
    ck_assert_uint_eq(tally->matches, KEYS);
    ck_assert_uint_eq(tally->overflow_keys, KEYS - LIMIT_GROUPS);
    ck_assert_uint_eq(tally->open, KEYS);
    ck_assert_uint_eq(tell(&story), KEYS);
    ck_assert_uint_eq(engine_tally(story.engine)->open, 0);
    story_end(&story);
}

TEST(engine_flood, C16_in_one_group_a_million_keys_make_a_thousand_alerts_and_one_more)
{
    struct story story;
    flood(&story, "  - {to: [ops]}\n" RULE);
    const struct engine_tally *tally = engine_tally(story.engine);
    ck_assert_uint_eq(tally->groups, 1);
    ck_assert_uint_eq(tally->alerts, LIMIT_GROUP_ALERTS + 1);
    ck_assert_uint_eq(tally->overflow_keys, KEYS - LIMIT_GROUP_ALERTS);
    ck_assert_uint_eq(tell(&story), KEYS);
    story_end(&story);
}
