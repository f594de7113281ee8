/**
 * A user's consent in a file: "authorized_user", as `tocsin auth gmail` writes it and
 * Google's own tools (gcloud) do. Everything in it that is secret stays in locked
 * memory.
 */
#ifndef TOCSIN_OUTPUTS_CONSENT_H
#define TOCSIN_OUTPUTS_CONSENT_H

#include "agent/base/json.h"
#include "agent/base/secret.h"

struct consent {
    struct slice client_id, client_secret, refresh_token;
    struct slice token_uri; /**< of the token endpoint; empty: Google's */
    struct slice auth_uri;  /**< of the page for consent; empty: Google's */
    struct slice scope;     /**< for people; may be empty */
};

/** Take it out of a parsed file; what is taken lives as long as that.
 *  Fails: ERR_INVALID, something is missing or has characters that no token has. */
bool consent_take(const struct json *root, struct consent *consent, struct err *err)
    __attribute__((warn_unused_result));
/** Take the client out of the file that the Cloud console gives for a "Desktop app";
 *  the refresh token stays empty. Fails likewise. */
bool consent_take_client(const struct json *root, struct consent *consent,
                         struct err *err) __attribute__((warn_unused_result));
/** Write it to @path as secret_write() does. Fails as that. */
bool consent_write(struct slice path, const struct consent *consent, struct err *err)
    __attribute__((warn_unused_result));
/** Put another refresh token into the file @path. */
bool consent_renew(struct slice path, struct slice refresh_token, struct err *err)
    __attribute__((warn_unused_result));

/** Read a secret file that is JSON of at most LIMIT_KEY_FILE_BYTES. The tree borrows
 *  from @file and @arena, which the caller wipes. Fails as secret_read_whole(), and
 *  ERR_INVALID. */
bool secret_read_json(struct slice path, struct secret *file, struct arena *arena,
                      const struct json **root, struct err *err)
    __attribute__((warn_unused_result));

#endif
