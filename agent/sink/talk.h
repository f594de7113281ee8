/**
 * Private to the session: its state, and the three things every command does: reply,
 * ask the script, and note what the client did wrong. smtpd.c, login.c and
 * transaction.c share it; nobody else includes it.
 */
#ifndef TOCSIN_SINK_TALK_H
#define TOCSIN_SINK_TALK_H

#include "agent/sink/dot.h"
#include "agent/sink/gmail.h"
#include "agent/sink/likeness.h"
#include "agent/sink/sasl.h"
#include "agent/sink/smtpd.h"

struct smtpd {
    const struct smtpd_config *config;
    uint64_t number, mail_number;
    struct buf inbox, output;
    size_t held_from; /* of output, while pause_ms > 0 */
    int64_t pause_ms, slow_bytes;
    enum smtpd_wish wish;
    bool is_secure, is_hung, has_ehlo, is_logged_in, is_skipping;

    const struct gmail_reply *owed; /* asked for at RCPT, for later */
    bool is_in_auth;
    bool is_denied; /* the error of a token was shown; any line ends it */
    struct sasl sasl;
    struct buf user;

    bool has_mail, is_in_data, is_eight_bit, is_body_judged, is_answered;
    struct buf from;
    struct buf recipients; /* each followed by a NUL */
    size_t recipient_count;
    struct dot_reader dot;
};

/** "250-2.1.0 first" CRLF "250 2.1.0 last", as @text has lines. @enhanced may be "". */
void talk_reply(struct smtpd *session, int code, const char *enhanced,
                struct slice text);

/** A reply as Gmail gives it, with an id behind the last line. */
void talk_say(struct smtpd *session, int code, const char *enhanced, const char *text);

/** Count what the client did against the RFC; @what is kept for people. */
void talk_violation(struct smtpd *session, const char *what);

enum effect {
    EFFECT_USUAL, /**< go on and reply as ever */
    EFFECT_YES,   /**< have the effect; the script has replied */
    EFFECT_NO, /**< nothing more: the script has refused, or the connection is gone */
};
/** Let the script speak in @phase. */
enum effect talk_ask(struct smtpd *session, enum script_phase phase,
                     struct slice subject);

#endif
