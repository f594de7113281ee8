/** send(2) and recv(2), or the same through OpenSSL. */
#include "agent/sink/wire.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/base/mem.h"
#include "agent/base/must.h"

struct wire {
    int fd;
    SSL *ssl;
    bool is_ready, wants_write;
};

struct wire *wire_create(int fd)
{
    struct wire *wire = mem_zalloc(sizeof *wire);
    wire->fd = fd;
    wire->is_ready = true;
    return wire;
}

int wire_fd(const struct wire *wire)
{
    return wire->fd;
}

void wire_start_tls(struct wire *wire, const struct sink_tls *tls)
{
    must(!wire->ssl);
    wire->ssl = SSL_new(sink_tls_context(tls));
    must(wire->ssl && SSL_set_fd(wire->ssl, wire->fd) == 1);
    SSL_set_accept_state(wire->ssl);
    wire->is_ready = false;
}

/** What a result of an SSL call means, in the terms of our callers. */
static int judge(struct wire *wire, int result)
{
    int error = SSL_get_error(wire->ssl, result);
    wire->wants_write = error == SSL_ERROR_WANT_WRITE;
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
        return 0;
    return -1;
}

int wire_handshake(struct wire *wire)
{
    if (wire->is_ready)
        return 1;
    ERR_clear_error();
    int result = SSL_do_handshake(wire->ssl);
    if (result != 1)
        return judge(wire, result);
    wire->is_ready = true;
    wire->wants_write = false;
    return 1;
}

ssize_t wire_receive(struct wire *wire, void *into, size_t size)
{
    if (wire->ssl) {
        size_t got = 0;
        ERR_clear_error();
        int result = SSL_read_ex(wire->ssl, into, size, &got);
        return result == 1 ? (ssize_t)got : judge(wire, result);
    }
    ssize_t got = recv(wire->fd, into, size, 0);
    if (got > 0)
        return got;
    return got < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

ssize_t wire_send(struct wire *wire, struct slice bytes)
{
    if (wire->ssl) {
        size_t sent = 0;
        ERR_clear_error();
        int result = SSL_write_ex(wire->ssl, bytes.ptr, bytes.len, &sent);
        return result == 1 ? (ssize_t)sent : judge(wire, result);
    }
    ssize_t sent = send(wire->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
    if (sent >= 0)
        return sent;
    return errno == EAGAIN || errno == EINTR ? 0 : -1;
}

bool wire_wants_write(const struct wire *wire)
{
    return wire->wants_write;
}

void wire_finish(struct wire *wire)
{
    if (wire->ssl && wire->is_ready) {
        ERR_clear_error();
        (void)SSL_shutdown(wire->ssl);
    }
    wire->wants_write = false;
    (void)shutdown(wire->fd, SHUT_WR);
}

bool wire_discard(struct wire *wire)
{
    char scrap[4096];
    ssize_t got;
    do {
        got = recv(wire->fd, scrap, sizeof scrap, 0);
    } while (got > 0);
    return got < 0 && (errno == EAGAIN || errno == EINTR);
}

void wire_close(struct wire *wire, bool is_reset)
{
    struct linger now = { .l_onoff = 1, .l_linger = 0 };
    SSL_free(wire->ssl);
    if (is_reset)
        (void)setsockopt(wire->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(wire->fd);
    free(wire);
}
