/**
 * Lines that the agent itself is the cause of: what syslog copied of its own log, and
 * what a mail server logs about its mails. Taken for anybody's lines they could feed
 * themselves: a line makes a mail, and each mail makes a line.
 */
#ifndef TOCSIN_RULES_OWN_LINES_H
#define TOCSIN_RULES_OWN_LINES_H

#include "agent/base/slice.h"

/** Was @line written by tocsin, by the header that syslog gave it ("Nov 27 03:00:00
 *  host tocsin[42]: " or with the time as in ISO 8601)? What stands behind a header
 *  decides nothing: whoever can write into a line must not hide it so. */
bool line_is_own(struct slice line);

/** Does one of @addresses stand in @line, in the same letters? */
bool line_names(struct slice line, const struct slice *addresses, size_t count);

#endif
