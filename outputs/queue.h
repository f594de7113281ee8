/** The queue commands: the outbox and the dead letters, shown to people or as JSON. */
#ifndef TOCSIN_OUTPUTS_QUEUE_H
#define TOCSIN_OUTPUTS_QUEUE_H

#include "agent/base/buf.h"
#include "agent/base/db.h"
#include "agent/base/now.h"

/** What waits, is handed over or is dead, oldest first, at most LIMIT_QUEUE_LIST rows;
 *  the rest is counted. One JSON object a line when @json. */
void queue_put_list(struct db *db, struct now now, bool json, struct buf *out);

/** Why mail @id has to wait although it is due: its account is held. Nothing when it is
 *  not. */
void queue_put_hold(struct db *db, int64_t id, struct now now, struct buf *out);

/** The bytes of a mail, as they are sent. Fails: ERR_MISSING, also when it was sent. */
bool queue_put_raw(struct db *db, int64_t id, struct buf *out, struct err *err);

/** One row of any state with its recipients and, for people, its text.
 *  Fails: ERR_MISSING. */
bool queue_put_row(struct db *db, int64_t id, struct now now, bool json,
                   struct buf *out, struct err *err);

#endif
