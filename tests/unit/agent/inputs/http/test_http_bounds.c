/** Nobody can hold the server up: deadlines, and bounds on everything. */
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/base/limits.h"
#include "http_world.h"

static struct http_world world;

#define HEALTHY "GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n"
#define BODY_OF(length)                                            \
    "POST /webhook/text HTTP/1.1\r\nHost: localhost\r\n" HTTP_TEXT \
    "Content-Length: " length "\r\n\r\n"

TEST(http, H01_heads_that_never_end_are_given_up_after_ten_seconds)
{
    int fds[50];
    http_world_init(&world, NULL);
    for (int i = 0; i < 50; i++) {
        fds[i] = http_connect(&world);
        http_say(&world, fds[i],
                 i % 2 == 0 ? "POST /webhook/text HTTP/1.1\r\nHo" : "P");
    }
    http_turn(&world);
    ck_assert_uint_eq(http_tally_of(&world)->connections, 50);
    for (int second = 1; second < 10; second++) {
        http_pass(&world, 1000);
        for (int i = 0; i < 50; i++)
            http_say(&world, fds[i], "x"); /* a byte a second is no progress */
    }
    ck_assert_uint_eq(http_tally_of(&world)->connections, 50);
    ck_assert_int_eq(inputs_wake_at(world.inputs), world.now.mono_ms + 1000);
    http_pass(&world, 1000);
    http_turn(&world);
    ck_assert_uint_eq(http_tally_of(&world)->connections, 0);
    ck_assert_uint_eq(http_tally_of(&world)->expired, 50);
    for (int i = 0; i < 50; i++)
        close(fds[i]);
    http_world_clear(&world);
}

TEST(http, H01_a_connection_that_says_nothing_is_given_up)
{
    http_world_init(&world, NULL);
    int fd = http_connect(&world);
    http_turn(&world);
    http_pass(&world, 9999);
    ck_assert(!http_is_closed(&world, fd));
    http_pass(&world, 1);
    ck_assert(http_is_closed(&world, fd));
    http_world_clear(&world);
}

TEST(http, H02_a_body_that_does_not_come_in_thirty_seconds_is_answered_with_408)
{
    http_world_init(&world, NULL);
    int fd = http_connect(&world);
    http_say(&world, fd, BODY_OF("100") "half");
    http_turn(&world);
    for (int second = 0; second < 29; second++) {
        http_pass(&world, 1000);
        http_say(&world, fd, "x");
    }
    ck_assert(!http_is_closed(&world, fd));
    http_pass(&world, 1000);
    ck_assert_int_eq(http_status(&world, fd), 408);
    ck_assert(http_is_closed(&world, fd));
    ck_assert_uint_eq(world.counted, 0);
    http_world_clear(&world);
}

TEST(http, H03_who_never_reads_is_given_up_and_costs_no_memory)
{
    int bytes = 4096;
    http_world_init(&world, NULL);
    int fd = http_connect(&world);
    ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes), 0);
    const char *request = http_post("/webhook/text", HTTP_TEXT, "x");
    struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };
    size_t before = SIZE_MAX;
    while (poll(&poll_fd, 1, 5) == 1 && world.counted < 100000)
        (void)!send(fd, request, strlen(request), MSG_NOSIGNAL), http_turn(&world);
    while (before != world.counted) {
        before = world.counted;
        for (int i = 0; i < 10; i++)
            http_turn(&world);
    }
    ck_assert_uint_lt(world.counted, 5000);
    ck_assert_uint_eq(http_tally_of(&world)->connections, 1);
    http_pass(&world, 10000);
    http_turn(&world);
    ck_assert_uint_eq(http_tally_of(&world)->connections, 0);
    ck_assert_uint_eq(http_tally_of(&world)->expired, 1);
    close(fd);
    http_world_clear(&world);
}

TEST(http, an_idle_connection_is_closed_after_a_minute)
{
    http_world_init(&world, NULL);
    int fd = http_connect(&world);
    http_say(&world, fd, http_post("/webhook/text", HTTP_TEXT, "x"));
    ck_assert_int_eq(http_status(&world, fd), 200);
    http_pass(&world, 59999);
    ck_assert(!http_is_closed(&world, fd));
    http_pass(&world, 1);
    ck_assert(http_is_closed(&world, fd));
    http_world_clear(&world);
}

static void fill(int *fds, int count)
{
    char address[20];
    for (int i = 0; i < count; i++) {
        snprintf(address, sizeof address, "127.0.0.%d",
                 2 + i / LIMIT_HTTP_PEER_CONNECTIONS);
        fds[i] = http_connect_from(&world, address);
    }
    http_turn(&world);
}

TEST(http, H15_past_256_connections_the_next_waits_and_wakes_nobody)
{
    int fds[LIMIT_HTTP_CONNECTIONS];
    http_world_init(&world, NULL);
    fill(fds, LIMIT_HTTP_CONNECTIONS);
    ck_assert_uint_eq(http_tally_of(&world)->connections, LIMIT_HTTP_CONNECTIONS);
    ck_assert(!world.is_heard);
    int next = http_connect(&world);
    http_say(&world, next, HEALTHY);
    ck_assert_int_eq(http_status(&world, next), 0);
    ck_assert_int_gt(inputs_wake_at(world.inputs), world.now.mono_ms);
    close(fds[7]);
    http_turn(&world);
    ck_assert(world.is_heard);
    ck_assert_int_eq(http_status(&world, next), 200);
    for (int i = 0; i < LIMIT_HTTP_CONNECTIONS; i++) {
        if (i != 7)
            close(fds[i]);
    }
    http_turn(&world);
    http_turn(&world);
    ck_assert_uint_eq(http_tally_of(&world)->connections, 0);
    http_world_clear(&world);
}

TEST(http, H15_one_address_cannot_take_all_places)
{
    int fds[LIMIT_HTTP_PEER_CONNECTIONS + 5];
    http_world_init(&world, NULL);
    fill(fds, LIMIT_HTTP_PEER_CONNECTIONS);
    for (int i = 0; i < 5; i++) {
        int more = fds[LIMIT_HTTP_PEER_CONNECTIONS + i] =
            http_connect_from(&world, "127.0.0.2");
        ck_assert_int_eq(http_status(&world, more), 429);
        ck_assert(http_is_closed(&world, more));
    }
    ck_assert_uint_eq(http_tally_of(&world)->turned_away, 5);
    ck_assert_int_eq(http_ask(&world, HEALTHY), 200);
    http_world_clear(&world);
}

TEST(http, H15_after_a_storm_the_memory_is_given_back)
{
    char body[32 * 1024];
    http_world_init(&world, NULL);
    memset(body, 'x', sizeof body - 1);
    body[sizeof body - 1] = '\0';
    for (int round = 0; round < 2000; round++) {
        int fd = http_connect(&world);
        if (round % 2 == 0)
            http_say(&world, fd, http_post("/webhook/text", HTTP_TEXT, body));
        close(fd);
        http_turn(&world);
    }
    http_turn(&world);
    ck_assert_uint_eq(http_tally_of(&world)->connections, 0);
    ck_assert_int_eq(http_ask(&world, HEALTHY), 200);
    http_world_clear(&world);
}

TEST(http, H16_without_a_descriptor_accepting_rests_and_nothing_spins)
{
    struct rlimit limit, none;
    http_world_init(&world, NULL);
    http_turn(&world);
    int fd = http_connect(&world);
    int probe = dup(fd);
    close(probe);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = limit;
    none.rlim_cur = (rlim_t)probe;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    for (int i = 0; i < 10; i++)
        http_turn(&world);
    ck_assert_uint_eq(http_tally_of(&world)->pauses, 1);
    ck_assert(!world.is_heard);
    ck_assert_int_eq(inputs_wake_at(world.inputs), world.now.mono_ms + 100);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    http_pass(&world, 100);
    http_say(&world, fd, HEALTHY);
    ck_assert_int_eq(http_status(&world, fd), 200);
    ck_assert(world.is_heard);
    http_world_clear(&world);
}

TEST(http, H16_a_rest_that_ends_while_all_places_are_taken_does_not_spin)
{
    int fds[LIMIT_HTTP_CONNECTIONS];
    struct rlimit limit, none;
    http_world_init(&world, "listen: ['127.0.0.1:0', '127.0.0.2:0']");
    fill(fds, LIMIT_HTTP_CONNECTIONS - 1);
    int fd = http_connect(&world);
    int probe = dup(fd);
    close(probe);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = limit;
    none.rlim_cur = (rlim_t)probe;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    http_turn(&world);
    ck_assert_uint_eq(http_tally_of(&world)->pauses, 2);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    http_pass(&world, 100);
    ck_assert_uint_eq(http_tally_of(&world)->connections, LIMIT_HTTP_CONNECTIONS);
    int next = http_connect(&world);
    http_pass(&world, 200);
    ck_assert_int_gt(inputs_wake_at(world.inputs), world.now.mono_ms);
    ck_assert(!world.is_heard);
    close(next);
    http_world_clear(&world);
}

TEST(http, a_port_whose_certificate_cannot_be_read_lets_nobody_wait)
{
    http_world_init(&world, "listen: ['127.0.0.1:0'], certificate: /nowhere/c.pem, "
                            "key: /nowhere/k.pem");
    int fd = http_connect(&world);
    ck_assert(http_is_closed(&world, fd));
    ck_assert(strstr(world.told.ptr, "/nowhere/c.pem") != NULL);
    ck_assert_int_gt(inputs_wake_at(world.inputs), world.now.mono_ms);
    close(fd);
    http_world_clear(&world);
}

TEST(http, H32_the_bodies_of_all_have_a_bound_together)
{
    enum { COUNT = LIMIT_HTTP_BODIES_BYTES / LIMIT_HTTP_BODY_BYTES };
    int fds[COUNT];
    http_world_init(&world, NULL);
    for (int i = 0; i < COUNT; i++) {
        fds[i] = http_connect(&world);
        http_say(&world, fds[i], BODY_OF("1048576"));
    }
    http_turn(&world);
    ck_assert_int_eq(http_ask(&world, BODY_OF("1") "x"), 503);
    close(fds[3]);
    http_turn(&world);
    http_turn(&world);
    ck_assert_int_eq(http_ask(&world, BODY_OF("1") "x"), 200);
    ck_assert_uint_eq(http_tally_of(&world)->busy, 1);
    http_world_clear(&world);
}
