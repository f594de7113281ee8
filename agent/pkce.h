/**
 * What ties the answer of a browser to our question (RFC 7636, and `state` of RFC 6749
 * 10.12): nobody who sees the address can use the code, and no code of somebody else is
 * taken.
 */
#ifndef TOCSIN_AGENT_PKCE_H
#define TOCSIN_AGENT_PKCE_H

#include "agent/base/err.h"

enum { PKCE_TEXT_BYTES = 44 }; /* 32 random bytes in base64url, and a NUL */

struct pkce {
    char state[PKCE_TEXT_BYTES];
    char verifier[PKCE_TEXT_BYTES];
    char challenge[PKCE_TEXT_BYTES]; /**< S256 of the verifier */
};

/** Make them of the kernel's random numbers. Fails: ERR_IO. */
bool pkce_make(struct pkce *pkce, struct err *err) __attribute__((warn_unused_result));
/** The challenge to @verifier, into @challenge. */
bool pkce_challenge(const char *verifier, char challenge[PKCE_TEXT_BYTES]);

#endif
