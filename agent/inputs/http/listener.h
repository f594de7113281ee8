/** One place to listen at, and accepting there without ever spinning. */
#ifndef TOCSIN_HTTP_LISTENER_H
#define TOCSIN_HTTP_LISTENER_H

#include "agent/base/err.h"
#include "agent/base/now.h"
#include "agent/base/slice.h"
#include "agent/base/wakes.h"
#include "agent/inputs/http/address.h"

struct listener {
    char *text;      /**< as the configuration has it */
    char shown[128]; /**< with the port that was given, once it is open */
    bool is_unix;
    int fd;            /**< -1: not open yet */
    bool is_heard;     /**< a connection that comes wakes us */
    int64_t retry_ms;  /**< when to open it or to accept again; NEVER_MS */
    unsigned failures; /**< tries to open it, since it was open last */
    struct err why;    /**< of the last one */
    bool is_told;      /**< by mail, since it was open last */
    uint64_t accepted, pauses;
};

/** @text is a good address. Opens it; see listener_open(). */
void listener_init(struct listener *listener, struct slice text);
/** Close it; the file of a unix socket goes. */
void listener_close(struct listener *listener, const struct wakes *wakes);

/** Open it. @group  of a unix socket; empty: ours. When that fails it is to be tried
 *  again after retry_ms, and `why` says the reason: ERR_BUSY the address is taken,
 *  ERR_DENIED, ERR_IO. */
bool listener_open(struct listener *listener, struct slice group, struct now now)
    __attribute__((warn_unused_result));

/** Is a rest from accepting, or the wait before the next try to open, over? Then it is
 *  forgotten. */
bool listener_is_rested(struct listener *listener, struct now now);

/** Take one connection. With no descriptor left, nothing is accepted for 100 ms.
 *  @return the socket, without blocking; -1: none is there. */
int listener_accept(struct listener *listener, struct sockaddr_storage *socket,
                    socklen_t *length, struct now now);

/** Let connections that come wake us, or not while there is no room for them. */
void listener_hear(struct listener *listener, const struct wakes *wakes, bool is_heard);

#endif
