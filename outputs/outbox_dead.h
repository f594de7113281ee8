/**
 * Rows that did not end as they should: dead letters that are to be told of, mails that
 * go another way or become shorter, and what is forgotten in the end. Inside the
 * turn's transaction, as all of the outbox.
 */
#ifndef TOCSIN_OUTPUTS_OUTBOX_DEAD_H
#define TOCSIN_OUTPUTS_OUTBOX_DEAD_H

#include "outputs/outbox.h"

/** Dead letters that no mail which arrived has told of. */
struct outbox_dead {
    uint64_t count;
    int64_t until_ms; /**< unix: when the last of them died */
    int64_t last_id;  /**< which it is, and why */
    struct slice reply, advice;
};
void outbox_count_dead(struct db *db, struct outbox_dead *dead, struct arena *arena);

/** Dead letters that lie there, told or not. */
uint64_t outbox_count_lying(struct db *db);

/** Recipients of @account's mails that were sent since @since_ms (unix). */
uint64_t outbox_count_reached(struct db *db, struct slice account, int64_t since_ms);

/** When the next fallback is due, in unix ms; NEVER_MS: none. */
int64_t outbox_fallback_at(struct db *db);
/** A mail that other outputs are to be told of, because it waits for too long or is
 *  dead. It may have been sent since. */
struct outbox_fallback {
    int64_t id;
    enum row_state state;
    struct slice outputs; /**< names parted by blanks */
    struct slice account, subject, reason, reply, advice, message_id;
    int64_t created_ms;
    int priority;
    uint64_t event_count, mail_count, line_hash;
};
/** Take the longest due one; it is not due again. @return false: none is due. */
bool outbox_take_fallback(struct db *db, struct outbox_fallback *fallback,
                          struct now now, struct arena *arena);

/** The mail was too large: from now on it is these bytes. */
void outbox_shorten(struct db *db, int64_t id, struct slice message_id,
                    struct slice bytes);

/** Forget the oldest sent and cancelled rows past LIMIT_SENT_HISTORY and the oldest
 *  dead ones past LIMIT_DEAD_LETTERS, some at a time. @return how many dead were
 *  forgotten. */
size_t outbox_forget(struct db *db);

#endif
