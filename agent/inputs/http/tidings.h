/** What the HTTP server tells by mail, as the agent's own reports: that nobody can
 *  post, and that what somebody posted was refused for good. */
#ifndef TOCSIN_HTTP_TIDINGS_H
#define TOCSIN_HTTP_TIDINGS_H

#include "agent/base/err.h"
#include "agent/inputs/http/head.h"
#include "agent/inputs/intake.h"

/** Nobody can post to @address, or at all when it is empty, because of @why. */
void tidings_closed(const struct intake *intake, const char *address,
                    const struct err *why);

/** Is @reply, to somebody who may post, one after which he does not send it again? */
bool tidings_is_final(const struct http_reply *reply);
/** What was posted to @path got such a reply. */
void tidings_refused(const struct intake *intake, struct slice path,
                     const struct http_reply *reply);

#endif
