/**
 * Does the time of comparing a token say how much of a guess is right? Welch's t
 * between two kinds of guesses: one that shares nothing with the token, and one that is
 * wrong in its last character only (Reparaz, Balasch, Verbauwhede: "Dude, is my code
 * constant time?", 2016). |t| < 4.5: no.
 *
 *   token FILE TOKEN SAMPLES     prints "<t> <mean of one, ns> <mean of the other, ns>"
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "agent/base/must.h"
#include "agent/base/rng.h"
#include "agent/inputs/http/keys.h"

struct sum {
    double count, mean, square; /* Welford's */
};

static int64_t now_ns(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
}

static void add(struct sum *sum, double value)
{
    double delta = value - sum->mean;
    sum->count++;
    sum->mean += delta / sum->count;
    sum->square += delta * (value - sum->mean);
}

static double variance_of_mean(const struct sum *sum)
{
    return sum->square / (sum->count - 1) / sum->count;
}

int main(int argc, char **argv)
{
    struct rng rng;
    struct sum sums[2] = { { 0 } };
    char guesses[2][100], guess[100];
    must(argc == 4 && strlen(argv[2]) < sizeof guesses[0] && strlen(argv[2]) > 0);
    struct http_token_config token = { .file = { slice_of(argv[1]), NULL } };
    struct http_config config = { .tokens = { &token, 1 } };
    struct http_keys *keys = http_keys_create(&config, NULL);
    size_t len = strlen(argv[2]);
    memset(guesses[0], '#', len);
    memcpy(guesses[1], argv[2], len);
    guesses[1][len - 1] = '#';
    rng_seed(&rng, rng_system_seed());
    for (long i = strtol(argv[3], NULL, 10); i > 0; i--) {
        size_t kind = rng_next(&rng) >> 63;
        memcpy(guess, guesses[kind], len); /* both from one place, or it is measured */
        int64_t began_ns = now_ns();
        must(http_keys_scopes(keys, slice_make(guess, len)) == 0);
        int64_t took_ns = now_ns() - began_ns;
        if (took_ns < 20000) /* else somebody else had the core */
            add(&sums[kind], (double)took_ns);
    }
    double t = (sums[0].mean - sums[1].mean) /
               sqrt(variance_of_mean(&sums[0]) + variance_of_mean(&sums[1]));
    printf("%.2f %.1f %.1f\n", t, sums[0].mean, sums[1].mean);
    http_keys_free(keys);
    return 0;
}
