/** Waits of an account: as long as was asked for, and not the same for everybody. */
#include "outputs/hold.h"

#include "outputs/reply.h"

#include "test.h"

enum { HOSTS = 200 };

static int64_t first_wait_ms(const struct verdict *verdict, uint64_t seed)
{
    struct rng rng;
    struct hold hold = { 0 };
    const struct smtp_reply reply = reply_of_network(PHASE_AUTH, SLICE("no"));
    const struct now now = { 1000, 2000 };
    rng_seed(&rng, seed);
    hold_begin(&hold, verdict, &reply, SLICE(""), now, &rng);
    ck_assert_int_eq(hold.until_unix_ms - now.unix_ms, hold.until_ms - now.mono_ms);
    return hold.until_ms - now.mono_ms;
}

/** Each host has its own seed: of 200 hosts no tenth of the span stays empty. */
static void must_be_spread(const struct verdict *verdict, int64_t least_ms,
                           int64_t most_ms)
{
    int tenths[10] = { 0 };
    for (uint64_t seed = 1; seed <= HOSTS; seed++) {
        int64_t wait = first_wait_ms(verdict, seed);
        ck_assert_int_ge(wait, least_ms);
        ck_assert_int_le(wait, most_ms);
        tenths[(wait - least_ms) * 10 / (most_ms - least_ms + 1)]++;
    }
    for (int i = 0; i < 10; i++)
        ck_assert_msg(tenths[i] > 0, "none in tenth %d of %lld to %lld ms", i,
                      (long long)least_ms, (long long)most_ms);
}

TEST(hold, S15_many_hosts_that_were_refused_together_do_not_come_back_together)
{
    int count = 0;
    for (size_t i = 0; i < verdict_row_count; i++) {
        const struct verdict *verdict = &verdict_table[i].verdict;
        if (verdict->scope == SCOPE_NETWORK && verdict->outcome == OUTCOME_LATER)
            must_be_spread(verdict, 22500, 37500);
        else if (verdict->scope == SCOPE_ACCOUNT)
            must_be_spread(verdict, verdict->wait_ms, verdict->wait_ms * 5 / 4);
        else
            continue;
        count++;
    }
    ck_assert_int_gt(count, 50);
}
