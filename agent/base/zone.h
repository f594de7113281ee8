/**
 * Time zones by name, read from the system's TZif files (RFC 8536) and not through the
 * process-wide TZ variable, so that each route can have its own. "UTC" needs no file.
 */
#ifndef TOCSIN_BASE_ZONE_H
#define TOCSIN_BASE_ZONE_H

#include "agent/base/err.h"
#include "agent/base/now.h"
#include "agent/base/slice.h"

struct zone;

/** Load @name ("Europe/Berlin") below $TZDIR or /usr/share/zoneinfo. Names with "..", a
 *  leading "/" or other characters than letters, digits, "_", "+", "-" and "/" are
 *  refused.
 *  Fails: ERR_MISSING (no such zone, or no tzdata on this host: says which),
 *  ERR_INVALID. */
struct zone *zone_load(struct slice name, struct err *err)
    __attribute__((warn_unused_result));
/** The host's zone: $TZ if it names a zone, else /etc/localtime; UTC when neither
 *  works. */
struct zone *zone_local(void);
/** UTC. */
struct zone *zone_utc(void);
void zone_free(struct zone *zone);

/** Seconds east of UTC at @unix_ms. */
int zone_offset_s(const struct zone *zone, int64_t unix_ms);

/** The first moment after @after_ms at which a clock on the wall shows @minute_of_day
 *  (0..1439). Where daylight saving skips it: the first moment behind the gap. Where it
 *  comes twice: the first time only. */
int64_t zone_next_daily_ms(const struct zone *zone, int64_t after_ms,
                           int minute_of_day);

/** Parse "08:00" (00:00..23:59) to the minute of the day. */
bool zone_parse_clock(struct slice text, int *minute_of_day);

#endif
