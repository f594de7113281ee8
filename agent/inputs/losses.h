/** Losses of bytes, counted and told: each is a report of the agent about itself, and
 *  walks the road of alerts. */
#ifndef TOCSIN_INPUTS_LOSSES_H
#define TOCSIN_INPUTS_LOSSES_H

#include "agent/inputs/tail.h"

/** Report what was lost since the last call; within the turn whose commit stores it. */
void losses_tell(struct tail *tail, const struct intake *intake);

/** What stands behind the offset of @file cannot be read any more: @bytes, or <= 0 for
 *  an unknown amount. It is counted, stored, logged, and told by mail. */
void losses_count(struct files *files, struct tail_file *file, int64_t bytes,
                  enum ledger_reason reason);
/** The same for a generation of @path that nobody followed. */
void losses_count_unseen(struct files *files, const char *path, int64_t bytes,
                         enum ledger_reason reason);

#endif
