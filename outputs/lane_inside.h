/**
 * Private to lanes: what their ways to deliver have in common. lane.c and the lane_*.c
 * beside it share it; nobody else includes it.
 */
#ifndef TOCSIN_OUTPUTS_LANE_INSIDE_H
#define TOCSIN_OUTPUTS_LANE_INSIDE_H

#include "outputs/lane.h"

/** Read the claimed row into lane->job. @return false when the store cannot be read. */
bool lane_load_job(struct lane *lane);
/** The attempt is over; the next turn stores @judgement. */
void lane_set_result(struct lane *lane, const struct judgement *judgement);
/** The claim ends untouched: nothing of it has left. */
void lane_give_back(struct lane *lane, enum row_event event, struct slice why,
                    struct now now);
/** Is it too soon after the start to give up what is old? */
bool lane_is_early(const struct lane *lane, struct now now);

/** Say in the log what became of the mail that was settled. */
void lane_log_result(const struct lane *lane);

/** Say in the log what the login complains of, if it does; once in six hours. */
void lane_log_complaint(struct lane *lane, struct now now);

/** Put the claimed mail into the Maildir, if there is one. */
void lane_pump_maildir(struct lane *lane, struct now now);

#endif
