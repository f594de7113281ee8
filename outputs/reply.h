/**
 * Reads replies of a mail server (RFC 5321 4.2) from bytes that come in any pieces.
 * Bounded: a reply past LIMIT_SMTP_REPLY_BYTES or LIMIT_SMTP_REPLY_LINES is broken, and
 * what is kept of its text is clean and cut to LIMIT_REPLY_TEXT_BYTES.
 */
#ifndef TOCSIN_OUTPUTS_REPLY_H
#define TOCSIN_OUTPUTS_REPLY_H

#include "agent/base/buf.h"
#include "agent/base/limits.h"
#include "outputs/link.h"

/** Zero-initialised is ready for the first reply. */
struct reply_parser {
    char line[LIMIT_REPLY_TEXT_BYTES]; /**< head of the line that is coming in */
    char
        text[LIMIT_REPLY_TEXT_BYTES]; /**< of all lines so far, joined by blanks, raw */
    size_t line_len, text_len;
    size_t byte_count, line_count;
    int code;
    char enhanced[12];
};

enum reply_state {
    REPLY_MORE,   /**< everything was taken, the reply is not complete */
    REPLY_DONE,   /**< a reply is complete; bytes behind it were not taken */
    REPLY_BROKEN, /**< this is not SMTP, or a bound is reached: close the connection */
};

/** Take bytes off the front of *@bytes until a reply is complete, which fills @reply,
 *  its phase apart. The parser is then ready for the next one. */
enum reply_state reply_feed(struct reply_parser *parser, struct slice *bytes,
                            struct smtp_reply *reply);

/** The number behind SIZE in @offers, the lines of a reply to EHLO without their codes
 *  (RFC 1870); 0: none. */
int64_t reply_size_max(struct slice offers);

/** A reply for what no server said: code 0 and @text, which is cleaned and cut. */
struct smtp_reply reply_of_network(enum smtp_phase phase, struct slice text);

/** How long Google asks to wait by HTTPS, in ms and a day at most: "Retry after
 *  2026-11-28T00:00:00.000Z" (UTC) or "retry after 120 s" in the text; the
 *  longest counts. 0: it does not ask, or somebody else says it. */
int64_t reply_wait_ms(const struct smtp_reply *reply, struct now now);

/** "550 5.4.5 Daily limit", or the text alone without a code, for people. */
void reply_put(struct buf *out, const struct smtp_reply *reply);

#endif
