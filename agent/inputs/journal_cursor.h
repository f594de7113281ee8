/**
 * What the cursor of an entry says of it. journald numbers the entries that it writes,
 * and the number stands in the cursor, beside the sequence it belongs to.
 *
 * A cursor is opaque by its manual (sd_journal_get_cursor(3)), so this tells what is
 * missing and what is there twice; where reading goes on is the library's to find.
 */
#ifndef TOCSIN_INPUTS_JOURNAL_CURSOR_H
#define TOCSIN_INPUTS_JOURNAL_CURSOR_H

#include "agent/inputs/journal_ops.h"

/** The sequence, 32 hexadecimal digits, in the bytes of @place; empty: unknown. */
struct slice journal_sequence_of(const struct journal_place *place);
/** The number in that sequence, from 1; 0 when there is none. */
uint64_t journal_number_of(const struct journal_place *place);

/** How many entries stand between two places, by their numbers.
 *  @return false when they are of different sequences. */
bool journal_count_between(const struct journal_place *from,
                           const struct journal_place *to, uint64_t *count);

/** Are boot, times and contents the same? At boot journald copies what it wrote to
 *  /run, and the copy has a sequence and a number of its own. */
bool journal_is_same_entry(const struct journal_place *a,
                           const struct journal_place *b);

/** And does @next follow right behind @place? It is a copy, or said twice at once. */
bool journal_is_twin(const struct journal_place *place,
                     const struct journal_place *next);

#endif
