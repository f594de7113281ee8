/**
 * Generations that were rotated and compressed before they were read: which archive
 * holds which, and what to do when it cannot be read.
 */
#ifndef TOCSIN_INPUTS_ARCHIVES_H
#define TOCSIN_INPUTS_ARCHIVES_H

#include "agent/inputs/tail.h"

/** Does the archive at @path hold what was read of @file? The bytes before its offset
 *  are compared at once when they stand near enough to the beginning; else the head has
 *  to fit, and reading on finds out. */
bool archives_match(struct tail *tail, const char *path, const struct tail_file *file);

/** The archive beside @file that holds it, whether or not it is to be read; or NULL. */
const struct search_entry *archives_find(struct tail *tail, struct tail_file *file);

/** Is it to be read as a generation that nobody followed? */
bool archives_want(const struct tail_file *file, const struct search_entry *entry);
/** Does what it was made of still lie beside it? Then it is not finished, or left
 *  over. */
bool archives_has_twin(struct tail *tail, const struct search_entry *entry);
/** Was it made of lines that came after @old, which lies nowhere now? Programs that
 *  pack keep the time of the last line. */
bool archives_is_later(struct tail *tail, const struct search_entry *entry,
                       const struct tail_file *old);
/** How many bytes are inside; 0: unknown. */
int64_t archives_estimate(struct tail *tail, const struct search_entry *entry);

/** How many bytes of it stand behind @offset; -1: unknown. Exact when it is small. */
int64_t archives_unread(struct tail *tail, const struct search_entry *entry,
                        int64_t offset);

/** @file, in an archive, cannot be read on. @why: NULL when it is not what it should
 *  be. It is tried again while the archive may still be written, else lost. */
void archives_failed(struct tail *tail, struct tail_file *file, const struct err *why);

#endif
