/**
 * Links that another process has (outputs/sender.h): the agent sees a login's outcome
 * and the bytes of a conversation, and never a password, a key or a socket of the
 * network.
 */
#ifndef TOCSIN_OUTPUTS_REMOTE_H
#define TOCSIN_OUTPUTS_REMOTE_H

#include "agent/base/text.h"
#include "outputs/link.h"

/** @control  our end of the socket for requests; stays the caller's. */
const struct link_ops *links_remote(int control);
/** After every link is closed. */
void links_remote_free(const struct link_ops *ops);

/** The configuration has changed: the sender reads it again before the next link. */
void links_remote_reload(const struct link_ops *ops);

/** Is there still somebody to ask? A sender that died is replaced; this is about who
 *  replaces it. */
bool links_remote_is_there(const struct link_ops *ops);

/** For `tocsin status`: which process it is, since when, how often it was started again
 *  and what it gave up; a line of text, or a member of JSON (null: it has not said). */
void links_remote_describe(const struct link_ops *ops, struct now now,
                           enum text_form form, struct buf *out);

#endif
