/**
 * How far the sink is like Gmail: limits of a day and a minute, and every reply that
 * Gmail is known to give, on demand. A name that begins with "says-" asks for one:
 * `RCPT TO:<says-550-daily-limit@x.org>`. The name can stand in EHLO, in the user of a
 * login, in MAIL and in RCPT; from RCPT on replies to DATA and to the mail can be had
 * too. (No clock here: the caller sets the time.)
 */
#ifndef TOCSIN_SINK_LIKENESS_H
#define TOCSIN_SINK_LIKENESS_H

#include "agent/sink/smtpd.h"

/** So many in a span of time; then the next span begins with the next of them. */
struct likeness_window {
    int64_t max, span_ms; /**< max 0: no limit */
    int64_t begin_ms, count;
};

/** Shared by all sessions. */
struct likeness {
    int64_t now_ms;                    /**< mono; set before bytes are fed */
    struct likeness_window recipients; /**< of accepted mails, a day */
    struct likeness_window logins;     /**< tried, a minute */
};

/** Like a consumer account: 500 recipients a day; 10 logins a minute, which is a guess:
 *  Google names no figure. */
void likeness_init(struct likeness *likeness);

/** Did it answer in place of the server? @subject as for talk_ask(). */
bool likeness_answers(struct smtpd *session, enum script_phase phase,
                      struct slice subject);
/** A mail to @count recipients was accepted. */
void likeness_count(struct smtpd *session, size_t count);

#endif
