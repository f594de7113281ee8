/** Listening and accepting. */
#include "agent/inputs/http/listener.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/base/limits.h"
#include "agent/base/mem.h"
#include "agent/base/must.h"
#include "agent/base/unix_socket.h"

enum {
    OPEN_RETRY_MS = 5000,
    ACCEPT_PAUSE_MS = 100,
    SEND_BUFFER_BYTES = 16 * 1024, /* in the kernel: replies that nobody reads */
};

void listener_init(struct listener *listener, struct slice text)
{
    *listener = (struct listener){ .text = mem_copy(text), .fd = -1 };
    snprintf(listener->shown, sizeof listener->shown, "%s", listener->text);
}

void listener_close(struct listener *listener, const struct wakes *wakes)
{
    if (listener->fd >= 0) {
        listener_hear(listener, wakes, false);
        close(listener->fd);
        if (listener->is_unix)
            (void)unlink(listener->text + strlen("unix:"));
    }
    free(listener->text);
    *listener = (struct listener){ .fd = -1 };
}

static bool give_to_group(const char *path, struct slice group, struct err *err)
{
    char *name = mem_copy(group);
    const struct group *found = getgrnam(name);
    bool is_given = true;
    if (!found)
        is_given = err_set(err, ERR_MISSING, "there is no group '%s'", name);
    else if (chown(path, (uid_t)-1, found->gr_gid) != 0)
        is_given =
            err_set_errno(err, "'%s' cannot be given to the group '%s'", path, name);
    free(name);
    return is_given;
}

static int open_unix(const char *path, struct slice group, struct err *err)
{
    int fd = unix_listen(path, LIMIT_HTTP_CONNECTIONS, err);
    if (fd >= 0 && group.len > 0 && !give_to_group(path, group, err)) {
        close(fd);
        (void)unlink(path);
        return -1;
    }
    return fd;
}

static int open_tcp(const struct http_address *address, const char *text,
                    struct err *err)
{
    int on = 1;
    int family = address->socket.ss_family;
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    int bytes = SEND_BUFFER_BYTES;
    if (fd >= 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    if (fd >= 0 && family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (fd >= 0 && bind(fd, (const void *)&address->socket, address->length) == 0 &&
        listen(fd, LIMIT_HTTP_CONNECTIONS) == 0)
        return fd;
    err_set_errno(err, "http: '%s' cannot be listened at", text);
    if (fd >= 0)
        close(fd);
    return -1;
}

bool listener_open(struct listener *listener, struct slice group, struct now now)
{
    struct http_address address;
    must(http_address_parse(slice_of(listener->text), &address));
    listener->is_unix = address.is_unix;
    listener->fd = address.is_unix ? open_unix(listener->text + strlen("unix:"), group,
                                               &listener->why)
                                   : open_tcp(&address, listener->text, &listener->why);
    listener->retry_ms = listener->fd >= 0 ? NEVER_MS : now.mono_ms + OPEN_RETRY_MS;
    listener->failures = listener->fd >= 0 ? 0 : listener->failures + 1;
    listener->is_told &= listener->fd < 0;
    if (listener->fd >= 0 && !address.is_unix)
        http_address_of(listener->fd, listener->shown, sizeof listener->shown);
    return listener->fd >= 0;
}

bool listener_is_rested(struct listener *listener, struct now now)
{
    if (listener->retry_ms != NEVER_MS && now.mono_ms < listener->retry_ms)
        return false;
    listener->retry_ms = NEVER_MS;
    return true;
}

int listener_accept(struct listener *listener, struct sockaddr_storage *socket,
                    socklen_t *length, struct now now)
{
    *socket = (struct sockaddr_storage){ 0 };
    *length = sizeof *socket;
    int fd =
        accept4(listener->fd, (void *)socket, length, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0 &&
        (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
        listener->retry_ms = now.mono_ms + ACCEPT_PAUSE_MS;
        listener->pauses++;
    }
    listener->accepted += fd >= 0;
    return fd;
}

void listener_hear(struct listener *listener, const struct wakes *wakes, bool is_heard)
{
    if (listener->fd < 0 || listener->is_heard == is_heard)
        return;
    listener->is_heard = is_heard;
    wakes_set(wakes, listener->fd, is_heard ? WAKE_READ : 0);
}
