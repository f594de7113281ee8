/** The kernel's clocks, as far as a test may ask: it must not know what time it is. */
#include "agent/base/clock.h"

#include "test.h"

TEST(clock, the_clock_for_intervals_never_steps_back)
{
    struct clock_source clock = clock_real();
    struct now before = clock_read(&clock);
    ck_assert_int_gt(before.mono_ms, 0);
    for (int i = 0; i < 1000; i++) {
        struct now now = clock_read(&clock);
        ck_assert_int_ge(now.mono_ms, before.mono_ms);
        before = now;
    }
}

TEST(clock, never_stays_never_whatever_is_added)
{
    ck_assert_int_eq(later_by_ms(NEVER_MS, 1), NEVER_MS);
    ck_assert_int_eq(later_by_ms(1, NEVER_MS), NEVER_MS);
    ck_assert_int_eq(later_by_ms(1, NEVER_MS - 1), NEVER_MS);
    ck_assert_int_eq(later_by_ms(2, 3), 5);
    ck_assert_int_eq(earlier_ms(NEVER_MS, 7), 7);
}
