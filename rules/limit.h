/**
 * A limit lets so many mails go in a span of time: a bucket of tokens that refills
 * evenly. It counts in parts of a token, so that nothing is lost to rounding.
 */
#ifndef TOCSIN_RULES_LIMIT_H
#define TOCSIN_RULES_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/base/now.h"

/** Zero-initialised: no limit. */
struct limit {
    int64_t mails;  /**< the bucket's size */
    int64_t per_ms; /**< an empty bucket is full again after this */
    int64_t
        credit; /**< at @at_ms; one mail costs per_ms, a millisecond brings `mails` */
    int64_t at_ms; /**< mono */
};

/** A full bucket. @mails 0: no limit. */
struct limit limit_make(int64_t mails, int64_t per_ms, int64_t mono_ms);

/** Take the token for one mail. @return false when there is
 *  none, see limit_ready_at(). */
bool limit_take(struct limit *limit, int64_t mono_ms);

/** The mono_ms from which limit_take() would succeed. */
int64_t limit_ready_at(const struct limit *limit);

/** Take back what a limit held: @credit of a bucket with @per_ms, seen @age_ms ago.
 *  Where the configuration changed in between, whole mails are kept. */
void limit_restore(struct limit *limit, int64_t credit, int64_t per_ms, int64_t age_ms);

#endif
