/**
 * What Gmail says when it does not take a mail, each reply by a name: the sink says
 * them on demand, and the tests of outputs/verdict.c hold each against its verdict.
 * Source of codes and wording: support.google.com/a/answer/3726730 in its versions
 * since 2019, and replies seen by senders (shared/facts/gmail.md 1.2 and 1.3).
 */
#ifndef TOCSIN_SINK_GMAIL_H
#define TOCSIN_SINK_GMAIL_H

#include "agent/sink/script.h"

struct gmail_reply {
    const char *name;        /**< "daily-limit" */
    enum script_phase phase; /**< where Gmail says it */
    const char *says;        /**< "550 5.4.5 text", lines parted by '\n' */
};

extern const struct gmail_reply gmail_replies[];
extern const size_t gmail_reply_count;

/** The reply of that name, or NULL. */
const struct gmail_reply *gmail_reply_find(struct slice name);

#endif
