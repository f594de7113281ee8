/** Telling losses of bytes: each is a report of the agent about itself, and walks the
 *  road of alerts. */
#ifndef TOCSIN_INPUTS_LOSSES_H
#define TOCSIN_INPUTS_LOSSES_H

#include "agent/inputs/tail.h"

/** Report what was lost since the last call; within the turn whose commit stores it. */
void losses_tell(struct tail *tail, const struct intake *intake);

#endif
