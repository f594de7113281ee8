/**
 * One entry of a journal as a record: its message, its fields, and short names for the
 * fields that rules ask for most.
 */
#ifndef TOCSIN_INPUTS_JOURNAL_ENTRY_H
#define TOCSIN_INPUTS_JOURNAL_ENTRY_H

#include "agent/base/limits.h"
#include "agent/inputs/journal_ops.h"
#include "rules/event.h"

enum { JOURNAL_SHORT_NAMES = 6 };

/** Plain data, used for one entry after the other. */
struct journal_entry {
    struct slice message; /**< at most LIMIT_LINE_BYTES; empty when there is none */
    struct capture fields[LIMIT_ENTRY_FIELDS + JOURNAL_SHORT_NAMES];
    size_t field_count;
    uint64_t left_out;  /**< fields past a bound, and values that were cut */
    bool is_cut;        /**< the message is longer, or the entry is damaged */
    size_t total_bytes; /**< of all fields as they came */
    char *bytes; /**< LIMIT_ENTRY_BYTES, where the slices above point into; owned */
    size_t used_bytes;
};

void journal_entry_init(struct journal_entry *entry);
void journal_entry_clear(struct journal_entry *entry);

/** Read the entry that @ops->next() gave. What is past the bounds is left out and
 *  counted, what is damaged is left out and makes it cut: there is always a record. */
void journal_entry_read(struct journal_entry *entry, const struct journal_ops *ops,
                        struct journal *journal);

/** The value of a field by its name in the journal, or the empty slice. */
struct slice journal_entry_find(const struct journal_entry *entry, struct slice name);

/** "journal:ssh.service": the unit, or else the identifier. */
void journal_entry_put_path(const struct journal_entry *entry, struct buf *out);

#endif
