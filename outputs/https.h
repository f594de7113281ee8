/**
 * A connection to an HTTPS server: a bare link, and one request after the other over
 * it. It knows how much of a request may have left, because that decides whether a mail
 * is in doubt.
 */
#ifndef TOCSIN_OUTPUTS_HTTPS_H
#define TOCSIN_OUTPUTS_HTTPS_H

#include "outputs/http.h"
#include "outputs/link.h"

enum https_state {
    HTTPS_CLOSED, /**< never opened, or it failed: then failure says why */
    HTTPS_OPENING,
    HTTPS_IDLE,     /**< a request may begin */
    HTTPS_ASKING,   /**< the response is not complete */
    HTTPS_ANSWERED, /**< it is; the next request may begin */
};

/** Zero-initialised is closed. */
struct https {
    const struct link_ops *ops; /**< of bare links */
    const struct wakes *wakes;
    struct link *link;
    enum https_state state;
    struct secret head; /**< of the request; empty: none is to be sent */
    struct slice body;  /**< of the request; borrowed until it is answered */
    size_t given;       /**< bytes of both that the link took */
    bool is_offered;    /**< the link was shown the last byte: it may have left */
    struct http_response response;
    struct smtp_reply failure; /**< its phase is that of the network, or PHASE_QUIT when
                                    the server closed or said what is no HTTP */
    int64_t deadline_ms;
};

struct https_place {
    struct slice host;
    int port;
    struct slice ca_file; /**< empty: the system's certificates */
    bool is_plain;        /**< without TLS */
};

/** Begin to connect; a failure shows in step(). */
void https_open(struct https *https, const struct https_place *place, struct now now);
/** Have a connection to @place over which a request may begin: open one, or a new one
 *  where the server ended the last. LINK_FAILED: failure says why. */
enum link_state https_prepare(struct https *https, const struct https_place *place,
                              struct now now);
/** Send @head, which is taken over, and then @body. While it opens, it waits. */
void https_ask(struct https *https, struct secret *head, struct slice body,
               struct now now);
/** Go on without blocking. */
enum https_state https_step(struct https *https, struct now now);
/** Close at once and wipe what was said. */
void https_close(struct https *https);
/** When to step without a ready descriptor, in mono_ms. */
int64_t https_wake_at(const struct https *https);

#endif
