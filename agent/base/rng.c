/** xoshiro256**, seeded by splitmix64 as its authors advise. */
#include "agent/base/rng.h"

#include <errno.h>
#include <sys/random.h>
#include <sys/types.h>

#include "agent/base/must.h"

static uint64_t rotate_left(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

void rng_seed(struct rng *rng, uint64_t seed)
{
    for (int i = 0; i < 4; i++) {
        seed += UINT64_C(0x9e3779b97f4a7c15);
        uint64_t z = seed;
        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        rng->s[i] = z ^ (z >> 31);
    }
}

uint64_t rng_next(struct rng *rng)
{
    uint64_t *s = rng->s;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

int64_t rng_jitter(struct rng *rng, int64_t value, int percent)
{
    must(percent >= 0 && percent <= 100);
    if (value <= 0 || value > INT64_MAX / 200)
        return value;
    int64_t width = value * percent / 100;
    return value - width + (int64_t)(rng_next(rng) % (uint64_t)(2 * width + 1));
}

int64_t rng_later(struct rng *rng, int64_t value)
{
    if (value <= 0 || value > INT64_MAX / 200)
        return value;
    return value + rng_jitter(rng, value / 8, 100);
}

uint64_t rng_system_seed(void)
{
    uint64_t seed = 0;
    ssize_t got;
    do
        got = getrandom(&seed, sizeof seed, 0);
    while (got < 0 && errno == EINTR);
    must(got == sizeof seed);
    return seed;
}
