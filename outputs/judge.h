/**
 * From what a server said about one mail to what becomes of its row, its recipients and
 * its account. Pure: the policy of retries stands here and in the table of verdicts,
 * nowhere else.
 */
#ifndef TOCSIN_OUTPUTS_JUDGE_H
#define TOCSIN_OUTPUTS_JUDGE_H

#include "agent/base/rng.h"
#include "outputs/dialog.h"
#include "outputs/outbox.h"
#include "outputs/verdict.h"

/** A mail is given up when it fails after this age (RFC 5321 4.5.4.1: 4-5 days). */
#define GIVE_UP_MS (5 * DAY_MS)

/** How often a mail in doubt is sent again. */
enum { DOUBT_MAX = 2 };

/** A mail at which server and client lose each other so often is given up. */
enum { PROTOCOL_MAX = 3 };

struct attempt {
    const struct outbox_job *job;
    const struct dialog_result *result;
    bool is_early;         /**< too soon after the start to give up what is old */
    bool is_reused;        /**< the connection had carried a mail or was idle before */
    int64_t doubt_wait_ms; /**< of the account */
};

struct judgement {
    enum row_event event;
    int64_t next_at_ms; /**< unix; when the row waits again */
    bool is_attempt;
    const struct smtp_reply *reply; /**< the one that decided */
    const char *advice;             /**< "" when all went well */
    const struct verdict *hold;     /**< the account has to wait, or NULL */
    const struct smtp_reply *hold_reply;
    size_t refused_count; /**< recipients that were given up by this attempt */
    size_t part;          /**< recipients at once from now on; 0: all */
    bool wants_short;     /**< too large: it goes again, shorter */
};

/** @states gets one state for each recipient of the job. Pointers in the answer live as
 *    long as those in @attempt. */
struct judgement judge(const struct attempt *attempt, struct now now, struct rng *rng,
                       enum recipient_state *states);

#endif
