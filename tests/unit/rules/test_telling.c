/** What the mails of a thread are called, for as long as it lasts. */
#include "engine_story.h"

static const struct notice *last(const struct story *story)
{
    ck_assert_uint_gt(story->notices.count, 0);
    return &story->notices.items[story->notices.count - 1];
}

static const char *urgency(const struct story *story)
{
    const struct notice *notice = last(story);
    return notice->names_urgency ? severity_names[notice->urgency] : "";
}

TEST(telling, a_group_by_host_says_what_broke_there)
{
    struct story story;
    story_begin(&story, "  - {to: [ops], group_by: [host], group_wait: 1s}\n");
    story_see(&story, "rule=disk-full host=db1 part=/");
    story_see(&story, "rule=disk-full host=db1 part=/var");
    story_pass(&story, MINUTE_MS);
    story_expect(&story, "1s first 'disk-full on db1' lines=2 alerts=2 mail=0\n");
    story_end(&story);
}

TEST(telling, where_several_things_broke_at_once_none_names_the_thread)
{
    struct story story;
    story_begin(&story, "  - {to: [ops], group_by: [host], group_wait: 1s}\n");
    story_see(&story, "rule=disk-full host=db1");
    story_see(&story, "rule=oom host=db1");
    story_pass(&story, MINUTE_MS);
    story_expect(&story, "1s first 'alerts on db1' lines=2 alerts=2 mail=0\n");
    story_end(&story);
}

TEST(telling, a_thread_keeps_its_name_over_a_crash_and_whatever_joins_it)
{
    struct story story;
    story_begin(&story, "  - {to: [ops], group_by: [host], group_wait: 1s,"
                        " group_interval: 1m, send_resolved: true}\n");
    story_see(&story, "rule=disk-full host=db1");
    story_pass(&story, 2 * SECOND_MS);
    story_crash(&story, SECOND_MS, NULL);
    story_see(&story, "rule=oom host=db1");
    story_pass(&story, 2 * MINUTE_MS);
    story_crash(&story, SECOND_MS, NULL);
    story_pass(&story, HOUR_MS);
    story_expect(&story, "1s first 'disk-full on db1' lines=1 alerts=1 mail=0\n"
                         "61s new 'disk-full on db1' lines=1 alerts=2 mail=1\n"
                         "904s resolved 'disk-full on db1' lines=0 alerts=2 mail=2\n");
    story_end(&story);
}

TEST(telling, the_next_thread_of_a_group_has_a_name_of_its_own)
{
    struct story story;
    story_begin(&story, "  - {to: [ops], group_by: [host], group_wait: 1s,"
                        " group_interval: 1m, send_resolved: true}\n");
    story_see_for(&story, "rule=disk-full host=db1 severity=critical", MINUTE_MS);
    story_pass(&story, 2 * MINUTE_MS);
    ck_assert_str_eq(urgency(&story), "critical");
    story_see_for(&story, "rule=oom host=db1", MINUTE_MS);
    story_pass(&story, 2 * MINUTE_MS);
    ck_assert_str_eq(urgency(&story), "");
    story_expect(&story, "1s first 'disk-full on db1' lines=1 alerts=1 mail=0\n"
                         "61s resolved 'disk-full on db1' lines=0 alerts=1 mail=1\n"
                         "121s first 'oom on db1' lines=1 alerts=1 mail=0\n"
                         "181s resolved 'oom on db1' lines=0 alerts=1 mail=1\n");
    story_end(&story);
}

TEST(telling, what_began_critical_is_called_so_to_its_end)
{
    struct story story;
    story_begin(&story, "  - {to: [ops], group_wait: 1s, send_resolved: true}\n");
    story_see(&story, "rule=oom host=db1 severity=critical");
    story_pass(&story, 2 * SECOND_MS);
    ck_assert_str_eq(urgency(&story), "critical");
    story_crash(&story, SECOND_MS, NULL);
    story_pass(&story, HOUR_MS);
    ck_assert_int_eq(last(&story)->reason, NOTICE_RESOLVED);
    ck_assert_str_eq(urgency(&story), "critical");
    story_end(&story);
}

TEST(telling, what_gets_critical_in_its_thread_is_not_called_less_before)
{
    struct story story;
    story_begin(&story, "  - {to: [ops], group_wait: 1s, group_interval: 1m}\n");
    story_see(&story, "rule=oom host=db1 severity=warning");
    story_pass(&story, 2 * SECOND_MS);
    ck_assert_str_eq(urgency(&story), "");
    story_see(&story, "rule=oom host=db2 severity=critical");
    story_pass(&story, 2 * MINUTE_MS);
    ck_assert_int_eq(last(&story)->severity, SEVERITY_CRITICAL);
    ck_assert_str_eq(urgency(&story), "");
    story_end(&story);
}

TEST(telling, groups_of_one_severity_are_told_apart_by_it)
{
    struct story story;
    story_begin(&story,
                "  - {to: [ops], group_by: [rule, severity], group_wait: 1s}\n");
    story_see(&story, "rule=oom severity=info");
    story_pass(&story, 2 * SECOND_MS);
    ck_assert_str_eq(urgency(&story), "info");
    story_see(&story, "rule=oom severity=warning");
    story_pass(&story, 2 * SECOND_MS);
    ck_assert_str_eq(urgency(&story), "warning");
    story_end(&story);
}

TEST(telling, the_name_of_a_posted_alert_is_said_once)
{
    struct story story;
    story_begin(&story,
                "  - {to: [ops], group_by: [alertname, job], group_wait: 1s}\n");
    story_post(&story, "alertname=Down job=node", 0);
    story_pass(&story, 2 * SECOND_MS);
    ck_assert_slice(last(&story)->title, "Down (job=node)");
    story_end(&story);
}
