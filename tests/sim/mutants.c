/** One row a bug: how many seeds it took, and what the oracle said. */
#include "mutants.h"

#include <stdio.h>
#include <string.h>

#include "agent/base/plant.h"

#ifdef TOCSIN_PLANTS

static bool is_bad(const struct hunter *hunter, enum plant plant, uint64_t seed,
                   const char **why)
{
    plant_choose(plant);
    return hunter->live(hunter->ctx, seed, 1, why) == 0;
}

/** Does the life of @seed go wrong because of @plant alone? */
static bool is_killed_by(const struct hunter *hunter, enum plant plant, uint64_t seed,
                         const char **why)
{
    return !is_bad(hunter, PLANT_NONE, seed, why) && is_bad(hunter, plant, seed, why);
}

/** @return how many seeds it took; 0: it was not found. */
static uint64_t hunt(const struct hunter *hunter, enum plant plant, const char **why)
{
    for (uint64_t i = 0; i < hunter->seeds; i++) {
        plant_choose(plant);
        i += hunter->live(hunter->ctx, hunter->from + i, hunter->seeds - i, why);
        if (i < hunter->seeds && is_killed_by(hunter, plant, hunter->from + i, why))
            return i + 1;
    }
    return 0;
}

static void print_row(enum plant plant, uint64_t took, const char *why)
{
    char seeds[32] = "-";
    if (took > 0)
        snprintf(seeds, sizeof seeds, "%llu", (unsigned long long)took);
    printf("%-22s %6s  %s\n", plants[plant].name, seeds, plants[plant].what);
    if (took > 0)
        printf("%-22s %6s  -> %.160s\n", "", "", why);
    fflush(stdout);
}

int mutants_hunt(const struct hunter *hunter, const char *name)
{
    uint64_t longest = 0;
    int found = 0, missed = 0;
    printf("%-22s %6s  %s\n", "bug", "seeds", "what is wrong with it");
    for (int i = PLANT_NONE + 1; i < PLANT_COUNT; i++) {
        const char *why = "";
        if (name && strcmp(plants[i].name, name) != 0)
            continue;
        uint64_t took = hunt(hunter, (enum plant)i, &why);
        print_row((enum plant)i, took, why);
        found += took > 0;
        missed += took == 0;
        longest = took > longest ? took : longest;
    }
    printf(
        "%d of %d planted bugs found, from seed %llu on, the last after %llu seeds\n",
        found, found + missed, (unsigned long long)hunter->from,
        (unsigned long long)longest);
    printf("%d passed, %d failed, 0 skipped\n", found, missed);
    return missed > 0 || found == 0;
}

bool mutants_plant(const char *name)
{
    for (int i = 0; i < PLANT_COUNT; i++) {
        if (strcmp(plants[i].name, name) == 0) {
            plant_choose((enum plant)i);
            return true;
        }
    }
    return false;
}

#else

bool mutants_plant(const char *name)
{
    (void)name;
    return false;
}

int mutants_hunt(const struct hunter *hunter, const char *name)
{
    (void)hunter;
    (void)name;
    fprintf(stderr, "sim: bugs are planted in tests/sim/planted only\n");
    return 64;
}

#endif
