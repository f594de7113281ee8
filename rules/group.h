/**
 * A group: alerts that share a mail. It counts sightings into its alerts and decides,
 * as Alertmanager does, whether a look at it makes a mail (shared/facts/peers.md 2.1);
 * who looks when is the engine's business.
 *
 * Every sighting is in some alert's new_count until a notice takes it, exactly once.
 */
#ifndef TOCSIN_RULES_GROUP_H
#define TOCSIN_RULES_GROUP_H

#include "agent/base/heap.h"
#include "agent/base/limits.h"
#include "agent/base/map.h"
#include "rules/notice.h"
#include "rules/piece.h"
#include "rules/route.h"

/** An alert, owned by its group; everything in it is its own memory. */
struct alert {
    struct piece piece;
    struct alert_group *group; /**< whose it is */
    struct heap_node rest;     /**< among those that make way, by last_unix_ms */
    struct labels labels;
    struct slice key;  /**< the stored form of the labels: its place in the map */
    bool is_other;     /**< the one that takes what is past LIMIT_GROUP_ALERTS */
    bool is_told;      /**< it stood in a mail of this group's thread, as firing */
    bool samples_told; /**< its samples too: the next line begins anew */
    enum severity severity;
    int64_t resolve_after_ms;
    int64_t quiet_at_ms; /**< mono: from here on it does not fire; NEVER_MS */
    struct slice summary, description, runbook;
    uint64_t new_count, total_count;
    uint64_t line_hash_sum; /**< of the lines in new_count */
    int64_t first_unix_ms, last_unix_ms;
    struct sample samples[LIMIT_SAMPLES];
    size_t sample_count;
};

struct alert_group {
    struct piece piece;
    struct heap_node wake; /**< the engine's */
    struct labels labels;
    struct slice key;
    bool is_other; /**< the one that takes what is past LIMIT_GROUPS; not in a map */
    bool is_told;  /**< its thread has a mail, or a held or digest mail told it */
    bool is_held;  /**< a mail is due, but the route's limit holds it back */
    struct map alerts;
    struct heap resting; /**< told alerts that never end: the oldest makes way first */
    uint64_t left_count; /**< alerts that made way */
    struct alert *other; /**< not in the map */
    uint64_t new_count;  /**< of all alerts */
    char thread[33];
    uint32_t mail_count;   /**< of the thread */
    int64_t tick_ms;       /**< mono: the next look; later ones every group_interval */
    int64_t told_ms;       /**< mono: of the last mail; NEVER_MS: none yet */
    int64_t since_unix_ms; /**< begin of the span that the next mail covers */
    struct pieces *pieces; /**< where it says what changed */
    const struct route *route;
};

/** An empty group. @labels are copied. */
struct alert_group *group_create(const struct labels *labels, const struct route *route,
                                 struct pieces *pieces);
/** Its alerts go, too; nothing is said to the pieces. */
void group_free(struct alert_group *group);

/** Count one sighting; the alert is made when there is none yet.
 *  @key  the stored form of the sighting's labels
 *  @return the alert that took it: `other` when the group is full and none makes way */
struct alert *group_count(struct alert_group *group, struct slice key,
                          const struct sighting *sighting, struct now now);

/** Count one sighting into @alert of @group, which has its labels. */
void group_count_again(struct alert_group *group, struct alert *alert,
                       const struct sighting *sighting, struct now now);

/** Put @alert, which becomes the group's. One with equal labels that is there already
 *  swallows it, counts and all. */
void group_put(struct alert_group *group, struct alert *alert);

/** Walk over its alerts, oldest first: start with *@at = 0. NULL: the end. They may be
 *  dropped on the way, not put. */
struct alert *group_next(const struct alert_group *group, size_t *at);
size_t group_alert_count(const struct alert_group *group);

bool alert_is_firing(const struct alert *alert, int64_t mono_ms);
void alert_free(struct alert *alert);

/** The worst of its alerts. */
enum severity group_severity(const struct alert_group *group);

/** Would a look at @mono_ms make a mail? @reason is set when it would. */
bool group_decide(const struct alert_group *group, int64_t mono_ms,
                  enum notice_reason *reason);

/** All its counts went into a notice: they are zero now, and what is quiet goes. */
void group_told(struct alert_group *group, struct now now);

/** What is quiet and told goes without a word. */
void group_sweep(struct alert_group *group, int64_t mono_ms);

/** All alerts go. */
void group_clear(struct alert_group *group);

/** The beat of its looks that comes first at or behind @after_ms. */
int64_t group_beat(const struct alert_group *group, int64_t after_ms);

/** When the next look, behind @mono_ms, can find something to do. */
int64_t group_next_look(const struct alert_group *group, int64_t mono_ms);

/** The most bytes that the stored form of labels has. */
#define LABELS_KEY_BYTES (8 + LIMIT_LABELS * 2 * (8 + LIMIT_LABEL_BYTES))

/** Keep a copy of @text, cut to @max_bytes, in *@own: zeroed, or from this function. */
void group_own_text(struct slice *own, struct slice text, size_t max_bytes);

/** Labels on the heap in one block that begins with the array; @key: stored form. */
struct labels labels_own(const struct labels *labels, struct slice *key);

#endif
