/**
 * One conversation of an HTTPS server (HTTP/1.1, one request after the other): bytes
 * in, bytes out, like smtpd.h. What is answered is somebody else's (google.h).
 */
#ifndef TOCSIN_SINK_WEBD_H
#define TOCSIN_SINK_WEBD_H

#include "agent/base/buf.h"
#include "agent/sink/script.h"

struct web_request {
    struct slice method, path, query; /**< the query without '?' */
    struct slice host, authorization, content_type;
    struct slice body;
};

struct web_answer {
    int status;            /**< 0: close without an answer */
    const char *type;      /**< of the body; NULL: none */
    struct buf body;       /**< freed by webd */
    struct buf location;   /**< for a redirect; may be empty; freed likewise */
    int64_t wait_ms;       /**< before it goes */
    int64_t retry_after_s; /**< -1: not said */
    bool closes, resets, hangs;
};

struct webd_config {
    size_t max_bytes; /**< of a body; 413 */
    void (*answer)(void *ctx, const struct web_request *request,
                   struct web_answer *answer);
    void *ctx;
};

/** Let @action delay, close, break or hang. @return false: it does none of the last
 *  three, and something else has to be answered. */
bool webd_obey(const struct script_action *action, struct web_answer *answer);

#endif
