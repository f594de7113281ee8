/**
 * The server's side of the SASL mechanisms that Gmail takes: PLAIN (RFC 4616), LOGIN,
 * XOAUTH2 and OAUTHBEARER (RFC 7628). Pure: decoded bytes in, challenges out. A token
 * is compared as a password is.
 */
#ifndef TOCSIN_SINK_SASL_H
#define TOCSIN_SINK_SASL_H

#include "agent/base/buf.h"

enum sasl_mechanism { SASL_PLAIN, SASL_LOGIN, SASL_XOAUTH2, SASL_OAUTHBEARER };

struct sasl {
    enum sasl_mechanism mechanism;
    int step;
    struct buf user, password;
};

/** Begin with the mechanism called @name. @return false: not one of ours. */
bool sasl_begin(struct sasl *sasl, struct slice name);

enum sasl_state {
    SASL_MORE, /**< send the challenge as 334 and feed the answer */
    SASL_DONE, /**< user and password are known; compare them */
    SASL_BAD,  /**< what came cannot be read */
};
/** Take the client's decoded @answer and put the next challenge, decoded, into
 *  @challenge.
 *  @has_answer false at the start when the client sent no initial response */
enum sasl_state sasl_step(struct sasl *sasl, struct slice answer, bool has_answer,
                          struct buf *challenge);

/** Wipe what was learned and make it ready for another begin. */
void sasl_clear(struct sasl *sasl);

#endif
