/**
 * Reads journals: entries become records, each counted once. What was read is known by
 * the cursor of the last entry, which commits together with the consequences.
 *
 * A cursor can be lost, because journald deletes its oldest files. Then reading goes on
 * at the first entry behind it, and what is missing in between is counted and told.
 */
#ifndef TOCSIN_INPUTS_JOURNAL_H
#define TOCSIN_INPUTS_JOURNAL_H

#include "agent/inputs/journal_entry.h"
#include "agent/inputs/kind.h"

/** One source's journal. */
struct journal_follow {
    const struct source *source;
    const struct source_config *config;
    char *name; /**< of the source, over generations; owned */

    struct journal *journal; /**< NULL: closed */
    bool is_waited_for;      /**< its descriptor, by the loop */
    bool needs_seek;         /**< it does not stand behind `place` yet */
    bool has_more;

    struct journal_place place; /**< behind which reading goes on */
    bool has_place;             /**< false: the first start ever */
    bool is_dirty, is_saved;

    /* The order of libsystemd between boots is that of their clocks where the numbers
     * do not go on, and a clock may begin in the past. So the boots before the one that
     * runs are read first, and then that from its first entry on. */
    bool skips_boot; /**< the one that runs comes later */
    bool is_in_boot; /**< nothing else is read any more */
    bool is_gone;    /**< the entry at `place`; what is missing is not known yet */

    bool has_lost; /**< entries are missing between `place` and `after`; not told yet */
    struct journal_place after;

    bool has_mark;   /**< everything up to `mark` is read once the end is reached */
    bool has_grown;  /**< since the last mark */
    bool wants_mark; /**< other files than at the last mark */
    struct journal_place mark;
    int64_t marked_at_ms, next_sweep_ms; /**< mono */

    int64_t backoff_ms, retry_at_ms; /**< 0: all is well */
    struct err why;                  /**< it is closed */
    size_t unreadable;               /**< of its files */
    int64_t recheck_at_ms;

    uint64_t entries, own_entries, copies, missed, gaps;
};

struct journal_input {
    const struct input_world *world;
    const struct journal_ops *ops; /**< NULL: there are none in this world */
    struct inputs_tally *tally;
    struct journal_follow *follows;
    size_t follow_count;
    size_t first; /**< whose turn it is to be first */
    struct journal_entry entry;
    struct now now; /**< of the call that runs */
};

extern const struct input_kind journal_kind;

/* --- journal_place.c: finding the place again ------------------------------------- */

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

/* --- journal_store.c: the place in the store -------------------------------------- */

/** Take the place of the follow's source, if it has one. */
void journal_load(struct journal_input *input, struct journal_follow *follow);
/** Forget places that no source has wanted for a long time. */
void journal_forget_old(struct journal_input *input);
void journal_save(struct journal_input *input, struct journal_follow *follow,
                  struct now now);

/** What `tocsin status` says of journals. */
void journal_describe(const void *self, enum text_form form, struct buf *out);

#endif
