/**
 * Telling makes a notice of alerts: it gathers them from one group or from many, sorts
 * the worst and newest to the front, and copies what is shown into the turn's arena.
 */
#ifndef TOCSIN_RULES_TELLING_H
#define TOCSIN_RULES_TELLING_H

#include "rules/group.h"

/** Zero-initialised is empty. */
struct telling {
    const struct alert **alerts;
    size_t count, capacity;
    int64_t since_unix_ms; /**< the earliest of its groups; 0: none yet */
};

/** All alerts of @group. */
void telling_add_all(struct telling *telling, const struct alert_group *group);
/** Those of which something was counted, and the quiet ones where the
 *  route tells them. */
void telling_add_news(struct telling *telling, const struct alert_group *group,
                      int64_t mono_ms);

/** Fill the alerts and their sums into @notice, and make @telling empty. */
void telling_finish(struct telling *telling, struct now now, struct arena *arena,
                    struct notice *notice);

/** Its first mail comes: what its alerts have in common now names the thread. */
void group_name_thread(struct alert_group *group, struct arena *arena);
/** The constant title of a thread's mails: its rule, its host, its other labels. */
struct slice group_title(const struct alert_group *group, struct arena *arena);
/** How bad it is for as long as its thread lasts: critical when that began so, or the
 *  severity that the group is made of.
 *  @return false when it is not to be named: what is less than critical may get worse
 *  in the same thread, whose subject stays. */
bool group_urgency(const struct alert_group *group, enum severity *urgency);

#endif
