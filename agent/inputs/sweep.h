/**
 * The sweep makes reading right where inotify only makes it early: it looks at every
 * file once in the time that the source gives, and walks the patterns again once a
 * minute, or in each sweep where a folder is not there or not watched.
 */
#ifndef TOCSIN_INPUTS_SWEEP_H
#define TOCSIN_INPUTS_SWEEP_H

#include "agent/inputs/tail.h"

/** Find the files of the source at @index of the list; its sweeps count from now. */
void sweep_begin(struct tail *tail, size_t index);

/** Look at what is due, and at everything when hints were lost. */
void sweep_run(struct tail *tail);

/** When that will be, on the monotonic clock. NEVER_MS: nothing is followed. */
int64_t sweep_wake_at(const struct tail *tail);

/** Nothing that was known of calm files can be relied on. */
void sweep_disturb_all(struct tail *tail);

#endif
