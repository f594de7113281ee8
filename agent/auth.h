/**
 * The way to a user's consent: the address for the browser, and what becomes of the
 * code that comes back (OAuth 2.0 for native apps, RFC 8252).
 */
#ifndef TOCSIN_AGENT_AUTH_H
#define TOCSIN_AGENT_AUTH_H

#include "agent/pkce.h"
#include "outputs/account.h"
#include "outputs/checkup.h"
#include "outputs/consent.h"

struct auth {
    const struct account *account; /**< of it: the token file, CA file, address, API */
    struct consent client;         /**< the refresh token is empty */
    struct pkce pkce;
    int port; /**< where the browser comes back to */
};

/** The scope that the account needs. */
const char *auth_scope(const struct auth *auth);
/** Put the address to open. */
void auth_put_url(const struct auth *auth, struct buf *out);
/** Turn @code into a refresh token and store it in the account's token file.
 *  @advice  set to what to do when it fails, or to ""
 *  Fails: ERR_DENIED the server said no, ERR_IO the network, and as consent_write(). */
bool auth_finish(const struct auth *auth, struct slice code,
                 const struct link_ops *links, const struct clock_source *clock,
                 const char **advice, struct err *err)
    __attribute__((warn_unused_result));

#endif
