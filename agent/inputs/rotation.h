/**
 * What to do when a file is no longer where or what it was: which generation is which,
 * and in what order they are read. The rules (shared/facts/faults.md 2.1, L01 to L17,
 * L56):
 *
 *   another inode at the path     the old generation is read to its end, wherever it
 *                                 lies now, then those in between, then the new one
 *   other bytes before the offset the file was truncated: from 0, and what was not read
 *                                 is taken from the copy that copytruncate made
 *   shorter, but the same head    it was cut: on from its new end, nothing twice; if it
 *                                 was changed since, perhaps written anew: told
 *   another inode, same content   replaced by its copy, or copied up by an overlay: on
 *                                 from the offset
 *
 * Behind a symbolic link generations lie beside the file that it led to (`home`).
 * Where no content is known to tell a copy by, and where the generation that was read
 * is gone, what was made since the file's last change that was seen is new.
 */
#ifndef TOCSIN_INPUTS_ROTATION_H
#define TOCSIN_INPUTS_ROTATION_H

#include "agent/inputs/tail.h"

/** Nothing or another file lies at the place of @file.
 *  @is_restored  it comes from the store: the content has to prove what the numbers
 *  say */
void rotation_left(struct tail *tail, struct tail_file *file, bool is_restored);

/** @file comes from the store, and where it lies cannot be told yet: it is absent until
 *  then, so that the content still has to prove what the numbers say. */
void rotation_wait(struct tail *tail, struct tail_file *file);

/** Something with the number of @file's inode lies at @path. If @file was rotated away
 *  to nobody knows where, is that another file, or is nothing known that would tell?
 *  Then the number is not @file's any more. */
bool rotation_is_another(struct tail *tail, struct tail_file *file, const char *path,
                         const struct fs_stat *stat);

/** @file is taken for what lies at some place. If nothing but the number of its inode
 *  speaks for that, as for a copy that was empty, it may be another copy by now. */
void rotation_doubt(struct tail_file *file);

/** The new file at a path, of which nothing was read yet, takes its place behind the
 *  older generations of that path. @return false when it cannot be told which those
 *  are: it is to be left alone for a while. */
bool rotation_succeed(struct tail *tail, struct tail_file *file);
/** Does the one behind @file still have to find out what lies between them? */
bool rotation_is_awaited(const struct tail_file *file);

/** @file changed, and nothing of it was read: what was written, copied and truncated
 *  meanwhile lies in its copies alone, and no content is known to tell them by. So
 *  those that were made since `known_ns` are read whole. @return as
 *  rotation_succeed(). */
bool rotation_missed(struct tail *tail, struct tail_file *file);

/** @file was read to its end for now, or is nowhere: the one behind it may be read. */
void rotation_ended(struct tail *tail, struct tail_file *file);

/** A file that appeared, or a TAIL_COPY: does it only repeat another file so far, as
 *  the copy of a copytruncate does? Then it is not to be read. @file is open. */
bool rotation_is_copy(struct tail *tail, struct tail_file *file);

/** A rotated generation could not be opened any more, or has been silent for long
 *  enough: its last line is counted, and it is dropped or goes on under its new
 *  path. */
void rotation_finish(struct tail *tail, struct tail_file *file);

/** Look whether an absent file came back. */
void rotation_look_absent(struct tail *tail, struct tail_file *file);

#endif
