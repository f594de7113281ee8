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

/* --- what Google asks for by HTTPS ------------------------------------------------ */

static int64_t asked_ms(enum smtp_phase phase, const char *text)
{
    struct smtp_reply reply = { .phase = phase, .code = 429 };
    snprintf(reply.text, sizeof reply.text, "%s", text);
    return reply_wait_ms(&reply, (struct now){ .unix_ms = INT64_C(1795824000000) });
}

TEST(hold, a_time_to_retry_at_is_kept_and_nobody_else_can_ask_for_it)
{
    /* now: 2026-11-28 00:00:00 UTC */
    static const char later[] = "Limit exceeded. Retry after 2026-11-28T01:30:00.500Z";
    ck_assert_int_eq(asked_ms(PHASE_API, later), 90 * MINUTE_MS);
    ck_assert_int_eq(asked_ms(PHASE_DOT, later), 0);
    ck_assert_int_eq(asked_ms(PHASE_API, "Retry after 2026-11-27T23:00:00Z"), 0);
    ck_assert_int_eq(asked_ms(PHASE_API, "Retry after 2036-11-27T23:00:00Z"), DAY_MS);
    ck_assert_int_eq(asked_ms(PHASE_TOKEN, "busy (retry after 120 s)"), 2 * MINUTE_MS);
    ck_assert_int_eq(asked_ms(PHASE_API, "retry after 99999999999999999999 s"), 0);
    ck_assert_int_eq(asked_ms(PHASE_API, "Retry after 2026-13-40T00:00:00Z"), 0);
    ck_assert_int_eq(asked_ms(PHASE_API, "Retry after lunch"), 0);
    ck_assert_int_eq(asked_ms(PHASE_WEBHOOK, "retry after lunch (retry after 90 s)"),
                     90 * SECOND_MS);
}

TEST(hold, the_account_waits_until_the_time_to_retry_at)
{
    struct hold hold = { 0 };
    struct rng rng;
    struct now now = { .mono_ms = 1000, .unix_ms = INT64_C(1795824000000) };
    struct smtp_reply reply = { .phase = PHASE_API, .code = 429 };
    snprintf(reply.text, sizeof reply.text,
             "User-rate limit exceeded.  Retry after 2026-11-28T05:00:00.000Z");
    rng_seed(&rng, 1);
    hold_begin(&hold, verdict_of(&reply), &reply, SLICE(""), now, &rng);
    ck_assert_int_ge(hold.until_unix_ms - now.unix_ms, 5 * HOUR_MS);
    ck_assert_int_le(hold.until_unix_ms - now.unix_ms, 5 * HOUR_MS * 5 / 4);
}
