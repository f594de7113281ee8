/**
 * A group: alerts that share a mail. It counts sightings into its alerts and decides,
 * as Alertmanager does, whether a look at it makes a mail (shared/facts/peers.md 2.1);
 * who looks when is the engine's business. Every sighting is in some alert's new_count
 * until a notice takes it, exactly once.
 */
#ifndef TOCSIN_RULES_GROUP_H
#define TOCSIN_RULES_GROUP_H

#include "agent/base/map.h"
#include "rules/alert_state.h"
#include "rules/dedup.h"
#include "rules/notice.h"
#include "rules/route.h"

struct alert_group {
    struct piece piece;
    struct heap_node wake; /**< the engine's */
    struct labels labels;
    struct slice key;
    bool is_other; /**< the one that takes what is past LIMIT_GROUPS; not in a map */
    bool is_told;  /**< its thread has a mail, or a held or digest mail told it */
    bool is_held;  /**< a mail is due, but the route's limit holds it back */
    struct map alerts;
    struct heap resting;  /**< told and endless: the longest unseen makes way */
    uint64_t left_count;  /**< alerts that made way */
    uint32_t alike_count; /**< numbers given to alerts that looked like others */
    struct alert *other;  /**< not in the map */
    /** What its first alert said, and the stored form of its labels, which is owned;
     *  while it has any. */
    struct alert_texts *usual;
    struct slice usual_labels;
    uint64_t new_count; /**< of all alerts */
    char thread[33];
    uint32_t mail_count; /**< of the thread */
    struct slice topic;  /**< the rule that its first mail was all about, or empty */
    bool began_critical;
    int64_t tick_ms;       /**< mono: the next look; later ones every group_interval */
    int64_t told_ms;       /**< mono: of the last mail; NEVER_MS: none yet */
    int64_t since_unix_ms; /**< begin of the span that the next mail covers */
    struct pieces *pieces; /**< where it says what changed */
    struct dedup *dedup;   /**< where it says which of its alerts go */
    const struct route *route;
};

/** An empty group. @labels are copied. */
struct alert_group *group_create(const struct labels *labels, const struct route *route,
                                 struct pieces *pieces, struct dedup *dedup);
/** Free it and its alerts; nothing is said to the pieces. */
void group_free(struct alert_group *group);

/** @topic is copied; empty: none. */
void group_set_topic(struct alert_group *group, struct slice topic);

/** Count one sighting; the alert is made when there is none yet. What was posted under
 *  another fingerprint is another alert, though its labels are the same: it gets the
 *  label `look_alike` with a number.
 *  @room  for LABELS_KEY_BYTES; what it holds is lost
 *  @return the alert that took it: `other` when the group is full and none makes way */
struct alert *group_count(struct alert_group *group, const struct sighting *sighting,
                          struct buf *room, struct now now);

/** Count a line of @alert behind which @later others follow for certain, which bring
 *  all of it up to date but its counts.
 *  @return false when the line itself may be wanted: see group_count_again(). */
bool group_count_in_passing(struct alert *alert, struct slice line, uint32_t later,
                            struct now now);

/** Count one more sighting of @alert, whatever its labels are now. */
void group_count_again(struct alert *alert, const struct sighting *sighting,
                       struct now now);
/** @alert goes on, and is described as it is now; nothing is counted. Its end moves in
 *  steps of a sixteenth of resolve_after, so that most repeats change nothing that must
 *  be stored. */
void group_refresh(struct alert *alert, const struct sighting *sighting,
                   struct now now);
/** @alert is over since @ended_unix_ms (0: now), as its sender says, with @summary for
 *  its last word; empty: what was said before stays. */
void group_end(struct alert *alert, struct slice summary, int64_t ended_unix_ms,
               struct now now);

/** @alert comes to this group, where group_put() is to put it, and keeps no more copies
 *  of what is usual there. @return it, in another place */
struct alert *group_welcome(struct alert_group *group, struct alert *alert);
/** Put @alert, which was welcomed. One with equal labels that is there already swallows
 *  it, counts and all. */
void group_put(struct alert_group *group, struct alert *alert);

/** Walk over its alerts, oldest first: start with *@at = 0. @return NULL at the end.
 *  They may be dropped during a walk, not put. */
struct alert *group_next(const struct alert_group *group, size_t *at);
size_t group_alert_count(const struct alert_group *group);

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

/** Labels on the heap in one block, whose begin is the array; with
 *  their stored form. */
struct labels labels_own(const struct labels *labels, struct slice *key);

#endif
