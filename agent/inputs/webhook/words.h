/** The words by which senders say how bad something is, whether it is over, and when it
 *  was. */
#ifndef TOCSIN_WEBHOOK_WORDS_H
#define TOCSIN_WEBHOOK_WORDS_H

#include "rules/alert.h"

/** What each word for a severity means, as the man page shows it. */
struct severity_word {
    const char *word;
    enum severity severity;
};
extern const struct severity_word severity_words[]; /**< ends with a NULL word */

/** @return false when @text, whose case does not matter, is none of them. */
bool words_severity(struct slice text, enum severity *severity);

/** Does this status say that it is over: "resolved", "ok", "up", ...? */
bool words_is_over(struct slice status);
/** Is it what people wait to hear of an alert that is on: "acknowledged"? */
bool words_is_news(struct slice status);

/** A moment as RFC 3339 writes it (a blank for the 'T' and no zone, which then is UTC,
 *  are taken too), or seconds or milliseconds since 1970. @return unix_ms; 0 for what
 *  is none, and for the years before 1970, by which Go says "not set". */
int64_t words_moment(struct slice text);

#endif
