/**
 * A hold keeps an account from trying: a spent quota, too many logins, a wrong
 * password, a network that is down. It is stored, so that a restart does not hammer
 * anew.
 */
#ifndef TOCSIN_OUTPUTS_HOLD_H
#define TOCSIN_OUTPUTS_HOLD_H

#include "agent/base/db.h"
#include "agent/base/now.h"
#include "agent/base/rng.h"
#include "outputs/verdict.h"

/** As a breaker: without one it is closed, with one it is held until a time, and when
 *  only a person can end the trouble it is open: it is probed seldom, by one mail. */
struct hold {
    int64_t until_ms; /**< mono; 0: there is none */
    int64_t until_unix_ms;
    int64_t failures; /**< in a row, of the same kind */
    enum trouble trouble;
    bool wants_secret;  /**< ends at once when the secret file changes */
    uint64_t secret_id; /**< of the secret file that was refused */
    int64_t look_ms;    /**< mono: when to look at the secret file again */
    char reply[600];    /**< what was said */
    char advice[240];   /**< what a person can do */
    bool is_dirty;      /**< not stored yet */
};

/** Begin or prolong a hold because of @verdict on @reply.
 *  @secret_file  of the account; empty: none */
void hold_begin(struct hold *hold, const struct verdict *verdict,
                const struct smtp_reply *reply, struct slice secret_file,
                struct now now, struct rng *rng);
/** The wall clock was set: the hold ends when it would have. May be repeated. */
void hold_follow_clock(struct hold *hold, struct now now);
/** A person wants to try now: one mail may, and what failed before still counts. */
void hold_lift(struct hold *hold, struct now now);
/** A mail went through: forget the hold and its failures. */
void hold_end(struct hold *hold);
/** Is it in force? Looks at the secret file every few seconds where that can end it. */
bool hold_is_on(struct hold *hold, struct slice secret_file, struct now now);
/** When to ask again, in mono_ms; NEVER_MS when it is not on. */
int64_t hold_wake_at(const struct hold *hold);

/** Put it into the running transaction; may be repeated. */
void hold_save(const struct hold *hold, struct db *db, struct slice account);
/** Take it from the store; nothing stored is no hold. */
void hold_load(struct hold *hold, struct db *db, struct slice account, struct now now);

#endif
