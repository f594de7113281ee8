/**
 * What a mail says of the mails that did not come: dead letters that no mail which
 * arrived has told of, and accounts that wait for something.
 */
#ifndef TOCSIN_OUTPUTS_TOLD_H
#define TOCSIN_OUTPUTS_TOLD_H

#include "agent/base/buf.h"
#include "agent/base/db.h"
#include "agent/base/now.h"

enum { TOLD_BYTES = 1000 };

/** Put one clean line for what is to be told of dead letters; nothing when there are
 *  none. @return up to when it tells (unix ms), for outbox_entry.tells_ms; else 0. */
int64_t told_put_dead(struct db *db, struct buf *out);

/** Put the line of a digest: how many dead letters lie there, told or not; nothing when
 *  there are none. */
void told_put_lying(struct db *db, struct buf *out);

/** Put a line when the clock of this host was never set: its times are wrong. */
void told_put_clock(struct buf *out, struct now now);

/** "account 'x' waited when this mail was written: reply: advice": one line. */
void told_put_account(struct buf *out, struct slice account, const char *reply,
                      const char *advice);

#endif
