/** Bodies that say less, more or something else than is expected: no word of them is
 *  lost. */
#include "webhook_case.h"

static const struct conf_text nowhere[] = { { SLICE("/nowhere"), NULL } };

/** Post to a server whose pointer for titles leads nowhere. */
static void post_astray(const char *body)
{
    const struct webhook_config config = { .title = { (struct conf_text *)nowhere,
                                                      1 } };
    post_request((struct webhook_request){ .path = SLICE("/webhook/generic"),
                                           .content_type = SLICE("application/json"),
                                           .config = &config,
                                           .body = slice_of(body) });
}

TEST(webhook, where_the_pointers_lead_nowhere_the_usual_names_have_the_title)
{
    post_astray("{\"subject\":\"disk full\",\"x\":1}");
    ck_assert_slice(only_alert()->title, "disk full");
    ck_assert_slice(only_alert()->body, "x: 1");
}

TEST(webhook, alerts_without_a_title_differ_by_their_text)
{
    post("/webhook/generic", "[{\"x\":\"a\"},{\"x\":\"b\"},{\"x\":\"a\"}]");
    ck_assert_uint_eq(caught->count, 3);
    const struct incoming *items = caught->items;
    ck_assert_slice(items[0].title, "an alert without a title");
    ck_assert_uint_ne(items[0].fingerprint, items[1].fingerprint);
    ck_assert_uint_eq(items[0].fingerprint, items[2].fingerprint);
}

TEST(webhook, a_list_without_an_object_is_no_alert_and_an_empty_one_is_none)
{
    ck_assert_int_eq(post("/webhook/generic", "[1,\"2\",[]]"), 400);
    ck_assert_int_eq(post("/webhook/generic", "[]"), 200);
    ck_assert_uint_eq(caught->count, 0);
}

TEST(webhook, a_severity_in_a_word_that_is_not_known_is_told_as_it_was_sent)
{
    post("/webhook/generic", "{\"title\":\"x\",\"severity\":\"blocker\"}");
    ck_assert_slice(only_alert()->body, "severity: blocker");
    ck_assert_int_eq(only_alert()->severity, SEVERITY_WARNING);
    post("/webhook/generic", "{\"title\":\"x\",\"severity\":\"High\"}");
    ck_assert_slice(only_alert()->body, "");
    post("/webhook/alertmanager",
         "{\"receiver\":\"r\",\"alerts\":[{\"labels\":{\"severity\":\"blocker\"},"
         "\"annotations\":{\"summary\":\"x\",\"description\":\"y\"}}]}");
    ck_assert_slice(only_alert()->body, "y\n\nSeverity, as sent: blocker");
}

TEST(webhook, a_title_ends_with_its_line_however_that_ends)
{
    post("/webhook/generic", "{\"title\":\" disk full \\r\\nsecond\\r\\n\"}");
    ck_assert_slice(only_alert()->title, "disk full");
    post("/webhook/alertmanager",
         "{\"receiver\":\"r\",\"alerts\":[{\"annotations\":{\"summary\":"
         "\"disk full \\r\\nsecond\"}}]}");
    ck_assert_slice(only_alert()->title, "disk full");
    post("/webhook/text", "disk full \r\nsecond\r\nthird");
    ck_assert_slice(only_alert()->title, "disk full");
}

TEST(webhook, a_title_that_is_too_long_for_one_stands_whole_in_the_text)
{
    char title[LIMIT_SUMMARY_BYTES + 2], body[2 * LIMIT_SUMMARY_BYTES];
    memset(title, 'x', sizeof title);
    title[LIMIT_SUMMARY_BYTES + 1] = '\0';
    snprintf(body, sizeof body, "{\"message\":\"%s\",\"host\":\"db1\"}", title);
    post("/webhook/generic", body);
    ck_assert_uint_eq(only_alert()->body.len, strlen(title) + strlen("\n\nhost: db1"));
    ck_assert(slice_starts(only_alert()->body, slice_of(title)));
    title[LIMIT_SUMMARY_BYTES] = '\0';
    snprintf(body, sizeof body, "{\"message\":\"%s\",\"host\":\"db1\"}", title);
    post("/webhook/generic", body);
    ck_assert_slice(only_alert()->body, "host: db1");
}

TEST(webhook, what_is_noted_of_an_alert_is_not_cut_off_with_its_text)
{
    struct buf body = buf_make(1024 * 1024);
    for (int bytes = 10; bytes <= 10000; bytes *= 1000) {
        buf_clear(&body);
        buf_printf(&body,
                   "{\"receiver\":\"r\",\"truncatedAlerts\":7,\"alerts\":[{"
                   "\"annotations\":{\"summary\":\"x\",\"description\":\"%0*d\"}}]}",
                   bytes, 1);
        post_bytes("/webhook/alertmanager", buf_slice(&body));
        struct slice kept = only_alert()->body;
        kept.len =
            kept.len < LIMIT_DESCRIPTION_BYTES ? kept.len : LIMIT_DESCRIPTION_BYTES;
        check_has(kept, "left 7 further alerts of this group out");
        check_has(kept, "000000");
    }
    buf_free(&body);
}
