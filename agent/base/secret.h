/** Secrets stand in files that only their owner can read; nowhere else. */
#ifndef TOCSIN_BASE_SECRET_H
#define TOCSIN_BASE_SECRET_H

#include "agent/base/buf.h"
#include "agent/base/err.h"

/** Read a secret: a regular file that only its owner can read, owned by us or root,
 *  opened without following links; one trailing line end is cut, blanks are taken out
 *  of a 16-letter App Password. Put into @secret, which the caller wipes and frees.
 *  Fails: ERR_DENIED with the remedy ("chmod 600 ..."), ERR_MISSING, ERR_INVALID. */
bool secret_read(struct slice path, struct buf *secret, struct err *err)
    __attribute__((warn_unused_result));

/** Read a whole file in PEM, of at most LIMIT_HTTP_PEM_BYTES, and put it into @pem,
 *  which the caller wipes and frees. @is_key: only its owner may be able to read it, as
 *  above. Fails likewise. */
bool secret_read_pem(struct slice path, bool is_key, struct buf *pem, struct err *err)
    __attribute__((warn_unused_result));

#endif
