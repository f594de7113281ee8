/**
 * Who receives webhooks: takes any JSON that is posted below /hook/, unless a script
 * says otherwise. It is kept like a mail for "hook:/hook/...", whose headers are what a
 * test asks for: the title as its subject, the id as its Message-ID, the token.
 */
#ifndef TOCSIN_SINK_HOOK_H
#define TOCSIN_SINK_HOOK_H

#include "agent/sink/smtpd.h"
#include "agent/sink/webd.h"

struct hook {
    struct script *script; /**< NULL: none */
    struct smtpd_tally *tally;
    void (*accept)(void *ctx, const struct smtpd_mail *mail);
    void *ctx;
};

void hook_answer(const struct hook *hook, const struct web_request *request,
                 struct web_answer *answer);

#endif
