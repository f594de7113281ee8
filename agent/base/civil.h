/**
 * The proleptic Gregorian calendar as arithmetic, without libc's process-wide time
 * zone. (Method: days of a 400-year cycle that begins on 1 March; Howard Hinnant,
 * "chrono-compatible low-level date algorithms".)
 */
#ifndef TOCSIN_BASE_CIVIL_H
#define TOCSIN_BASE_CIVIL_H

#include <stdint.h>

#define DAY_SECONDS INT64_C(86400)

struct civil_date {
    int64_t year;
    int month; /**< 1..12 */
    int day;   /**< 1..31 */
};

/** Days since 1970-01-01. */
int64_t civil_to_days(struct civil_date date);
struct civil_date civil_from_days(int64_t days);

/** 0 = Sunday .. 6 = Saturday. */
int civil_weekday(int64_t days);

/** @value divided by a positive @by, rounded down, not towards zero. */
int64_t floor_div(int64_t value, int64_t by);

#endif
