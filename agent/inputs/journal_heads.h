/**
 * With which entry the files of a journal begin. The library does not say which file an
 * entry is in; the head of a file says the sequence and the numbers of its entries
 * (systemd.io/JOURNAL_FILE_FORMAT).
 */
#ifndef TOCSIN_INPUTS_JOURNAL_HEADS_H
#define TOCSIN_INPUTS_JOURNAL_HEADS_H

#include "agent/inputs/journal_folders.h"

/** Zero-initialised knows nothing. It remembers the file that was asked for last, so a
 *  flood of equal entries costs one look at the folders for all that is there. */
struct journal_heads {
    char sequence[JOURNAL_BOOT_BYTES];
    uint64_t from, until; /**< no file begins with a number in from <= number < until */
};

/** Is the entry with that number the first of a file? A file that cannot be read may
 *  begin with it. */
bool journal_heads_have(struct journal_heads *heads,
                        const struct journal_folders *folders, struct slice sequence,
                        uint64_t number);

#endif
