/**
 * Walks the folders that a pattern leads through and tells every file name that
 * matches. Folders are told first, so that a watch on them is in place before they are
 * listed: what is created in between is then seen by one of the two.
 */
#ifndef TOCSIN_INPUTS_SCAN_H
#define TOCSIN_INPUTS_SCAN_H

#include "agent/base/fs.h"

struct scan_visitor {
    void (*folder)(void *ctx, const char *path); /**< "" is the current folder */
    void (*file)(void *ctx,
                 const char *path); /**< perhaps not there, perhaps no file */
    void *ctx;
};

/** Walk @pattern. `**` does not go into hidden folders and enters each folder once,
 *  whatever links lead to it.
 *  @return false when LIMIT_SCAN_ENTRIES names were seen and the walk was cut short. */
bool scan_walk(const struct fs *fs, struct slice pattern,
               const struct scan_visitor *visitor);

#endif
