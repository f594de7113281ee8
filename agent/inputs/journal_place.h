/**
 * Where a follow stands in its journal: finding its place again, and what is lost when
 * that is gone.
 */
#ifndef TOCSIN_INPUTS_JOURNAL_PLACE_H
#define TOCSIN_INPUTS_JOURNAL_PLACE_H

#include "agent/inputs/journal.h"

enum journal_found {
    JOURNAL_FOUND,
    JOURNAL_NOTHING_YET, /**< nothing stands behind the place, which is gone */
    JOURNAL_NOT_FOUND,   /**< an error */
};

/** Let the journal stand behind the follow's place, and find out what is lost. */
enum journal_found journal_find_place(struct journal_input *input,
                                      struct journal_follow *follow, struct err *err);

/** All boots before the one that runs are read: go to its first entry. As
 *  journal_find_place(). */
enum journal_found journal_begin_boot(struct journal_input *input,
                                      struct journal_follow *follow, struct err *err);
/** Let next() give what is behind the place; in the boot that runs, its first entry
 *  when nothing of it was read yet. */
bool journal_go_on(struct journal_input *input, struct journal_follow *follow,
                   struct err *err);
bool journal_is_of_this_boot(struct journal_input *input,
                             const struct journal_place *place);

/** Entries are missing between the follow's place and @after, unless the numbers of
 *  both say that none are. */
void journal_note_lost(struct journal_follow *follow,
                       const struct journal_place *after);

/** Is the entry at @place, which next() gave, the one that was read last once more?
 *  Another twin of it is one of its own: equal lines that a program writes at once have
 *  equal times. */
bool journal_find_copy(struct journal_input *input, struct journal_follow *follow,
                       const struct journal_place *place, bool *is_copy,
                       struct err *err);

/** Tell what is lost, if anything is, in a self-report; the caller moves the place
 *  before the turn ends. */
void journal_tell_lost(struct journal_input *input, struct journal_follow *follow,
                       const struct intake *intake);

/** At the end of what is there: tell which files are damaged and were not read to their
 *  ends, once. */
void journal_tell_damage(struct journal_input *input, struct journal_follow *follow,
                         const struct intake *intake);

#endif
