/** When the service manager is told that all is well. */
#include "agent/watchdog.h"

#include <unistd.h>

#include "agent/base/now.h"
#include "test.h"

enum { EVERY_MS = 1000 };

static struct watchdog watched(void)
{
    return (struct watchdog){ .every_ms = EVERY_MS };
}

TEST(watchdog, without_a_service_manager_nobody_is_told)
{
    struct watchdog watchdog = { 0 };
    ck_assert(!watchdog_sees(&watchdog, 1, NEVER_MS, 5000));
    ck_assert_int_eq(watchdog_wake_at(&watchdog), NEVER_MS);
}

TEST(watchdog, it_is_fed_twice_in_the_time_that_the_service_manager_waits)
{
    setenv("WATCHDOG_USEC", "60000000", 1);
    unsetenv("WATCHDOG_PID");
    ck_assert_int_eq(watchdog_of_service().every_ms, 30 * SECOND_MS);
}

TEST(watchdog, the_watchdog_of_another_process_is_not_ours)
{
    setenv("WATCHDOG_USEC", "60000000", 1);
    setenv("WATCHDOG_PID", "1", 1);
    ck_assert_int_eq(watchdog_of_service().every_ms, 0);
}

TEST(watchdog, an_agent_that_has_nothing_to_do_is_well)
{
    struct watchdog watchdog = watched();
    int64_t now_ms = 5000;
    for (int i = 0; i < 3; i++) {
        ck_assert(watchdog_sees(&watchdog, 7, NEVER_MS, now_ms));
        now_ms = watchdog_wake_at(&watchdog);
    }
}

TEST(watchdog, it_is_not_fed_before_it_is_due)
{
    struct watchdog watchdog = watched();
    ck_assert(watchdog_sees(&watchdog, 1, NEVER_MS, 5000));
    ck_assert(!watchdog_sees(&watchdog, 2, NEVER_MS, 5000 + EVERY_MS - 1));
    ck_assert(watchdog_sees(&watchdog, 3, NEVER_MS, 5000 + EVERY_MS));
}

TEST(watchdog, an_agent_that_is_behind_and_gets_on_is_well)
{
    struct watchdog watchdog = watched();
    for (int64_t now_ms = 5000; now_ms < 9000; now_ms += EVERY_MS)
        ck_assert(watchdog_sees(&watchdog, (uint64_t)now_ms, now_ms, now_ms));
}

TEST(watchdog, P19_an_agent_that_spins_without_getting_on_is_not_fed)
{
    struct watchdog watchdog = watched();
    ck_assert(watchdog_sees(&watchdog, 7, 5000, 5000));
    for (int64_t now_ms = 5000; now_ms < 90000; now_ms += 100)
        ck_assert(!watchdog_sees(&watchdog, 7, now_ms - 1, now_ms));
    ck_assert(watchdog_sees(&watchdog, 8, 90000, 90000));
}

TEST(watchdog, one_rest_between_two_feedings_is_enough)
{
    struct watchdog watchdog = watched();
    ck_assert(watchdog_sees(&watchdog, 7, 5000, 5000));
    ck_assert(!watchdog_sees(&watchdog, 7, NEVER_MS, 5500));
    ck_assert(watchdog_sees(&watchdog, 7, 6000, 6000));
}
