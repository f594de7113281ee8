/**
 * The conversation from MAIL to QUIT, as a pure state machine: bytes of the server go
 * in, bytes for the server come out, and each mail ends in one result. It knows no
 * socket, no clock and no policy; what a reply means for the mail is said by verdict.c.
 */
#ifndef TOCSIN_OUTPUTS_DIALOG_H
#define TOCSIN_OUTPUTS_DIALOG_H

#include "outputs/reply.h"

/** One mail to hand over; borrowed until its result is there. */
struct dialog_mail {
    struct slice from;              /**< envelope sender, without angle brackets */
    const struct slice *recipients; /**< at least one, without angle brackets */
    size_t recipient_count;
    struct slice bytes; /**< lines end with CRLF; not dot-stuffed */
    bool waits;         /**< its text leaves only after dialog_release() */
};

enum dialog_state {
    DIALOG_IDLE, /**< a mail may begin */
    DIALOG_BUSY, /**< a mail is under way, or its refusal is being cleaned up by RSET */
    DIALOG_ENDING, /**< QUIT is under way */
    DIALOG_CLOSED, /**< close the connection; nothing more can be said on it */
};

/** What became of a mail. */
struct dialog_result {
    bool is_ready;
    bool is_accepted;  /**< 2xx after the dot, for all whose RCPT was accepted */
    bool is_in_doubt;  /**< the dot may have arrived and no reply came */
    bool was_answered; /**< the server said at least one thing about this mail */
    struct smtp_reply
        reply; /**< the last word: after the dot, or the refusal before it */
    struct smtp_reply
        *recipients; /**< to each RCPT, in order; code 0: none came. Owned by
                                        the dialog, good until the next mail */
};

/** What the server offered. */
struct dialog_offer {
    bool pipelining, size, eight_bit;
    bool is_api; /**< what is said after the dot is Gmail's API's, in HTTP's codes */
    int64_t size_max; /**< bytes of a mail; 0: not known */
};

struct dialog {
    struct dialog_offer offer;
    enum dialog_state state;
    enum smtp_phase phase; /**< what the next reply answers */
    struct dialog_mail mail;
    struct dialog_result result;
    struct reply_parser parser;
    struct buf out;
    size_t given;   /**< bytes of out that the link took */
    size_t offered; /**< bytes of out that the link was shown: they may have left */
    size_t replied; /**< recipients that were answered */
    size_t accepted;
    bool is_refused;  /**< MAIL was refused and pipelined replies are still to come */
    bool is_released; /**< a text that waits may leave */
    bool is_void; /**< nobody is left to get the mail; DATA, which left together with
                       MAIL and RCPT, has still to be answered and ended */
    uint64_t progress; /**< counts complete replies and bytes that were given away */
};

/** After the login. */
void dialog_init(struct dialog *dialog, struct dialog_offer offer);
void dialog_clear(struct dialog *dialog);

/** Begin with @mail, in state DIALOG_IDLE. */
void dialog_start(struct dialog *dialog, const struct dialog_mail *mail);
/** Say QUIT, in state DIALOG_IDLE. */
void dialog_quit(struct dialog *dialog);

/** Has the server asked for a text that waits for dialog_release()? */
bool dialog_is_waiting(const struct dialog *dialog);
/** The text of the mail under way may leave. */
void dialog_release(struct dialog *dialog);

/** What to send next; empty: nothing. From the call that shows the final dot on, a lost
 *  connection leaves the mail in doubt. */
struct slice dialog_output(struct dialog *dialog);
/** The first @count bytes of the output were taken by the link. */
void dialog_sent(struct dialog *dialog, size_t count);
/** Bytes from the server, in any pieces. */
void dialog_feed(struct dialog *dialog, struct slice bytes);
/** The connection is gone, or @why else no reply will come. */
void dialog_lost(struct dialog *dialog, struct slice why);

/** How long the server may take for what it is asked now (RFC 5321 4.5.3.2), counted
 *  from the last time that `progress` changed; NEVER_MS when it owes nothing. */
int64_t dialog_timeout_ms(const struct dialog *dialog);

#endif
