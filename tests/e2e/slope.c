/**
 * Does a figure grow? Theil and Sen's slope (the median of the slopes of all pairs) of
 * samples, and its confidence interval of 95 % by bootstrap:
 *
 *     slope NAME UNIT EVENTS <samples      lines "SECONDS VALUE", in order of time
 *
 * The first tenth is left out: that is warming up. Prints the slope an hour and, with
 * EVENTS (of the whole time) above 0, for a million events. Ends with 1 when the whole
 * interval is above nought. Sources: Theil 1950, Sen 1968; Efron 1979.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/must.h"
#include "agent/base/rng.h"

enum { MOST_SAMPLES = 720, DRAWS = 400, PAIRS_A_DRAW = 4000, HOUR_S = 3600 };

struct sample {
    double at, value;
};

static int order(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median_of(double *values, size_t count)
{
    qsort(values, count, sizeof *values, order);
    return count % 2 ? values[count / 2]
                     : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static double all_pairs(const struct sample *samples, size_t count)
{
    size_t used = 0;
    double *slopes = calloc(count * count, sizeof *slopes);
    must(slopes != NULL);
    for (size_t i = 0; i < count; i++)
        for (size_t j = i + 1; j < count; j++)
            if (samples[j].at > samples[i].at)
                slopes[used++] = (samples[j].value - samples[i].value) /
                                 (samples[j].at - samples[i].at);
    must(used > 0);
    double slope = median_of(slopes, used);
    free(slopes);
    return slope;
}

/** The slope of samples that were drawn with putting back: pairs of them at random. */
static double drawn_pairs(const struct sample *samples, size_t count, struct rng *rng)
{
    static size_t drawn[MOST_SAMPLES];
    static double slopes[PAIRS_A_DRAW];
    size_t used = 0;
    for (size_t i = 0; i < count; i++)
        drawn[i] = rng_next(rng) % count;
    while (used < PAIRS_A_DRAW) {
        const struct sample *a = &samples[drawn[rng_next(rng) % count]];
        const struct sample *b = &samples[drawn[rng_next(rng) % count]];
        if (a->at != b->at)
            slopes[used++] = (b->value - a->value) / (b->at - a->at);
    }
    return median_of(slopes, used);
}

static size_t read_samples(struct sample *samples)
{
    char line[128];
    size_t count = 0;
    while (count < MOST_SAMPLES && fgets(line, sizeof line, stdin)) {
        char *end;
        samples[count].at = strtod(line, &end);
        samples[count++].value = strtod(end, NULL);
    }
    return count;
}

int main(int argc, char **argv)
{
    static struct sample samples[MOST_SAMPLES];
    static double slopes[DRAWS];
    struct rng rng;
    if (argc != 4) {
        fprintf(stderr, "usage: see the head of tests/e2e/slope.c\n");
        return 64;
    }
    size_t all = read_samples(samples), skipped = all / 10, count = all - skipped;
    if (count < 10) {
        printf("%s: %zu samples are too few\n", argv[1], all);
        return 64;
    }
    const struct sample *from = samples + skipped;
    rng_seed(&rng, 1);
    for (size_t i = 0; i < DRAWS; i++)
        slopes[i] = drawn_pairs(from, count, &rng);
    qsort(slopes, DRAWS, sizeof *slopes, order);
    double slope = all_pairs(from, count), low = slopes[DRAWS / 40],
           high = slopes[DRAWS - 1 - DRAWS / 40];
    double took = samples[all - 1].at - samples[0].at;
    double events = strtod(argv[3], NULL), million = events / took / 1e6;
    printf("%s: last %.0f %s, slope %+.2f %s an hour, 95 %% between %+.2f and %+.2f",
           argv[1], samples[all - 1].value, argv[2], slope * HOUR_S, argv[2],
           low * HOUR_S, high * HOUR_S);
    if (events > 0)
        printf("; for a million events %+.2f, at most %+.2f", slope / million,
               high / million);
    printf(" (%zu samples)\n", count);
    return low > 0;
}
