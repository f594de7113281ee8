/** What checks and people word reaches the mail whole, or it says what is missing. */
#include "agent/base/json.h"
#include "agent/base/limits.h"
#include "agent/notification.h"
#include "test.h"

static struct arena arena;
static const struct now now = { 5000, 1700000000000 };

static struct notification about(const char *service, const char *output)
{
    return (struct notification){ .items = {
                                      [NOTIFICATION_HOST] = SLICE("web 1"),
                                      [NOTIFICATION_SERVICE] = slice_of(service),
                                      [NOTIFICATION_STATE] = SLICE("CRITICAL"),
                                      [NOTIFICATION_OUTPUT] = slice_of(output),
                                  } };
}

/** What stands at @pointer of the one alert in the body. */
static struct slice said(const struct notification *notification, const char *pointer)
{
    struct buf body = buf_make(1 << 20);
    struct err err = { 0 };
    ck_assert_msg(notification_put(notification, now, &body, &err), "%s", err.text);
    struct json_result parsed =
        json_parse(arena_slice(&arena, buf_slice(&body)), &arena);
    ck_assert_msg(parsed.root != NULL, "%s", parsed.fault);
    const struct json *alert = json_find(parsed.root, SLICE("alerts"))->first;
    const struct json *found = json_point(alert, slice_of(pointer));
    buf_free(&body);
    return found ? found->text : SLICE("");
}

TEST(notification_texts, the_lines_below_the_first_are_the_description)
{
    struct notification down = about("HTTP", "refused\nby C:\\new\n");
    ck_assert_slice(said(&down, "/annotations/summary"),
                    "HTTP on web 1 is CRITICAL: refused");
    ck_assert_slice(said(&down, "/annotations/description"), "by C:\\new");
    arena_free(&arena);
}

TEST(notification_texts, only_nagios_long_output_has_escapes)
{
    struct notification down = about("HTTP", "refused");
    down.items[NOTIFICATION_LONG_OUTPUT] = SLICE("C:\\\\new\\nend\\x\\");
    down.items[NOTIFICATION_COMMENT] = SLICE("see D:\\new");
    ck_assert_slice(said(&down, "/annotations/description"),
                    "C:\\new\nend\\x\\\ncomment: see D:\\new");
    arena_free(&arena);
}

TEST(notification_texts, a_line_too_long_for_the_title_stands_below_it)
{
    char output[2 * LIMIT_SUMMARY_BYTES];
    struct notification down = about("HTTP", output);
    memset(output, 'x', sizeof output - 1);
    output[sizeof output - 1] = '\0';
    down.items[NOTIFICATION_OUTPUT] = slice_of(output);
    ck_assert_slice(said(&down, "/annotations/description"), output);
    arena_free(&arena);
}

TEST(notification_texts, what_is_left_out_is_counted)
{
    static char text[3 * LIMIT_DESCRIPTION_BYTES];
    struct notification down = about("HTTP", "refused");
    memset(text, 'x', sizeof text);
    down.items[NOTIFICATION_LONG_OUTPUT] = slice_make(text, sizeof text);
    struct slice description = said(&down, "/annotations/description");
    ck_assert(description.len < LIMIT_DESCRIPTION_BYTES);
    ck_assert(slice_ends(description, SLICE("xxx\n(18432 more bytes are left out)")));
    arena_free(&arena);
}

TEST(notification_texts, a_word_while_all_is_well_is_no_second_end)
{
    char key[256];
    struct notification up = about("HTTP", "fine");
    up.items[NOTIFICATION_STATE] = SLICE("OK");
    snprintf(key, sizeof key, "%.*s", SLICE_ARG(said(&up, "/fingerprint")));
    up.items[NOTIFICATION_TYPE] = SLICE("CUSTOM");
    ck_assert(!slice_equal(said(&up, "/fingerprint"), slice_of(key)));
    up.items[NOTIFICATION_STATE] = SLICE("WARNING");
    ck_assert_slice(said(&up, "/fingerprint"), key);
    arena_free(&arena);
}

TEST(notification_texts, only_the_name_of_a_macro_in_dollars_says_nothing)
{
    struct notification down = about("HTTP", "$service.output$");
    ck_assert_slice(said(&down, "/annotations/summary"), "HTTP on web 1 is CRITICAL");
    down.items[NOTIFICATION_OUTPUT] = SLICE("$5 of 6$");
    ck_assert_slice(said(&down, "/annotations/summary"),
                    "HTTP on web 1 is CRITICAL: $5 of 6$");
    arena_free(&arena);
}

TEST(notification_texts, icinga_web_has_a_page_about_it_unless_there_is_another)
{
    struct notification down = about("a & b", "refused");
    down.items[NOTIFICATION_ICINGA_WEB] = SLICE("https://i.example/icingaweb2");
    ck_assert_slice(said(&down, "/generatorURL"),
                    "https://i.example/icingaweb2/monitoring/service/show"
                    "?host=web%201&service=a%20%26%20b");
    down.items[NOTIFICATION_SERVICE] = SLICE("");
    ck_assert_slice(said(&down, "/generatorURL"),
                    "https://i.example/icingaweb2/monitoring/host/show?host=web%201");
    down.items[NOTIFICATION_URL] = SLICE("https://wiki.example/web1");
    ck_assert_slice(said(&down, "/generatorURL"), "https://wiki.example/web1");
    arena_free(&arena);
}
