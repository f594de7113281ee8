/** The decisions of a group, each as a story on virtual time. */
#include "engine_story.h"

#include "agent/base/hash.h"
#include "agent/base/limits.h"

#define DEFAULT_ROUTE "  - {to: [ops]}\n"

static const char *const sends_resolved = "  - {to: [ops], send_resolved: true}\n";

/** Half a minute passes, and the first mail with it. */
static void tell_first(struct story *story)
{
    story_pass(story, 30 * SECOND_MS);
    buf_clear(&story->transcript);
}

TEST(engine, the_first_alert_waits_for_company_and_then_all_go_in_one_mail)
{
    struct story story;
    story_begin(&story, DEFAULT_ROUTE);
    story_see(&story, "rule=oom host=web1");
    story_pass(&story, 29 * SECOND_MS);
    story_see(&story, "rule=oom host=web2");
    story_see(&story, "rule=oom host=web1");
    story_expect(&story, "");
    story_pass(&story, SECOND_MS);
    story_expect(&story, "30s first 'oom' lines=3 alerts=2 mail=0\n");
    story_end(&story);
}

TEST(engine, without_a_group_wait_the_mail_goes_in_the_same_turn)
{
    struct story story;
    story_begin(&story, "  - {to: [ops], group_wait: 0s}\n");
    story_see(&story, "rule=oom host=web1");
    story_expect(&story, "0s first 'oom' lines=1 alerts=1 mail=0\n");
    story_end(&story);
}

TEST(engine, groups_are_told_apart_by_the_labels_of_group_by)
{
    struct story story;
    story_begin(&story, "  - {to: [ops], group_by: [rule, host]}\n");
    story_see(&story, "rule=oom host=web1 ip=192.0.2.7");
    story_see(&story, "rule=oom host=web2");
    story_see(&story, "rule=oom host=web1");
    story_pass(&story, MINUTE_MS);
    story_expect(&story, "30s first 'oom on web1' lines=2 alerts=2 mail=0\n"
                         "30s first 'oom on web2' lines=1 alerts=1 mail=0\n");
    story_end(&story);
}

TEST(engine, all_labels_may_tell_groups_apart_and_none_may_too)
{
    struct story story;
    story_begin(&story, "  - {to: [ops], group_by: ['...'], continue: true}\n"
                        "  - {to: [oncall], group_by: [], name: all}\n");
    story_see(&story, "rule=oom ip=192.0.2.7 user=root");
    story_see(&story, "rule=oom ip=192.0.2.8");
    story_pass(&story, MINUTE_MS);
    story_expect(&story,
                 "30s first 'oom (ip=192.0.2.7, user=root)' lines=1 alerts=1 mail=0\n"
                 "30s first 'alerts of all' lines=2 alerts=2 mail=0\n"
                 "30s first 'oom (ip=192.0.2.8)' lines=1 alerts=1 mail=0\n");
    story_end(&story);
}

TEST(engine, an_alert_that_joins_is_told_at_the_next_beat_in_the_same_thread)
{
    struct story story;
    story_begin(&story, DEFAULT_ROUTE);
    story_see(&story, "rule=oom host=web1");
    tell_first(&story);
    char thread[33];
    memcpy(thread, story.last_thread, sizeof thread);
    story_pass(&story, 70 * SECOND_MS);
    story_see(&story, "rule=oom host=web2");
    story_see(&story, "rule=oom host=web1");
    story_pass(&story, 10 * MINUTE_MS);
    story_expect(&story, "330s new 'oom' lines=2 alerts=2 mail=1\n");
    ck_assert_str_eq(thread, story.last_thread);
    story_end(&story);
}

TEST(engine, a_known_alert_is_counted_until_the_repeat)
{
    struct story story;
    story_begin(&story, "  - {to: [ops], repeat_interval: 1h}\n");
    story_see(&story, "rule=oom host=web1");
    tell_first(&story);
    for (int i = 0; i < 12; i++) {
        story_see(&story, "rule=oom host=web1");
        story_pass(&story, 10 * MINUTE_MS - SECOND_MS);
    }
    story_expect(&story, "3630s repeat 'oom' lines=7 alerts=1 mail=1\n");
    story_pass(&story, MINUTE_MS);
    story_expect(&story, "7230s repeat 'oom' lines=5 alerts=1 mail=2\n");
    story_end(&story);
}

TEST(engine, what_still_fires_is_repeated_though_nothing_new_was_counted)
{
    struct story story;
    story_begin(&story, DEFAULT_ROUTE);
    story_see_for(&story, "rule=disk-broken", NEVER_MS);
    story_pass(&story, 5 * HOUR_MS);
    story_expect(&story, "30s first 'disk-broken' lines=1 alerts=1 mail=0\n"
                         "14430s repeat 'disk-broken' lines=0 alerts=1 mail=1\n");
    story_end(&story);
}

TEST(engine, quiet_again_is_told_when_lines_were_counted_since_the_last_mail)
{
    struct story story;
    story_begin(&story, DEFAULT_ROUTE);
    story_see(&story, "rule=oom host=web1");
    tell_first(&story);
    story_see(&story, "rule=oom host=web1");
    story_pass(&story, HOUR_MS);
    story_expect(&story, "930s resolved 'oom' lines=1 alerts=1 mail=1\n");
    ck_assert_uint_eq(engine_tally(story.engine)->groups, 0);
    ck_assert_int_eq(engine_wake_at(story.engine), NEVER_MS);
    story_end(&story);
}

TEST(engine, quiet_again_with_nothing_new_is_told_only_to_who_asked_for_it)
{
    struct story story;
    story_begin(&story, DEFAULT_ROUTE);
    story_see(&story, "rule=oom host=web1");
    tell_first(&story);
    story_pass(&story, DAY_MS);
    story_expect(&story, "");
    ck_assert_uint_eq(engine_tally(story.engine)->groups, 0);
    story_end(&story);
    story_begin(&story, sends_resolved);
    story_see(&story, "rule=oom host=web1");
    tell_first(&story);
    story_pass(&story, DAY_MS);
    story_expect(&story, "930s resolved 'oom' lines=0 alerts=1 mail=1\n");
    story_end(&story);
}

TEST(engine, one_of_several_that_is_quiet_is_told_to_who_asked_for_it)
{
    struct story story;
    story_begin(&story, sends_resolved);
    story_see(&story, "rule=oom host=web1");
    story_see_for(&story, "rule=oom host=web2", HOUR_MS);
    tell_first(&story);
    story_pass(&story, 2 * HOUR_MS);
    story_expect(&story, "930s resolved 'oom' lines=0 alerts=2 mail=1\n"
                         "3630s resolved 'oom' lines=0 alerts=1 mail=2\n");
    story_end(&story);
}

TEST(engine, an_alert_that_is_over_before_its_first_mail_is_told_all_the_same)
{
    struct story story;
    story_begin(&story, DEFAULT_ROUTE);
    story_see_for(&story, "rule=blip", SECOND_MS);
    story_pass(&story, MINUTE_MS);
    story_expect(&story, "30s first 'blip' lines=1 alerts=1 mail=0\n");
    ck_assert(!story.notices.items[0].alerts[0].is_firing);
    ck_assert_uint_eq(engine_tally(story.engine)->alerts, 0);
    story_end(&story);
}

TEST(engine, an_alert_that_comes_back_begins_anew_in_a_thread_of_its_own)
{
    struct story story;
    story_begin(&story, sends_resolved);
    story_see(&story, "rule=oom");
    tell_first(&story);
    char thread[33];
    memcpy(thread, story.last_thread, sizeof thread);
    story_pass(&story, HOUR_MS);
    story_expect(&story, "930s resolved 'oom' lines=0 alerts=1 mail=1\n");
    story_see(&story, "rule=oom");
    story_pass(&story, MINUTE_MS);
    story_expect(&story, "3660s first 'oom' lines=1 alerts=1 mail=0\n");
    ck_assert_str_ne(thread, story.last_thread);
    story_end(&story);
}

TEST(engine, one_that_comes_back_soon_after_the_last_mail_keeps_the_interval)
{
    struct story story;
    story_begin(&story, DEFAULT_ROUTE);
    for (int i = 0; i < 10; i++) {
        story_see_for(&story, "rule=flaps", SECOND_MS);
        story_pass(&story, MINUTE_MS);
    }
    story_expect(&story, "30s first 'flaps' lines=1 alerts=1 mail=0\n"
                         "330s first 'flaps' lines=5 alerts=1 mail=0\n");
    story_end(&story);
}

TEST(engine, in_a_group_that_is_on_an_alert_that_comes_back_is_new)
{
    struct story story;
    story_begin(&story, DEFAULT_ROUTE);
    story_see_for(&story, "rule=oom host=web1", NEVER_MS);
    story_see_for(&story, "rule=oom host=web2", MINUTE_MS);
    tell_first(&story);
    story_pass(&story, HOUR_MS);
    story_see_for(&story, "rule=oom host=web2", MINUTE_MS);
    story_pass(&story, 10 * MINUTE_MS);
    story_expect(&story, "3630s new 'oom' lines=1 alerts=2 mail=1\n");
    story_end(&story);
}

TEST(engine, counts_of_a_quiet_alert_wait_with_those_that_still_fire)
{
    struct story story;
    story_begin(&story, DEFAULT_ROUTE);
    story_see_for(&story, "rule=oom host=web1", NEVER_MS);
    story_see(&story, "rule=oom host=web2");
    tell_first(&story);
    story_see(&story, "rule=oom host=web2");
    story_pass(&story, 5 * HOUR_MS);
    story_expect(&story, "14430s repeat 'oom' lines=1 alerts=2 mail=1\n");
    ck_assert_uint_eq(engine_tally(story.engine)->alerts, 1);
    story_end(&story);
}

TEST(engine, the_first_route_that_fits_takes_the_alert)
{
    struct story story;
    story_begin(&story,
                "  - {to: [oncall], match: [severity=critical], group_wait: 0s}\n"
                "  - {to: [ops]}\n");
    story_see(&story, "rule=oom severity=critical");
    story_see(&story, "rule=oom severity=warning");
    story_pass(&story, MINUTE_MS);
    story_expect(&story, "0s first 'oom' lines=1 alerts=1 mail=0\n"
                         "30s first 'oom' lines=1 alerts=1 mail=0\n");
    ck_assert_slice(story.notices.items[0].route, "route-2");
    ck_assert_slice(story.notices.items[0].to[0].value, "ops");
    story_end(&story);
}

TEST(engine, a_route_that_continues_lets_the_next_one_count_it_too)
{
    struct story story;
    story_begin(&story, "  - {to: [oncall], continue: true, group_wait: 1s}\n"
                        "  - {to: [ops]}\n");
    story_see(&story, "rule=oom");
    story_pass(&story, MINUTE_MS);
    story_expect(&story, "1s first 'oom' lines=1 alerts=1 mail=0\n"
                         "30s first 'oom' lines=1 alerts=1 mail=0\n");
    ck_assert_uint_eq(engine_tally(story.engine)->matches, 2);
    story_end(&story);
}

TEST(engine, the_worst_and_newest_alert_stands_first)
{
    struct story story;
    story_begin(&story, DEFAULT_ROUTE);
    story_see(&story, "rule=oom host=a severity=critical");
    story_pass(&story, SECOND_MS);
    story_see(&story, "rule=oom host=b severity=info");
    story_see(&story, "rule=oom host=c severity=critical");
    story_pass(&story, MINUTE_MS);
    const struct notice *notice = &story.notices.items[0];
    ck_assert_int_eq(notice->severity, SEVERITY_CRITICAL);
    ck_assert_slice(labels_find(&notice->alerts[0].labels, SLICE("host")), "c");
    ck_assert_slice(labels_find(&notice->alerts[1].labels, SLICE("host")), "a");
    ck_assert_slice(labels_find(&notice->alerts[2].labels, SLICE("host")), "b");
    ck_assert_slice(labels_find(&notice->group_labels, SLICE("rule")), "oom");
    story_end(&story);
}

TEST(engine, the_first_two_and_the_last_three_lines_are_shown)
{
    struct story story;
    story_begin(&story, DEFAULT_ROUTE);
    story_see_many(&story, "rule=oom", 100);
    story_pass(&story, MINUTE_MS);
    static const int64_t offsets[] = { 0, 1, 97, 98, 99 };
    const struct notice_alert *alert = &story.notices.items[0].alerts[0];
    ck_assert_uint_eq(alert->sample_count, 5);
    for (size_t i = 0; i < 5; i++)
        ck_assert_int_eq(alert->samples[i].offset, offsets[i]);
    ck_assert_slice(alert->samples[0].line, "line 0 of rule=oom");
    ck_assert_slice(alert->samples[4].path, "/var/log/app.log");
    story_end(&story);
}

TEST(engine, lines_of_the_last_mail_are_not_shown_among_new_ones)
{
    struct story story;
    story_begin(&story, DEFAULT_ROUTE);
    story_see_many(&story, "rule=oom", 3);
    tell_first(&story);
    story_see(&story, "rule=oom");
    story_pass(&story, HOUR_MS);
    story_expect(&story, "930s resolved 'oom' lines=1 alerts=1 mail=1\n");
    const struct notice_alert *alert = &story.notices.items[0].alerts[0];
    ck_assert_uint_eq(alert->sample_count, 1);
    ck_assert_int_eq(alert->samples[0].offset, 3);
    ck_assert_uint_eq(alert->total_count, 4);
    story_end(&story);
}

TEST(engine, the_end_of_a_single_run_tells_what_is_open_whatever_the_timers_say)
{
    struct story story;
    story_begin(&story,
                "  - {to: [ops], match: [severity=info], digest: {every: 1h}}\n"
                "  - {to: [ops], group_by: [rule], limit: {mails: 1, per: 1h}}\n");
    story_see(&story, "rule=a");
    story_see(&story, "rule=b");
    story_see(&story, "rule=c");
    story_see(&story, "rule=d severity=info");
    story_flush(&story);
    story_expect(&story,
                 "0s shutdown 'digest of route-1' lines=1 alerts=1 mail=0\n"
                 "0s shutdown 'a' lines=1 alerts=1 mail=0\n"
                 "0s held 'held back on route-2' lines=2 alerts=2 held=2 mail=0\n");
    story_flush(&story);
    story_expect(&story, "");
    story_end(&story);
}

TEST(engine, C16_groups_past_the_limit_share_one_and_every_line_counts)
{
    struct story story;
    char labels[64];
    story_begin(&story, "  - {to: [ops], group_by: [ip]}\n");
    for (int i = 0; i < LIMIT_GROUPS + 1500; i++) {
        snprintf(labels, sizeof labels, "rule=scan ip=%d", i);
        story_see_for(&story, labels, MINUTE_MS);
    }
    story_see(&story, "rule=scan ip=11000");
    const struct engine_tally *tally = engine_tally(story.engine);
    ck_assert_uint_eq(tally->groups, LIMIT_GROUPS + 1);
    ck_assert_uint_eq(tally->overflow_keys, 1501);
    ck_assert_uint_eq(tally->alerts, LIMIT_GROUPS + LIMIT_GROUP_ALERTS + 1);
    story_pass(&story, MINUTE_MS);
    ck_assert_uint_eq(story.told, LIMIT_GROUPS + 1501);
    ck_assert_uint_eq(tally->open, 0);
    const struct notice *other = NULL;
    for (size_t i = 0; i < story.notices.count; i++) {
        if (story.notices.items[i].group_labels.count == 0)
            other = &story.notices.items[i];
    }
    ck_assert_ptr_nonnull(other);
    ck_assert_slice(other->title, "(other) alerts of route-1");
    ck_assert_uint_eq(other->new_count, 1501);
    ck_assert_uint_eq(other->alert_count + other->left_out_alerts,
                      LIMIT_GROUP_ALERTS + 1);
    story_end(&story);
}

TEST(engine, C16_alerts_past_the_limit_share_one_and_every_line_counts)
{
    struct story story;
    char labels[64];
    story_begin(&story, DEFAULT_ROUTE);
    for (int i = 0; i < LIMIT_GROUP_ALERTS + 70; i++) {
        snprintf(labels, sizeof labels, "rule=scan ip=%d", i);
        story_see_for(&story, labels, HOUR_MS);
    }
    story_see(&story, "rule=scan ip=1069");
    story_crash(&story, 0, NULL);
    story_see(&story, "rule=scan ip=3");
    story_pass(&story, MINUTE_MS);
    story_expect(&story, "30s first 'scan' lines=1072 alerts=1000 mail=0\n");
    const struct notice *notice = &story.notices.items[0];
    ck_assert_uint_eq(notice->left_out_alerts, 1);
    uint64_t other = 0;
    for (size_t i = 0; i < notice->alert_count; i++) {
        if (notice->alerts[i].labels.count == 1)
            other = notice->alerts[i].new_count;
    }
    ck_assert_uint_eq(other, 71);
    story_end(&story);
}

TEST(engine, what_waits_is_described_group_by_group)
{
    struct story story;
    struct buf out = buf_make(4096);
    story_begin(&story, "  - {to: [ops], name: main, group_by: [rule, host]}\n");
    story_see(&story, "rule=oom host=web1");
    story_see(&story, "rule=oom host=web1");
    engine_describe(story.engine, story.now, FORM_BRIEF, &out);
    ck_assert_slice(buf_slice(&out), "  main: oom on web1\n"
                                     "    1 alert, 2 lines not told yet, 0 mails so "
                                     "far, next look in 30s\n");
    buf_clear(&out);
    engine_describe(story.engine, story.now, FORM_JSON, &out);
    ck_assert(slice_starts(buf_slice(&out),
                           SLICE("{\"route\":\"main\",\"title\":\"oom on web1\","
                                 "\"alerts\":1,\"open\":2,\"mails\":0,")));
    buf_free(&out);
    story_end(&story);
}

TEST(engine, lines_that_rules_match_are_counted_with_the_hash_of_the_whole_line)
{
    struct story story;
    static char big[4000];
    memset(big, 'x', sizeof big - 2);
    memcpy(big, "oom", 3);
    big[sizeof big - 2] = '\n';
    story_begin(&story, "  - {to: [ops], group_by: [rule, host]}\n"
                        "rules:\n"
                        "  - {name: oom, match: '^oom', severity: critical}\n"
                        "  - {name: any, match: '.', unless: 'oom', by: []}\n");
    story_feed(&story, "oom one\nall is well\n\n");
    story_feed(&story, big);
    story.seen_hash = hash_bytes(SLICE("oom one")) + hash_bytes(SLICE("all is well")) +
                      hash_bytes(slice_make(big, sizeof big - 2));
    story_pass(&story, MINUTE_MS);
    story_expect(&story, "30s first 'oom on web1' lines=2 alerts=1 mail=0\n"
                         "30s first 'any on web1' lines=1 alerts=1 mail=0\n");
    const struct notice_alert *alert = &story.notices.items[0].alerts[0];
    ck_assert_uint_eq(alert->samples[1].line.len, LIMIT_SAMPLE_BYTES);
    ck_assert_int_eq(alert->severity, SEVERITY_CRITICAL);
    const struct engine_tally *tally = engine_tally(story.engine);
    ck_assert_uint_eq(tally->lines, 4);
    ck_assert_uint_eq(tally->bytes, 8 + 12 + 1 + sizeof big - 1);
    ck_assert_uint_eq(tally->matches, 3);
    story_end(&story);
}

TEST(engine, mails_of_one_turn_go_critical_first_and_then_as_they_came)
{
    struct story story;
    story_begin(&story, DEFAULT_ROUTE);
    story_see(&story, "rule=d");
    story_see(&story, "rule=a");
    story_see(&story, "rule=c severity=critical");
    story_see(&story, "rule=b severity=info");
    story_see(&story, "rule=a");
    story_see(&story, "rule=e severity=critical");
    story_pass(&story, MINUTE_MS);
    story_expect(&story, "30s first 'c' lines=1 alerts=1 mail=0\n"
                         "30s first 'e' lines=1 alerts=1 mail=0\n"
                         "30s first 'd' lines=1 alerts=1 mail=0\n"
                         "30s first 'a' lines=2 alerts=1 mail=0\n"
                         "30s first 'b' lines=1 alerts=1 mail=0\n");
    story_end(&story);
}

TEST(engine, what_comes_back_waits_for_company_although_its_group_was_to_be_forgotten)
{
    struct story story;
    story_begin(&story, "  - {to: [ops], group_wait: 1m, group_interval: 1h}\n");
    story_see(&story, "rule=a");
    story_pass(&story, MINUTE_MS);
    story_see(&story, "rule=a");
    story_pass(&story, 2 * HOUR_MS - 30 * SECOND_MS);
    story_see(&story, "rule=a");
    story_pass(&story, 10 * MINUTE_MS);
    story_expect(&story, "60s first 'a' lines=1 alerts=1 mail=0\n"
                         "3660s resolved 'a' lines=1 alerts=1 mail=1\n"
                         "7290s first 'a' lines=1 alerts=1 mail=0\n");
    story_end(&story);
}

/** Thirty more than a group takes, all of which go on for ever. */
static void see_too_many(struct story *story, int from)
{
    char labels[64];
    for (int i = from; i < from + LIMIT_GROUP_ALERTS + 30; i++) {
        snprintf(labels, sizeof labels, "rule=scan ip=%d", i);
        story_see_for(story, labels, NEVER_MS);
    }
}

TEST(engine, alerts_that_never_end_make_way_when_they_are_told)
{
    struct story story;
    story_begin(&story, DEFAULT_ROUTE);
    see_too_many(&story, 0);
    story_pass(&story, MINUTE_MS);
    story_expect(&story, "30s first 'scan' lines=1030 alerts=1000 mail=0\n");
    story_crash(&story, SECOND_MS, NULL);
    story_see_for(&story, "rule=scan ip=0", NEVER_MS);
    for (int i = 5000; i < 5003; i++) {
        char labels[64];
        snprintf(labels, sizeof labels, "rule=scan ip=%d", i);
        story_see_for(&story, labels, NEVER_MS);
    }
    ck_assert_uint_eq(engine_tally(story.engine)->alerts_left, 3);
    ck_assert_uint_eq(engine_tally(story.engine)->overflow_keys, 0);
    story_pass(&story, 10 * MINUTE_MS);
    story_expect(&story, "330s new 'scan' lines=4 alerts=1000 mail=1\n");
    see_too_many(&story, 10000);
    story_pass(&story, 10 * MINUTE_MS);
    story_expect(&story, "930s new 'scan' lines=1030 alerts=1000 mail=2\n");
    ck_assert_uint_eq(engine_tally(story.engine)->alerts, LIMIT_GROUP_ALERTS + 1);
    story_end(&story);
}
