/** A token bucket in whole numbers: one mail costs per_ms, one millisecond brings
 *  `mails`. */
#include "rules/limit.h"

static int64_t full(const struct limit *limit)
{
    return limit->mails * limit->per_ms;
}

static void refill(struct limit *limit, int64_t mono_ms)
{
    int64_t passed_ms = mono_ms - limit->at_ms;
    if (passed_ms <= 0)
        return;
    /* More than per_ms brings no more than a full bucket, and could overflow. */
    if (passed_ms > limit->per_ms)
        passed_ms = limit->per_ms;
    int64_t credit = limit->credit + passed_ms * limit->mails;
    limit->credit = earlier_ms(credit, full(limit));
    limit->at_ms = mono_ms;
}

struct limit limit_make(int64_t mails, int64_t per_ms, int64_t mono_ms)
{
    return (struct limit){ mails, per_ms, mails * per_ms, mono_ms };
}

bool limit_take(struct limit *limit, int64_t mono_ms)
{
    if (limit->mails == 0)
        return true;
    refill(limit, mono_ms);
    if (limit->credit < limit->per_ms)
        return false;
    limit->credit -= limit->per_ms;
    return true;
}

int64_t limit_ready_at(const struct limit *limit)
{
    if (limit->mails == 0 || limit->credit >= limit->per_ms)
        return limit->at_ms;
    int64_t missing = limit->per_ms - limit->credit;
    return limit->at_ms + (missing + limit->mails - 1) / limit->mails;
}

void limit_restore(struct limit *limit, int64_t credit, int64_t per_ms, int64_t age_ms)
{
    int64_t mono_ms = limit->at_ms;
    if (limit->mails == 0 || per_ms <= 0 || credit < 0)
        return;
    if (per_ms != limit->per_ms)
        credit = earlier_ms(credit / per_ms, limit->mails) * limit->per_ms;
    limit->credit = earlier_ms(credit, full(limit));
    limit->at_ms = mono_ms - (age_ms > 0 ? earlier_ms(age_ms, limit->per_ms) : 0);
    refill(limit, mono_ms);
}
