/** Responses of HTTP in any pieces: what is read, and what is refused. */
#include "outputs/http.h"
#include "test.h"

#define ASKED_S INT64_C(1795752000) /* 2026-11-27 04:00:00 UTC */

struct heard {
    enum http_state state;
    struct http_response response;
    size_t rest;
};

/* Fed in pieces of @step bytes. */
static struct heard hear(struct slice bytes, size_t step)
{
    struct heard heard = { .state = HTTP_MORE };
    struct err err = { 0 };
    const struct now asked = { 0, ASKED_S * SECOND_MS };
    ck_assert(http_begin(&heard.response, asked, &err));
    while (bytes.len > 0 && heard.state == HTTP_MORE) {
        struct slice part = slice_make(bytes.ptr, bytes.len < step ? bytes.len : step);
        size_t before = part.len;
        heard.state = http_feed(&heard.response, &part);
        bytes = slice_make(bytes.ptr + (before - part.len),
                           bytes.len - (before - part.len));
    }
    heard.rest = bytes.len;
    return heard;
}

static void must_read(struct slice bytes, int status, const char *body)
{
    static const size_t steps[] = { 1, 7, 100000 };
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct heard heard = hear(bytes, steps[i]);
        if (heard.state == HTTP_MORE)
            heard.state = http_closed(&heard.response);
        ck_assert_int_eq(heard.state, HTTP_DONE);
        ck_assert_int_eq(heard.response.status, status);
        ck_assert_slice(secret_slice(&heard.response.body), body);
        ck_assert_uint_eq(heard.rest, 0);
        http_clear(&heard.response);
    }
}

static void must_break(struct slice bytes)
{
    for (size_t step = 1; step < 100; step += 98) {
        struct heard heard = hear(bytes, step);
        if (heard.state == HTTP_MORE)
            heard.state = http_closed(&heard.response);
        ck_assert_msg(heard.state == HTTP_BROKEN, "%.*s", (int)bytes.len, bytes.ptr);
        http_clear(&heard.response);
    }
}

TEST(http_reply, a_body_is_read_by_its_length_by_chunks_and_until_the_end)
{
    must_read(SLICE("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"), 200, "hello");
    must_read(SLICE("HTTP/1.1 200\r\ncontent-length:0\r\n\r\n"), 200, "");
    must_read(SLICE("HTTP/1.1 400 Bad\r\nTransfer-Encoding: chunked\r\n\r\n"
                    "5;x=y\r\nhello\r\nA\r\n, world...\r\n0\r\nTrailer: x\r\n\r\n"),
              400, "hello, world...");
    must_read(SLICE("HTTP/1.0 503 No\n\nuntil the end"), 503, "until the end");
    must_read(SLICE("HTTP/1.1 204 No Content\r\n\r\n"), 204, "");
    must_read(SLICE("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"
                    "Content-Length: 2\r\n\r\nok"),
              200, "ok");
}

TEST(http_reply, what_is_no_response_is_broken)
{
    must_break(SLICE("220 smtp.gmail.com ESMTP\r\n"));
    must_break(SLICE("HTTP/2 200\r\n\r\n"));
    must_break(SLICE("HTTP/1.1 2000 OK\r\n\r\n"));
    must_break(SLICE("HTTP/1.1 200 OK\r\nno colon\r\n\r\n"));
    must_break(SLICE("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"));
    must_break(SLICE("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: "
                     "6\r\n\r\nhello"));
    must_break(SLICE("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"));
    must_break(SLICE("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"));
    must_break(SLICE("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                     "123456789\r\n"));
    must_break(SLICE("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                     "2\r\nabcd\r\n"));
    must_break(SLICE("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell"));
    must_break(SLICE("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n"));
}

TEST(http_reply, a_head_or_a_body_past_its_bound_is_broken)
{
    struct buf bytes = buf_make(1024 * 1024);
    buf_puts(&bytes, "HTTP/1.1 200 OK\r\nX: ");
    while (bytes.len < 40 * 1024)
        buf_puts(&bytes, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    must_break(buf_slice(&bytes));
    buf_clear(&bytes);
    buf_puts(&bytes, "HTTP/1.1 200 OK\r\n\r\n");
    while (bytes.len < 70 * 1024)
        buf_puts(&bytes, "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
    must_break(buf_slice(&bytes));
    buf_free(&bytes);
}

TEST(http_reply, what_stands_behind_a_response_is_left)
{
    struct heard heard =
        hear(SLICE("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 400"),
             100000);
    ck_assert_int_eq(heard.state, HTTP_DONE);
    ck_assert_uint_eq(heard.rest, 12);
    http_clear(&heard.response);
}

TEST(http_reply, a_wait_and_an_end_that_are_asked_for_are_heard)
{
    struct heard heard = hear(SLICE("HTTP/1.1 429 No\r\nRetry-After: 120\r\n"
                                    "Connection: close\r\nContent-Length: 0\r\n\r\n"),
                              100000);
    ck_assert_int_eq(heard.response.retry_after_s, 120);
    ck_assert(heard.response.closes);
    http_clear(&heard.response);
    heard = hear(SLICE("HTTP/1.1 429 No\r\nContent-Length: 0\r\n\r\n"), 100000);
    ck_assert_int_eq(heard.response.retry_after_s, -1);
    ck_assert(!heard.response.closes);
    http_clear(&heard.response);
}

static int64_t wait_of(const char *headers)
{
    char text[400];
    snprintf(text, sizeof text, "HTTP/1.1 503 No\r\n%sContent-Length: 0\r\n\r\n",
             headers);
    struct heard heard = hear(slice_of(text), 5);
    ck_assert_int_eq(heard.state, HTTP_DONE);
    int64_t wait_s = heard.response.retry_after_s;
    http_clear(&heard.response);
    return wait_s;
}

#define RETRY(when) "Retry-After: " when "\r\n"
#define DATE(when) "Date: " when "\r\n"

TEST(http_reply, a_wait_until_a_date_is_heard_in_all_three_forms)
{
    ck_assert_int_eq(wait_of(RETRY("Fri, 27 Nov 2026 04:02:00 GMT")), 120);
    ck_assert_int_eq(wait_of(RETRY("Friday, 27-Nov-26 04:02:00 GMT")), 120);
    ck_assert_int_eq(wait_of(RETRY("Fri Nov 27 04:02:00 2026")), 120);
}

TEST(http_reply, a_date_is_held_against_the_clock_of_who_says_it)
{
    ck_assert_int_eq(wait_of(DATE("Thu, 01 Jan 2015 00:00:00 GMT")
                                 RETRY("Thu, 01 Jan 2015 00:01:30 GMT")),
                     90);
    ck_assert_int_eq(wait_of(RETRY("Thu, 01 Jan 2015 00:01:30 GMT")
                                 DATE("Thu, 01 Jan 2015 00:00:00 GMT")),
                     90);
    ck_assert_int_eq(wait_of(DATE("yesterday") RETRY("Fri, 27 Nov 2026 04:02:00 GMT")),
                     120);
}

TEST(http_reply, a_date_that_is_over_asks_for_no_wait)
{
    ck_assert_int_eq(wait_of(RETRY("Fri, 27 Nov 2026 03:59:59 GMT")), 0);
    ck_assert_int_eq(wait_of(RETRY("Sun, 06 Nov 1994 08:49:37 GMT")), 0);
    ck_assert_int_eq(wait_of(RETRY("Thu, 01 Jan 1970 00:00:00 GMT")), 0);
}

TEST(http_reply, nobody_asks_for_more_than_a_day)
{
    ck_assert_int_eq(wait_of(RETRY("86401")), 86400);
    ck_assert_int_eq(wait_of(RETRY("9223372036854775807")), 86400);
    ck_assert_int_eq(wait_of(RETRY("Fri, 31 Dec 9999 23:59:59 GMT")), 86400);
}

TEST(http_reply, what_is_neither_seconds_nor_a_date_is_not_said)
{
    ck_assert_int_eq(wait_of(RETRY("-5")), -1);
    ck_assert_int_eq(wait_of(RETRY("soon")), -1);
    ck_assert_int_eq(wait_of(RETRY("120 s")), -1);
    ck_assert_int_eq(wait_of(RETRY("")), -1);
    ck_assert_int_eq(wait_of(RETRY("99999999999999999999")), -1);
    ck_assert_int_eq(wait_of(RETRY("Fri, 27 Nov 2026 04:02:00 CET")), -1);
    ck_assert_int_eq(wait_of(RETRY("120") RETRY("soon")), -1);
}

TEST(http_reply, the_date_of_the_server_is_read_and_anything_else_is_none)
{
    static const struct {
        const char *date;
        int64_t unix_s;
    } rows[] = {
        { "Sun, 06 Nov 1994 08:49:37 GMT", 784111777 },
        { "Sat, 29 Feb 2036 23:59:60 GMT", 2087942400 },
        { "Sun, 06 Nov 1994 08:49:37 CET", 0 },
        { "Sun, 06 Nix 1994 08:49:37 GMT", 0 },
        { "Sun, 06 Nov 1994 24:49:37 GMT", 0 },
        { "Sun, -6 Nov 1994 08:49:37 GMT", 0 },
        { "Sunday, 06-Nov-94 08:49:37 GMT", 784111777 },
        { "", 0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[200];
        snprintf(text, sizeof text,
                 "HTTP/1.1 200 OK\r\nDate: %s\r\nContent-Length: 0\r\n\r\n",
                 rows[i].date);
        struct heard heard = hear(slice_of(text), 7);
        ck_assert_int_eq(heard.state, HTTP_DONE);
        ck_assert_int_eq(heard.response.date_s, rows[i].unix_s);
        http_clear(&heard.response);
    }
}
