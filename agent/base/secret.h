/**
 * A password in memory of its own: a page that is not swapped, not dumped and not kept
 * longer than a login takes.
 */
#ifndef TOCSIN_BASE_SECRET_H
#define TOCSIN_BASE_SECRET_H

#include "agent/base/buf.h"
#include "agent/base/err.h"
#include "agent/base/slice.h"

enum { SECRET_MAX_BYTES = 4096 };

/** Zero-initialised is none. */
struct secret {
    char *page;
    size_t len, capacity;
};

/** Memory for @capacity bytes, locked where it can be, empty: what is put there never
 *  moves. The caller wipes it. Fails: ERR_IO. */
bool secret_open(struct secret *secret, size_t capacity, struct err *err)
    __attribute__((warn_unused_result));
/** Is there memory for a secret that is not swapped? Without CAP_IPC_LOCK and with a
 *  limit (RLIMIT_MEMLOCK) of 0 there is none; then any memory has to do, because mail
 *  matters more, and somebody has to say so. @why is set when there is none. */
bool secret_can_be_locked(struct err *why) __attribute__((warn_unused_result));
/** Put @bytes behind what is there. @return false when they do not fit: nothing is
 *  put. */
bool secret_put(struct secret *secret, struct slice bytes)
    __attribute__((warn_unused_result));
/** What came from @from is a password: one trailing line end is cut, blanks are taken
 *  out of a 16-letter App Password. Fails: ERR_INVALID, it is empty or has control
 *  characters. */
bool secret_take_line(struct secret *secret, const char *from, struct err *err)
    __attribute__((warn_unused_result));

/** Read a secret: a regular file that only its owner can read, owned by us or root,
 *  opened without following links; one trailing line end is cut, blanks are taken out
 *  of a 16-letter App Password. What systemd lays into $CREDENTIALS_DIRECTORY is as
 *  good, although its group's bits are set. The caller wipes @secret.
 *  Fails: ERR_DENIED with the remedy ("chmod 600 ..."), ERR_MISSING, ERR_INVALID. */
bool secret_read(struct slice path, struct secret *secret, struct err *err)
    __attribute__((warn_unused_result));
/** May be done twice. */
void secret_wipe(struct secret *secret);

static inline struct slice secret_slice(const struct secret *secret)
{
    return slice_make(secret->page ? secret->page : "", secret->len);
}

/** Read all of a secret file, of at most @max_bytes, under the same conditions. The
 *  caller wipes @secret. */
bool secret_read_whole(struct slice path, size_t max_bytes, struct secret *secret,
                       struct err *err) __attribute__((warn_unused_result));

/** Write @bytes to the file @path, mode 0600: all of it or nothing, durable, and never
 *  half of it in sight. Written by root, it belongs to whom the file before it belonged
 *  to, or else its folder. Fails: ERR_MISSING, ERR_DENIED, ERR_FULL, ERR_IO. */
bool secret_write(struct slice path, struct slice bytes, struct err *err)
    __attribute__((warn_unused_result));

/** Read a whole file in PEM, of at most LIMIT_HTTP_PEM_BYTES, and put it into @pem,
 *  which the caller wipes and frees. @is_key: only its owner may be able to read it, as
 *  above. Fails likewise. */
bool secret_read_pem(struct slice path, bool is_key, struct buf *pem, struct err *err)
    __attribute__((warn_unused_result));

/** free(3) and realloc(3) for libraries that keep secrets on their heap: what is given
 *  back is wiped. Without memory the process ends as by mem_there(). */
void secret_free(void *block);
void *secret_realloc(void *block, size_t size) __attribute__((returns_nonnull));

/** From now on this process leaves no core, and nobody but root looks into its memory
 *  (prctl(2), PR_SET_DUMPABLE). */
void secret_shield_process(void);

#endif
