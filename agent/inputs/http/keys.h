/**
 * What proves who sends: tokens and signatures; and who we are: a certificate. The only
 * file of the server with OpenSSL. Compared are keyed digests of equal length in
 * constant time, all of them, so that the time of an answer says nothing about how much
 * of a guess was right.
 */
#ifndef TOCSIN_HTTP_KEYS_H
#define TOCSIN_HTTP_KEYS_H

#include "agent/base/err.h"
#include "agent/base/log.h"
#include "agent/inputs/http/http_config.h"

enum { HTTP_DIGEST_BYTES = 32 };

struct http_keys;

/** Read the files. One that cannot be read is told to @log, and nothing matches it: a
 *  missing token never opens the door. */
struct http_keys *http_keys_create(const struct http_config *config,
                                   struct log_sink *log);
void http_keys_free(struct http_keys *keys);

bool http_keys_wants_token(const struct http_keys *keys);
bool http_keys_wants_signature(const struct http_keys *keys);

/** The scopes of who shows @token; 0: nobody's. */
unsigned http_keys_scopes(const struct http_keys *keys, struct slice token);

/** Is @header, "t=SECONDS,v1=HEX", the signature of @body, made within 5 minutes of
 *  now? @digest is set to what to know it by when it comes again. */
bool http_keys_verify(const struct http_keys *keys, struct slice header,
                      struct slice body, int64_t now_unix_ms,
                      unsigned char digest[HTTP_DIGEST_BYTES]);

/** Do @certificate and @key, as PEM, belong together? Fails: ERR_INVALID, they do not,
 *  or one of them is none. */
bool http_keys_fit(const char *certificate, const char *key, struct err *err)
    __attribute__((warn_unused_result));

#endif
