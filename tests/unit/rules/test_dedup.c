/** What dedup finds, beside a plain list. */
#include "rules/dedup.h"

#include "agent/base/rng.h"
#include "rules/alert_state.h"
#include "test.h"

enum { ALERTS = 3000, FINGERPRINTS = 1000, STEPS = 30000 };

static size_t chained(const struct dedup *dedup, uint64_t fingerprint)
{
    size_t count = 0;
    const struct alert *alert = dedup_find(dedup, fingerprint);
    for (; alert; alert = dedup_next(dedup, alert), count++)
        ck_assert_uint_eq(alert->fingerprint, fingerprint);
    return count;
}

/** As many are open as the list says, for each fingerprint. */
static void compare(const struct dedup *dedup, struct alert *const *all)
{
    size_t open[FINGERPRINTS + 1] = { 0 };
    for (int i = 0; i < ALERTS; i++)
        open[all[i]->fingerprint]++;
    for (uint64_t i = 1; i <= FINGERPRINTS; i++)
        ck_assert_uint_eq(chained(dedup, i), open[i]);
}

TEST(dedup, whatever_opens_and_closes_each_open_alert_is_found)
{
    static struct alert *all[ALERTS];
    struct pieces pieces = { 0 };
    struct dedup dedup = { .pieces = &pieces };
    struct rng rng;
    rng_seed(&rng, 3);
    for (int i = 0; i < ALERTS; i++)
        all[i] = alert_create(SLICE("\0"), 1);
    for (int step = 0; step < STEPS; step++) {
        struct alert *alert = all[rng_next(&rng) % ALERTS];
        if (alert->fingerprint != 0) {
            dedup_close(&dedup, alert);
        } else {
            alert->fingerprint = rng_next(&rng) % FINGERPRINTS + 1;
            dedup_open(&dedup, alert);
        }
        if (step % 1000 == 0)
            compare(&dedup, all);
    }
    compare(&dedup, all);
    for (int i = 0; i < ALERTS; i++)
        dedup_close(&dedup, all[i]);
    compare(&dedup, all);
    ck_assert_uint_eq(dedup.slots_used, 0);
    for (int i = 0; i < ALERTS; i++)
        alert_free(all[i]);
    dedup_free(&dedup);
    pieces_free(&pieces);
}
