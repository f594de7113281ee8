/**
 * The words of a mail server, for ways of sending that are none: it answers MAIL, RCPT,
 * DATA, RSET and QUIT by itself and collects the mail. Who stands behind it says when a
 * mail may come, and what became of it, in the place of the server's reply to the dot.
 * So outbox, dialog and verdicts are those of SMTP.
 */
#ifndef TOCSIN_OUTPUTS_FRONT_H
#define TOCSIN_OUTPUTS_FRONT_H

#include <sys/types.h>

#include "outputs/addressees.h"

enum front_state {
    FRONT_TALKS, /**< commands are answered at once */
    FRONT_ASKED, /**< a mail is announced: front_say() answers */
    FRONT_TAKES, /**< the mail comes in */
    FRONT_FULL,  /**< it is whole: front_say() tells what became of it */
    FRONT_ENDED, /**< QUIT was answered */
};

struct front {
    enum front_state state;
    struct buf in, out;
    struct addressees to;
    struct buf mail; /**< lines end with CRLF; not dot-stuffed */
};

void front_init(struct front *front);
void front_clear(struct front *front);

/** Bytes of the conversation. @return false past the bound of a mail: it is none of
 *  ours. */
bool front_feed(struct front *front, struct slice bytes)
    __attribute__((warn_unused_result));
/** Take whole lines, as far as the state lets them. */
void front_take(struct front *front);
/** Answer with @line, without its end; further commands are taken. */
void front_say(struct front *front, const char *line);
/** @return bytes of answers put into @into; 0: none are there. */
size_t front_give(struct front *front, void *into, size_t size);
/** Does it wait for the client's words? */
bool front_listens(const struct front *front);

#endif
