/**
 * The folders that journal files lie in, looked at without their library: it opens what
 * it can and says nothing of the rest.
 */
#ifndef TOCSIN_INPUTS_JOURNAL_FOLDERS_H
#define TOCSIN_INPUTS_JOURNAL_FOLDERS_H

#include "agent/inputs/journal_ops.h"

/* Further ones are only below a `directory` that gathers many machines. */
enum { JOURNAL_FOLDERS = 32 };

/** Zero-initialised, with @directory or @machine set, is ready for a survey. */
struct journal_folders {
    struct slice directory;           /**< borrowed; empty: of this host */
    char machine[JOURNAL_BOOT_BYTES]; /**< its id, by which its folders are named */
    char *items[JOURNAL_FOLDERS];     /**< owned */
    size_t count;
    int64_t changed_ns; /**< the sum of their times */
};

void journal_folders_clear(struct journal_folders *folders);

/** What is there, and how much of it may be read.
 *  @listing  a hash of the names, or NULL */
struct journal_health journal_folders_survey(struct journal_folders *folders,
                                             uint64_t *listing);
/** Is a journal of that health worth opening? Fails: ERR_MISSING, ERR_DENIED. */
bool journal_folders_usable(const struct journal_folders *folders,
                            const struct journal_health *health, struct err *err);

/** Is that the name of a journal file? */
bool journal_folders_is_file(const char *name);

/** Remember the times of the folders. */
void journal_folders_note(struct journal_folders *folders);
/** Came, went or was renamed a file since? Where the file system has coarse times,
 *  what changes twice within one tick can go unnoticed. */
bool journal_folders_changed(const struct journal_folders *folders);

/** Are enough descriptors left that a library which just opened its files had enough?
 *  Fails: ERR_FULL. */
bool journal_has_descriptors(struct err *err);

#endif
