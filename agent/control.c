/** One listening unix socket and a handful of clients, all non-blocking. */
#include "agent/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/base/limits.h"
#include "agent/base/mem.h"
#include "agent/base/unix_socket.h"

struct client {
    int fd; /**< -1: the place is free */
    struct buf in, out;
    bool is_answered;
    bool is_leaving; /* the first bytes of the answer are out */
};

struct control {
    int fd;
    char *path;
    const struct wakes *wakes;
    struct client clients[LIMIT_CONTROL_CLIENTS];
};

/* What the caller can do travels with the sentence. */
static const char *const kind_words[] = {
    [ERR_NONE] = "none",     [ERR_INVALID] = "invalid", [ERR_MISSING] = "missing",
    [ERR_DENIED] = "denied", [ERR_BUSY] = "busy",       [ERR_FULL] = "full",
    [ERR_IO] = "io",         [ERR_BROKEN] = "broken",   [ERR_DAMAGED] = "damaged",
};

static void put_error(struct buf *out, const struct err *err)
{
    buf_printf(out, "error %s: %s\n", kind_words[err->kind], err->text);
}

/** The other side of put_error(). Always false. */
static bool take_error(struct slice said, struct err *err)
{
    for (size_t kind = ERR_INVALID; kind <= ERR_DAMAGED; kind++) {
        char front[32];
        int len = snprintf(front, sizeof front, "error %s: ", kind_words[kind]);
        if (slice_starts(said, slice_make(front, (size_t)len)))
            return err_set(err, (enum err_kind)kind, "%.*s", (int)said.len - len,
                           said.ptr + len);
    }
    return err_set(err, ERR_IO,
                   said.len > 0 ? "the agent's answer cannot be understood"
                                : "the agent closed the connection without an answer");
}

struct control *control_open(const char *path, const struct wakes *wakes,
                             struct err *err)
{
    int fd = unix_listen(path, LIMIT_CONTROL_CLIENTS, err);
    if (fd < 0)
        return NULL;
    struct control *control = mem_zalloc(sizeof *control);
    *control =
        (struct control){ .fd = fd, .path = mem_copy_text(path), .wakes = wakes };
    for (size_t i = 0; i < LIMIT_CONTROL_CLIENTS; i++)
        control->clients[i].fd = -1;
    wakes_set(wakes, fd, WAKE_READ);
    return control;
}

static void client_drop(struct control *control, struct client *client)
{
    wakes_set(control->wakes, client->fd, 0);
    close(client->fd);
    buf_free(&client->in);
    buf_free(&client->out);
    client->fd = -1;
}

void control_close(struct control *control)
{
    if (!control)
        return;
    for (size_t i = 0; i < LIMIT_CONTROL_CLIENTS; i++) {
        if (control->clients[i].fd >= 0)
            client_drop(control, &control->clients[i]);
    }
    wakes_set(control->wakes, control->fd, 0);
    close(control->fd);
    (void)unlink(control->path);
    free(control->path);
    free(control);
}

static bool is_allowed(int fd)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           (peer.uid == 0 || peer.uid == geteuid());
}

static struct client *free_place(struct control *control)
{
    for (size_t i = 0; i < LIMIT_CONTROL_CLIENTS; i++) {
        if (control->clients[i].fd < 0)
            return &control->clients[i];
    }
    return NULL;
}

/** With all places taken, further clients wait in the kernel's queue. */
static void accept_clients(struct control *control)
{
    struct client *place;
    while ((place = free_place(control))) {
        int fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0)
            return;
        *place = (struct client){ .fd = fd,
                                  .in = buf_make(LIMIT_CONTROL_REQUEST),
                                  .out = buf_make(LIMIT_CONTROL_REPLY) };
        if (!is_allowed(fd)) {
            client_drop(control, place);
            continue;
        }
        wakes_set(control->wakes, fd, WAKE_READ);
    }
}

static void answer_client(struct client *client, struct slice request,
                          control_answer_fn *answer, void *ctx)
{
    struct err err = { 0 };
    struct buf body = buf_make(LIMIT_CONTROL_REPLY - 64);
    if (answer(ctx, request, &body, &err)) {
        buf_puts(&client->out, "ok\n");
        buf_put(&client->out, buf_slice(&body));
        if (body.overflowed)
            buf_puts(&client->out, "\n(the answer was cut: it is too long)\n");
    } else {
        put_error(&client->out, &err);
    }
    buf_free(&body);
    client->is_answered = true;
}

/** @return false: its request has not come whole. */
static bool find_request(const struct client *client, struct slice *request)
{
    struct slice rest = buf_slice(&client->in);
    return rest.len > 0 && memchr(rest.ptr, '\n', rest.len) &&
           slice_next(&rest, '\n', request);
}

static void read_client(struct control *control, struct client *client,
                        control_answer_fn *answer, void *ctx)
{
    char bytes[1024];
    ssize_t got = read(client->fd, bytes, sizeof bytes);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got > 0)
        buf_put(&client->in, slice_make(bytes, (size_t)got));
    if (got <= 0 || client->in.overflowed) {
        client_drop(control, client);
        return;
    }
    struct slice request;
    if (find_request(client, &request)) {
        answer_client(client, request, answer, ctx);
        wakes_set(control->wakes, client->fd, WAKE_WRITE);
    }
}

void control_read(struct control *control, control_answer_fn *answer, void *ctx)
{
    if (!control)
        return;
    accept_clients(control);
    for (size_t i = 0; i < LIMIT_CONTROL_CLIENTS; i++) {
        struct client *client = &control->clients[i];
        if (client->fd >= 0 && !client->is_answered)
            read_client(control, client, answer, ctx);
    }
}

bool control_has_answers(const struct control *control)
{
    bool has = false;
    for (size_t i = 0; control && i < LIMIT_CONTROL_CLIENTS; i++)
        has |= control->clients[i].fd >= 0 && control->clients[i].is_answered;
    return has;
}

static bool is_waiting(const struct client *client)
{
    return client->fd >= 0 && client->is_answered && !client->is_leaving;
}

void control_again(struct control *control, control_answer_fn *answer, void *ctx)
{
    for (size_t i = 0; control && i < LIMIT_CONTROL_CLIENTS; i++) {
        struct client *client = &control->clients[i];
        struct slice request;
        if (!is_waiting(client) || !find_request(client, &request))
            continue;
        buf_clear(&client->out);
        answer_client(client, request, answer, ctx);
    }
}

void control_refuse(struct control *control, const struct err *err)
{
    for (size_t i = 0; control && i < LIMIT_CONTROL_CLIENTS; i++) {
        struct client *client = &control->clients[i];
        if (!is_waiting(client))
            continue;
        buf_clear(&client->out);
        put_error(&client->out, err);
    }
}

void control_write(struct control *control)
{
    for (size_t i = 0; control && i < LIMIT_CONTROL_CLIENTS; i++) {
        struct client *client = &control->clients[i];
        if (client->fd < 0 || !client->is_answered)
            continue;
        client->is_leaving = true;
        ssize_t put = send(client->fd, client->out.ptr, client->out.len, MSG_NOSIGNAL);
        if (put < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (put > 0)
            buf_drop(&client->out, (size_t)put);
        if (put < 0 || client->out.len == 0)
            client_drop(control, client);
    }
}

/** Without an agent there is nothing to talk to; say how to start one. */
static int connect_agent(const char *path, struct err *err)
{
    struct sockaddr_un address;
    if (!unix_address(path, &address, err))
        return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const void *)&address, sizeof address) == 0)
        return fd;
    err_set_errno(err,
                  "no agent answers at '%s' (is `tocsin run` running with this "
                  "configuration?)",
                  path);
    if (err->kind != ERR_DENIED)
        err->kind = ERR_BUSY; /* later, when it runs */
    if (fd >= 0)
        close(fd);
    return -1;
}

static bool exchange(int fd, struct slice request, struct buf *answer, struct err *err)
{
    char bytes[4096];
    ssize_t got;
    if (send(fd, request.ptr, request.len, MSG_NOSIGNAL) != (ssize_t)request.len ||
        send(fd, "\n", 1, MSG_NOSIGNAL) != 1)
        return err_set_errno(err, "the agent did not take the request");
    while ((got = read(fd, bytes, sizeof bytes)) > 0)
        buf_put(answer, slice_make(bytes, (size_t)got));
    struct slice all = buf_slice(answer);
    if (slice_starts(all, SLICE("ok\n"))) {
        buf_drop(answer, 3);
        return true;
    }
    take_error(slice_trim(all), err);
    buf_clear(answer);
    return false;
}

bool control_ask(const char *path, struct slice request, struct buf *answer,
                 struct err *err)
{
    int fd = connect_agent(path, err);
    if (fd < 0)
        return false;
    bool answered = exchange(fd, request, answer, err);
    close(fd);
    return answered;
}
