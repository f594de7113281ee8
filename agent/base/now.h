/**
 * A moment, as the turn that is running sees it. It is read once a turn and handed down
 * as an argument, so that a test can let a day pass in a millisecond.
 */
#ifndef TOCSIN_BASE_NOW_H
#define TOCSIN_BASE_NOW_H

#include <stdbool.h>
#include <stdint.h>

#define SECOND_MS INT64_C(1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)

/** What a wake_at function answers when there is nothing to wake for. */
#define NEVER_MS INT64_MAX

struct now {
    int64_t
        mono_ms; /**< CLOCK_BOOTTIME: never steps, counts suspend; for all intervals */
    int64_t unix_ms; /**< CLOCK_REALTIME: may step; for people and for the calendar */
};

/** The earlier of two moments. */
static inline int64_t earlier_ms(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static inline int64_t later_ms(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/** @at plus @span without overflow; NEVER_MS stays NEVER_MS. Both not negative. */
static inline int64_t later_by_ms(int64_t at, int64_t span)
{
    return at > NEVER_MS - span ? NEVER_MS : at + span;
}

/** 2026-01-01: this program is younger, so a wall clock before it was never set. */
#define NOW_LEAST_UNIX_MS INT64_C(1767225600000)

static inline bool now_is_set(struct now now)
{
    return now.unix_ms >= NOW_LEAST_UNIX_MS;
}

/** The wall clock for others to see; where it was never set, the least that it can be,
 *  and the time since the boot. */
static inline int64_t now_shown_ms(struct now now)
{
    return now_is_set(now) ? now.unix_ms : NOW_LEAST_UNIX_MS + now.mono_ms;
}

#endif
