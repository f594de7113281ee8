/**
 * An alert as its group keeps it: counts, texts, samples. A hundred thousand of them
 * may be open, so what few of them have is allocated when it comes, and of labels and
 * texts only those are kept that are not the usual ones of the group.
 */
#ifndef TOCSIN_RULES_ALERT_STATE_H
#define TOCSIN_RULES_ALERT_STATE_H

#include "agent/base/heap.h"
#include "agent/base/now.h"
#include "rules/alert.h"
#include "rules/brief.h"
#include "rules/piece.h"

enum alert_text {
    TEXT_SUMMARY,
    TEXT_DESCRIPTION,
    TEXT_RUNBOOK,
    TEXT_LINKS,
    ALERT_TEXTS
};

struct alert_texts;

/** An alert that never ends by itself and is told, and may make way for a new one. */
struct alert_rest {
    struct heap_node node; /**< by last_unix_ms */
    struct alert *alert;
};

/** Owned by its group; everything in it is its own memory, but for the labels and texts
 *  that are the group's usual ones. */
struct alert {
    struct piece piece;
    uint32_t key_len;
    struct alert_group *group; /**< whose it is; NULL: nothing is usual yet */
    struct alert_rest *rest;   /**< its place among those that make way, or NULL */
    int64_t resolve_after_ms;
    int64_t quiet_at_ms; /**< mono: from here on it does not fire; NEVER_MS */
    uint64_t new_count, total_count;
    uint64_t line_hash_sum; /**< of the lines in new_count */
    int64_t first_unix_ms, last_unix_ms;
    int64_t ended_unix_ms;     /**< when it was over, as who posted it says; else 0 */
    uint64_t fingerprint;      /**< of one from outside; else 0 */
    uint64_t occurrence;       /**< see struct incoming */
    struct alert_texts *texts; /**< alert_text() */
    struct sample *samples;    /**< LIMIT_SAMPLES of them, or NULL */
    uint8_t sample_count;
    uint8_t severity;      /**< enum severity */
    uint8_t usual_texts;   /**< a bit for each that is the group's */
    bool is_other : 1;     /**< the one that takes what is past LIMIT_GROUP_ALERTS */
    bool is_told : 1;      /**< it stood in a mail of this group's thread, as firing */
    bool samples_told : 1; /**< its samples too: the next line begins anew */
    uint16_t label_weight; /**< what its labels add to the piece's */
    char key[];            /**< its labels, briefly: its place in the group's map */
};

/** @key  its labels as brief_save() makes them, copied
 *  @labels_bytes  how long their stored form is */
struct alert *alert_create(struct slice key, size_t labels_bytes);
/** @alert, which nobody points at yet, with @key in place of its own.
 *  @return it, in another place */
struct alert *alert_rename(struct alert *alert, struct slice key);
void alert_free(struct alert *alert);

static inline struct slice alert_key(const struct alert *alert)
{
    return slice_make(alert->key, alert->key_len);
}
struct brief alert_brief(const struct alert *alert);
/** Its labels, in @arena, borrowed from the alert and its group. */
struct labels alert_labels(const struct alert *alert, struct arena *arena);

struct slice alert_text(const struct alert *alert, enum alert_text which);
/** Keep these texts, each cut to its limit; none of them is the alert's own. The first
 *  that a group gets become its usual ones, and who has the same keeps no copy.
 *  @return whether one of them changed. */
bool alert_set_texts(struct alert *alert, const struct slice texts[ALERT_TEXTS]);
/** @alert has come to its group: no more copies of what is usual there. */
void alert_share_texts(struct alert *alert);

/** Set how much room it takes in the store. One with samples takes a sheet: these grow,
 *  and the next line changes it again. */
void alert_weigh(struct alert *alert);

/** Keep a copy of @sample, which is no news when its line is empty. Past LIMIT_SAMPLES
 *  the first ones stay, and of the later ones the newest. */
void alert_keep_sample(struct alert *alert, const struct sample *sample);

/** Would a sample stay when @later more come behind it? */
bool alert_wants_sample(const struct alert *alert, size_t later);

bool alert_is_firing(const struct alert *alert, int64_t mono_ms);

#endif
