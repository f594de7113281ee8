/** Where reading stands, in the store: rows of files and of sources that were
 *  started. */
#ifndef TOCSIN_INPUTS_POSITIONS_H
#define TOCSIN_INPUTS_POSITIONS_H

#include "agent/inputs/tail.h"

/** Restore the files of the store that a source wants and nobody follows yet, and find
 *  out which sources start for the first time ever. Rows that no source has wanted for
 *  KEEP_ROWS_MS are marked for deletion. */
void positions_load(struct tail *tail);

/** Write what changed since the last commit. May be repeated. */
void positions_save(struct tail *tail, struct now now);
/** What was written is durable. */
void positions_committed(struct tail *tail);

#endif
