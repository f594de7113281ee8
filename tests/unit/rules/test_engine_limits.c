/** Routes that hold mails back: limits and digests. */
#include "engine_story.h"

#define LIMITED                                             \
    "  - {to: [ops], group_wait: 0s, repeat_interval: 30d," \
    " limit: {mails: 2, per: 1h}}\n"

TEST(engine_limits, mails_past_the_limit_go_as_one_when_it_allows_the_next)
{
    struct story story;
    story_begin(&story, LIMITED);
    story_see(&story, "rule=a");
    story_see(&story, "rule=b");
    story_see(&story, "rule=c");
    story_see_many(&story, "rule=d", 3);
    story_see(&story, "rule=c");
    story_pass(&story, 29 * MINUTE_MS);
    story_expect(&story, "0s first 'a' lines=1 alerts=1 mail=0\n"
                         "0s first 'b' lines=1 alerts=1 mail=0\n");
    story_pass(&story, 5 * HOUR_MS);
    story_expect(&story,
                 "1800s held 'held back on route-1' lines=5 alerts=2 held=2 mail=0\n");
    ck_assert_uint_eq(engine_tally(story.engine)->held_mails, 2);
    story_end(&story);
}

TEST(engine_limits, what_comes_while_mails_are_held_queues_up_behind_them)
{
    struct story story;
    story_begin(&story, LIMITED);
    for (const char *rule = "abcdefgh"; *rule; rule++) {
        char labels[] = "rule=?";
        labels[5] = *rule;
        story_see(&story, labels);
        story_pass(&story, 10 * MINUTE_MS);
    }
    story_pass(&story, 5 * HOUR_MS);
    story_expect(&story,
                 "0s first 'a' lines=1 alerts=1 mail=0\n"
                 "600s first 'b' lines=1 alerts=1 mail=0\n"
                 "1800s held 'held back on route-1' lines=1 alerts=1 held=1 mail=0\n"
                 "3600s held 'held back on route-1' lines=3 alerts=3 held=3 mail=0\n"
                 "5400s held 'held back on route-1' lines=2 alerts=2 held=2 mail=0\n");
    story_end(&story);
}

TEST(engine_limits, a_crash_neither_refills_the_bucket_nor_forgets_what_is_held)
{
    struct story story;
    story_begin(&story, LIMITED);
    story_see(&story, "rule=a");
    story_see(&story, "rule=b");
    story_see(&story, "rule=c");
    story_pass(&story, 5 * MINUTE_MS);
    story_crash(&story, 5 * MINUTE_MS, NULL);
    story_see(&story, "rule=d");
    story_pass(&story, 5 * HOUR_MS);
    story_expect(&story,
                 "0s first 'a' lines=1 alerts=1 mail=0\n"
                 "0s first 'b' lines=1 alerts=1 mail=0\n"
                 "1800s held 'held back on route-1' lines=2 alerts=2 held=2 mail=0\n");
    story_end(&story);
}

TEST(engine_limits, a_limit_that_is_taken_away_frees_what_it_held)
{
    struct story story;
    story_begin(&story, LIMITED);
    story_see(&story, "rule=a");
    story_see(&story, "rule=b");
    story_see(&story, "rule=c");
    story_crash(&story, 0, "  - {to: [ops], group_wait: 0s}\n");
    story_pass(&story, SECOND_MS);
    story_expect(&story, "0s first 'a' lines=1 alerts=1 mail=0\n"
                         "0s first 'b' lines=1 alerts=1 mail=0\n"
                         "0s first 'c' lines=1 alerts=1 mail=0\n");
    story_end(&story);
}

TEST(engine_limits, a_digest_carries_what_was_counted_of_all_groups)
{
    struct story story;
    story_begin(&story, "  - {to: [ops], digest: {every: 1h}}\n");
    story_see_many(&story, "rule=a", 2);
    story_see(&story, "rule=b");
    story_pass(&story, 2 * HOUR_MS + MINUTE_MS);
    char thread[33];
    memcpy(thread, story.last_thread, sizeof thread);
    story_see(&story, "rule=a");
    story_pass(&story, 2 * HOUR_MS);
    story_expect(&story, "3600s digest 'digest of route-1' lines=3 alerts=2 mail=0\n"
                         "10800s digest 'digest of route-1' lines=1 alerts=1 mail=0\n");
    ck_assert_str_ne(thread, story.last_thread);
    ck_assert_uint_eq(engine_tally(story.engine)->alerts, 0);
    story_end(&story);
}

TEST(engine_limits, an_empty_digest_is_sent_when_asked_for)
{
    struct story story;
    story_begin(&story,
                "  - {to: [ops], digest: {at: '08:00', zone: UTC, empty: send}}\n");
    story_see(&story, "rule=a");
    story_pass(&story, 33 * HOUR_MS);
    story_expect(&story,
                 "28800s digest 'digest of route-1' lines=1 alerts=1 mail=0\n"
                 "115200s digest 'digest of route-1' lines=0 alerts=0 mail=0\n");
    const struct notice *notice = &story.notices.items[1];
    ck_assert_int_eq(notice->since_unix_ms, story.begin.unix_ms + 8 * HOUR_MS);
    story_end(&story);
}

TEST(engine_limits, a_digest_by_interval_keeps_its_beat_over_crashes)
{
    struct story story;
    story_begin(&story, "  - {to: [ops], digest: {every: 1h}}\n");
    for (int i = 0; i < 4; i++) {
        story_see(&story, "rule=a");
        story_pass(&story, 20 * MINUTE_MS);
        story_crash(&story, 20 * MINUTE_MS, NULL);
    }
    story_pass(&story, HOUR_MS);
    story_expect(&story, "3600s digest 'digest of route-1' lines=2 alerts=1 mail=0\n"
                         "7200s digest 'digest of route-1' lines=2 alerts=1 mail=0\n");
    story_end(&story);
}

TEST(engine_limits, a_digest_missed_while_nothing_ran_is_sent_at_the_start)
{
    struct story story;
    story_begin(&story, "  - {to: [ops], digest: {at: '08:00', zone: UTC}}\n");
    story_see(&story, "rule=a");
    story_crash(&story, 10 * HOUR_MS, NULL);
    story_pass(&story, 30 * HOUR_MS);
    story_expect(&story, "36000s digest 'digest of route-1' lines=1 alerts=1 mail=0\n");
    story_end(&story);
}

TEST(engine_limits, P12_a_daily_digest_follows_the_wall_clock_when_it_is_set)
{
    struct story story;
    story_begin(&story, "  - {to: [ops], digest: {at: '08:00', zone: UTC}}\n");
    story_see(&story, "rule=a");
    story.now.unix_ms += 3 * HOUR_MS;
    story_see(&story, "rule=a");
    story_pass(&story, 6 * HOUR_MS);
    story_expect(&story, "18000s digest 'digest of route-1' lines=2 alerts=1 mail=0\n");
    story_end(&story);
}

TEST(engine_limits, P12_a_step_of_the_wall_clock_is_seen_although_nothing_else_happens)
{
    struct story story;
    story_begin(&story, "  - {to: [ops], digest: {at: '08:00', zone: UTC}}\n");
    story_see(&story, "rule=a");
    story.now.unix_ms += 3 * HOUR_MS;
    story_pass(&story, 6 * HOUR_MS);
    story_expect(&story, "18000s digest 'digest of route-1' lines=1 alerts=1 mail=0\n");
    ck_assert_int_eq(engine_wake_at(story.engine), story.now.mono_ms + MINUTE_MS);
    story_end(&story);
}

TEST(engine_limits, a_group_remembers_that_the_mail_of_what_was_held_told_it)
{
    struct story story;
    story_begin(&story,
                "  - {to: [ops], group_wait: 0s, limit: {mails: 1, per: 1h}}\n");
    story_see(&story, "rule=a");
    story_see_for(&story, "rule=b", DAY_MS);
    story_pass(&story, HOUR_MS + MINUTE_MS);
    story_expect(&story,
                 "0s first 'a' lines=1 alerts=1 mail=0\n"
                 "3600s held 'held back on route-1' lines=1 alerts=1 held=1 mail=0\n");
    int64_t held_unix_ms = story.now.unix_ms - MINUTE_MS;
    story_crash(&story, SECOND_MS, NULL);
    story_see(&story, "rule=b host=web1");
    story_pass(&story, 2 * HOUR_MS);
    story_expect(&story, "7200s held 'held back on route-1' lines=1 alerts=1 held=1"
                         " mail=0\n");
    story_see(&story, "rule=b host=web2");
    story_pass(&story, 2 * HOUR_MS);
    const struct notice *notice = &story.notices.items[0];
    ck_assert_int_eq(notice->reason, NOTICE_NEW);
    ck_assert_uint_eq(notice->mail_number, 0);
    ck_assert(notice->is_told);
    ck_assert_int_gt(notice->told_unix_ms, held_unix_ms);
    story_end(&story);
}

TEST(engine_limits, the_critical_gets_the_mail_that_the_limit_still_allows)
{
    struct story story;
    story_begin(&story, "  - {to: [ops], limit: {mails: 1, per: 1h}}\n");
    story_see(&story, "rule=a");
    story_see(&story, "rule=b");
    story_see(&story, "rule=c severity=critical");
    story_pass(&story, HOUR_MS + MINUTE_MS);
    story_expect(&story,
                 "30s first 'c' lines=1 alerts=1 mail=0\n"
                 "3630s held 'held back on route-1' lines=2 alerts=2 held=2 mail=0\n");
    story_end(&story);
}

TEST(engine_limits, a_repeat_that_was_held_back_says_what_goes_on)
{
    struct story story;
    story_begin(&story, "  - {to: [ops], group_wait: 0s, repeat_interval: 1h,"
                        " limit: {mails: 1, per: 2h}}\n");
    story_see_for(&story, "rule=a", NEVER_MS);
    story_pass(&story, 2 * HOUR_MS + MINUTE_MS);
    story_expect(&story,
                 "0s first 'a' lines=1 alerts=1 mail=0\n"
                 "7200s held 'held back on route-1' lines=0 alerts=1 held=1 mail=0\n");
    story_end(&story);
}
