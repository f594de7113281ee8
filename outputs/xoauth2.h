/**
 * A login by an access token over a link that is connected and encrypted: SASL XOAUTH2
 * (Google: "OAuth 2.0 Mechanism"). A token that is not taken is refused in two rounds:
 * 334 with JSON that says why, an empty answer, and then 535.
 */
#ifndef TOCSIN_OUTPUTS_XOAUTH2_H
#define TOCSIN_OUTPUTS_XOAUTH2_H

#include "agent/base/secret.h"
#include "outputs/reply.h"

enum xoauth2_state {
    XOAUTH2_TALKS,
    XOAUTH2_DONE,
    XOAUTH2_REFUSED, /**< the server said no, or something else than SMTP */
    XOAUTH2_LOST,    /**< the connection is gone */
};

struct xoauth2 {
    struct secret out;
    size_t given;
    bool is_waiting; /**< the token goes only when it is asked for */
    bool is_refused; /**< the JSON came */
    char why[200];   /**< of the JSON, for people */
    struct reply_parser parser;
    struct smtp_reply reply; /**< when it is refused or lost */
};

/** Begin to log in as @user with @token. Fails: no locked memory, or a token that is
 *  too long. */
bool xoauth2_begin(struct xoauth2 *talk, struct slice user, struct slice token,
                   struct err *err) __attribute__((warn_unused_result));
/** Go on over @link without blocking. */
enum xoauth2_state xoauth2_step(struct xoauth2 *talk, const struct link_ops *ops,
                                struct link *link);
/** Wipe what was said. */
void xoauth2_clear(struct xoauth2 *talk);

#endif
