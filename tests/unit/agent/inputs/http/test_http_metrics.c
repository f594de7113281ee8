/** GET /metrics: who gets it, and when. */
#include "agent/base/limits.h"
#include "http_world.h"

static struct http_world world;

#define READER "0123456789abcdef0123456789abcdef"
#define SENDER "fedcba9876543210fedcba9876543210"
#define BEARER(token) "Authorization: Bearer " token "\r\n"

static const char *ask(const char *headers)
{
    static char request[1000];
    snprintf(request, sizeof request,
             "GET /metrics HTTP/1.1\r\nHost: localhost\r\n%s\r\n", headers);
    return request;
}

static const char *keys_with_tokens(void)
{
    static char keys[9000];
    snprintf(keys, sizeof keys,
             "listen: ['127.0.0.1:0'], tokens: [{name: prometheus, file: %s, may: "
             "[read]}, {name: sender, file: %s}]",
             http_world_file(&world, "reader", READER),
             http_world_file(&world, "sender", SENDER));
    return keys;
}

TEST(http, H35_the_metrics_are_text_of_version_0_0_4_made_anew_for_each_request)
{
    http_world_init(&world, NULL);
    for (int i = 1; i <= 3; i++) {
        char wanted[40];
        const char *reply = http_reply_to(&world, ask(""));
        ck_assert_msg(strncmp(reply, "HTTP/1.1 200 ", 13) == 0, "%s", reply);
        ck_assert(strstr(reply, "\r\nContent-Type: text/plain; version=0.0.4; "
                                "charset=utf-8\r\n") != NULL);
        snprintf(wanted, sizeof wanted, "\r\n\r\nasked %d\n", i);
        ck_assert_msg(strstr(reply, wanted) != NULL, "%s", reply);
    }
    http_world_clear(&world);
}

TEST(http, metrics_that_fill_the_bound_arrive_whole)
{
    http_world_init(&world, NULL);
    world.metrics_bytes = LIMIT_HTTP_METRICS_BYTES;
    const char *reply = http_reply_to(&world, ask(""));
    const char *body = strstr(reply, "\r\n\r\n");
    ck_assert(body != NULL);
    ck_assert_uint_eq(strlen(body + 4), LIMIT_HTTP_METRICS_BYTES);
    http_world_clear(&world);
}

TEST(http, where_there_are_tokens_the_metrics_need_one_that_may_read)
{
    http_world_init(&world, keys_with_tokens());
    ck_assert_int_eq(http_ask(&world, ask("")), 401);
    ck_assert_int_eq(http_ask(&world, ask(BEARER("wrong"))), 401);
    ck_assert_int_eq(http_ask(&world, ask(BEARER(SENDER))), 403);
    ck_assert_uint_eq(world.asked, 0);
    ck_assert_int_eq(http_ask(&world, ask(BEARER(READER))), 200);
    ck_assert_int_eq(http_ask(&world, http_post("/webhook/text",
                                                HTTP_TEXT BEARER(READER), "x")),
                     403);
    http_world_clear(&world);
}

TEST(http, where_only_signatures_are_asked_for_nobody_gets_the_metrics)
{
    char keys[9000];
    snprintf(keys, sizeof keys, "listen: ['127.0.0.1:0'], hmac: {secret_file: %s}",
             http_world_file(&world, "secret", READER));
    http_world_init(&world, keys);
    ck_assert_int_eq(http_ask(&world, ask("")), 403);
    ck_assert_uint_eq(world.asked, 0);
    http_world_clear(&world);
}

TEST(http, pages_of_other_sites_and_other_names_do_not_get_the_metrics)
{
    http_world_init(&world, NULL);
    ck_assert_int_eq(http_ask(&world, ask("Origin: https://evil.example\r\n")), 403);
    ck_assert_int_eq(http_ask(&world, "GET /metrics HTTP/1.1\r\n"
                                      "Host: evil.example\r\n\r\n"),
                     421);
    ck_assert_uint_eq(world.asked, 0);
    http_world_clear(&world);
}

TEST(http, metrics_are_only_got)
{
    http_world_init(&world, NULL);
    const char *reply = http_reply_to(&world, http_post("/metrics", HTTP_TEXT, "x"));
    ck_assert(strncmp(reply, "HTTP/1.1 405 ", 13) == 0);
    ck_assert(strstr(reply, "\r\nAllow: GET\r\n") != NULL);
    http_world_clear(&world);
}

TEST(http, a_store_that_is_full_does_not_hide_the_metrics)
{
    http_world_init(&world, NULL);
    world.is_full = true;
    http_turn(&world);
    ck_assert_int_eq(http_ask(&world,
                              "GET /-/ready HTTP/1.1\r\nHost: localhost\r\n\r\n"),
                     503);
    ck_assert_int_eq(http_ask(&world, ask("")), 200);
    http_world_clear(&world);
}
