/** A server that cannot start. libmicrohttpd calls this epoll_create1(). */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "http_world.h"

static struct http_world world;
static int failing; /* of the next calls */

int epoll_create1(int flags)
{
    if (failing == 0)
        return (int)syscall(SYS_epoll_create1, flags);
    failing--;
    errno = EMFILE;
    return -1;
}

static size_t count_in_log(const char *text)
{
    size_t count = 0;
    const char *at = world.told.ptr ? world.told.ptr : "";
    while ((at = strstr(at, text)) != NULL) {
        at += strlen(text);
        count++;
    }
    return count;
}

static void check_reports(const char *reports)
{
    ck_assert_slice(buf_slice(&world.reports), reports);
}

#define NO_SERVER \
    "http-closed : no alerts can be posted: the HTTP server cannot start: "

static const char *status(enum text_form form)
{
    static struct buf out;
    buf_free(&out);
    out = buf_make(4000);
    inputs_describe(world.inputs, form, &out);
    return out.ptr;
}

TEST(http, a_server_that_cannot_start_is_tried_again_by_itself)
{
    failing = 3;
    http_world_init(&world, NULL);
    ck_assert_int_eq(failing, 2);
    ck_assert_ptr_nonnull(strstr(status(FORM_BRIEF), "NOBODY CAN POST"));
    ck_assert_ptr_nonnull(strstr(status(FORM_JSON), "\"state\":\"no server\""));
    for (int i = 0; i < 2; i++)
        http_pass(&world, 1000 << i);
    ck_assert_int_eq(failing, 0);
    ck_assert_int_eq(inputs_wake_at(world.inputs), world.now.mono_ms + 4000);
    http_pass(&world, 3999);
    ck_assert_ptr_nonnull(strstr(status(FORM_BRIEF), "NOBODY CAN POST"));
    http_pass(&world, 1);
    ck_assert_ptr_null(strstr(status(FORM_BRIEF), "NOBODY CAN POST"));
    ck_assert_int_eq(http_ask(&world,
                              http_post("/webhook/text", HTTP_TEXT, "disk full")),
                     200);
    ck_assert_uint_eq(count_in_log("it is tried again by itself"), 1);
    ck_assert_uint_eq(count_in_log("the server runs now"), 1);
    http_world_clear(&world);
}

TEST(http, a_server_that_does_not_start_is_told_by_mail_once_each_time)
{
    failing = 4;
    http_world_init(&world, NULL);
    http_pass(&world, 999);
    check_reports("");
    for (int i = 0; i < 4; i++)
        http_pass(&world, 10 * 1000);
    ck_assert_int_eq(failing, 0);
    const char *told = world.reports.ptr;
    ck_assert_msg(strncmp(told, NO_SERVER, strlen(NO_SERVER)) == 0, "%s", told);
    ck_assert_ptr_eq(strchr(told, '\n'), told + world.reports.len - 1);
    buf_clear(&world.reports);
    http_world_clear(&world);
    failing = 1; /* a moment's want */
    http_world_init(&world, NULL);
    http_pass(&world, 10 * 1000);
    check_reports("");
    http_world_clear(&world);
}

TEST(http, without_a_server_nobody_is_let_wait)
{
    failing = 1;
    http_world_init(&world, NULL);
    int fd = http_connect(&world);
    ck_assert(http_is_closed(&world, fd));
    close(fd);
    ck_assert_uint_eq(http_tally_of(&world)->turned_away, 1);
    http_world_clear(&world);
}

TEST(http, the_wait_for_a_server_that_cannot_start_is_bounded)
{
    failing = 1000;
    http_world_init(&world, NULL);
    for (int i = 0; i < 12; i++)
        http_pass(&world, 60 * 1000);
    ck_assert_int_eq(inputs_wake_at(world.inputs), world.now.mono_ms + 60 * 1000);
    ck_assert_uint_eq(count_in_log("it is tried again by itself"), 1);
    http_world_reload(&world, "listen: ['127.0.0.1:0'], generic: {title: /t}");
    ck_assert_uint_eq(count_in_log("it is tried again by itself"), 2);
    failing = 0;
    http_world_clear(&world);
}
