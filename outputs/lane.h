/**
 * A lane carries the mails of one account, one at a time, or puts those of one Maildir
 * into files. It claims a row in the turn's transaction, sends it after the commit, and
 * has the outcome stored by the next turn. What it learns in between lives only here.
 */
#ifndef TOCSIN_OUTPUTS_LANE_H
#define TOCSIN_OUTPUTS_LANE_H

#include "agent/base/limits.h"
#include "outputs/connection.h"
#include "outputs/hold.h"
#include "outputs/judge.h"
#include "outputs/output.h"

/** What all lanes share; owned by the courier. */
struct lane_world {
    struct db *db;
    struct log_sink *log;
    struct slice host;
    struct rng rng;
    struct outputs_tally
        *tally; /**< counts what needs no commit: connections, logins */
    bool is_stopping;
    int64_t stopping_ms; /**< mono: since when */
};

/** Which lane is wanted; borrowed for the call. */
struct lane_spec {
    struct slice key;              /**< account column of its rows */
    const struct account *account; /**< NULL: a Maildir */
    struct slice maildir;
};

struct lane {
    struct lane_world *world;
    struct arena memory; /* of key, account and maildir */
    struct slice key, maildir;
    struct account account;
    bool is_maildir;
    bool is_gone;     /**< not in the configuration any more */
    bool is_outdated; /**< its connection belongs to an older configuration */
    struct connection connection;
    struct hold hold;
    int64_t began_ms; /**< mono: since when it can try */
    int64_t given_up; /**< rows that this round found too old */
    int64_t due_ms;   /**< mono: when its first row is due */
    bool needs_heal;  /**< a row waits longer than any rule lets it */
    int64_t claim,
        claim_staged;  /**< the row in `handing_over`; staged: not committed */
    bool is_under_way; /**< the claim was given to the connection */
    bool is_counted,
        count_staged;      /**< of the attempt: its doubt, before its text left */
    struct outbox_job job; /**< of the claim, in job_memory */
    struct arena job_memory;
    bool has_result; /**< settlement waits to be committed */
    struct outbox_settlement settlement;
    uint64_t refused_count;
    bool wants_short; /**< the settled row goes again, shorter */
    enum recipient_state states[LIMIT_RECIPIENTS];
    struct buf reply;       /**< text of the settlement */
    int64_t login_after_ms; /**< mono: no login before */
    int64_t
        complain_at_ms;    /**< mono: a complaint is not logged again before; 0: none */
    int64_t login_pace_ms; /**< mono: see allow_login() */
};

struct lane *lane_create(struct lane_world *world, const struct lane_spec *spec,
                         const struct link_ops *links, const struct wakes *wakes,
                         struct now now);
void lane_free(struct lane *lane);
/** Take what the configuration says now. */
void lane_configure(struct lane *lane, const struct lane_spec *spec);

/** In the transaction: store the outcome and the hold, claim the next row. */
void lane_write(struct lane *lane, struct outputs_tally *staged, struct now now);
/** What was written is rolled back. */
void lane_undo(struct lane *lane);
/** The commit is durable. @has_written: rows may have changed, so look when one is
 *  due. */
void lane_committed(struct lane *lane, bool has_written, struct now now);
/** Connect, send, receive. */
void lane_pump(struct lane *lane, struct now now);

/** Does it have something to store at once? */
bool lane_wants_write(const struct lane *lane, struct now now);
/** A person asks for a try: what holds the account back does not for once. */
void lane_lift(struct lane *lane, struct now now);
/** When lane_pump() has work, in mono_ms. */
int64_t lane_wake_at(const struct lane *lane, struct now now);
/** Is nothing open, claimed or unsaved? */
bool lane_is_quiet(const struct lane *lane);
/** A line for the mails of others, when something holds it back that a person should
 *  know of. */
void lane_put_trouble(const struct lane *lane, struct now now, struct buf *out);
/** Its lines for `tocsin status`. */
void lane_describe(const struct lane *lane, struct now now, enum text_form form,
                   struct buf *out);

#endif
