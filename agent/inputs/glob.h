/**
 * Patterns of file names, matched on bytes and without looking at any file: `*` and `?`
 * and `[a-z]` within a name, `**` over any number of folders. As in a shell, a wildcard
 * does not match the dot at the head of a name.
 */
#ifndef TOCSIN_INPUTS_GLOB_H
#define TOCSIN_INPUTS_GLOB_H

#include "agent/base/slice.h"

/** Does @name (no '/') match the one name of @pattern? '\' takes the next byte as it
 *  is. A '[' without its ']' stands for itself. */
bool glob_match_name(struct slice pattern, struct slice name);

/** Does the whole @path match? */
bool glob_match(struct slice pattern, struct slice path);

/** Does the exclude @pattern match? One without '/' is compared with the last name of
 *  @path, one with '/' with all of it. */
bool glob_excludes(struct slice pattern, struct slice path);

/** Does @pattern hold anything but plain names? */
bool glob_has_wildcard(struct slice pattern);

#endif
