/**
 * How long a thread took, on a machine that others use as well.
 */
#ifndef TOCSIN_TESTS_UNIT_OWN_TIME_H
#define TOCSIN_TESTS_UNIT_OWN_TIME_H

#include <stdint.h>

/** Microseconds that have gone by for this thread: while it ran, and while it slept or
 *  waited in a call, but not while it only waited for a processor. Only differences
 *  mean something. Source: proc(5), schedstat. */
int64_t own_time_us(void);

#endif
