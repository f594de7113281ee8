/**
 * What a token endpoint is shown to give an access token (RFC 6749, RFC 7523): the
 * refresh token that a user's consent left, or a claim that a service account signs.
 * Both stand in files of Google's making: "authorized_user", which `tocsin auth gmail`
 * and gcloud write, and "service_account", which the Cloud console gives.
 */
#ifndef TOCSIN_OUTPUTS_GRANT_H
#define TOCSIN_OUTPUTS_GRANT_H

#include "agent/base/now.h"
#include "outputs/account.h"
#include "outputs/https.h"
#include "outputs/web_url.h"

#define GRANT_TOKEN_URL "https://oauth2.googleapis.com/token"
#define GRANT_CONSENT_URL "https://accounts.google.com/o/oauth2/v2/auth"
/** Google's names of what is allowed: all of the mailbox, which SMTP needs, or sending
 *  alone, which is enough for the API. */
#define GRANT_SCOPE_SMTP "https://mail.google.com/"
#define GRANT_SCOPE_API "https://www.googleapis.com/auth/gmail.send"

/** web_url_parse(), and nothing in clear. */
bool grant_parse_url(struct slice text, struct web_url *url);

/** A whole request to a token endpoint. */
struct grant {
    struct https_place place; /**< host: in @memory */
    struct secret request;    /**< head and form */
    struct arena memory;
};

/** Make the request out of @account's file. @renewed stands for the refresh token in
 *  it, when it is not empty. The caller clears @grant in any case.
 *  Fails: ERR_DENIED and ERR_MISSING with the remedy, ERR_INVALID not such a file. */
bool grant_read(const struct account *account, struct slice renewed, struct now now,
                struct grant *grant, struct err *err)
    __attribute__((warn_unused_result));
void grant_clear(struct grant *grant);

/** Put a request that posts @form, which is URL-encoded, to @url. */
bool grant_put_request(struct secret *out, const struct web_url *url, struct slice form)
    __attribute__((warn_unused_result));
/** Put "&@name=@value", the '&' only behind something, the value percent-encoded. */
bool grant_put_field(struct secret *form, const char *name, struct slice value)
    __attribute__((warn_unused_result));

#endif
