/**
 * The oracle at the store: what is on the disk when the process is gone, looked at
 * before the next one starts (shared/facts/faults.md 4.3, check 1).
 */
#ifndef TOCSIN_TESTS_SIM_SHELF_H
#define TOCSIN_TESTS_SIM_SHELF_H

#include <stdbool.h>

struct sim;

/** Is the store whole, does each accepted mail stand in it, and is what it counted what
 *  was there to be counted? With @is_end everything must have been, too. */
void shelf_check(struct sim *sim, bool is_end);

#endif
