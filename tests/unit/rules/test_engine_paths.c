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
