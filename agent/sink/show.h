/**
 * A mail for a person at a terminal: From, To, Subject and the text, decoded, and clean
 * of everything that a terminal could take as a command.
 */
#ifndef TOCSIN_SINK_SHOW_H
#define TOCSIN_SINK_SHOW_H

#include "agent/base/buf.h"
#include "agent/sink/smtpd.h"

/** Put @mail between two rules, with its @number. */
void show_mail(const struct smtpd_mail *mail, uint64_t number, struct buf *out);

/** Put one line: "<unix ns> <message-id> <subject>", and behind it the first word of
 *  the subject, the text or the rest of the mail that begins with @token (NULL:
 *  none). */
void show_log_line(const struct smtpd_mail *mail, int64_t unix_ns, const char *token,
                   struct buf *out);

#endif
