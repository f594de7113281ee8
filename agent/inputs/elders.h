/**
 * What lay last at a path where nothing lies now, after it was read to its end or given
 * up. It is remembered until something lies there again, because whatever of that path
 * came and went unseen since is younger than it, and everything else is not new.
 *
 * At most LIMIT_ELDERS, each for ELDER_MS at most. Past that the one remembered longest
 * is forgotten, which costs lines only when a log appears again and is rotated away
 * between two looks.
 */
#ifndef TOCSIN_INPUTS_ELDERS_H
#define TOCSIN_INPUTS_ELDERS_H

#include "agent/inputs/tail.h"

#define ELDER_MS (7 * DAY_MS)

/** Let @file, which is followed, be remembered alone. Its row stays. */
void elders_put(struct tail *tail, struct tail_file *file);
/** One out of the store, owned from here on, that was saved at @saved_ms (unix). */
void elders_restore(struct tail *tail, struct tail_file *file, int64_t saved_ms);

/** The one of @path, or NULL. */
struct tail_file *elders_find(const struct tail *tail, const char *path);
/** Forget the one of @path, if there is one, and its row as well unless @keeps_row. */
void elders_forget(struct tail *tail, const char *path, bool keeps_row);
void elders_forget_all(struct tail *tail);

/** Look whether anything came and went, or lies at a path again. */
void elders_sweep(struct tail *tail);

/** Walk over all: start with *@at = 0. NULL: the end. */
struct tail_file *elders_next(const struct tail *tail, size_t *at);

#endif
