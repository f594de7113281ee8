/** Alerts that are no lines: from outside, and about the agent itself. */
#include "engine_story.h"

static void report(struct story *story, const char *object)
{
    const struct self_report report = { .kind = SLICE("lost-bytes"),
                                        .object = slice_of(object),
                                        .severity = SEVERITY_WARNING,
                                        .summary = SLICE("10 bytes are lost") };
    engine_report(story->engine, &report, story->now);
}

TEST(receive, equal_self_reports_are_one_alert_with_a_count)
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
