/** What is kept of an alert from outside: its labels and texts, without secrets. */
#include "engine_story.h"

#include "rules/engine_inside.h"

static const struct alert *only_alert(const struct story *story)
{
    size_t at = 0, group_at = 0;
    const struct alert_group *group = lane_next(&story->engine->lanes[0], &at);
    ck_assert_ptr_nonnull(group);
    return group_next(group, &group_at);
}

TEST(receive, no_secret_is_kept_of_what_is_posted_again)
{
    struct story story;
    const struct source door = { .name = SLICE("http"), .index = 1 };
    struct label sent[] = { { SLICE("alertname"), SLICE("Down") } };
    struct incoming incoming = { .source = &door,
                                 .labels = { sent, 1 },
                                 .occurrence = 1,
                                 .title = SLICE("login with password=hunter2 failed"),
                                 .body = SLICE("token=hunter2"),
                                 .links = SLICE("Source http://h/?token=hunter2\n"
                                                "Panel http://bob:hunter2@h/d\n"),
                                 .resolve_after_ms = DAY_MS };
    story_begin(&story, "  - {to: [ops]}\n");
    for (int i = 0; i < 4; i++) { /* new, a repeat, again, again a repeat */
        incoming.occurrence = 1 + (uint64_t)i / 2;
        engine_receive(story.engine, &incoming, story.now);
        const struct alert *alert = only_alert(&story);
        struct slice summary = alert_text(alert, TEXT_SUMMARY);
        struct slice description = alert_text(alert, TEXT_DESCRIPTION);
        ck_assert_uint_gt(summary.len, 10);
        ck_assert_uint_eq(slice_find(summary, SLICE("hunter2")), SIZE_MAX);
        ck_assert_uint_eq(slice_find(description, SLICE("hunter2")), SIZE_MAX);
        ck_assert_slice(alert_text(alert, TEXT_LINKS),
                        "Source http://h/?token=[redacted]\nPanel http://h/d\n");
    }
    story_end(&story);
}

TEST(receive, a_label_that_is_named_like_a_secret_is_hidden)
{
    static const char *const names[] = { "api_key", "db_password", "token",
                                         "secretKey" };
    static const char *const harmless[] = { "alertname", "tokenizer", "bypass", "key" };
    struct story story;
    struct arena arena = { 0 };
    story_begin(&story, "  - {to: [ops], group_by: [api_key, token]}\n");
    story_post(&story,
               "alertname=Down api_key=hunter2 db_password=hunter2 token=hunter2 "
               "secretKey=hunter2 tokenizer=a bypass=b key=c",
               0);
    struct labels labels = alert_labels(only_alert(&story), &arena);
    for (size_t i = 0; i < 4; i++) {
        ck_assert_slice(labels_find(&labels, slice_of(names[i])), "[redacted]");
        ck_assert_uint_gt(labels_find(&labels, slice_of(harmless[i])).len, 0);
        ck_assert(labels_find(&labels, slice_of(harmless[i])).ptr[0] != '[');
    }
    ck_assert_slice(labels_find(&only_alert(&story)->group->labels, SLICE("token")),
                    "[redacted]");
    arena_free(&arena);
    story_end(&story);
}

TEST(receive, alerts_that_differ_in_a_hidden_label_alone_stay_two)
{
    struct story story;
    story_begin(&story, "  - {to: [ops], group_wait: 0s, group_interval: 1m}\n");
    story_post(&story, "alertname=Down token=a", 0);
    story_post(&story, "alertname=Down token=b", 0);
    story_post(&story, "alertname=Down token=c", 0);
    ck_assert_uint_eq(engine_tally(story.engine)->alerts, 3);
    story_pass(&story, MINUTE_MS);
    const struct notice *last = &story.notices.items[story.notices.count - 1];
    ck_assert_slice(labels_find(&last->alerts[1].labels, SLICE("look_alike")), "2");
    ck_assert_slice(labels_find(&last->alerts[2].labels, SLICE("look_alike")), "3");
    story_crash(&story, 0, NULL);
    story_post(&story, "alertname=Down token=b", 0); /* no news of any */
    story_post(&story, "alertname=Down token=a", 0);
    story_post_resolved(&story, "alertname=Down token=a", 0);
    ck_assert_uint_eq(story.seen, 3);
    story_post(&story, "alertname=Down token=d", 0);
    ck_assert_uint_eq(engine_tally(story.engine)->alerts, 4);
    story_pass(&story, HOUR_MS);
    ck_assert_uint_eq(engine_tally(story.engine)->alerts, 3);
    story_post_resolved(&story, "alertname=Down token=b", 0);
    story_post_resolved(&story, "alertname=Down token=c", 0);
    story_post_resolved(&story, "alertname=Down token=d", 0);
    story_pass(&story, HOUR_MS);
    ck_assert_uint_eq(engine_tally(story.engine)->alerts, 0);
    story_expect(&story, "0s first 'Down' lines=1 alerts=1 mail=0\n"
                         "60s new 'Down' lines=2 alerts=3 mail=1\n"
                         "120s new 'Down' lines=1 alerts=4 mail=2\n"
                         "3660s resolved 'Down' lines=0 alerts=3 mail=3\n"
                         "3720s resolved 'Down' lines=0 alerts=2 mail=4\n");
    story_end(&story);
}

TEST(receive, H34_what_routes_rely_on_stands_among_any_number_of_labels)
{
    struct story story;
    struct buf text = buf_make(4096);
    buf_puts(&text, "alertname=Down");
    for (int i = 1; i < LIMIT_LABELS; i++)
        buf_printf(&text, " label%d=x", i);
    story_begin(&story, "  - {match: [severity=warning, rule=Down], to: [ops],\n"
                        "     group_wait: 1s}\n"
                        "  - {to: [ops], group_wait: 1h}\n");
    story_post(&story, text.ptr, 0);
    ck_assert_int_eq(engine_wake_at(story.engine), story.now.mono_ms + 1000);
    buf_free(&text);
    story_end(&story);
}

TEST(receive, a_text_that_is_too_long_to_be_kept_has_a_mark_at_its_end)
{
    struct story story;
    const struct source door = { .name = SLICE("http"), .index = 1 };
    char *text = mem_zalloc(LIMIT_DESCRIPTION_BYTES + 2);
    memset(text, 'x', LIMIT_DESCRIPTION_BYTES + 1);
    struct incoming incoming = { .source = &door,
                                 .title = slice_make(text, LIMIT_SUMMARY_BYTES),
                                 .body = slice_of(text),
                                 .resolve_after_ms = DAY_MS };
    story_begin(&story, "  - {to: [ops], group_wait: 0s}\n");
    engine_receive(story.engine, &incoming, story.now);
    engine_tick(story.engine, story.now, &story.notices);
    const struct notice *notice = &story.notices.items[0];
    ck_assert(slice_equal(notice->alerts->summary, incoming.title));
    ck_assert_uint_eq(notice->alerts->description.len, LIMIT_DESCRIPTION_BYTES);
    ck_assert(slice_ends(notice->alerts->description, SLICE("xx [cut]")));
    /* Its label `rule` alone is longer than what a mail's title may be. */
    ck_assert(slice_starts(notice->title, SLICE("xxx")));
    free(text);
    story_end(&story);
}

TEST(receive, each_alert_of_a_group_keeps_its_own_texts_over_a_crash)
{
    static const char *const titles[] = { "", "one", "one", "two", "", "one" };
    static const char *const bodies[] = { "", "", "as usual", "as usual", "x", "" };
    enum { COUNT = 6 };
    struct story story;
    const struct source door = { .name = SLICE("http"), .index = 1 };
    story_begin(&story, "  - {to: [ops]}\n");
    for (size_t i = 0; i < COUNT; i++) {
        char host[2] = { (char)('a' + i), '\0' };
        struct label sent[] = { { SLICE("alertname"), SLICE("Down") },
                                { SLICE("host"), { host, 1 } } };
        const struct incoming incoming = { .source = &door,
                                           .labels = { sent, 2 },
                                           .occurrence = 1,
                                           .title = slice_of(titles[i]),
                                           .body = slice_of(bodies[i]),
                                           .resolve_after_ms = DAY_MS };
        engine_receive(story.engine, &incoming, story.now);
    }
    story.seen = COUNT;
    for (int crash = 0; crash < 2; crash++) {
        size_t at = 0, group_at = 0;
        struct alert_group *group = lane_next(&story.engine->lanes[0], &group_at);
        for (size_t i = 0; i < COUNT; i++) {
            const struct alert *alert = group_next(group, &at);
            ck_assert(
                slice_equal(alert_text(alert, TEXT_SUMMARY), slice_of(titles[i])));
            ck_assert(
                slice_equal(alert_text(alert, TEXT_DESCRIPTION), slice_of(bodies[i])));
        }
        story_pass(&story, 0);
        story_crash(&story, 0, NULL);
    }
    story_end(&story);
}

static void check_last_word(struct slice title, bool is_untitled, const char *kept)
{
    struct story story;
    const struct source door = { .name = SLICE("http"), .index = 1 };
    struct label sent[] = { { SLICE("alertname"), SLICE("Down") } };
    struct incoming incoming = { .source = &door,
                                 .labels = { sent, 1 },
                                 .severity = SEVERITY_CRITICAL,
                                 .title = SLICE("web1 is DOWN"),
                                 .body = SLICE("no ping"),
                                 .resolve_after_ms = DAY_MS };
    story_begin(&story, "  - {to: [ops]}\n");
    engine_receive(story.engine, &incoming, story.now);
    incoming.is_resolved = true;
    incoming.severity = SEVERITY_WARNING;
    incoming.title = title;
    incoming.is_untitled = is_untitled;
    incoming.body = SLICE("");
    engine_receive(story.engine, &incoming, story.now);
    const struct alert *alert = only_alert(&story);
    ck_assert_slice(alert_text(alert, TEXT_SUMMARY), kept);
    ck_assert_slice(alert_text(alert, TEXT_DESCRIPTION), "no ping");
    ck_assert_int_eq(alert->severity, SEVERITY_CRITICAL);
    story_end(&story);
}

TEST(receive, what_its_sender_says_of_its_end_is_told_and_what_it_was_about_stays)
{
    check_last_word(SLICE("web1 is UP"), false, "web1 is UP");
    check_last_word(SLICE("an alert without a title"), true, "web1 is DOWN");
    check_last_word(SLICE(""), false, "web1 is DOWN");
}
