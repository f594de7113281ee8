/**
 * The sink's authorization server, as Google's: a page that consents at once, and a
 * token endpoint for refresh tokens, codes with PKCE (RFC 7636) and service accounts.
 * Access is given to who shows a token that was made here, and to nobody else.
 */
#ifndef TOCSIN_SINK_OAUTHD_H
#define TOCSIN_SINK_OAUTHD_H

#include "agent/sink/claim.h"
#include "agent/sink/webd.h"

enum { OAUTHD_TICKETS = 64, OAUTHD_TEXT_BYTES = 512 };

enum ticket_kind { TICKET_NONE, TICKET_CODE, TICKET_REFRESH, TICKET_ACCESS };

/** Something that was given out; a new one replaces the oldest of all. */
struct ticket {
    enum ticket_kind kind;
    char text[80];
    char scope[OAUTHD_TEXT_BYTES];
    char user[OAUTHD_TEXT_BYTES];     /**< "": anybody's */
    char challenge[100];              /**< of a code */
    char redirect[OAUTHD_TEXT_BYTES]; /**< of a code */
    int64_t ends_ms;
};

struct oauthd {
    struct slice client_id, client_secret; /**< empty id: any client */
    struct slice refresh_token; /**< right from the beginning; empty: any is */
    struct slice user;          /**< who consents; empty: anybody */
    struct slice audience;      /**< of claims: the address of the token endpoint */
    struct claim_key *key;      /**< of the service account; NULL: there is none */
    bool rotates;               /**< a refresh token is good once, then another */
    int64_t life_s;             /**< of access tokens */
    int64_t now_ms, unix_s;     /**< set before anything is asked */
    struct ticket tickets[OAUTHD_TICKETS];
    size_t next;
    uint64_t given_count, refused_count; /**< answers of the token endpoint */
};

/** The page for the user, whose browser is sent back with a code at once.
 *  @error  not empty: instead, with this error */
void oauthd_consent(struct oauthd *oauthd, struct slice query, struct slice error,
                    struct web_answer *answer);
/** The token endpoint. */
void oauthd_token(struct oauthd *oauthd, struct slice form, struct web_answer *answer);
/** Answer with @error and the words @text for people (RFC 6749 5.2). */
void oauthd_refuse(struct oauthd *oauthd, int status, struct slice error,
                   struct slice text, struct web_answer *answer);

/** Whose access token is @text? @return NULL: nobody's, or it has ended. */
const struct ticket *oauthd_find(const struct oauthd *oauthd, struct slice text);

#endif
