/** Any bytes on a connection of the real server: nothing runs behind a refusal, and
 *  what runs has a head that is read in one way only and a body in bounds. The first
 *  byte chooses how the bytes are cut. */
#include "frame/fuzz.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/inputs/http/httpd.h"

#include "agent/base/limits.h"

enum { TURNS_AT_THE_END = 4 };

struct guard {
    bool has_refused;
    size_t taken;
};

static struct http_reply judge(void *ctx, const struct http_head *head,
                               int64_t *delay_ms, const char **signature_header)
{
    struct guard *guard = ctx;
    struct http_reply reply = http_head_check(head);
    (void)delay_ms;
    (void)signature_header;
    must(!guard->has_refused);
    must(head->header_count <= LIMIT_HTTP_HEADERS);
    if (reply.status == 0 && !slice_equal(head->method, SLICE("POST")))
        reply = (struct http_reply){ .status = 405, .text = "post\n" };
    guard->has_refused = reply.status != 0;
    return reply;
}

static void turn(struct httpd *httpd, struct guard *guard, struct now now)
{
    struct http_request *request;
    httpd_run(httpd, now);
    while ((request = httpd_next(httpd)) != NULL) {
        must(!guard->has_refused);
        must(request->body.len <= LIMIT_HTTP_BODY_BYTES);
        must(slice_starts(request->path, SLICE("/")) ||
             slice_equal(request->path, SLICE("*")) || request->path.len > 0);
        guard->taken++;
        httpd_hold(httpd, request,
                   (struct http_reply){ .status = 200, .text = "ok\n" });
    }
    httpd_release(httpd);
    httpd_run(httpd, now);
}

static void say(int fd, struct slice rest, size_t step, struct httpd *httpd,
                struct guard *guard, struct now now)
{
    char heard[4096];
    while (rest.len > 0) {
        size_t len = rest.len < step ? rest.len : step;
        ssize_t sent = send(fd, rest.ptr, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        turn(httpd, guard, now);
        while (recv(fd, heard, sizeof heard, MSG_DONTWAIT) > 0)
            continue;
        if (sent <= 0)
            return;
        rest = slice_make(rest.ptr + sent, rest.len - (size_t)sent);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct guard guard = { 0 };
    struct inputs_tally tally = { 0 };
    struct httpd_setting setting = { .tally = &tally, .judge = judge, .ctx = &guard };
    struct sockaddr_storage peer = { .ss_family = AF_UNIX };
    struct now now = { 1000, INT64_C(1795750000000) };
    struct err err;
    int fds[2];
    if (size < 1 || size > 64 * 1024)
        return 0;
    struct httpd *httpd = httpd_create(&setting, &err);
    must(httpd != NULL);
    must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0);
    httpd_add(httpd, fds[0], &peer, sizeof(sa_family_t), now);
    say(fds[1], fuzz_input(data + 1, size - 1), 1 + (size_t)data[0] * 8, httpd, &guard,
        now);
    for (int i = 0; i < TURNS_AT_THE_END; i++) {
        now.mono_ms += 20 * SECOND_MS;
        turn(httpd, &guard, now);
    }
    close(fds[1]);
    httpd_close(httpd);
    return 0;
}
