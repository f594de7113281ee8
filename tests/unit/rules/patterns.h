/** Patterns by chance, and lines that they match or nearly match. */
#ifndef TOCSIN_TESTS_UNIT_RULES_PATTERNS_H
#define TOCSIN_TESTS_UNIT_RULES_PATTERNS_H

#include "agent/base/buf.h"
#include "agent/base/rng.h"

static inline size_t roll(struct rng *rng, size_t below)
{
    return (size_t)(rng_next(rng) % below);
}

/** One of a grammar that knows most of what PCRE2 does; it may refuse it all the
 *  same. */
void put_pattern(struct rng *rng, struct buf *out);

/** Something that @pattern might match. */
void put_sample(struct rng *rng, struct buf *out, struct slice pattern);

/** A byte is changed, dropped, doubled or put in, a few times. There is no line feed in
 *  @text afterwards. @bytes: to put in */
void mutate(struct rng *rng, struct buf *text, const char *bytes);

#endif
