/** A listener, a few connections, one line of each request. */
#include "agent/redirect.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/base/mem.h"
#include "agent/base/text.h"
#include "agent/sink/form.h"

enum { VALUE_BYTES = 2048, STEP_MS = 1000 };

struct visitor {
    int fd; /* -1: none */
    char request[REDIRECT_REQUEST_BYTES];
    size_t len;
    uint64_t round; /* of its arrival */
};

struct redirect {
    int fd;
    uint64_t round;
    struct visitor visitors[REDIRECT_CONNECTIONS];
};

struct answer {
    const char *state;
    struct buf *code;
    struct err *err;
    bool is_over, is_good;
};

struct redirect *redirect_open(int port, struct err *err)
{
    struct sockaddr_in at = { .sin_family = AF_INET,
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                              .sin_port = htons((uint16_t)port) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) != 0 ||
        listen(fd, REDIRECT_CONNECTIONS) != 0) {
        err_set_errno(err, "cannot listen on 127.0.0.1, port %d", port);
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    struct redirect *redirect = mem_zalloc(sizeof *redirect);
    redirect->fd = fd;
    for (size_t i = 0; i < REDIRECT_CONNECTIONS; i++)
        redirect->visitors[i].fd = -1;
    return redirect;
}

int redirect_port(const struct redirect *redirect)
{
    struct sockaddr_in at = { 0 };
    socklen_t size = sizeof at;
    if (getsockname(redirect->fd, (struct sockaddr *)&at, &size) != 0)
        return 0;
    return ntohs(at.sin_port);
}

static void end_visit(struct visitor *visitor)
{
    if (visitor->fd >= 0)
        close(visitor->fd);
    explicit_bzero(visitor->request, visitor->len);
    visitor->fd = -1;
    visitor->len = 0;
}

void redirect_close(struct redirect *redirect)
{
    if (!redirect)
        return;
    for (size_t i = 0; i < REDIRECT_CONNECTIONS; i++)
        end_visit(&redirect->visitors[i]);
    close(redirect->fd);
    free(redirect);
}

/* --- a request -------------------------------------------------------------------- */

static void say(const struct visitor *visitor, const char *status, const char *text)
{
    struct buf out = buf_make(2048);
    buf_printf(&out,
               "HTTP/1.1 %s\r\nContent-Type: text/html; charset=utf-8\r\n"
               "Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n"
               "Content-Security-Policy: default-src 'none'\r\nConnection: close\r\n"
               "Content-Length: %zu\r\n\r\n%s",
               status, strlen(text), text);
    /* A browser that does not listen has the user look at the terminal. */
    (void)!send(visitor->fd, out.ptr, out.len, MSG_NOSIGNAL | MSG_DONTWAIT);
    buf_free(&out);
}

/* As long as the state, all of it is looked at. */
static bool is_state(struct slice given, const char *state)
{
    unsigned char differs = given.len != strlen(state);
    for (size_t i = 0; i < given.len && state[i]; i++)
        differs |= (unsigned char)(given.ptr[i] ^ state[i]);
    return !differs;
}

static void take_error(const struct visitor *visitor, struct slice error,
                       struct answer *answer)
{
    struct buf clean = buf_make(200);
    text_put_clean(&clean, text_cut(error, 100), false);
    say(visitor, "200 OK",
        "<title>tocsin</title><p>No consent was given. You can close this page.");
    err_set(answer->err, ERR_DENIED, "no consent was given: %s",
            clean.ptr ? clean.ptr : "no reason is told");
    answer->is_over = true;
    buf_free(&clean);
}

static void take_query(const struct visitor *visitor, struct slice query,
                       struct answer *answer)
{
    struct buf value = buf_make(VALUE_BYTES);
    if (!form_find(query, "state", &value) ||
        !is_state(buf_slice(&value), answer->state)) {
        say(visitor, "400 Bad Request",
            "<title>tocsin</title><p>This is not the answer to what tocsin asked.");
    } else if (form_find(query, "error", &value)) {
        take_error(visitor, buf_slice(&value), answer);
    } else if (form_find(query, "code", answer->code) && answer->code->len > 0) {
        say(visitor, "200 OK",
            "<title>tocsin</title><p>tocsin has the consent. You can close this page.");
        answer->is_over = answer->is_good = true;
    } else {
        say(visitor, "400 Bad Request", "<title>tocsin</title><p>There is no code.");
    }
    if (value.ptr)
        explicit_bzero(value.ptr, value.len);
    buf_free(&value);
}

/* "GET /?code=...&state=... HTTP/1.1" */
static void take_request(const struct visitor *visitor, struct answer *answer)
{
    struct slice line, rest = slice_make(visitor->request, visitor->len), verb, target;
    bool ok = slice_next(&rest, '\n', &line) && slice_next(&line, ' ', &verb) &&
              slice_equal(verb, SLICE("GET")) && slice_next(&line, ' ', &target) &&
              slice_starts(line, SLICE("HTTP/1."));
    if (ok && slice_starts(target, SLICE("/?")))
        take_query(visitor, slice_make(target.ptr + 2, target.len - 2), answer);
    else
        say(visitor, "404 Not Found", "<title>tocsin</title><p>Nothing is here.");
}

static void read_request(struct visitor *visitor, struct answer *answer)
{
    ssize_t len = recv(visitor->fd, visitor->request + visitor->len,
                       sizeof visitor->request - visitor->len, 0);
    if (len < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    visitor->len += len > 0 ? (size_t)len : 0;
    struct slice request = slice_make(visitor->request, visitor->len);
    bool is_whole = slice_find(request, SLICE("\r\n\r\n")) != SIZE_MAX;
    if (is_whole)
        take_request(visitor, answer);
    if (is_whole || len <= 0 || visitor->len == sizeof visitor->request)
        end_visit(visitor);
}

/* --- all visitors ----------------------------------------------------------------- */

/* A browser may open connections on which it says nothing: the oldest makes way. */
static void let_in(struct redirect *redirect)
{
    int fd = accept4(redirect->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    struct visitor *place = &redirect->visitors[0];
    if (fd < 0)
        return;
    for (size_t i = 0; i < REDIRECT_CONNECTIONS; i++) {
        struct visitor *at = &redirect->visitors[i];
        if (place->fd >= 0 && (at->fd < 0 || at->round < place->round))
            place = at;
    }
    end_visit(place);
    place->fd = fd;
    place->round = ++redirect->round;
}

static void look(struct redirect *redirect, int wait_ms, struct answer *answer)
{
    struct pollfd polls[1 + REDIRECT_CONNECTIONS];
    polls[0] = (struct pollfd){ .fd = redirect->fd, .events = POLLIN };
    for (size_t i = 0; i < REDIRECT_CONNECTIONS; i++)
        polls[1 + i] =
            (struct pollfd){ .fd = redirect->visitors[i].fd, .events = POLLIN };
    if (poll(polls, 1 + REDIRECT_CONNECTIONS, wait_ms) <= 0)
        return;
    for (size_t i = 0; i < REDIRECT_CONNECTIONS && !answer->is_over; i++)
        if (polls[1 + i].revents != 0)
            read_request(&redirect->visitors[i], answer);
    if (polls[0].revents != 0 && !answer->is_over)
        let_in(redirect);
}

bool redirect_wait(struct redirect *redirect, const char *state,
                   const struct clock_source *clock, int64_t timeout_ms,
                   struct buf *code, struct err *err)
{
    struct answer answer = { .state = state, .code = code, .err = err };
    int64_t now_ms = clock_read(clock).mono_ms, end_ms = now_ms + timeout_ms;
    while (!answer.is_over && now_ms < end_ms) {
        int64_t left = end_ms - now_ms;
        look(redirect, left < STEP_MS ? (int)left : STEP_MS, &answer);
        now_ms = clock_read(clock).mono_ms;
    }
    if (!answer.is_over)
        return err_set(err, ERR_BUSY,
                       "no browser came back in time; call `tocsin auth gmail` again, "
                       "with a longer --timeout if need be");
    return answer.is_good;
}
