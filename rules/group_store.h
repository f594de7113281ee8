/**
 * The stored form of alerts and groups. Moments of the monotonic clock are stored as
 * moments on the wall clock, because only that one goes on over a reboot.
 */
#ifndef TOCSIN_RULES_GROUP_STORE_H
#define TOCSIN_RULES_GROUP_STORE_H

#include "rules/group.h"

/** Stored forms, behind the version byte and the route's name. Timers that lie too far
 *  away come back wrong by no more than a whole interval.
 *  @home  the key of the group at the time of saving, borrowed from @in
 *  @return NULL, or false, when the bytes are not such a piece */
void alert_save(const struct alert *alert, struct now now, struct buf *out);
struct alert *alert_load(struct unbuf *in, struct now now, struct slice *home,
                         bool *home_is_other);
void group_save(const struct alert_group *group, struct now now, struct buf *out);
bool group_load_home(struct unbuf *in, struct slice *home, bool *home_is_other);
bool group_load(struct alert_group *group, struct unbuf *in, struct now now);

/** A moment in mono_ms as a moment on the wall clock, and back. NEVER_MS stays. */
int64_t stored_ms(int64_t mono_ms, struct now now);
int64_t restored_ms(uint64_t stored, struct now now);

#endif
