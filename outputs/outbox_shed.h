/** Room in a store that is full: the history of sent mails is the least worth of all
 *  that it holds. */
#ifndef TOCSIN_OUTPUTS_OUTBOX_SHED_H
#define TOCSIN_OUTPUTS_OUTBOX_SHED_H

#include "agent/base/db.h"

/** Forget the oldest mails that were sent, OUTBOX_SHED_ROWS at most, in the running
 *  transaction. What waits and what was given up stays. @return how many */
size_t outbox_shed(struct db *db);
#define OUTBOX_SHED_ROWS 500

#endif
