/** Requests that are not written as HTTP is: refused, closed, and what hides behind
 *  them is never executed. */
#include <sys/socket.h>
#include <unistd.h>

#include "agent/base/limits.h"
#include "agent/base/mem.h"
#include "http_world.h"

static struct http_world world;

#define HOST "Host: localhost\r\n"
#define POST "POST /webhook/text HTTP/1.1\r\n" HOST HTTP_TEXT
#define SECOND POST "Content-Length: 8\r\n\r\nsmuggled"

TEST(http, H04_a_body_that_says_it_is_too_large_is_refused_unread)
{
    http_world_init(&world, NULL);
    int fd = http_connect(&world);
    http_say(&world, fd, POST "Content-Length: 1048577\r\n\r\n");
    ck_assert_int_eq(http_status(&world, fd), 413);
    ck_assert(http_is_closed(&world, fd));
    ck_assert_int_eq(http_ask(&world,
                              POST "Content-Length: 99999999999999999999\r\n\r\n"),
                     413);
    http_world_clear(&world);
}

TEST(http, H04_a_body_of_exactly_the_limit_is_taken)
{
    char head[200];
    http_world_init(&world, NULL);
    char *body = mem_zalloc(LIMIT_HTTP_BODY_BYTES);
    memset(body, 'x', LIMIT_HTTP_BODY_BYTES);
    int fd = http_connect(&world);
    snprintf(head, sizeof head, POST "Content-Length: %d\r\n\r\n",
             LIMIT_HTTP_BODY_BYTES);
    http_say(&world, fd, head);
    http_say_bytes(&world, fd, slice_make(body, LIMIT_HTTP_BODY_BYTES));
    ck_assert_int_eq(http_status(&world, fd), 200);
    free(body);
    http_world_clear(&world);
}

TEST(http, H05_chunks_past_the_limit_are_cut_off_with_413)
{
    char chunk[8 + 65536 + 2];
    http_world_init(&world, NULL);
    int fd = http_connect(&world);
    http_say(&world, fd, POST "Transfer-Encoding: chunked\r\n\r\n");
    memcpy(chunk, "10000\r\n", 7);
    memset(chunk + 7, 'x', 65536);
    memcpy(chunk + 7 + 65536, "\r\n", 2);
    for (int i = 0; i < 17; i++)
        http_say_bytes(&world, fd, slice_make(chunk, 7 + 65536 + 2));
    ck_assert_int_eq(http_status(&world, fd), 413);
    ck_assert(http_is_closed(&world, fd));
    ck_assert_uint_eq(world.counted, 0);
    http_world_clear(&world);
}

TEST(http, H06_who_leaves_in_the_middle_of_a_body_has_said_nothing)
{
    http_world_init(&world, NULL);
    int fd = http_connect(&world);
    http_say(&world, fd, POST "Content-Length: 20\r\n\r\nhalf of it");
    http_turn(&world);
    ck_assert_uint_eq(http_tally_of(&world)->connections, 1);
    close(fd);
    http_turn(&world);
    http_turn(&world);
    ck_assert_uint_eq(http_tally_of(&world)->connections, 0);
    ck_assert_uint_eq(world.counted, 0);
    http_world_clear(&world);
}

TEST(http, H12_a_body_says_what_it_is)
{
    static const struct {
        const char *path, *headers;
        int status;
    } rows[] = {
        { "/webhook/alertmanager", "", 415 },
        { "/webhook/alertmanager", "Content-Type: text/plain\r\n", 415 },
        { "/webhook/alertmanager", "Content-Type: text/html\r\n", 415 },
        { "/webhook/alertmanager", "Content-Type: application/jsonx\r\n", 415 },
        { "/webhook/alertmanager",
          "Content-Type: application/x-www-form-urlencoded\r\n", 415 },
        { "/webhook/generic", "Content-Type: application/json; charset=utf-8\r\n",
          200 },
        { "/webhook/generic", "Content-Type: Application/JSON\r\n", 200 },
        { "/webhook/generic", "Content-Type: application/cloudevents+json\r\n", 200 },
        { "/webhook/text", "Content-Type: text/plain; charset=utf-8\r\n", 200 },
        { "/webhook/text", "", 415 },
        { "/webhook/text", "Content-Type: application/json\r\n", 415 },
    };
    http_world_init(&world, NULL);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int status = http_ask(&world, http_post(rows[i].path, rows[i].headers,
                                                "{\"title\":\"x\"}"));
        ck_assert_msg(status == rows[i].status, "row %zu: %d", i, status);
    }
    http_world_clear(&world);
}

TEST(http, H13_a_compressed_body_is_refused)
{
    http_world_init(&world, NULL);
    ck_assert_int_eq(http_ask(&world, http_post("/webhook/text",
                                                HTTP_TEXT "Content-Encoding: gzip\r\n",
                                                "\x1f\x8b")),
                     415);
    ck_assert_int_eq(
        http_ask(&world, http_post("/webhook/text",
                                   HTTP_TEXT "Content-Encoding: identity\r\n", "x")),
        200);
    http_world_clear(&world);
}

/* Each would be read in two ways by two programs. @NUL marks where a NUL goes. */
static const char *const smuggling[] = {
    POST "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SECOND,
    POST "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" SECOND,
    POST "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx" SECOND,
    POST "Content-Length: 1\r\nContent-Length: 7\r\n\r\nx" SECOND,
    POST "Content-Length: 1, 1\r\n\r\nx" SECOND,
    POST "Content-Length: +1\r\n\r\nx" SECOND,
    POST "Content-Length: -1\r\n\r\nx" SECOND,
    POST "Content-Length: 0x1\r\n\r\nx" SECOND,
    POST "Content-Length: 1 2\r\n\r\nx" SECOND,
    POST "Content-Length:\r\n\r\nx" SECOND,
    POST "Content-Length : 1\r\n\r\nx" SECOND,
    POST "Content-Length\t: 1\r\n\r\nx" SECOND,
    POST " Content-Length: 1\r\n\r\nx" SECOND,
    POST "Transfer-Encoding: identity\r\n\r\nx" SECOND,
    POST "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" SECOND,
    POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" SECOND,
    POST "Transfer-Encoding: \x0b"
         "chunked\r\n\r\n0\r\n\r\n" SECOND,
    POST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" SECOND,
    POST
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SECOND,
    POST "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" SECOND,
    POST "X: y\r\n z\r\nContent-Length: 1\r\n\r\nx" SECOND,
    POST "X: y\nContent-Length: 1\r\n\r\nx" SECOND,
    POST "Content-Length: 1\n\r\nx" SECOND,
    POST "Content-Length: 1\r\n\nx" SECOND,
    POST "X: y\rContent-Length: 0\r\nContent-Length: 1\r\n\r\nx" SECOND,
    "POST /webhook/text HTTP/1.1\n" HOST HTTP_TEXT "Content-Length: 1\r\n\r\nx" SECOND,
    "POST /webhook/text  HTTP/1.1\r\n" HOST HTTP_TEXT
    "Content-Length: 1\r\n\r\nx" SECOND,
    "POST  /webhook/text HTTP/1.1\r\n" HOST HTTP_TEXT
    "Content-Length: 1\r\n\r\nx" SECOND,
    "POST /webhook/text x HTTP/1.1\r\n" HOST HTTP_TEXT
    "Content-Length: 1\r\n\r\nx" SECOND,
    "POST /webhook/text HTTP/1.0\r\n" HOST HTTP_TEXT
    "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SECOND,
    "POST /webhook/text HTTP/1.1\r\n" HTTP_TEXT "Content-Length: 1\r\n\r\nx" SECOND,
    "POST /webhook/text HTTP/1.1\r\n" HOST HOST HTTP_TEXT
    "Content-Length: 1\r\n\r\nx" SECOND,
    POST "(bad): y\r\nContent-Length: 1\r\n\r\nx" SECOND,
    POST ": y\r\nContent-Length: 1\r\n\r\nx" SECOND,
    POST "no colon\r\nContent-Length: 1\r\n\r\nx" SECOND,
};

TEST(http, H14_what_can_be_read_in_two_ways_is_refused_and_closed)
{
    http_world_init(&world, NULL);
    for (size_t i = 0; i < sizeof smuggling / sizeof *smuggling; i++) {
        int fd = http_connect(&world);
        http_say(&world, fd, smuggling[i]);
        int status = http_status(&world, fd);
        ck_assert_msg(status == 400, "row %zu: %d for\n%s", i, status, smuggling[i]);
        ck_assert_msg(http_is_closed(&world, fd), "row %zu stays open", i);
        close(fd);
    }
    ck_assert_uint_eq(world.counted, 0);
    http_world_clear(&world);
}

TEST(http, H14_a_NUL_in_a_head_is_refused)
{
    static const struct slice rows[] = {
        BYTES(POST "X: a\0b\r\nContent-Length: 1\r\n\r\nx" SECOND),
        BYTES("POST /webhook/text\0x HTTP/1.1\r\n" HOST HTTP_TEXT
              "Content-Length: 1\r\n\r\nx" SECOND),
        BYTES(POST "Content-Length: 1\0\r\n\r\nx" SECOND),
        BYTES(POST "Transfer-Encoding: chunked\0x\r\n\r\n0\r\n\r\n" SECOND),
    };
    http_world_init(&world, NULL);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int fd = http_connect(&world);
        http_say_bytes(&world, fd, rows[i]);
        int status = http_status(&world, fd);
        ck_assert_msg(status == 400, "row %zu: %d", i, status);
        ck_assert_msg(http_is_closed(&world, fd), "row %zu stays open", i);
        close(fd);
    }
    ck_assert_uint_eq(world.counted, 0);
    http_world_clear(&world);
}

TEST(http, H14_whatever_is_wrong_with_chunks_nothing_behind_them_is_executed)
{
    static const char *const bodies[] = {
        "x\r\n0\r\n\r\n",
        "-1\r\n\r\n0\r\n\r\n",
        "0x1\r\na\r\n0\r\n\r\n",
        "1\r\nabc\r\n0\r\n",
        " 1\r\na\r\n0\r\n\r\n",
        "1\na\n0\n\n",
        "1;ext=\"\r\na\r\n0\r\n\r\n",
        "ffffffffffffffffff\r\na\r\n",
        "1\r\na\r\n0\r\nContent-Length: 5\r\n\r\n",
    };
    http_world_init(&world, NULL);
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        char request[1000];
        int fd = http_connect(&world);
        snprintf(request, sizeof request, POST "Transfer-Encoding: chunked\r\n\r\n%s%s",
                 bodies[i], SECOND);
        http_say(&world, fd, request);
        (void)http_status(&world, fd);
        ck_assert_msg(http_is_closed(&world, fd), "row %zu stays open", i);
        ck_assert_msg(strcmp(world.title, "smuggled") != 0, "row %zu", i);
        close(fd);
    }
    http_world_clear(&world);
}

TEST(http, H23_no_path_leads_to_a_file_and_none_is_decoded)
{
    static const char *const paths[] = {
        "/",
        "/webhook",
        "/webhook/",
        "/webhook/text/",
        "/webhook/../webhook/text",
        "/webhook/..%2ftext",
        "/webhook%2ftext",
        "/webhook/tex%74",
        "/webhook/text%00",
        "/etc/passwd",
        "/..%5c..%5cetc",
        "//webhook/text",
        "/webhook/text;x",
        "/WEBHOOK/TEXT",
        "/metrics/",
        "/-/",
        "/-/healthy/..",
    };
    http_world_init(&world, NULL);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        int status = http_ask(&world, http_post(paths[i], HTTP_TEXT, "x"));
        ck_assert_msg(status == 404, "%s: %d", paths[i], status);
    }
    ck_assert_int_eq(http_ask(&world,
                              http_post("http://x/webhook/text", HTTP_TEXT, "x")),
                     400);
    ck_assert_int_eq(http_ask(&world, http_post("*", HTTP_TEXT, "x")), 400);
    http_world_clear(&world);
}

TEST(http, H27_a_head_that_is_too_long_is_refused_with_431)
{
    struct buf request = buf_make(1 << 20);
    http_world_init(&world, NULL);
    buf_puts(&request, POST "X: ");
    for (int i = 0; i < 65536; i++)
        buf_putc(&request, 'x');
    buf_puts(&request, "\r\nContent-Length: 1\r\n\r\nx");
    ck_assert_int_eq(http_ask(&world, request.ptr), 431);
    buf_clear(&request);
    buf_puts(&request, POST);
    for (int i = 0; i < 10000; i++)
        buf_printf(&request, "X-%d: y\r\n", i);
    buf_puts(&request, "Content-Length: 1\r\n\r\nx");
    ck_assert_int_eq(http_ask(&world, request.ptr), 431);
    buf_clear(&request);
    buf_puts(&request, POST);
    for (int i = 0; i < LIMIT_HTTP_HEADERS; i++)
        buf_printf(&request, "X: y\r\n");
    buf_puts(&request, "Content-Length: 1\r\n\r\nx");
    ck_assert_int_eq(http_ask(&world, request.ptr), 431);
    buf_clear(&request);
    buf_puts(&request, "GET /");
    for (int i = 0; i < 65536; i++)
        buf_putc(&request, 'x');
    buf_puts(&request, " HTTP/1.1\r\n" HOST "\r\n");
    ck_assert_int_eq(http_ask(&world, request.ptr), 414);
    buf_free(&request);
    ck_assert_uint_eq(world.counted, 0);
    http_world_clear(&world);
}

TEST(http, H28_other_methods_and_versions_are_refused)
{
    static const struct {
        const char *request;
        int status;
    } rows[] = {
        { "TRACE /webhook/text HTTP/1.1\r\n" HOST "\r\n", 405 },
        { "PUT /webhook/text HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", 405 },
        { "GET /webhook/text HTTP/1.1\r\n" HOST "\r\n", 405 },
        { "HEAD /webhook/text HTTP/1.1\r\n" HOST "\r\n", 405 },
        { "FROBNICATE /webhook/text HTTP/1.1\r\n" HOST "\r\n", 405 },
        { "CONNECT /webhook/text HTTP/1.1\r\n" HOST "\r\n", 405 },
        { "post /webhook/text HTTP/1.1\r\n" HOST "\r\n", 405 },
        { "POST /-/healthy HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", 405 },
        { "GET /-/reload HTTP/1.1\r\n" HOST "\r\n", 405 },
        { "POST /webhook/text HTTP/2.0\r\n" HOST "\r\n", 505 },
        { "POST /webhook/text HTTP/0.9\r\n" HOST "\r\n", 505 },
        { "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505 },
    };
    http_world_init(&world, NULL);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int fd = http_connect(&world);
        http_say(&world, fd, rows[i].request);
        int status = http_status(&world, fd);
        ck_assert_msg(status == rows[i].status, "row %zu: %d", i, status);
        ck_assert_msg(http_is_closed(&world, fd), "row %zu stays open", i);
        close(fd);
    }
    const char *reply = http_reply_to(&world, rows[0].request);
    ck_assert_msg(strstr(reply, "\r\nAllow: POST\r\n") != NULL, "%s", reply);
    http_world_clear(&world);
}

TEST(http, H28_what_has_no_version_gets_no_page)
{
    http_world_init(&world, NULL);
    int fd = http_connect(&world);
    http_say(&world, fd, "GET /-/healthy\r\n\r\n");
    int status = http_status(&world, fd);
    ck_assert_msg(status == 400 || status == 505 || status == -1, "%d", status);
    ck_assert(http_is_closed(&world, fd));
    http_world_clear(&world);
}
