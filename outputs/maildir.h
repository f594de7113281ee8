/**
 * A Maildir (cr.yp.to/proto/maildir.html) as a way to deliver: a file is written below
 * tmp, synced, and moved to new. The name is made of the row alone, so that a repeated
 * delivery replaces the file of the first instead of adding a second.
 */
#ifndef TOCSIN_OUTPUTS_MAILDIR_H
#define TOCSIN_OUTPUTS_MAILDIR_H

#include "agent/base/err.h"
#include "agent/base/slice.h"

struct maildir_mail {
    int64_t id;
    int64_t created_ms; /**< unix */
    struct slice host;  /**< clean */
    struct slice bytes; /**< lines end with CRLF; stored with LF */
};

/** Put @mail into @folder; makes the folder and its three parts when they are missing,
 *  not the folder's parents. Durable when it returns true. Fails: what the file system
 *  says. */
bool maildir_put(struct slice folder, const struct maildir_mail *mail, struct err *err)
    __attribute__((warn_unused_result));

#endif
