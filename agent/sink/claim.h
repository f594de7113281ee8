/** What a service account claims (RFC 7523), checked as Google does. */
#ifndef TOCSIN_SINK_CLAIM_H
#define TOCSIN_SINK_CLAIM_H

#include "agent/base/err.h"
#include "agent/base/mem.h"

struct claim_key;

/** Read the JSON key of a service account, whose public half is all that is used.
 *  Fails: ERR_INVALID, ERR_MISSING, ERR_DENIED. */
struct claim_key *claim_key_read(const char *path, struct err *err);
void claim_key_free(struct claim_key *key);

/** What a claim that holds is for; slices in the arena it was checked with. */
struct claim {
    struct slice subject, scope;
};

/** Check the JWT @assertion: its algorithm, signature, issuer, audience @audience, and
 *  times. @key may be NULL: no service account is known.
 *  @return NULL when it holds; else what Google says. */
const char *claim_check(const struct claim_key *key, struct slice assertion,
                        struct slice audience, int64_t unix_s, struct arena *arena,
                        struct claim *claim);

#endif
