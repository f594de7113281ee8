/**
 * The outbox: every mail that was decided on, in the store, until it is sent or given
 * up. A row moves only along the table of moves; each function here runs inside the
 * turn's transaction and may be repeated when the commit failed, because it remembers
 * nothing.
 */
#ifndef TOCSIN_OUTPUTS_OUTBOX_H
#define TOCSIN_OUTPUTS_OUTBOX_H

#include "agent/base/db.h"
#include "agent/base/mem.h"
#include "agent/base/now.h"
#include "outputs/message.h"
#include "outputs/row.h"

enum recipient_state { RECIPIENT_WAITING, RECIPIENT_DELIVERED, RECIPIENT_DEAD };

/** A mail to be stored. */
struct outbox_entry {
    const struct message *message;
    struct slice account;  /**< which lane of the courier takes it */
    int64_t created_ms;    /**< unix */
    uint64_t mail_count;   /**< mails that it stands for: 1, or more after a merge */
    uint64_t line_hash;    /**< notice.line_hash_sum */
    int64_t tells_ms;      /**< dead letters settled up to then (unix) are told in it */
    struct slice fallback; /**< names of outputs, parted by blanks; may be empty */
    int64_t fallback_at_ms; /**< unix: when they are told, if this still waits */
};
/** @return its id. */
int64_t outbox_put(struct db *db, const struct outbox_entry *entry);

/** Claim the next due row of @account: highest priority first, then the longest due.
 *  @return its id, 0: none. */
int64_t outbox_claim(struct db *db, struct slice account, struct now now);
/** When the first row of @account is due, in unix ms; NEVER_MS: none waits. */
int64_t outbox_due_at(struct db *db, struct slice account);
/** The wall clock was set by @step_ms: what waits keeps its age and its wait. */
void outbox_shift_clock(struct db *db, int64_t step_ms);
/** Rows that would wait longer than any rule lets them: the clock was set back. */
void outbox_heal_clock(struct db *db, struct slice account, struct now now);

/** What is needed to send a claimed row; lives in the arena given. */
struct outbox_job {
    int64_t id;
    struct slice output, account, from, bytes;
    int64_t created_ms, attempts, doubts;
    int64_t delivered_count; /**< recipients that have it from an earlier attempt */
    const struct slice *recipients; /**< those that still wait */
    const int64_t *places;          /**< parallel: their places in the stored list */
    size_t recipient_count;
    size_t part;       /**< recipients at once; 0: all */
    size_t rest_count; /**< further ones that wait for the next part */
    bool is_short;     /**< it is the short form of a mail that was too large */
};
/** @return false when there is no such row or the store cannot be read. */
bool outbox_load(struct db *db, int64_t id, struct outbox_job *job,
                 struct arena *arena);

/** The outcome of one attempt. */
struct outbox_settlement {
    int64_t id;
    enum row_event event;
    int64_t next_at_ms; /**< unix; of a row that waits again */
    bool is_attempt;    /**< counts as one */
    bool is_counted;    /**< outbox_count_doubt() was called for this attempt */
    size_t part;        /**< recipients at once from now on; 0: all */
    struct slice reply, advice;
    const int64_t *places; /**< of the recipients that were tried */
    const enum recipient_state *recipient_states;
    size_t recipient_count;
};
/** Count the doubt of an attempt before its text leaves; @doubts it has without that.
 *  A reply takes it back. */
void outbox_count_doubt(struct db *db, int64_t id, int64_t doubts);
void outbox_settle(struct db *db, const struct outbox_settlement *settlement,
                   struct now now);

/** Move one row that is not handed over by @on; @advice says why.
 *  @return false when it is not in a state that has this move. */
bool outbox_move(struct db *db, int64_t id, enum row_event on, struct slice advice,
                 struct now now);
/** The state of row @id. @return false: no such row. */
bool outbox_find(struct db *db, int64_t id, enum row_state *state);

/** Give up the waiting rows of @account that are older than @before_ms. @return how
 *  many. */
int64_t outbox_expire(struct db *db, struct slice account, int64_t before_ms,
                      struct slice advice, struct now now);
/** Give up the waiting rows of @output. @return how many. */
int64_t outbox_expire_output(struct db *db, struct slice output, struct slice advice,
                             struct now now);
/** Let @account take the waiting rows of @output. */
void outbox_reassign(struct db *db, struct slice output, struct slice account);

/** Ids of rows that a crash left in `handing_over`, at most @max. */
size_t outbox_handing_over(struct db *db, int64_t *ids, size_t max);

/** Rows that wait or are handed over: a walk over all of them, for the start. */
uint64_t outbox_count(struct db *db);
/** When the oldest of them was put, in unix ms; 0: there is none. */
int64_t outbox_oldest_ms(struct db *db);

#endif
