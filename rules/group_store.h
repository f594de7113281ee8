/**
 * The stored form of alerts and groups. Moments of the monotonic clock are stored as
 * moments on the wall clock, because only that one goes on over a reboot.
 */
#ifndef TOCSIN_RULES_GROUP_STORE_H
#define TOCSIN_RULES_GROUP_STORE_H

#include "rules/group.h"
#include "rules/record.h"

/** Stored forms, behind the kind and the route. Timers that lie too far away come back
 *  wrong by no more than a whole interval.
 *  @home  the key of the group at the time of saving, in @arena
 *  @return NULL, or false, when the bytes are not such a piece */
void alert_save(const struct alert *alert, struct now now, struct record_out *out);
struct alert *alert_load(struct record_in *in, struct now now, struct arena *arena,
                         struct slice *home, bool *home_is_other);
void group_save(const struct alert_group *group, struct now now,
                struct record_out *out);

/** A group as it is stored; borrowed from the bytes. */
struct group_stored {
    struct slice home; /**< its key */
    bool is_other, is_told, is_held;
    struct slice thread;
    struct slice topic; /**< empty: none */
    bool began_critical;
    uint64_t mail_count;
    uint64_t tick, told; /**< restored_ms() knows when that is */
    int64_t since_unix_ms;
};
/** @has_topic  false: written before groups had one */
bool group_load(struct group_stored *stored, struct record_in *in, bool has_topic);
/** @group goes on as it was. */
void group_resume(struct alert_group *group, const struct group_stored *stored,
                  struct now now);

/** A moment in mono_ms as a moment on the wall clock, and back. NEVER_MS stays. */
int64_t stored_ms(int64_t mono_ms, struct now now);
int64_t restored_ms(uint64_t stored, struct now now);

#endif
