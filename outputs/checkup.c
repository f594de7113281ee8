/** Waiting by poll(2) for what the link asked to be woken for. */
#include "outputs/checkup.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/base/mem.h"

enum { KNOCKS_MAX = 8, STEP_MS = 200 };

static void note_socket(void *ctx, int fd, int events)
{
    struct checkup *checkup = ctx;
    size_t i = 0;
    while (i < checkup->socket_count && checkup->sockets[i].fd != fd)
        i++;
    if (events == 0) {
        if (i < checkup->socket_count)
            checkup->sockets[i] = checkup->sockets[--checkup->socket_count];
        return;
    }
    if (i == CHECKUP_SOCKETS_MAX)
        return;
    if (i == checkup->socket_count)
        checkup->socket_count++;
    checkup->sockets[i] = (struct checkup_socket){ fd, events };
}

void checkup_init(struct checkup *checkup, const struct link_ops *links,
                  struct clock_source clock)
{
    *checkup = (struct checkup){ .clock = clock };
    checkup->wakes = (struct wakes){ .set = note_socket, .ctx = checkup };
    checkup->connection.ops = links;
    checkup->connection.wakes = &checkup->wakes;
}

void checkup_clear(struct checkup *checkup)
{
    connection_free(&checkup->connection);
}

static struct now now_of(const struct checkup *checkup)
{
    return clock_read(&checkup->clock);
}

void checkup_wait(struct checkup *checkup, int64_t at_ms)
{
    struct pollfd polls[CHECKUP_SOCKETS_MAX];
    int64_t left = at_ms - now_of(checkup).mono_ms;
    for (size_t i = 0; i < checkup->socket_count; i++) {
        int events = checkup->sockets[i].events;
        polls[i] =
            (struct pollfd){ .fd = checkup->sockets[i].fd,
                             .events = (short)((events & WAKE_READ ? POLLIN : 0) |
                                               (events & WAKE_WRITE ? POLLOUT : 0)) };
    }
    int timeout = left < 1 ? 1 : left > STEP_MS ? STEP_MS : (int)left;
    if (poll(polls, checkup->socket_count, timeout) < 0)
        return; /* A signal: look again. */
}

static void wait_a_while(struct checkup *checkup)
{
    checkup_wait(checkup, connection_wake_at(&checkup->connection));
}

bool checkup_login(struct checkup *checkup, const struct account *account)
{
    connection_open(&checkup->connection, account, now_of(checkup));
    connection_step(&checkup->connection, now_of(checkup));
    while (checkup->connection.state == CONNECTION_OPENING) {
        wait_a_while(checkup);
        connection_step(&checkup->connection, now_of(checkup));
    }
    return !checkup->connection.has_failed;
}

/* @return 1 a reply, 0 none yet, -1 none will come. */
static int hear(struct checkup *checkup, struct reply_parser *parser,
                struct smtp_reply *reply)
{
    char bytes[4096];
    const struct link_ops *ops = checkup->connection.ops;
    ssize_t len = ops->receive(checkup->connection.link, bytes, sizeof bytes);
    if (len <= 0)
        return (int)len;
    struct slice rest = slice_make(bytes, (size_t)len);
    switch (reply_feed(parser, &rest, reply)) {
    case REPLY_DONE:
        return 1;
    case REPLY_BROKEN:
        return -1;
    default:
        return 0;
    }
}

static bool say(struct checkup *checkup, struct slice command)
{
    const struct link_ops *ops = checkup->connection.ops;
    while (command.len > 0) {
        ssize_t taken = ops->send(checkup->connection.link, command);
        if (taken < 0)
            return false;
        command = slice_make(command.ptr + taken, command.len - (size_t)taken);
        if (taken == 0)
            wait_a_while(checkup);
    }
    return true;
}

bool checkup_ask(struct checkup *checkup, struct slice command, enum smtp_phase phase,
                 struct smtp_reply *reply)
{
    struct reply_parser parser = { 0 };
    int64_t end_ms = now_of(checkup).mono_ms + 30 * SECOND_MS;
    int answer = checkup->connection.link && say(checkup, command) ? 0 : -1;
    while (answer == 0 && now_of(checkup).mono_ms < end_ms) {
        answer = hear(checkup, &parser, reply);
        if (answer == 0)
            wait_a_while(checkup);
    }
    if (answer <= 0)
        *reply = reply_of_network(phase, answer < 0
                                             ? SLICE("the server closed the connection")
                                             : SLICE("timed out waiting for a reply"));
    reply->phase = phase;
    return answer > 0;
}

const struct dialog_result *checkup_send(struct checkup *checkup,
                                         const struct dialog_mail *mail)
{
    struct connection *connection = &checkup->connection;
    connection_start(connection, mail, now_of(checkup));
    while (!connection->dialog.result.is_ready) {
        wait_a_while(checkup);
        connection_step(connection, now_of(checkup));
    }
    return &connection->dialog.result;
}

void checkup_quit(struct checkup *checkup)
{
    struct connection *connection = &checkup->connection;
    if (!connection_is_idle(connection))
        return;
    connection_end(connection, now_of(checkup));
    while (connection->state != CONNECTION_CLOSED) {
        wait_a_while(checkup);
        connection_step(connection, now_of(checkup));
    }
}

/* --- knocking --------------------------------------------------------------------- */

static int begin_knock(const struct addrinfo *address, int port)
{
    struct sockaddr_storage to = { 0 };
    memcpy(&to, address->ai_addr, address->ai_addrlen);
    /* sin_port and sin6_port stand at the same place. */
    uint16_t net_port = (uint16_t)((port & 0xff) << 8 | port >> 8);
    memcpy((char *)&to + 2, &net_port, sizeof net_port);
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (connect(fd, (struct sockaddr *)&to, address->ai_addrlen) == 0 ||
        errno == EINPROGRESS)
        return fd;
    close(fd);
    return -1;
}

static enum knock end_knock(int fd)
{
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        return KNOCK_FAILED;
    if (error == 0)
        return KNOCK_OPEN;
    return error == ECONNREFUSED ? KNOCK_REFUSED : KNOCK_FAILED;
}

static void knock_at(const struct addrinfo *address, const int *ports, size_t count,
                     int64_t timeout_ms, enum knock *answers)
{
    struct pollfd polls[KNOCKS_MAX];
    struct clock_source clock = clock_real();
    int64_t end_ms = clock_read(&clock).mono_ms + timeout_ms;
    size_t open = 0;
    for (size_t i = 0; i < count; i++) {
        polls[i] =
            (struct pollfd){ .fd = begin_knock(address, ports[i]), .events = POLLOUT };
        answers[i] = polls[i].fd < 0 ? KNOCK_FAILED : KNOCK_SILENT;
        open += polls[i].fd >= 0;
    }
    while (open > 0 && clock_read(&clock).mono_ms < end_ms) {
        if (poll(polls, count, STEP_MS) < 0)
            continue;
        for (size_t i = 0; i < count; i++) {
            if (polls[i].fd < 0 || polls[i].revents == 0)
                continue;
            answers[i] = end_knock(polls[i].fd);
            close(polls[i].fd);
            polls[i].fd = -1;
            open--;
        }
    }
    for (size_t i = 0; i < count; i++)
        if (polls[i].fd >= 0)
            close(polls[i].fd);
}

void checkup_knock(struct slice host, const int *ports, size_t count,
                   int64_t timeout_ms, enum knock *answers, size_t addresses[2])
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found = NULL;
    char *name = mem_copy(
        slice_starts(host, SLICE("[")) ? slice_make(host.ptr + 1, host.len - 2) : host);
    const struct addrinfo *chosen = NULL;
    addresses[0] = addresses[1] = 0;
    count = count < KNOCKS_MAX ? count : KNOCKS_MAX;
    for (size_t i = 0; i < count; i++)
        answers[i] = KNOCK_FAILED;
    if (getaddrinfo(name, NULL, &hints, &found) == 0) {
        for (const struct addrinfo *at = found; at; at = at->ai_next) {
            addresses[at->ai_family == AF_INET6]++;
            if (!chosen || (chosen->ai_family == AF_INET6 && at->ai_family == AF_INET))
                chosen = at;
        }
        if (chosen)
            knock_at(chosen, ports, count, timeout_ms, answers);
        freeaddrinfo(found);
    }
    free(name);
}
