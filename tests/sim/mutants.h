/**
 * The proof of the simulator itself: a bug is planted, and lives are lived until one
 * goes wrong that does not without the bug (`make mutants`).
 */
#ifndef TOCSIN_TESTS_SIM_MUTANTS_H
#define TOCSIN_TESTS_SIM_MUTANTS_H

#include "agent/base/slice.h"

#include <stdbool.h>
#include <stdint.h>

/** Who lives the lives. */
struct hunter {
    /** Live the lives of up to @seeds seeds from @from on. @return how many were good
     *  before the first that went wrong (*@why: borrowed until the next call) */
    uint64_t (*live)(void *ctx, uint64_t from, uint64_t seeds, const char **why);
    void *ctx;
    uint64_t from, seeds;
};

/** Hunt each planted bug, or that of @name alone (NULL: all), and print the table. Its
 *  last line is "N passed, N failed, N skipped". @return the exit status: 0 when each
 *  was found */
int mutants_hunt(const struct hunter *hunter, const char *name);

/** Plant the bug of @name for all lives to come. @return false: there is none. */
bool mutants_plant(const char *name);

#endif
