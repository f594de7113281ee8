/**
 * The copies that copytruncate makes: first the log is copied to a new name, then it is
 * truncated. The copy must not be counted again, but holds the lines that were written
 * after the last look and before the truncation.
 */
#ifndef TOCSIN_INPUTS_COPIES_H
#define TOCSIN_INPUTS_COPIES_H

#include "agent/inputs/tail.h"

/** A file that appeared, or a TAIL_COPY: does it only repeat a file of which its name
 *  is a rotation? Then it is not to be read for now. @file is open. */
bool copies_repeat(struct tail *tail, struct tail_file *file);

/** @file appeared under the name of a rotation of a followed log, and nobody has looked
 *  into it yet: it may be a copy of what was read. */
bool copies_may_repeat(struct tail *tail, const struct tail_file *file);

/** @original was truncated: find the copy of what it was, to be read from the old
 *  offset on. @original still has its old offset and hashes.
 *  @is_found  set when there is a copy, though perhaps with nothing left to read
 *  @return the copy as a rotated generation, or NULL. */
struct tail_file *copies_adopt(struct tail *tail, struct tail_file *original,
                               bool *is_found);

/** Does the file at @path begin with what was seen of @file, of which nothing was
 *  read? */
bool copies_hold_seen(struct tail *tail, const char *path,
                      const struct tail_file *file);
/** What was seen of @original, of which nothing was read, is no more in it. Does it lie
 *  in a copy that will be read whole? */
bool copies_keep_seen(struct tail *tail, const struct tail_file *original);

/** What repeats @original and was not adopted holds nothing new. */
void copies_settle(struct tail *tail, struct tail_file *original);

/** Does the file at @path only hold what @file begins with now, as a copy does that is
 *  just made? True as well when it cannot be told. */
bool copies_begin(struct tail *tail, const char *path, struct tail_file *file);

/** Does the file at @path hold what @file held up to its offset? */
bool copies_match(struct tail *tail, const char *path, const struct tail_file *file);
/** Does @path hold the begin of @file and end before what was read of it, as after a
 *  power cut? */
bool copies_is_cut(struct tail *tail, const char *path, const struct tail_file *file);

/** Is what lies at @path, and is @stat, @file itself? That it is open, or its birth, is
 *  proof enough, whatever became of the content. Without them the number of an inode
 *  may be another file's by now, and the content has to say so, if any was read. */
bool copies_is_it(struct tail *tail, const char *path, const struct fs_stat *stat,
                  const struct tail_file *file);

/** Did a read fail since `failures` of the reader was @failures? Then "no" says
 *  nothing: @file is to be left as it is, and is looked at again after a while. After
 *  about a minute the answer is false, so that no file waits for ever. */
bool copies_cannot_tell(struct tail *tail, struct tail_file *file, uint64_t failures);

#endif
