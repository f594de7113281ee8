/**
 * The rule that stands at the end of a TZif file and says how a zone goes on for ever:
 * a POSIX TZ text such as "CET-1CEST,M3.5.0,M10.5.0/3" (RFC 8536 3.3, POSIX.1-2017 8.3,
 * hours up to 167 as in version 3).
 */
#ifndef TOCSIN_BASE_ZONE_RULE_H
#define TOCSIN_BASE_ZONE_RULE_H

#include "agent/base/slice.h"

enum zone_day_kind {
    ZONE_DAY_JULIAN,  /**< Jn: 1..365, 29 February is never counted */
    ZONE_DAY_OF_YEAR, /**< n: 0..365 */
    ZONE_DAY_WEEKDAY, /**< Mm.w.d: week 5 is the last */
};

struct zone_change {
    enum zone_day_kind kind;
    int day, month, week; /**< day: of the year or of the week */
    int at_s;             /**< on the wall clock, from midnight; may be negative */
};

struct zone_rule {
    int standard_s, summer_s; /**< seconds east of UTC */
    bool has_summer;
    struct zone_change to_summer, to_standard;
};

/** Parse the whole of @text. @return false when it is no such rule. */
bool zone_rule_parse(struct slice text, struct zone_rule *rule);

/** Seconds east of UTC at @unix_s. */
int zone_rule_offset_s(const struct zone_rule *rule, int64_t unix_s);

#endif
