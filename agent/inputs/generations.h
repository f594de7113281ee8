/**
 * Generations that came and went while nobody looked: they lie under the names of
 * rotations, are younger than the last one that was known, and are read whole.
 */
#ifndef TOCSIN_INPUTS_GENERATIONS_H
#define TOCSIN_INPUTS_GENERATIONS_H

#include "agent/inputs/tail.h"

/** Follow the generations between @old and @file, each whole, before @file. @return
 *  false when that cannot be told, because something could not be read: nothing has
 *  changed, and @file is to be left alone for a while. */
bool generations_follow_between(struct tail *tail, const struct tail_file *old,
                                struct tail_file *file);

enum generations_found {
    GENERATIONS_NONE,
    GENERATIONS_FOLLOWED,
    GENERATIONS_UNKNOWN, /**< something could not be read; ask again later */
};

/** Nothing lies at the path of @old whose begin would make us look for what was rotated
 *  since: it is looked for now, and followed.
 *  @is_patient  false: never GENERATIONS_UNKNOWN; what cannot be read counts as new */
enum generations_found generations_follow_orphans(struct tail *tail,
                                                  const struct tail_file *old,
                                                  bool is_patient);

/** When was anything made, renamed or deleted beside @home (as fs_stat.modified_ns)? 0:
 *  unknown. */
int64_t generations_folder_changed(struct tail *tail, const char *home);

/** Follow what was made since `known_ns` in the folder of @file under the name of one
 *  of its rotations, and that nobody knows. @return as generations_follow_between(). */
bool generations_follow_made_since(struct tail *tail, struct tail_file *file,
                                   bool needs_birth);

#endif
