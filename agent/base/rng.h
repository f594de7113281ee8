/** Random numbers behind a seed, so that a simulated run repeats. Not for secrets. */
#ifndef TOCSIN_BASE_RNG_H
#define TOCSIN_BASE_RNG_H

#include <stdint.h>

/** xoshiro256** (Blackman and Vigna, prng.di.unimi.it). */
struct rng {
    uint64_t s[4];
};

void rng_seed(struct rng *rng, uint64_t seed);
uint64_t rng_next(struct rng *rng);

/** @value times a factor drawn evenly from [1 - @percent/100, 1 + @percent/100],
 *  @percent in [0, 100]. NEVER_MS, and what the jitter could carry past it, stays as it
 *  is. */
int64_t rng_jitter(struct rng *rng, int64_t value, int percent);

/** @value or up to a quarter more: for a wait that may not be shorter than it is, and
 *  after which not everybody is to come at once. Edges as with rng_jitter(). */
int64_t rng_later(struct rng *rng, int64_t value);

/** A seed from the kernel. */
uint64_t rng_system_seed(void);

#endif
