/** What is refused for good is told by mail: its sender does not come again. */
#include "http_world.h"

static struct http_world world;

static void check_reports(const char *reports)
{
    ck_assert_slice(buf_slice(&world.reports), reports);
    buf_clear(&world.reports);
}

static void ask(int wanted, const char *headers, const char *body)
{
    ck_assert_int_eq(http_ask(&world, http_post("/webhook/generic", headers, body)),
                     wanted);
}

#define FRONT \
    "refused-post /webhook/generic: what was posted to /webhook/generic was refused "

TEST(http, what_was_posted_in_vain_is_told_by_mail)
{
    http_world_init(&world, NULL);
    ask(400, HTTP_JSON, "[1]");
    check_reports(FRONT "with 400: there is no JSON object in this list\n");
    ask(415, HTTP_TEXT, "{}");
    check_reports(FRONT "with 415: Content-Type has to be application/json\n");
    ck_assert_int_eq(
        http_ask(&world,
                 "POST /webhook/generic HTTP/1.1\r\nHost: localhost\r\n" HTTP_JSON
                 "Content-Length: 1048577\r\n\r\n"),
        413);
    check_reports(FRONT "with 413: a body has 1 MiB at most\n");
    ask(200, HTTP_JSON, "{}");
    world.is_full = true;
    ask(503, HTTP_JSON, "{}");
    check_reports("");
    http_world_clear(&world);
}

TEST(http, what_strangers_post_is_not_told_by_mail)
{
    char keys[5000];
    http_world_init(&world, NULL);
    ask(403, HTTP_TEXT "Origin: http://evil.example\r\n", "x");
    check_reports("");
    const char *file = http_world_file(&world, "key", "0123456789abcdef0123456789");
    snprintf(keys, sizeof keys, "listen: ['127.0.0.1:0'], hmac: {secret_file: '%s'}",
             file);
    http_world_reload(&world, keys);
    ask(415, HTTP_TEXT, "x");
    ask(401, HTTP_JSON, "[1]");
    check_reports("");
    snprintf(keys, sizeof keys,
             "listen: ['127.0.0.1:0'], tokens: [{name: a, file: '%s'}]", file);
    http_world_reload(&world, keys);
    ask(401, HTTP_TEXT, "x");
    check_reports("");
    ask(415, HTTP_TEXT "Authorization: Bearer 0123456789abcdef0123456789\r\n", "x");
    check_reports(FRONT "with 415: Content-Type has to be application/json\n");
    http_world_clear(&world);
}
