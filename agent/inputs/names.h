/**
 * What rotations do to names, without looking at any file: app.log becomes app.log.1,
 * app.log-20261123 or app-20261123.log, and later perhaps app.log.1.gz.
 */
#ifndef TOCSIN_INPUTS_NAMES_H
#define TOCSIN_INPUTS_NAMES_H

#include "agent/base/slice.h"

/** The last name of @path, and the folder before it ("" when there is none). */
struct slice name_of(struct slice path);
struct slice folder_of(struct slice path);

/** Does the name end like a compressed file? Its bytes are no lines. */
bool name_is_compressed(struct slice name);

/** The name without its last ending: "app" of "app.log". */
struct slice name_stem(struct slice name);

/** Can there be no generation between the one with this @mark and the current file? */
bool mark_is_youngest(struct slice mark);

/** What a rotation added to @base to make @name (".1", "-20261123"); the empty slice
 *  when @name is no rotation of @base. A compression's ending is left off. */
struct slice name_mark(struct slice base, struct slice name);

/** Is it a number or a date, and no ".old"? */
bool mark_has_digit(struct slice mark);

/** Are both rotations of one name, or one of the other: a.log.1, a.log.2, a.log? */
bool names_are_kin(struct slice a, struct slice b);

/** Were two marks made by the same rule: digits where digits are? */
bool marks_are_alike(struct slice a, struct slice b);

/** <0 when @a is of an older generation than @b, 0 when the names cannot tell. A short
 *  number counts up with age (.1 is younger than .2), anything else is taken for a
 *  date. */
int marks_compare_age(struct slice a, struct slice b);

/** The names that @name may be a rotation of, one after another: start with *@at = 0.
 *  @into  holds the candidate, @size bytes, NUL-terminated
 *  @return false when there are no more. */
bool name_next_base(struct slice name, size_t *at, char *into, size_t size);

#endif
