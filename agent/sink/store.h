/**
 * Where the sink keeps mails: a Maildir that mail programs open
 * (cr.yp.to/proto/maildir.html; line ends are LF there), and a folder of numbered .eml
 * files with the bytes as they came.
 */
#ifndef TOCSIN_SINK_STORE_H
#define TOCSIN_SINK_STORE_H

#include "agent/base/err.h"
#include "agent/base/slice.h"

struct sink_store {
    const char *maildir;    /**< NULL: none; borrowed */
    const char *eml_folder; /**< NULL: none; borrowed */
    uint64_t number;        /**< of the last mail */
};

/** Make the folders that are missing. Numbers go on behind the .eml files that are
 *  there. Fails: ERR_DENIED, ERR_FULL, ERR_IO. */
bool sink_store_open(struct sink_store *store, struct err *err)
    __attribute__((warn_unused_result));

/** Keep @mail; a reader never sees half of it. @unix_ns goes into its name in the
 *  Maildir. */
bool sink_store_put(struct sink_store *store, struct slice mail, int64_t unix_ns,
                    struct err *err) __attribute__((warn_unused_result));

#endif
