/**
 * Generations that came and went while nobody looked: they lie under the names of
 * rotations, are younger than the last one that was followed, and are read whole.
 */
#ifndef TOCSIN_INPUTS_GENERATIONS_H
#define TOCSIN_INPUTS_GENERATIONS_H

#include "agent/inputs/tail.h"

/** Follow the generations between @old and @file, each whole, before @file. */
void generations_follow_between(struct tail *tail, struct tail_file *old,
                                struct tail_file *file);

/** @old is left, and nothing lies at its path whose begin would make us look for what
 *  was rotated in between: it is looked for now. */
void generations_follow_orphans(struct tail *tail, struct tail_file *old);

/** Follow what was made since @seen_ns in the folder of @file under the name of one of
 *  its rotations, and that nobody knows. */
void generations_follow_made_since(struct tail *tail, struct tail_file *file,
                                   int64_t seen_ns, bool needs_birth);

#endif
