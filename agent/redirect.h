/**
 * Where a browser is sent back to with the user's consent (RFC 8252 7.3): a port of
 * this host alone, open until the one answer that has our `state`, or until the time
 * is over. Whatever else comes (a browser's other questions, strangers) is answered and
 * does no harm.
 */
#ifndef TOCSIN_AGENT_REDIRECT_H
#define TOCSIN_AGENT_REDIRECT_H

#include "agent/base/buf.h"
#include "agent/base/clock.h"
#include "agent/base/err.h"

enum { REDIRECT_CONNECTIONS = 8, REDIRECT_REQUEST_BYTES = 8192 };

struct redirect;

/** Listen on 127.0.0.1. @port 0: any that is free. Fails: ERR_BUSY, ERR_DENIED, ERR_IO.
 *  @return NULL after an error. */
struct redirect *redirect_open(int port, struct err *err);
int redirect_port(const struct redirect *redirect);
/** Wait for the browser, at most @timeout_ms. @code is set to what it brings. Fails:
 *  ERR_DENIED the user or the server said no, ERR_BUSY the time is over. */
bool redirect_wait(struct redirect *redirect, const char *state,
                   const struct clock_source *clock, int64_t timeout_ms,
                   struct buf *code, struct err *err)
    __attribute__((warn_unused_result));
void redirect_close(struct redirect *redirect);

#endif
