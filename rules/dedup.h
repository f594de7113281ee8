/**
 * Dedup knows the alerts from outside by their fingerprints: those that are open, so
 * that a repeat refreshes them and "resolved" ends them, and what became of those that
 * are not any more, so that the same word said again is not told again.
 *
 * What is over is remembered for a day, and LIMIT_DEDUP_ENTRIES of it at most; past
 * that the one whose time is over first is forgotten, which can only cost a repeated
 * mail, never a lost one. It stays over a crash, in the same commit as the alerts.
 */
#ifndef TOCSIN_RULES_DEDUP_H
#define TOCSIN_RULES_DEDUP_H

#include "agent/base/heap.h"
#include "agent/base/map.h"
#include "agent/base/now.h"
#include "rules/piece.h"
#include "rules/record.h"

struct alert;

/** What is remembered of an alert that nobody keeps any more. */
struct dedup_entry {
    struct piece piece;
    struct heap_node end; /**< until when, in mono_ms */
    uint64_t fingerprint;
    uint64_t occurrence; /**< see struct incoming */
    bool is_over;        /**< else it went on, counted where nothing can end it */
};

/** One that is open. */
struct dedup_slot {
    uint64_t fingerprint;
    struct alert *alert; /**< NULL: the slot is empty */
};

/** Zero-initialised, but for `pieces`, is empty. */
struct dedup {
    struct dedup_slot *slots; /**< of open alerts, by fingerprint */
    size_t slot_count, slots_used;
    struct map entries; /**< fingerprint -> struct dedup_entry */
    struct heap ends;
    struct pieces *pieces;
    struct now now;      /**< of the turn; set by the engine's doors */
    uint64_t left_count; /**< entries that made way before their time */
};

/** @fingerprint will be looked for in a moment: the table is larger than the caches. */
void dedup_expect(const struct dedup *dedup, uint64_t fingerprint);
/** The first alert with @fingerprint, one a route that took it; NULL: none is open. */
struct alert *dedup_find(const struct dedup *dedup, uint64_t fingerprint);
/** The next with the same fingerprint; NULL at the end. */
struct alert *dedup_next(const struct dedup *dedup, const struct alert *alert);

/** @alert, whose fingerprint is set, is open from now on. */
void dedup_open(struct dedup *dedup, struct alert *alert);
/** @alert is going away. When it was the last one with its fingerprint, what became of
 *  it is remembered. Nothing happens when it has no fingerprint. */
void dedup_close(struct dedup *dedup, struct alert *alert);

/** What is remembered of @fingerprint; NULL: nothing, or not any more. */
struct dedup_entry *dedup_recall(struct dedup *dedup, uint64_t fingerprint);
/** Remember it; @until_mono_ms for what is not over. */
void dedup_remember(struct dedup *dedup, uint64_t fingerprint, uint64_t occurrence,
                    bool is_over, int64_t until_mono_ms);
void dedup_forget(struct dedup *dedup, uint64_t fingerprint);

void dedup_free(struct dedup *dedup);

/** The stored form of an entry, on @sheet (0: on none yet). @return false when the
 *  bytes are none. */
void dedup_save(const struct dedup_entry *entry, struct now now,
                struct record_out *out);
bool dedup_load(struct dedup *dedup, struct record_in *in, uint32_t sheet);

#endif
