/**
 * What Google says by HTTPS: the page for consent, the token endpoint, and Gmail's API
 * (users.messages.send); and, below /hook/, who receives webhooks. Every
 * answer can be another by a script, and by names as in likeness.h: a refresh token, or
 * a recipient, that begins with "says-".
 */
#ifndef TOCSIN_SINK_GOOGLE_H
#define TOCSIN_SINK_GOOGLE_H

#include "agent/sink/likeness.h"
#include "agent/sink/oauthd.h"

struct google {
    struct oauthd oauth;
    struct script *script;     /**< NULL: none */
    struct likeness *likeness; /**< NULL: no limits, no replies by name */
    struct smtpd_tally *tally;
    void (*accept)(void *ctx, const struct smtpd_mail *mail);
    void *ctx;
    uint64_t mail_number;
};

/** For struct webd_config; @ctx is a struct google. */
void google_answer(void *ctx, const struct web_request *request,
                   struct web_answer *answer);

/** Is @token one of ours, good for @user and for the scope of SMTP? */
bool google_lets_in(const struct google *google, struct slice user, struct slice token);

#endif
