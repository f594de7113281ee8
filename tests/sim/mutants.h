/**
 * The proof of the simulator itself: a bug is planted, and lives are lived until one
 * goes wrong that does not without the bug (`make mutants`).
 */
#ifndef TOCSIN_TESTS_SIM_MUTANTS_H
#define TOCSIN_TESTS_SIM_MUTANTS_H

#include "agent/base/slice.h"

#include <stdint.h>

/** Who lives the lives. */
struct hunter {
    /** @return whether the life of @seed goes wrong; *@why, if so: borrowed until the
     *  next call. */
    bool (*is_bad)(void *ctx, uint64_t seed, const char **why);
    void *ctx;
    uint64_t from, seeds;
};

/** Hunt each planted bug, or that of @name alone (NULL: all), and print the table. Its
 *  last line is "N passed, N failed, N skipped".
 *  @return the exit status: 0 when each was found */
int mutants_hunt(const struct hunter *hunter, const char *name);

#endif
