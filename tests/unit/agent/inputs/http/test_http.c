/** The road of a request: taken, committed, and only then answered. */
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/base/limits.h"
#include "http_world.h"

static struct http_world world;

static bool has_answer(int fd)
{
    struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
    return poll(&poll_fd, 1, 5) == 1;
}

TEST(http, what_is_posted_is_counted_once_and_answered_with_200)
{
    http_world_init(&world, NULL);
    ck_assert_int_eq(http_ask(&world,
                              http_post("/webhook/text", HTTP_TEXT, "disk full")),
                     200);
    ck_assert_uint_eq(world.counted, 1);
    ck_assert_str_eq(world.title, "disk full");
    ck_assert_uint_eq(http_tally_of(&world)->accepted, 1);
    http_world_clear(&world);
}

/** Read until a whole request is taken, and do not commit. */
static void read_until_taken(void)
{
    for (int i = 0; i < 100 && !inputs_wants_commit(world.inputs); i++)
        http_read(&world);
    ck_assert(inputs_wants_commit(world.inputs));
}

TEST(http, H30_no_200_leaves_before_the_commit)
{
    http_world_init(&world, NULL);
    int fd = http_connect(&world);
    http_say(&world, fd, http_post("/webhook/text", HTTP_TEXT, "x"));
    read_until_taken();
    for (int i = 0; i < 5; i++)
        http_read(&world);
    ck_assert(!has_answer(fd));
    ck_assert_uint_eq(world.pending, 1);
    http_commit(&world);
    ck_assert(has_answer(fd));
    ck_assert_int_eq(http_status(&world, fd), 200);
    http_world_clear(&world);
}

TEST(http, H31_what_was_taken_when_the_commit_fails_is_told_503)
{
    http_world_init(&world, NULL);
    int fd = http_connect(&world);
    http_say(&world, fd, http_post("/webhook/text", HTTP_TEXT, "x"));
    read_until_taken();
    world.is_full = true;
    http_commit(&world);
    ck_assert_int_eq(http_status(&world, fd), 503);
    ck_assert_uint_eq(world.counted, 0);
    http_world_clear(&world);
}

TEST(http, what_stands_behind_the_path_reaches_the_alert_undecoded)
{
    http_world_init(&world, NULL);
    ck_assert_int_eq(http_ask(&world, http_post("/webhook/text?severity=critical&"
                                                "fingerprint=a%26b&x=y",
                                                HTTP_TEXT, "x")),
                     200);
    ck_assert_int_eq(world.severity, SEVERITY_CRITICAL);
    ck_assert_int_eq(http_ask(&world,
                              http_post("/webhook/text?severity=info", HTTP_TEXT, "x")),
                     200);
    ck_assert_int_eq(world.severity, SEVERITY_INFO);
    http_world_clear(&world);
}

TEST(http, requests_that_come_together_share_a_commit)
{
    int fds[16];
    http_world_init(&world, NULL);
    for (int i = 0; i < 16; i++) {
        fds[i] = http_connect(&world);
        http_say(&world, fds[i], http_post("/webhook/text", HTTP_TEXT, "x"));
    }
    http_turn(&world);
    http_turn(&world);
    ck_assert_uint_eq(world.counted, 16);
    for (int i = 0; i < 16; i++) {
        ck_assert(has_answer(fds[i]));
        close(fds[i]);
    }
    http_world_clear(&world);
}

TEST(http, a_connection_is_kept_after_an_accepted_body)
{
    http_world_init(&world, NULL);
    int fd = http_connect(&world);
    for (int i = 0; i < 5; i++) {
        http_say(&world, fd, http_post("/webhook/text", HTTP_TEXT, "x"));
        ck_assert_int_eq(http_status(&world, fd), 200);
    }
    ck_assert_uint_eq(world.counted, 5);
    ck_assert_uint_eq(http_tally_of(&world)->connections, 1);
    http_world_clear(&world);
}

TEST(http, a_body_in_chunks_is_put_together)
{
    http_world_init(&world, NULL);
    int fd = http_connect(&world);
    http_say(&world, fd,
             "POST /webhook/text HTTP/1.1\r\nHost: localhost\r\n" HTTP_TEXT
             "Transfer-Encoding: chunked\r\n\r\n5\r\ndisk \r\n");
    http_turn(&world);
    http_say(&world, fd, "4\r\nfull\r\n0\r\n\r\n");
    ck_assert_int_eq(http_status(&world, fd), 200);
    ck_assert_str_eq(world.title, "disk full");
    ck_assert(http_is_closed(&world, fd));
    http_world_clear(&world);
}

TEST(http, who_asks_first_is_told_to_go_on)
{
    http_world_init(&world, NULL);
    int fd = http_connect(&world);
    http_say(&world, fd,
             "POST /webhook/text HTTP/1.1\r\nHost: localhost\r\n" HTTP_TEXT
             "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    ck_assert(strstr(http_hear(&world, fd), "100 Continue") != NULL);
    http_say(&world, fd, "ok");
    ck_assert_int_eq(http_status(&world, fd), 200);
    http_world_clear(&world);
}

TEST(http, H31_while_the_store_is_full_everybody_is_told_to_come_again)
{
    http_world_init(&world, NULL);
    world.is_full = true;
    http_turn(&world);
    const char *reply =
        http_reply_to(&world, http_post("/webhook/text", HTTP_TEXT, "x"));
    ck_assert_msg(strncmp(reply, "HTTP/1.1 503 ", 13) == 0, "%s", reply);
    ck_assert(strstr(reply, "\r\nRetry-After: ") != NULL);
    world.is_full = false;
    world.pending = 0;
    ck_assert_int_eq(http_ask(&world, http_post("/webhook/text", HTTP_TEXT, "x")), 200);
    ck_assert_uint_eq(world.counted, 1);
    ck_assert_uint_ge(http_tally_of(&world)->busy, 1);
    http_world_clear(&world);
}

TEST(http, H38_a_request_while_the_agent_stops_is_told_503)
{
    http_world_init(&world, NULL);
    world.is_stopping = true;
    ck_assert_int_eq(http_ask(&world, http_post("/webhook/text", HTTP_TEXT, "x")), 503);
    ck_assert_uint_eq(world.counted, 0);
    http_world_clear(&world);
}

TEST(http, H38_half_a_body_at_the_end_is_told_503)
{
    http_world_init(&world, NULL);
    int fd = http_connect(&world);
    http_say(&world, fd,
             "POST /webhook/text HTTP/1.1\r\nHost: localhost\r\n" HTTP_TEXT
             "Content-Length: 20\r\n\r\nhalf");
    http_turn(&world);
    http_turn(&world);
    http_world_end(&world);
    char reply[512] = "";
    ck_assert(has_answer(fd));
    ck_assert_int_gt(recv(fd, reply, sizeof reply - 1, 0), 0);
    ck_assert_msg(strncmp(reply, "HTTP/1.1 503 ", 13) == 0, "%s", reply);
    http_world_clear(&world);
}

TEST(http, H38_whole_requests_at_the_end_are_told_503)
{
    int fds[3];
    http_world_init(&world, NULL);
    for (int i = 0; i < 3; i++)
        fds[i] = http_connect(&world);
    http_turn(&world);
    for (int i = 0; i < 3; i++) {
        const char *request = http_post("/webhook/text", HTTP_TEXT, "x");
        ck_assert_int_gt(send(fds[i], request, strlen(request), 0), 0);
    }
    http_world_end(&world);
    for (int i = 0; i < 3; i++) {
        char reply[512] = "";
        ck_assert(has_answer(fds[i]));
        ck_assert_int_gt(recv(fds[i], reply, sizeof reply - 1, 0), 0);
        ck_assert_msg(strncmp(reply, "HTTP/1.1 503 ", 13) == 0, "%s", reply);
    }
    ck_assert_uint_eq(world.counted, 0);
    http_world_clear(&world);
}

TEST(http, H40_the_server_is_healthy_as_long_as_the_store_is)
{
    static const char request[] = "GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n";
    static const char ready[] = "GET /-/ready HTTP/1.1\r\nHost: localhost\r\n\r\n";
    http_world_init(&world, NULL);
    ck_assert_int_eq(http_ask(&world, request), 200);
    ck_assert_int_eq(http_ask(&world, ready), 200);
    world.is_full = true;
    http_turn(&world);
    ck_assert_int_eq(http_ask(&world, request), 503);
    ck_assert_int_eq(http_ask(&world, ready), 503);
    http_world_clear(&world);
}

TEST(http, a_reload_keeps_what_is_under_way)
{
    http_world_init(&world, "listen: ['127.0.0.1:0'], hosts: [a]");
    int fd = http_connect(&world);
    http_say(&world, fd,
             "POST /webhook/text HTTP/1.1\r\nHost: a\r\n" HTTP_TEXT
             "Content-Length: 4\r\n\r\nha");
    http_turn(&world);
    int port = world.port;
    http_world_reload(&world, "listen: ['127.0.0.1:0'], hosts: [b]");
    ck_assert_int_eq(world.port, port);
    http_say(&world, fd, "lf");
    ck_assert_int_eq(http_status(&world, fd), 200);
    ck_assert_int_eq(http_ask(&world, "GET /-/ready HTTP/1.1\r\nHost: a\r\n\r\n"), 421);
    ck_assert_int_eq(http_ask(&world, "GET /-/ready HTTP/1.1\r\nHost: b\r\n\r\n"), 200);
    http_world_clear(&world);
}

TEST(http, a_reload_can_close_the_door)
{
    http_world_init(&world, NULL);
    int fd = http_connect(&world);
    http_turn(&world);
    http_world_reload(&world, "listen: ['127.0.0.2:0']");
    http_turn(&world);
    ck_assert_int_eq(world.port, 0);
    close(fd);
    http_world_clear(&world);
}

/* --- unix sockets ----------------------------------------------------------------- */

static int connect_unix(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    ck_assert_uint_lt(strlen(path), sizeof address.sun_path);
    memcpy(address.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(connect(fd, (void *)&address, sizeof address), 0);
    return fd;
}

TEST(http, H39_a_unix_socket_is_for_owner_and_group_and_replaces_only_a_stale_one)
{
    char keys[4300], path[4200];
    struct stat stat_of;
    const char *folder = unit_test_folder();
    snprintf(path, sizeof path, "%s/h.sock", folder);
    snprintf(keys, sizeof keys, "listen: ['unix:%s']", path);
    int stale = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    memcpy(address.sun_path, path, strlen(path));
    ck_assert_int_eq(bind(stale, (void *)&address, sizeof address), 0);
    close(stale);
    http_world_init(&world, keys);
    ck_assert_int_eq(stat(path, &stat_of), 0);
    ck_assert_int_eq(stat_of.st_mode & 0777, 0660);
    int fd = connect_unix(path);
    http_say(&world, fd, http_post("/webhook/text", HTTP_TEXT, "by the file system"));
    ck_assert_int_eq(http_status(&world, fd), 200);
    http_world_clear(&world);
    ck_assert_int_ne(stat(path, &stat_of), 0);
}

TEST(http, H39_a_file_that_is_no_socket_stays_and_is_told)
{
    char keys[4300];
    struct stat stat_of;
    const char *path = http_world_file(&world, "precious", "data");
    snprintf(keys, sizeof keys, "listen: ['unix:%s']", path);
    http_world_init(&world, keys);
    ck_assert_msg(strstr(world.told.ptr, path) != NULL, "%s", world.told.ptr);
    ck_assert_int_eq(stat(path, &stat_of), 0);
    ck_assert(S_ISREG(stat_of.st_mode));
    http_world_clear(&world);
}

TEST(http, an_address_that_is_taken_is_tried_again)
{
    char keys[100];
    struct sockaddr_in own = { .sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof own;
    int holder = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(holder, (void *)&own, sizeof own), 0);
    ck_assert_int_eq(listen(holder, 1), 0);
    ck_assert_int_eq(getsockname(holder, (void *)&own, &size), 0);
    snprintf(keys, sizeof keys, "listen: ['127.0.0.1:%d']", ntohs(own.sin_port));
    http_world_init(&world, keys);
    ck_assert(strstr(world.told.ptr, "cannot be listened at") != NULL);
    http_pass(&world, 4999);
    ck_assert_uint_eq(world.reports.len, 0);
    for (int i = 0; i < 3; i++)
        http_pass(&world, 5000);
    ck_assert_msg(strstr(world.reports.ptr, "http-closed 127.0.0.1:") != NULL &&
                      strchr(world.reports.ptr, '\n') ==
                          world.reports.ptr + world.reports.len - 1,
                  "%s", world.reports.ptr);
    close(holder);
    ck_assert_int_le(inputs_wake_at(world.inputs), world.now.mono_ms + 5000);
    http_pass(&world, 5000);
    ck_assert_int_eq(http_ask(&world, http_post("/webhook/text", HTTP_TEXT, "x")), 200);
    http_world_clear(&world);
}
