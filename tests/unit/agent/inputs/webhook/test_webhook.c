/** Bodies of strangers: what becomes of each, down to the status that is answered. */
#include "agent/base/now.h"
#include "agent/inputs/webhook/words.h"
#include "webhook_case.h"

/* --- Alertmanager ----------------------------------------------------------------- */

#define AM(alerts)                                                                \
    "{\"version\":\"4\",\"groupKey\":\"{}:{}\",\"truncatedAlerts\":0,\"status\":" \
    "\"firing\",\"receiver\":\"tocsin\",\"groupLabels\":{},\"commonLabels\":{},"  \
    "\"commonAnnotations\":{},\"externalURL\":\"http://"                          \
    "am.example:9093\",\"alerts\":[" alerts "]}"
#define AM_ALERT                                                                       \
    "{\"status\":\"firing\",\"labels\":{\"alertname\":\"Down\",\"instance\":"          \
    "\"web1:9100\",\"severity\":\"page\"},\"annotations\":{\"summary\":\"web1 is "     \
    "down\",\"description\":\"nothing was heard of it\",\"runbook_url\":"              \
    "\"https://wiki.example/down\"},\"startsAt\":\"2026-03-01T23:59:00.5+00:00\","     \
    "\"endsAt\":\"0001-01-01T00:00:00Z\",\"generatorURL\":\"http://prom:9090/graph\"," \
    "\"fingerprint\":\"00000000deadbeef\"}"

TEST(webhook, an_alert_of_alertmanager_is_read_with_all_that_it_says)
{
    post("/webhook/alertmanager", AM(AM_ALERT));
    const struct incoming *alert = only_alert();
    ck_assert(!alert->is_resolved);
    ck_assert_ptr_eq(alert->source, &door);
    ck_assert_uint_eq(alert->fingerprint, 0xdeadbeef);
    ck_assert_int_eq(alert->severity, SEVERITY_CRITICAL);
    ck_assert_int_eq(alert->starts_unix_ms, NOW_MS - 59500);
    ck_assert_uint_eq(alert->occurrence, (uint64_t)(NOW_MS - 59500));
    ck_assert_int_eq(alert->ends_unix_ms, 0);
    ck_assert_int_eq(alert->resolve_after_ms, DAY_MS);
    ck_assert_slice(alert->title, "web1 is down");
    ck_assert_slice(alert->body, "nothing was heard of it");
    ck_assert_slice(alert->links, "Runbook https://wiki.example/down\n"
                                  "Source http://prom:9090/graph\n"
                                  "Alertmanager http://am.example:9093\n");
    ck_assert_uint_eq(alert->labels.count, 3);
    ck_assert_slice(label(alert, "instance"), "web1:9100");
    ck_assert_uint_eq(alert->field_count, 6);
    ck_assert_uint_eq(caught->reply.odd_count, 0);
}

TEST(webhook, firing_and_resolved_have_one_fingerprint_and_one_begin)
{
    post("/webhook/alertmanager", AM(AM_ALERT));
    uint64_t fingerprint = only_alert()->fingerprint;
    uint64_t occurrence = only_alert()->occurrence;
    post("/webhook/alertmanager",
         AM("{\"status\":\"resolved\",\"labels\":{\"alertname\":\"Down\"},"
            "\"startsAt\":\"2026-03-01T23:59:00.500Z\",\"endsAt\":"
            "\"2026-03-02T00:00:00+01:00\",\"fingerprint\":\"00000000deadbeef\"}"));
    const struct incoming *alert = only_alert();
    ck_assert(alert->is_resolved);
    ck_assert_uint_eq(alert->fingerprint, fingerprint);
    ck_assert_uint_eq(alert->occurrence, occurrence);
    ck_assert_int_eq(alert->ends_unix_ms, NOW_MS - HOUR_MS);
}

TEST(webhook, without_a_fingerprint_the_labels_decide)
{
    post("/webhook/alertmanager", AM("{\"labels\":{\"a\":\"1\"}}"));
    ck_assert_uint_eq(only_alert()->fingerprint, 0);
    ck_assert_uint_eq(only_alert()->occurrence, OCCURRENCE_IS_HASH);
}

TEST(webhook, alerts_that_the_sender_left_out_are_told)
{
    post("/webhook/alertmanager",
         "{\"version\":\"4\",\"groupKey\":\"k\",\"truncatedAlerts\":12,\"alerts\":["
         "{\"labels\":{\"alertname\":\"Down\"}}]}");
    check_has(only_alert()->body, "left 12 further alerts");
    post("/webhook/alertmanager", AM(AM_ALERT));
    check_lacks(only_alert()->body, "further alerts");
}

TEST(webhook, unknown_fields_and_odd_types_refuse_no_alert)
{
    post("/webhook/alertmanager",
         "{\"version\":4,\"receiver\":[],\"new\":{\"a\":[1,2,{}]},\"alerts\":["
         "{\"status\":7,\"labels\":{\"a\":1,\"b\":true,\"c\":null,\"d\":[],\"e\":\"\"},"
         "\"annotations\":\"none\",\"startsAt\":12,\"fingerprint\":{},\"x\":1e999},"
         "\"odd\",null]}");
    ck_assert_int_eq(caught->reply.status, 200);
    ck_assert_uint_eq(caught->count, 3);
    const struct incoming *alert = &caught->items[0];
    ck_assert_uint_eq(alert->labels.count, 2);
    ck_assert_slice(label(alert, "a"), "1");
    ck_assert_slice(label(alert, "b"), "true");
    ck_assert_slice(alert->title, "an alert without a name");
    ck_assert_uint_gt(caught->reply.odd_count, 3);
}

TEST(webhook, an_object_of_no_known_shape_is_still_an_alert)
{
    static const char *const bodies[] = { "{}", "{\"alerts\":null}", "{\"alerts\":{}}",
                                          "{\"payload\":{\"x\":1}}" };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        post("/webhook/alertmanager", bodies[i]);
        ck_assert_slice(only_alert()->title, "an alert without a title");
    }
    ck_assert_int_eq(post("/webhook/alertmanager", "{\"alerts\":[]}"), 200);
    ck_assert_uint_eq(caught->count, 0);
}

TEST(webhook, only_what_is_no_object_is_refused)
{
    static const char *const bodies[] = { "",  " ",       "null", "7",       "\"text\"",
                                          "[", "{\"a\":", "NaN",  "<html/>", "[{}]" };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        ck_assert_msg(post("/webhook/alertmanager", bodies[i]) == 400, "%s", bodies[i]);
}

/* --- Grafana ---------------------------------------------------------------------- */

#define GRAFANA(alert)                                                               \
    "{\"receiver\":\"r\",\"status\":\"firing\",\"orgId\":1,\"version\":\"1\","       \
    "\"groupKey\":\"g\",\"truncatedAlerts\":0,\"title\":\"[FIRING:1] x\",\"state\":" \
    "\"alerting\",\"message\":\"m\",\"externalURL\":\"https://grafana.example/\","   \
    "\"alerts\":[" alert "]}"

TEST(webhook, an_alert_of_grafana_has_its_values_and_its_pages)
{
    post("/webhook/grafana",
         GRAFANA("{\"status\":\"firing\",\"labels\":{\"alertname\":\"High load\","
                 "\"grafana_folder\":\"infra\"},\"annotations\":{\"summary\":\"load is "
                 "high\",\"__dashboardUid__\":\"x\",\"team\":\"infra\"},\"values\":"
                 "{\"B\":22.5,\"C\":1},\"valueString\":\"[ var='B' ]\",\"silenceURL\":"
                 "\"https://grafana.example/silence\",\"dashboardURL\":"
                 "\"https://grafana.example/d/x\",\"panelURL\":\"\"}"));
    const struct incoming *alert = only_alert();
    ck_assert_slice(alert->title, "load is high");
    ck_assert_slice(alert->body, "Value: B = 22.5, C = 1\nteam: infra");
    ck_assert_slice(alert->links, "Dashboard https://grafana.example/d/x\n"
                                  "Silence https://grafana.example/silence\n"
                                  "Grafana https://grafana.example/\n");
}

TEST(webhook, values_that_are_null_leave_the_printed_ones)
{
    post("/webhook/grafana",
         GRAFANA("{\"labels\":{\"alertname\":\"a\"},\"values\":null,"
                 "\"valueString\":\"[ value=3 ]\"}"));
    ck_assert_slice(only_alert()->body, "Value: [ value=3 ]");
}

TEST(webhook, what_grafana_says_of_its_own_queries_has_the_name_of_the_rule)
{
    post("/webhook/grafana",
         GRAFANA("{\"labels\":{\"alertname\":\"DatasourceNoData\",\"rulename\":"
                 "\"High load\"},\"annotations\":{\"summary\":\"load\"}}"));
    ck_assert_slice(only_alert()->title, "High load: no data");
    post("/webhook/grafana",
         GRAFANA("{\"labels\":{\"alertname\":\"DatasourceError\",\"rulename\":"
                 "\"High load\"},\"annotations\":{\"Error\":\"timeout\"}}"));
    ck_assert_slice(only_alert()->title, "High load: query failed");
    ck_assert_slice(only_alert()->body, "Error: timeout");
}

TEST(webhook, the_body_says_who_it_is_whatever_the_path)
{
    post("/webhook/generic", AM(AM_ALERT));
    ck_assert_uint_eq(only_alert()->fingerprint, 0xdeadbeef);
    post("/webhook/alertmanager", GRAFANA("{\"labels\":{\"alertname\":\"a\"}}"));
    check_has(only_alert()->links, "Grafana https://grafana.example/");
    post("/webhook/generic", GRAFANA("{\"labels\":{\"alertname\":\"a\"}}"));
    check_has(only_alert()->links, "Grafana https://grafana.example/");
    post("/webhook/generic", "{\"title\":\"mine\",\"alerts\":[{},{}]}");
    ck_assert_slice(only_alert()->title, "mine");
}

/* --- generic and text ------------------------------------------------------------- */

TEST(webhook, a_generic_body_is_read_by_the_names_that_most_use)
{
    post("/webhook/generic",
         "{\"subject\":\"backup failed\",\"message\":\"exit code 3\",\"level\":"
         "\"fatal\",\"state\":\"problem\",\"id\":\"backup-db1\",\"timestamp\":"
         "1772409500,\"host\":\"db1\",\"took\":12.5,\"url\":\"https://ci.example/1\","
         "\"tags\":[\"dc=fra\",\"nightly\",{\"tag\":\"team\",\"value\":\"dba\"}]}");
    const struct incoming *alert = only_alert();
    ck_assert_slice(alert->title, "backup failed");
    ck_assert_slice(alert->body, "exit code 3\n\nhost: db1\ntook: 12.5");
    ck_assert_slice(alert->links, "Link https://ci.example/1\n");
    ck_assert_int_eq(alert->severity, SEVERITY_CRITICAL);
    ck_assert_int_eq(alert->starts_unix_ms, NOW_MS - 100000);
    ck_assert_slice(label(alert, "dc"), "fra");
    ck_assert_slice(label(alert, "tag"), "nightly");
    ck_assert_slice(label(alert, "team"), "dba");
    ck_assert_slice(label(alert, "fingerprint"), "backup-db1");
    uint64_t fingerprint = alert->fingerprint;
    post("/webhook/generic",
         "{\"subject\":\"backup worked\",\"state\":\"OK\",\"id\":\"backup-db1\"}");
    ck_assert(only_alert()->is_resolved);
    ck_assert_uint_eq(only_alert()->fingerprint, fingerprint);
}

TEST(webhook, generic_pointers_are_configured)
{
    struct conf_text title[] = { { SLICE("/none"), NULL },
                                 { SLICE("/a/0/b~1c"), NULL } };
    struct conf_text labels[] = { { SLICE("/a/1"), NULL } };
    const struct webhook_config config = { .title = { title, 2 },
                                           .labels = { labels, 1 } };
    post_request((struct webhook_request){
        .path = SLICE("/webhook/generic"),
        .content_type = SLICE("application/json; charset=utf-8"),
        .config = &config,
        .body = SLICE(
            "{\"title\":\"not this\",\"a\":[{\"b/c\":\"this\"},{\"x\":\"y\"}]}") });
    ck_assert_slice(only_alert()->title, "this");
    ck_assert_slice(label(only_alert(), "x"), "y");
}

TEST(webhook, a_list_of_generic_alerts_is_taken_one_by_one)
{
    post("/webhook/generic", "[{\"title\":\"a\"},{\"title\":\"b\"},7]");
    ck_assert_uint_eq(caught->count, 2);
    ck_assert_slice(caught->items[1].title, "b");
    ck_assert_uint_ne(caught->items[0].fingerprint, caught->items[1].fingerprint);
    ck_assert_uint_eq(caught->reply.odd_count, 1);
}

TEST(webhook, the_first_line_of_a_text_is_its_title)
{
    post_request(
        (struct webhook_request){ .path = SLICE("/webhook/text"),
                                  .query = SLICE("a=b&severity=critical"),
                                  .content_type = SLICE("text/plain"),
                                  .body = SLICE("\n disk is full \n97 %\n\n") });
    const struct incoming *alert = only_alert();
    ck_assert_slice(alert->title, "disk is full");
    ck_assert_slice(alert->body, "97 %");
    ck_assert_int_eq(alert->severity, SEVERITY_CRITICAL);
    ck_assert_int_eq(alert->resolve_after_ms, HOUR_MS);
    uint64_t fingerprint = alert->fingerprint, occurrence = alert->occurrence;
    post("/webhook/text", "disk is full\n98 %");
    ck_assert_uint_eq(only_alert()->fingerprint, fingerprint);
    ck_assert_uint_ne(only_alert()->occurrence, occurrence);
    ck_assert_int_eq(only_alert()->severity, SEVERITY_WARNING);
    post_request((struct webhook_request){ .path = SLICE("/webhook/text"),
                                           .query = SLICE("status=ok"),
                                           .content_type = SLICE("text/plain"),
                                           .body = SLICE("disk is full") });
    ck_assert(only_alert()->is_resolved);
    ck_assert_int_eq(post("/webhook/text", " \n"), 400);
}

/* --- words ------------------------------------------------------------------------ */

TEST(webhook, words_for_severities_stand_once_in_the_table)
{
    enum severity severity;
    for (size_t i = 0; severity_words[i].word; i++) {
        severity = (enum severity) - 1;
        ck_assert(words_severity(slice_of(severity_words[i].word), &severity));
        ck_assert_int_eq(severity, severity_words[i].severity);
        for (size_t k = 0; k < i; k++)
            ck_assert_str_ne(severity_words[i].word, severity_words[k].word);
    }
    for (size_t i = 0; severity_names[i]; i++) {
        ck_assert(words_severity(slice_of(severity_names[i]), &severity));
        ck_assert_int_eq(severity, i);
    }
    ck_assert(words_severity(SLICE(" P1 "), &severity));
    ck_assert_int_eq(severity, SEVERITY_CRITICAL);
    ck_assert(!words_severity(SLICE("blue"), &severity));
    ck_assert(!words_severity(SLICE(""), &severity));
}

TEST(webhook, P17_P18_moments_are_read_as_people_write_them)
{
    static const struct {
        const char *text;
        int64_t unix_ms;
    } rows[] = { { "2026-03-02T00:00:00Z", NOW_MS },
                 { "2026-03-02t01:00:00.25+01:00", NOW_MS + 250 },
                 { "2026-03-01 23:00:00,125 -0100", 0 },
                 { "2026-03-01 23:00:00.125-0100", NOW_MS + 125 },
                 { "2026-03-02 00:00:00", NOW_MS },
                 { "2026-03-02T00:00:00.123456789Z", NOW_MS + 123 },
                 { "1772409600", NOW_MS },
                 { "1772409600.75", NOW_MS },
                 { "1772409600000", NOW_MS },
                 { "0001-01-01T00:00:00Z", 0 },
                 { "9999-12-31T23:59:59Z", INT64_C(253402300799000) },
                 { "-5", 0 },
                 { "99999999999999999999", 0 },
                 { "9223372036854775807", INT64_MAX },
                 { "2016-12-31T23:59:60Z", INT64_C(1483228800000) },
                 { "2016-12-31T23:59:61Z", 0 },
                 { "2038-01-19T03:14:08Z", INT64_C(2147483648000) },
                 { "2100-02-28T23:59:59Z", INT64_C(4107542399000) },
                 { "1969-12-31T23:59:59Z", 0 },
                 { "2026-13-01T00:00:00Z", 0 },
                 { "2026-03-02T24:00:00Z", 0 },
                 { "2026-03-02", 0 },
                 { "2026-03-02T00:00:00Zx", 0 },
                 { "2026-03-02T00:00:00+1", 0 },
                 { "yesterday", 0 },
                 { "", 0 } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_msg(words_moment(slice_of(rows[i].text)) == rows[i].unix_ms,
                      "'%s' is %lld", rows[i].text,
                      (long long)words_moment(slice_of(rows[i].text)));
}

/* --- the rows of shared/facts/faults.md 2.2 --------------------------------------- */

TEST(webhook, H07_json_a_hundred_thousand_deep_is_refused_without_using_the_stack)
{
    enum { DEPTH = 100000 };
    char *body = malloc(DEPTH * 6);
    for (int i = 0; i < DEPTH; i++)
        memcpy(body + 5 * i, "{\"a\":", 5);
    ck_assert_int_eq(post_bytes("/webhook/generic", slice_make(body, DEPTH * 5)), 400);
    memset(body, '[', DEPTH);
    ck_assert_int_eq(post_bytes("/webhook/generic", slice_make(body, DEPTH)), 400);
    free(body);
}

TEST(webhook, H08_a_body_with_too_many_alerts_is_refused_as_a_whole)
{
    static const char *const heads[] = { "{\"groupKey\":\"k\",\"alerts\":[", "[" };
    static const char *const tails[] = { "]}", "]" };
    struct buf body = buf_make(1024 * 1024);
    for (int kind = 0; kind < 2; kind++) {
        for (int count = LIMIT_BODY_ALERTS; count <= LIMIT_BODY_ALERTS + 1; count++) {
            buf_clear(&body);
            buf_puts(&body, heads[kind]);
            for (int i = 0; i < count; i++)
                buf_printf(&body, "%s{\"labels\":{\"a\":\"%d\"}}", i ? "," : "", i);
            buf_puts(&body, tails[kind]);
            bool fits = count == LIMIT_BODY_ALERTS;
            ck_assert_int_eq(post_bytes("/webhook/generic", buf_slice(&body)),
                             fits ? 200 : 413);
            ck_assert_uint_eq(caught->count, fits ? LIMIT_BODY_ALERTS : 0);
        }
    }
    buf_free(&body);
}

TEST(webhook, H08_a_million_values_are_refused_as_a_whole)
{
    enum { COUNT = 340000 };
    char *body = malloc(3 * COUNT + 2);
    body[0] = '[';
    for (int i = 0; i < COUNT; i++)
        memcpy(body + 1 + 3 * i, i + 1 < COUNT ? "{}," : "{}]", 3);
    ck_assert_int_eq(post_bytes("/webhook/generic", slice_make(body, 3 * COUNT + 1)),
                     413);
    free(body);
}

TEST(webhook, H09_duplicate_keys_are_refused)
{
    ck_assert_int_eq(post("/webhook/generic", "{\"title\":\"a\",\"title\":\"b\"}"),
                     400);
    ck_assert_int_eq(post("/webhook/alertmanager",
                          AM("{\"labels\":{\"a\":\"1\",\"\\u0061\":\"2\"}}")),
                     400);
}

TEST(webhook, H10_what_is_no_text_is_replaced_and_flagged)
{
    static const char *const texts[] = { "\xFF", "\\uD800", "\\u0000", "\xC0\x80",
                                         "\xED\xA0\x80" };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char body[128];
        snprintf(body, sizeof body, "{\"title\":\"a%sb\",\"body\":\"x\"}", texts[i]);
        post("/webhook/generic", body);
        check_has(only_alert()->title, "\xEF\xBF\xBD");
        check_has(only_alert()->body, "have been replaced");
        ck_assert_uint_gt(caught->reply.repaired_count, 0);
    }
    post_bytes("/webhook/generic", SLICE("{\"title\":\"a\0b\"}"));
    check_has(only_alert()->title, "\xEF\xBF\xBD");
    post("/webhook/generic", "{\"title\":\"clean\"}");
    ck_assert_slice(only_alert()->body, "");
}

TEST(webhook, H11_odd_numbers_are_kept_as_text_or_refused)
{
    static const struct {
        const char *number;
        int status;
    } rows[] = { { "1e999", 200 },   { "-0", 200 },  { "18446744073709551616", 200 },
                 { "-1e-999", 200 }, { "NaN", 400 }, { "Infinity", 400 },
                 { "0x10", 400 },    { "01", 400 },  { "+1", 400 } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char body[160];
        snprintf(body, sizeof body,
                 "{\"title\":\"t\",\"time\":%s,\"labels\":{\"n\":%s},\"v\":%s}",
                 rows[i].number, rows[i].number, rows[i].number);
        ck_assert_msg(post("/webhook/generic", body) == rows[i].status, "%s",
                      rows[i].number);
        if (rows[i].status == 200)
            ck_assert_slice(label(only_alert(), "n"), rows[i].number);
    }
}

TEST(webhook, H12_a_wrong_or_missing_content_type_is_refused)
{
    static const struct {
        const char *path, *type;
        int status;
    } rows[] = { { "/webhook/generic", "", 415 },
                 { "/webhook/generic", "text/plain", 415 },
                 { "/webhook/generic", "application/x-www-form-urlencoded", 415 },
                 { "/webhook/generic", "application/jsonp", 415 },
                 { "/webhook/generic", "multipart/form-data; a=application/json", 415 },
                 { "/webhook/generic", "Application/JSON;charset=utf-8", 200 },
                 { "/webhook/generic", "application/vnd.x+json", 200 },
                 { "/webhook/text", "application/json", 415 },
                 { "/webhook/text", "text/plain; charset=utf-8", 200 },
                 { "/webhook/nothing", "application/json", 404 } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int status = post_request(
            (struct webhook_request){ .path = slice_of(rows[i].path),
                                      .content_type = slice_of(rows[i].type),
                                      .body = SLICE("{\"title\":\"t\"}") });
        ck_assert_msg(status == rows[i].status, "row %zu: %d", i, status);
    }
}

TEST(webhook, H22_only_http_and_https_become_links)
{
    static const char *const urls[] = { "javascript:alert(1)",    "JavaScript:alert(1)",
                                        "data:text/html,x",       "//evil.example",
                                        "file:///etc/passwd",     "https://a b",
                                        "https://a\\\"onclick=x", "https://a\\u0000",
                                        "https://\\u202e",        " https://a" };
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        char body[256];
        snprintf(body, sizeof body,
                 "{\"groupKey\":\"k\",\"alerts\":[{\"labels\":{\"alertname\":\"a\"},"
                 "\"annotations\":{\"runbook_url\":\"%s\"},\"generatorURL\":\"%s\"}]}",
                 urls[i], urls[i]);
        post("/webhook/alertmanager", body);
        ck_assert_slice(only_alert()->links, "");
        check_has(only_alert()->body, "runbook_url: ");
    }
}

TEST(webhook, H29_the_same_body_has_the_same_identity)
{
    static const char *const bodies[][2] = {
        { "/webhook/alertmanager", AM(AM_ALERT) },
        { "/webhook/generic",
          "{\"title\":\"t\",\"labels\":{\"a\":\"b\",\"c\":\"d\"}}" },
        { "/webhook/generic", "{\"title\":\"t\",\"id\":7,\"time\":1772409500}" },
        { "/webhook/text", "disk is full\n97 %" },
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        post(bodies[i][0], bodies[i][1]);
        uint64_t fingerprint = only_alert()->fingerprint;
        uint64_t occurrence = only_alert()->occurrence;
        ck_assert_uint_ne(fingerprint, 0);
        post(bodies[i][0], bodies[i][1]);
        ck_assert_uint_eq(only_alert()->fingerprint, fingerprint);
        ck_assert_uint_eq(only_alert()->occurrence, occurrence);
    }
}

TEST(webhook, H34_a_bomb_of_labels_is_cut_to_its_bounds)
{
    struct buf body = { .max_bytes = 1024 * 1024 };
    buf_puts(&body, "{\"groupKey\":\"k\",\"alerts\":[{\"labels\":{");
    for (int i = 0; i < 2000; i++)
        buf_printf(&body, "%s\"label%d\":\"%0200d\"", i ? "," : "", i, i);
    buf_puts(&body, "},\"annotations\":{\"summary\":\"");
    for (int i = 0; i < 100000; i++)
        buf_puts(&body, "long");
    buf_puts(&body, "\"}}]}");
    ck_assert(!body.overflowed);
    post_bytes("/webhook/alertmanager", buf_slice(&body));
    ck_assert_uint_eq(only_alert()->labels.count, LIMIT_POSTED_LABELS);
    ck_assert(slice_starts(only_alert()->body,
                           SLICE("1972 further labels left out: an alert has 28 at "
                                 "most.\n\nlonglonglong")));
    buf_free(&body);
}
