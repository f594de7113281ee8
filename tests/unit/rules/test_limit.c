/** A bucket lets its size go at once and then refills evenly. */
#include "rules/limit.h"

#include "test.h"

TEST(limit, a_full_bucket_goes_at_once_and_no_more)
{
    struct limit limit = limit_make(3, HOUR_MS, 1000);
    for (int i = 0; i < 3; i++)
        ck_assert(limit_take(&limit, 1000));
    ck_assert(!limit_take(&limit, 1000));
}

TEST(limit, tokens_come_back_one_by_one_at_the_moment_it_names)
{
    struct limit limit = limit_make(12, HOUR_MS, 0);
    for (int i = 0; i < 12; i++)
        ck_assert(limit_take(&limit, 0));
    ck_assert(!limit_take(&limit, 0));
    for (int i = 1; i <= 50; i++) {
        int64_t at = limit_ready_at(&limit);
        ck_assert_int_eq(at, i * 5 * MINUTE_MS);
        ck_assert(!limit_take(&limit, at - 1));
        ck_assert(limit_take(&limit, at));
    }
}

TEST(limit, nothing_is_lost_to_rounding)
{
    struct limit limit = limit_make(7, 1000, 0);
    int taken = 0;
    for (int64_t at = 0; at <= 100000; at++)
        taken += limit_take(&limit, at);
    ck_assert_int_eq(taken, 7 + 700);
}

TEST(limit, a_long_rest_fills_the_bucket_and_not_more)
{
    struct limit limit = limit_make(100000, 366 * DAY_MS, 0);
    int64_t late = 100 * 366 * DAY_MS;
    int taken = 0;
    while (limit_take(&limit, 0))
        taken++;
    while (limit_take(&limit, late))
        taken++;
    ck_assert_int_eq(taken, 200000);
}

TEST(limit, no_limit_lets_all_go)
{
    struct limit limit = limit_make(0, 0, 0);
    for (int i = 0; i < 1000; i++)
        ck_assert(limit_take(&limit, 0));
}

TEST(limit, what_was_used_stays_used_over_a_restart)
{
    struct limit limit = limit_make(2, HOUR_MS, 0);
    limit_restore(&limit, 0, HOUR_MS, 10 * MINUTE_MS);
    ck_assert_int_eq(limit_ready_at(&limit), 20 * MINUTE_MS);
    limit = limit_make(2, HOUR_MS, 0);
    limit_restore(&limit, 0, HOUR_MS, 30 * MINUTE_MS);
    ck_assert(limit_take(&limit, 0));
    ck_assert(!limit_take(&limit, 0));
}

TEST(limit, a_changed_limit_keeps_whole_mails_only)
{
    struct limit limit = limit_make(2, DAY_MS, 0);
    limit_restore(&limit, 5 * HOUR_MS + 1, HOUR_MS, 0);
    ck_assert(limit_take(&limit, 0));
    ck_assert(limit_take(&limit, 0));
    ck_assert(!limit_take(&limit, 0));
    limit = limit_make(2, DAY_MS, 0);
    limit_restore(&limit, HOUR_MS - 1, HOUR_MS, -5);
    ck_assert(!limit_take(&limit, 0));
}
