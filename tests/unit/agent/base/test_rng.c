/** Random numbers repeat with their seed and stay within what was asked for. */
#include "agent/base/rng.h"

#include "agent/base/now.h"
#include "test.h"

/* The first outputs for the state {1, 2, 3, 4}, as the authors' reference code gives
 * them. */
TEST(rng, the_sequence_is_the_reference_one)
{
    struct rng rng = { { 1, 2, 3, 4 } };
    ck_assert_uint_eq(rng_next(&rng), 11520);
    ck_assert_uint_eq(rng_next(&rng), 0);
    ck_assert_uint_eq(rng_next(&rng), 1509978240);
    ck_assert_uint_eq(rng_next(&rng), UINT64_C(1215971899390074240));
}

TEST(rng, the_same_seed_gives_the_same_numbers)
{
    struct rng a, b, c;
    rng_seed(&a, 7);
    rng_seed(&b, 7);
    rng_seed(&c, 8);
    ck_assert_uint_ne(rng_next(&c), rng_next(&a));
    (void)rng_next(&b);
    for (int i = 0; i < 100; i++)
        ck_assert_uint_eq(rng_next(&a), rng_next(&b));
}

TEST(rng, jitter_stays_within_its_percents_and_uses_them)
{
    struct rng rng;
    rng_seed(&rng, 3);
    int64_t least = INT64_MAX, most = 0;
    for (int i = 0; i < 10000; i++) {
        int64_t value = rng_jitter(&rng, 50, 20);
        ck_assert_int_ge(value, 40);
        ck_assert_int_le(value, 60);
        least = value < least ? value : least;
        most = value > most ? value : most;
    }
    ck_assert_int_eq(least, 40);
    ck_assert_int_eq(most, 60);
}

TEST(rng, a_later_time_is_never_earlier_and_at_most_a_quarter_later)
{
    struct rng rng;
    int64_t least = INT64_MAX, most = 0;
    rng_seed(&rng, 1);
    for (int i = 0; i < 2000; i++) {
        int64_t value = rng_later(&rng, 800);
        least = value < least ? value : least;
        most = value > most ? value : most;
    }
    ck_assert_int_eq(least, 800);
    ck_assert_int_eq(most, 1000);
    ck_assert_int_eq(rng_later(&rng, NEVER_MS), NEVER_MS);
    ck_assert_int_eq(rng_later(&rng, 0), 0);
}

TEST(rng, jitter_never_goes_below_zero_or_past_the_end)
{
    struct rng rng;
    rng_seed(&rng, 4);
    for (int i = 0; i < 1000; i++) {
        ck_assert_int_ge(rng_jitter(&rng, HOUR_MS, 100), 0);
        ck_assert_int_eq(rng_jitter(&rng, NEVER_MS, 50), NEVER_MS);
        ck_assert_int_eq(rng_jitter(&rng, 0, 50), 0);
        ck_assert_int_eq(rng_jitter(&rng, 1000, 0), 1000);
    }
}

TEST(rng, two_seeds_of_the_kernel_differ)
{
    ck_assert_uint_ne(rng_system_seed(), rng_system_seed());
}
