/**
 * When the digest of a route is due: every day at a time on the wall, or every N. The
 * daily one follows the wall clock when that steps; the other keeps its beat over
 * restarts.
 */
#ifndef TOCSIN_RULES_DIGEST_H
#define TOCSIN_RULES_DIGEST_H

#include "agent/base/now.h"
#include "agent/base/zone.h"

struct digest {
    const struct zone *zone; /**< daily; NULL: every */
    int minute;              /**< of the day, in @zone */
    int64_t every_ms;
    int64_t due_ms; /**< in unix_ms when daily, else in mono_ms; may lie in the past */
};

/** The first one is due at the next such time of day, or one whole span from @now. */
struct digest digest_daily(const struct zone *zone, int minute, struct now now);
struct digest digest_every(int64_t every_ms, struct now now);

bool digest_is_due(const struct digest *digest, struct now now);

/** When to ask again, in mono_ms; right as long as the wall clock does not step. */
int64_t digest_wake_at(const struct digest *digest, struct now now);

/** The due one is told: go on to the next that lies after @now. */
void digest_advance(struct digest *digest, struct now now);

/** The wall clock stepped: a daily digest that moved more than a day
 *  away comes back. */
void digest_clock_stepped(struct digest *digest, struct now now);

/** Stored form, a wall-clock time; load takes it back: one that passed while nothing
 *  ran is due at once, a later one never later than a whole span from @now. */
int64_t digest_save(const struct digest *digest, struct now now);
void digest_load(struct digest *digest, int64_t stored_unix_ms, struct now now);

#endif
