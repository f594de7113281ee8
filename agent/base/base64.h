/** Base64 (RFC 4648) on one line, into output and into locked memory. */
#ifndef TOCSIN_BASE_BASE64_H
#define TOCSIN_BASE_BASE64_H

#include "agent/base/buf.h"
#include "agent/base/secret.h"

enum base64_kind {
    BASE64,     /**< with '+', '/' and '=' to a multiple of four */
    BASE64_URL, /**< with '-' and '_', and nothing behind (RFC 7515) */
};

void base64_put(struct buf *out, struct slice bytes, enum base64_kind kind);
/** @return false when it does not fit: nothing is put. */
bool secret_put_base64(struct secret *out, struct slice bytes, enum base64_kind kind)
    __attribute__((warn_unused_result));

/** Put what @text stands for; blanks and line ends are skipped, both kinds are known.
 *  @return false for anything else, or when it does not fit: then @out is to be
 *  wiped. */
bool secret_take_base64(struct secret *out, struct slice text)
    __attribute__((warn_unused_result));

#endif
