/**
 * Which mails become one when too many wait. Inside the turn's transaction.
 */
#ifndef TOCSIN_OUTPUTS_OUTBOX_FOLD_H
#define TOCSIN_OUTPUTS_OUTBOX_FOLD_H

#include "agent/base/limits.h"
#include "outputs/outbox.h"

/** The oldest waiting rows of one output, LIMIT_FOLD at most, for a merge. */
struct outbox_wanted {
    struct slice account, output;
    int priority_end; /**< only rows below it */
};
struct outbox_fold {
    struct outbox_folded {
        int64_t id, created_ms;
        uint64_t event_count;
        struct slice subject;
    } items[LIMIT_FOLD];
    size_t count;
    int64_t created_ms;                          /**< of the oldest */
    uint64_t mail_count, event_count, line_hash; /**< sums */
    struct slice fallback;                       /**< of the one that is due first */
    int64_t fallback_at_ms;
};
/** @return false: there are no two. Texts live in @arena. */
bool outbox_find_fold(struct db *db, const struct outbox_wanted *wanted,
                      struct outbox_fold *fold, struct arena *arena);
/** Do @count single mails or more wait? */
bool outbox_has_many(struct db *db, const struct outbox_wanted *wanted, size_t count);

#endif
