/** Digests keep their hour, or their beat. */
#include "rules/digest.h"

#include "test.h"

/* 2026-03-29 01:00 UTC: Berlin's clocks go from 02:00 to 03:00. */
#define SPRING INT64_C(1774746000000)
/* 2026-10-25 01:00 UTC: they go from 03:00 back to 02:00. */
#define AUTUMN INT64_C(1792890000000)

static struct now at_unix(int64_t unix_ms)
{
    return (struct now){ .mono_ms = unix_ms - SPRING + 1000 * DAY_MS,
                         .unix_ms = unix_ms };
}

/** @return NULL where this host has no zone data; the test is then skipped. */
static struct zone *berlin(void)
{
    struct err err;
    struct zone *zone = zone_load(SLICE("Europe/Berlin"), &err);
    if (!zone)
        unit_test_skip("digest: no zone data (Debian: apt-get install tzdata)");
    return zone;
}

TEST(digest, a_daily_one_is_due_at_its_hour_and_again_a_day_later)
{
    struct zone *zone = zone_utc();
    struct now now = at_unix(SPRING);
    struct digest digest = digest_daily(zone, 8 * 60, now);
    int64_t wake = digest_wake_at(&digest, now);
    ck_assert_int_eq(wake, now.mono_ms + 7 * HOUR_MS);
    now = at_unix(SPRING + 7 * HOUR_MS - 1);
    ck_assert(!digest_is_due(&digest, now));
    now = at_unix(SPRING + 7 * HOUR_MS);
    ck_assert(digest_is_due(&digest, now));
    digest_advance(&digest, now);
    ck_assert(!digest_is_due(&digest, now));
    ck_assert_int_eq(digest_wake_at(&digest, now), now.mono_ms + DAY_MS);
    zone_free(zone);
}

TEST(digest, P13_in_the_night_that_skips_half_past_two_it_comes_behind_the_gap)
{
    struct zone *zone = berlin();
    if (!zone)
        return;
    struct now now = at_unix(SPRING - HOUR_MS);
    struct digest digest = digest_daily(zone, 2 * 60 + 30, now);
    ck_assert_int_eq(digest.due_ms, SPRING);
    now = at_unix(SPRING);
    ck_assert(digest_is_due(&digest, now));
    digest_advance(&digest, now);
    ck_assert_int_eq(digest.due_ms, SPRING + 23 * HOUR_MS + 30 * MINUTE_MS);
    zone_free(zone);
}

TEST(digest, P14_in_the_night_that_has_half_past_two_twice_it_comes_once)
{
    struct zone *zone = berlin();
    if (!zone)
        return;
    int64_t first = AUTUMN - 30 * MINUTE_MS;
    struct now now = at_unix(AUTUMN - 2 * HOUR_MS);
    struct digest digest = digest_daily(zone, 2 * 60 + 30, now);
    ck_assert_int_eq(digest.due_ms, first);
    digest_advance(&digest, at_unix(first));
    ck_assert_int_eq(digest.due_ms, first + 25 * HOUR_MS);
    zone_free(zone);
}

TEST(digest, P12_a_clock_that_steps_back_over_the_hour_brings_no_second_one)
{
    struct zone *zone = zone_utc();
    struct now now = at_unix(SPRING + 7 * HOUR_MS);
    struct digest digest = digest_daily(zone, 8 * 60, at_unix(SPRING));
    digest_advance(&digest, now);
    now.unix_ms -= MINUTE_MS;
    digest_clock_stepped(&digest, now);
    now.unix_ms += MINUTE_MS;
    ck_assert(!digest_is_due(&digest, now));
    zone_free(zone);
}

TEST(digest, D18_a_clock_that_comes_back_from_the_future_does_not_silence_it_for_years)
{
    struct zone *zone = zone_utc();
    struct now now = at_unix(SPRING);
    struct digest digest = digest_daily(zone, 8 * 60, now);
    now.unix_ms += 10 * 366 * DAY_MS;
    digest_advance(&digest, now);
    now.unix_ms -= 10 * 366 * DAY_MS;
    digest_clock_stepped(&digest, now);
    ck_assert_int_eq(digest.due_ms, SPRING + 7 * HOUR_MS);
    zone_free(zone);
}

TEST(digest, one_by_interval_keeps_its_beat_over_late_turns_and_restarts)
{
    struct now now = at_unix(SPRING);
    struct digest digest = digest_every(HOUR_MS, now);
    ck_assert(!digest_is_due(&digest, at_unix(SPRING + HOUR_MS - 1)));
    struct now late = at_unix(SPRING + HOUR_MS + 7 * MINUTE_MS);
    digest_advance(&digest, late);
    ck_assert_int_eq(digest_wake_at(&digest, late), now.mono_ms + 2 * HOUR_MS);
    int64_t stored = digest_save(&digest, late);
    struct now booted = { .mono_ms = 5000,
                          .unix_ms = SPRING + 4 * HOUR_MS + MINUTE_MS };
    digest = digest_every(HOUR_MS, booted);
    digest_load(&digest, stored, booted);
    ck_assert(digest_is_due(&digest, booted));
    ck_assert_int_eq(digest_wake_at(&digest, booted), booted.mono_ms);
    digest_advance(&digest, booted);
    ck_assert_int_eq(digest_wake_at(&digest, booted), booted.mono_ms + 59 * MINUTE_MS);
}

TEST(digest, a_stored_time_is_never_more_than_one_span_away)
{
    struct now now = at_unix(SPRING);
    struct digest digest = digest_every(HOUR_MS, now);
    digest_load(&digest, SPRING + 900 * DAY_MS, now);
    ck_assert_int_eq(digest_wake_at(&digest, now), now.mono_ms + HOUR_MS);
}

TEST(digest, a_daily_one_missed_while_nothing_ran_is_due_at_once)
{
    struct zone *zone = zone_utc();
    struct now now = at_unix(SPRING + 9 * HOUR_MS);
    struct digest digest = digest_daily(zone, 8 * 60, now);
    digest_load(&digest, SPRING + 7 * HOUR_MS, now);
    ck_assert(digest_is_due(&digest, now));
    digest_advance(&digest, now);
    ck_assert_int_eq(digest.due_ms, SPRING + 31 * HOUR_MS);
    zone_free(zone);
}
