/**
 * Which files of a journal are damaged. The library leaves out a file whose header is
 * broken, and drops one in which it meets a broken entry, and says nothing of either;
 * but it says how much room the files have that it still reads.
 */
#ifndef TOCSIN_INPUTS_JOURNAL_DAMAGE_H
#define TOCSIN_INPUTS_JOURNAL_DAMAGE_H

#include "agent/inputs/journal_folders.h"
#include "agent/inputs/journal_ops.h"

/** Find what is not read in @folders.
 *  @used_bytes  of the files that are
 *  @can_open    can the file at this path be read on its own?
 *  @since_us    what was not written to since then is left out
 *  @return false when there is nothing */
bool journal_damage_find(const struct journal_folders *folders, uint64_t used_bytes,
                         bool (*can_open)(const char *path), int64_t since_us,
                         struct journal_damage *damage);

#endif
