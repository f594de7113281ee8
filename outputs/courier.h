/**
 * The courier takes mails from the outbox to their servers: one lane an account, so
 * that a slow or held account stops nobody else. It follows the turn: write in the
 * transaction, committed after it, pump.
 */
#ifndef TOCSIN_OUTPUTS_COURIER_H
#define TOCSIN_OUTPUTS_COURIER_H

#include "outputs/lane.h"

struct courier;

/** @tally counts connections and logins at once; both are borrowed. */
struct courier *courier_create(const struct outputs_world *world,
                               struct outputs_tally *tally);
void courier_free(struct courier *courier);

/** These lanes are wanted now. Others finish what is under way and go. */
void courier_configure(struct courier *courier, const struct lane_spec *specs,
                       size_t count, struct now now);
/** A row of lane @key is due now. */
void courier_call(struct courier *courier, struct slice key, struct now now);

/** In the transaction, before anything is put: when the wall clock was set, what waits
 *  moves with it, or a host that boots in the past would give up its mails as soon as
 *  it learns the time. May be repeated after courier_undo(). */
void courier_follow_clock(struct courier *courier, struct now now);
/** In the transaction: what a crash left in `handing_over` is in doubt. Once a life. */
void courier_recover(struct courier *courier, struct outputs_tally *staged,
                     struct now now);
/** In the transaction; both may be repeated after courier_undo(). */
void courier_write(struct courier *courier, struct outputs_tally *staged,
                   struct now now);
/** The commit of the last courier_write() failed. */
void courier_undo(struct courier *courier);
void courier_committed(struct courier *courier, bool has_written, struct now now);
/** @return true when a lane has gone: its rows look for another. */
bool courier_pump(struct courier *courier, struct now now);

/** Is there something to be stored at once? */
bool courier_wants_write(const struct courier *courier, struct now now);
int64_t courier_wake_at(const struct courier *courier, struct now now);
/** A person asks for a try of lane @key: its hold does not count for once. */
void courier_lift(struct courier *courier, struct slice key, struct now now);
/** Claim nothing more. @return true when all lanes are quiet. */
bool courier_stop(struct courier *courier, struct now now);
/** Lines about accounts that wait, for the mails of all. */
void courier_put_trouble(const struct courier *courier, struct now now,
                         struct buf *out);
/** Is lane @key held? */
bool courier_is_held(const struct courier *courier, struct slice key, struct now now);
void courier_describe(const struct courier *courier, struct now now,
                      enum text_form form, struct buf *out);

#endif
