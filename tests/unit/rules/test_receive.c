/** Alerts that are no lines: from outside, and about the agent itself. */
#include "engine_story.h"

#include "rules/engine_inside.h"

static void report(struct story *story, const char *object)
{
    const struct self_report report = { .kind = SLICE("lost-bytes"),
                                        .object = slice_of(object),
                                        .severity = SEVERITY_WARNING,
                                        .summary = SLICE("10 bytes are lost") };
    engine_report(story->engine, &report, story->now);
}

TEST(receive, P26_equal_self_reports_are_one_alert_with_a_count)
{
    struct story story;
    story_begin(&story, "  - {to: [ops], group_by: [rule, kind], group_wait: 10s}\n");
    report(&story, "a.log");
    report(&story, "a.log");
    report(&story, "b.log");
    ck_assert_uint_eq(engine_tally(story.engine)->alerts, 2);
    ck_assert_uint_eq(engine_tally(story.engine)->matches, 3);
    ck_assert_uint_eq(engine_tally(story.engine)->groups, 1);
    engine_tick(story.engine, (struct now){ story.now.mono_ms + 10000, 1 },
                &story.notices);
    ck_assert_uint_eq(story.notices.count, 1);
    ck_assert_slice(story.notices.items[0].title, "tocsin (kind=lost-bytes)");
    story_end(&story);
}

TEST(receive, routes_find_self_reports_by_their_rule)
{
    struct story story;
    story_begin(&story, "  - {match: [rule=tocsin], to: [ops], group_wait: 1s}\n"
                        "  - {to: [ops], group_wait: 1h}\n");
    report(&story, "a.log");
    ck_assert_int_eq(engine_wake_at(story.engine), story.now.mono_ms + 1000);
    story_end(&story);
}

TEST(receive, what_the_sender_says_of_rule_and_severity_decides_nothing)
{
    struct story story;
    struct label sent[] = { { SLICE("alertname"), SLICE("Down") },
                            { SLICE("rule"), SLICE("tocsin") },
                            { SLICE("severity"), SLICE("critical") } };
    const struct source source = { .name = SLICE("http") };
    const struct incoming incoming = { .source = &source,
                                       .labels = { sent, 3 },
                                       .severity = SEVERITY_INFO,
                                       .resolve_after_ms = HOUR_MS };
    story_begin(&story,
                "  - {match: [rule=Down, severity=info], to: [ops], group_wait: 1s}\n"
                "  - {to: [ops], group_wait: 1h}\n");
    engine_receive(story.engine, &incoming, story.now);
    ck_assert_int_eq(engine_wake_at(story.engine), story.now.mono_ms + 1000);
    story_end(&story);
}

/* --- what is posted --------------------------------------------------------------- */

#define DOWN "alertname=Down host=web1"

TEST(receive, firing_and_resolved_are_one_alert_in_one_thread)
{
    struct story story;
    char thread[33];
    story_begin(&story, "  - {to: [ops]}\n");
    story_post(&story, DOWN, 0);
    story_pass(&story, MINUTE_MS);
    memcpy(thread, story.last_thread, sizeof thread);
    story_crash(&story, 0, NULL);
    story_pass(&story, HOUR_MS);
    story_post_resolved(&story, DOWN, 0);
    story_pass(&story, HOUR_MS);
    story_expect(&story, "30s first 'Down' lines=1 alerts=1 mail=0\n"
                         "3930s resolved 'Down' lines=0 alerts=1 mail=1\n");
    ck_assert_str_eq(thread, story.last_thread);
    ck_assert_uint_eq(engine_tally(story.engine)->alerts, 0);
    story_end(&story);
}

TEST(receive, what_ends_before_its_mail_is_told_in_it_as_over)
{
    struct story story;
    story_begin(&story, "  - {to: [ops]}\n");
    story_post(&story, DOWN, -60);
    story_pass(&story, 10 * SECOND_MS);
    story_post_resolved(&story, DOWN, -60);
    story_pass(&story, HOUR_MS);
    ck_assert_uint_eq(story.notices.count, 1);
    const struct notice_alert *alert = story.notices.items[0].alerts;
    ck_assert(!alert->is_firing);
    ck_assert(alert->is_posted);
    ck_assert_int_eq(alert->first_unix_ms, story.begin.unix_ms - MINUTE_MS);
    ck_assert_int_eq(alert->ended_unix_ms, story.begin.unix_ms + 10 * SECOND_MS);
    story_expect(&story, "30s first 'Down' lines=1 alerts=1 mail=0\n");
    story_end(&story);
}

TEST(receive, one_that_ends_among_others_is_told_while_they_go_on)
{
    struct story story;
    story_begin(&story, "  - {to: [ops]}\n");
    story_post(&story, DOWN, 0);
    story_post(&story, "alertname=Down host=web2", 0);
    story_pass(&story, MINUTE_MS);
    story_post_resolved(&story, DOWN, 0);
    story_pass(&story, HOUR_MS);
    story_expect(&story, "30s first 'Down' lines=2 alerts=2 mail=0\n"
                         "330s resolved 'Down' lines=0 alerts=2 mail=1\n");
    story_end(&story);
}

TEST(receive, H29_a_retry_after_a_crash_is_counted_once)
{
    struct story story;
    story_begin(&story, "  - {to: [ops]}\n");
    story_post(&story, DOWN, 0); /* durable, but the answer is lost */
    story_crash(&story, 0, NULL);
    story_post(&story, DOWN, 0);
    story_pass(&story, MINUTE_MS);
    story_crash(&story, 0, NULL);
    story_post(&story, DOWN, 0);
    story_pass(&story, HOUR_MS);
    story_post_resolved(&story, DOWN, 0);
    story_crash(&story, 0, NULL);
    story_post_resolved(&story, DOWN, 0);
    story_pass(&story, HOUR_MS);
    story_crash(&story, 0, NULL);
    story_post_resolved(&story, DOWN, 0);
    story_pass(&story, HOUR_MS);
    ck_assert_uint_eq(story.seen, 1);
    story_expect(&story, "30s first 'Down' lines=1 alerts=1 mail=0\n"
                         "3930s resolved 'Down' lines=0 alerts=1 mail=1\n");
    story_end(&story);
}

TEST(receive, H30_what_was_never_durable_is_counted_when_it_comes_again)
{
    struct story story;
    struct label sent[] = { { SLICE("alertname"), SLICE("Down") } };
    const struct source door = { .name = SLICE("http"), .index = 1 };
    const struct incoming incoming = { .source = &door,
                                       .labels = { sent, 1 },
                                       .occurrence = 5,
                                       .resolve_after_ms = HOUR_MS };
    story_begin(&story, "  - {to: [ops]}\n");
    engine_receive(story.engine, &incoming, story.now);
    ck_assert_uint_eq(engine_tally(story.engine)->matches, 1);
    story_crash(&story, 0, NULL); /* nothing was saved */
    story_post(&story, "alertname=Down", 0);
    story_pass(&story, MINUTE_MS);
    story_expect(&story, "30s first 'Down' lines=1 alerts=1 mail=0\n");
    story_end(&story);
}

TEST(receive, a_later_begin_is_a_new_occurrence_and_an_earlier_one_is_not)
{
    struct story story;
    story_begin(&story, "  - {to: [ops], repeat_interval: 1h}\n");
    story_post(&story, DOWN, 10);
    story_post(&story, DOWN, 10);
    story_post(&story, DOWN, 5);
    ck_assert_uint_eq(story.seen, 1);
    ck_assert_uint_eq(engine_tally(story.engine)->repeats, 2);
    story_post(&story, DOWN, 20);
    ck_assert_uint_eq(story.seen, 2);
    story_pass(&story, MINUTE_MS);
    story_post(&story, DOWN, 30);
    story_pass(&story, 70 * MINUTE_MS);
    story_expect(&story, "30s first 'Down' lines=2 alerts=1 mail=0\n"
                         "3630s repeat 'Down' lines=1 alerts=1 mail=1\n");
    story_end(&story);
}

TEST(receive, what_fires_again_after_it_was_over_is_told_again)
{
    struct story story;
    story_begin(&story, "  - {to: [ops]}\n");
    story_post(&story, DOWN, 0);
    story_pass(&story, MINUTE_MS);
    story_post_resolved(&story, DOWN, 0);
    story_pass(&story, HOUR_MS);
    story_post(&story, DOWN, 0);
    story_pass(&story, HOUR_MS);
    story_expect(&story, "30s first 'Down' lines=1 alerts=1 mail=0\n"
                         "330s resolved 'Down' lines=0 alerts=1 mail=1\n"
                         "3690s first 'Down' lines=1 alerts=1 mail=0\n");
    story_end(&story);
}

TEST(receive, H33_resolved_without_firing_is_told_once_as_over)
{
    struct story story;
    story_begin(&story, "  - {to: [ops]}\n");
    story_post_resolved(&story, DOWN, -3600);
    story_pass(&story, MINUTE_MS);
    ck_assert_uint_eq(story.notices.count, 1);
    ck_assert(!story.notices.items[0].alerts->is_firing);
    story_post_resolved(&story, DOWN, -3600);
    story_pass(&story, HOUR_MS);
    story_expect(&story, "30s first 'Down' lines=1 alerts=1 mail=0\n");
    story_end(&story);
}

TEST(receive, H33_moments_of_other_centuries_saturate)
{
    static const int64_t moments[] = {
        INT64_MIN, -1, 0, 1, INT64_C(1) << 62, INT64_MAX
    };
    struct story story;
    const struct source door = { .name = SLICE("http"), .index = 1 };
    story_begin(&story, "  - {to: [ops], group_wait: 0s}\n");
    for (size_t i = 0; i < 36; i++) {
        struct label sent[] = { { SLICE("n"), slice_make("abcdefghijklmnopqrstuvwxyz"
                                                         "0123456789" +
                                                             i,
                                                         1) } };
        struct incoming incoming = { .source = &door,
                                     .labels = { sent, 1 },
                                     .is_resolved = i & 1,
                                     .occurrence = (uint64_t)moments[i % 6],
                                     .starts_unix_ms = moments[i % 6],
                                     .ends_unix_ms = moments[i / 6],
                                     .resolve_after_ms = NEVER_MS };
        engine_receive(story.engine, &incoming, story.now);
    }
    engine_tick(story.engine, story.now, &story.notices);
    ck_assert_uint_eq(story.notices.count, 1);
    ck_assert_uint_eq(story.notices.items[0].alert_count, 36);
    for (size_t i = 0; i < 36; i++) {
        const struct notice_alert *alert = &story.notices.items[0].alerts[i];
        ck_assert_int_gt(alert->first_unix_ms, 0);
        ck_assert_int_le(alert->first_unix_ms, alert->last_unix_ms);
        ck_assert_int_le(alert->last_unix_ms, story.now.unix_ms);
        ck_assert_int_le(alert->ended_unix_ms, story.now.unix_ms);
    }
    story_end(&story);
}

TEST(receive, H33_nothing_is_over_before_it_began)
{
    struct story story;
    const struct source door = { .name = SLICE("http"), .index = 1 };
    struct label sent[] = { { SLICE("alertname"), SLICE("Down") } };
    story_begin(&story, "  - {to: [ops], group_wait: 0s}\n");
    struct incoming incoming = { .source = &door,
                                 .labels = { sent, 1 },
                                 .is_resolved = true,
                                 .starts_unix_ms = story.now.unix_ms - HOUR_MS,
                                 .ends_unix_ms = story.now.unix_ms - DAY_MS,
                                 .resolve_after_ms = DAY_MS };
    engine_receive(story.engine, &incoming, story.now);
    engine_tick(story.engine, story.now, &story.notices);
    ck_assert_uint_eq(story.notices.count, 1);
    ck_assert_int_eq(story.notices.items[0].alerts->ended_unix_ms, story.now.unix_ms);
    story_end(&story);
}

TEST(receive, an_alert_whose_sender_is_silent_for_a_day_is_over)
{
    struct story story;
    story_begin(&story, "  - {to: [ops], send_resolved: true, repeat_interval: 30d}\n");
    story_post(&story, DOWN, 0);
    story_pass(&story, 20 * HOUR_MS);
    story_post(&story, DOWN, 0);
    story_crash(&story, 0, NULL);
    story_pass(&story, 23 * HOUR_MS);
    story_expect(&story, "30s first 'Down' lines=1 alerts=1 mail=0\n");
    story_pass(&story, 2 * HOUR_MS);
    story_expect(&story, "158430s resolved 'Down' lines=0 alerts=1 mail=1\n");
    story_post_resolved(&story, DOWN, 0);
    story_pass(&story, HOUR_MS);
    story_expect(&story, "");
    story_post(&story, DOWN, 0);
    story_pass(&story, HOUR_MS);
    story_expect(&story, "165630s first 'Down' lines=1 alerts=1 mail=0\n");
    story_end(&story);
}

TEST(receive, most_repeats_change_nothing_that_must_be_stored)
{
    struct story story;
    story_begin(&story, "  - {to: [ops], repeat_interval: 30d}\n");
    story_post(&story, DOWN, 0);
    story_pass(&story, MINUTE_MS);
    int stored = 0;
    for (int hour = 0; hour < 48; hour++) {
        story_pass(&story, 30 * MINUTE_MS);
        uint64_t gone = story.engine->pieces.changed_count;
        ck_assert_uint_eq(gone, 0);
        struct label sent[] = { { SLICE("alertname"), SLICE("Down") },
                                { SLICE("host"), SLICE("web1") } };
        const struct source door = { .name = SLICE("http"), .index = 1 };
        const struct incoming incoming = { .source = &door,
                                           .labels = { sent, 2 },
                                           .severity = SEVERITY_WARNING,
                                           .occurrence = 1,
                                           .title = SLICE("it is down"),
                                           .resolve_after_ms = DAY_MS };
        engine_receive(story.engine, &incoming, story.now);
        stored += (int)story.engine->pieces.changed_count;
    }
    ck_assert_uint_eq(story.seen, 1);
    ck_assert_int_gt(stored, 10);
    ck_assert_int_lt(stored, 20);
    story_end(&story);
}

TEST(receive, a_digest_tells_what_began_and_what_is_over_once_each)
{
    struct story story;
    story_begin(&story, "  - {to: [ops], digest: {every: 1h}}\n");
    story_post(&story, DOWN, 0);
    story_pass(&story, 2 * HOUR_MS);
    story_post(&story, DOWN, 0); /* it goes on: no news */
    story_crash(&story, 0, NULL);
    story_post(&story, DOWN, 0);
    story_pass(&story, 2 * HOUR_MS);
    story_post_resolved(&story, DOWN, 0);
    story_crash(&story, 0, NULL);
    story_post_resolved(&story, DOWN, 0);
    story_pass(&story, 2 * HOUR_MS);
    story_post_resolved(&story, DOWN, 0);
    story_pass(&story, 2 * HOUR_MS);
    story_expect(&story, "3600s digest 'digest of route-1' lines=1 alerts=1 mail=0\n"
                         "18000s digest 'digest of route-1' lines=0 alerts=1 mail=0\n");
    story_end(&story);
}

TEST(receive, on_two_routes_it_ends_on_both)
{
    struct story story;
    story_begin(&story, "  - {to: [ops], digest: {every: 1h}, continue: true}\n"
                        "  - {to: [oncall]}\n");
    story_post(&story, DOWN, 0);
    story_pass(&story, 90 * MINUTE_MS);
    story_post(&story, DOWN, 0);
    story_post_resolved(&story, DOWN, 0);
    story_pass(&story, 60 * MINUTE_MS);
    story_expect(&story, "30s first 'Down' lines=1 alerts=1 mail=0\n"
                         "3600s digest 'digest of route-1' lines=1 alerts=1 mail=0\n"
                         "5430s resolved 'Down' lines=0 alerts=1 mail=1\n"
                         "7200s digest 'digest of route-1' lines=0 alerts=1 mail=0\n");
    story_end(&story);
}

TEST(receive, what_shares_an_alert_with_others_is_counted_once_too)
{
    struct story story;
    char labels[64];
    story_begin(&story, "  - {to: [ops]}\n");
    for (int i = 0; i < LIMIT_GROUP_ALERTS; i++) {
        snprintf(labels, sizeof labels, "alertname=Down n=%d", i);
        story_post(&story, labels, 0);
    }
    for (int i = 0; i < 3; i++) {
        story_post(&story, DOWN, 0);
        story_crash(&story, 0, NULL);
    }
    ck_assert_uint_eq(story.seen, LIMIT_GROUP_ALERTS + 1);
    story_post_resolved(&story, DOWN, 0);
    story_post_resolved(&story, DOWN, 0);
    ck_assert_uint_eq(story.seen, LIMIT_GROUP_ALERTS + 1);
    story_end(&story);
}

TEST(receive, D19_the_memory_of_what_is_over_is_bounded_and_ends_after_a_day)
{
    struct story story;
    char labels[64];
    struct dedup *dedup;
    story_begin(&story, "  - {to: [ops], group_wait: 0s, group_interval: 1s}\n");
    dedup = &story.engine->dedup;
    for (uint64_t i = 1; i <= LIMIT_DEDUP_ENTRIES + 10; i++)
        dedup_remember(dedup, i, 0, true, 0);
    ck_assert_uint_eq(dedup->entries.count, LIMIT_DEDUP_ENTRIES);
    ck_assert_uint_eq(dedup->left_count, 10);
    ck_assert_ptr_null(dedup_recall(dedup, 10));
    ck_assert_ptr_nonnull(dedup_recall(dedup, 11));
    story_pass(&story, 25 * HOUR_MS);
    snprintf(labels, sizeof labels, DOWN);
    story_post(&story, labels, 0);
    story_post_resolved(&story, labels, 0);
    story_pass(&story, MINUTE_MS);
    ck_assert_uint_eq(story.engine->dedup.entries.count, 1);
    ck_assert_ptr_null(dedup_recall(dedup, 11));
    story_end(&story);
}

/* --- rules that name the door ----------------------------------------------------- */

#define DOOR_RULES                                                                  \
    "rules:\n"                                                                      \
    "  - {name: all, match: down}\n"                                                \
    "  - {name: disk, from: http, match: 'it is (?<how>up)', severity: critical}\n" \
    "  - {name: dead, from: [http], match: 'it is (?<how>down)', unless: web9,\n"   \
    "     where: ['team=infra'], severity: critical, summary: '{{host}} is "        \
    "{{how}}',\n"                                                                   \
    "     labels: {team: ops, how: '{{how}}'}}\n"

TEST(receive, a_rule_that_names_the_door_describes_the_alert)
{
    struct story story;
    story_begin(&story, "  - {to: [ops], group_wait: 0s}\n" DOOR_RULES);
    story_post(&story, "alertname=Down host=web1 team=infra", 0);
    ck_assert_uint_eq(story.notices.count, 1);
    const struct notice_alert *alert = story.notices.items[0].alerts;
    ck_assert_slice(labels_find(&alert->labels, SLICE("rule")), "dead");
    ck_assert_slice(labels_find(&alert->labels, SLICE("alertname")), "Down");
    ck_assert_slice(labels_find(&alert->labels, SLICE("host")), "web1");
    ck_assert_slice(labels_find(&alert->labels, SLICE("team")), "ops");
    ck_assert_slice(labels_find(&alert->labels, SLICE("how")), "down");
    ck_assert_slice(labels_find(&alert->labels, SLICE("severity")), "critical");
    ck_assert_slice(alert->summary, "web1 is down");
    ck_assert_int_eq(alert->severity, SEVERITY_CRITICAL);
    story_post_resolved(&story, "alertname=Down host=web1 team=infra", 0);
    story_pass(&story, HOUR_MS);
    story_expect(&story, "0s first 'dead' lines=1 alerts=1 mail=0\n"
                         "300s resolved 'dead' lines=0 alerts=1 mail=1\n");
    story_end(&story);
}

TEST(receive, without_such_a_rule_the_sender_describes_it)
{
    struct story story;
    story_begin(&story, "  - {to: [ops], group_wait: 0s}\n" DOOR_RULES);
    story_post(&story, "alertname=Down host=web1 team=web", 0);
    const struct notice_alert *alert = story.notices.items[0].alerts;
    ck_assert_slice(labels_find(&alert->labels, SLICE("rule")), "Down");
    ck_assert_slice(alert->summary, "it is down");
    ck_assert_int_eq(alert->severity, SEVERITY_WARNING);
    story_end(&story);
}
