/**
 * The inside of the engine, shared by its files alone: engine.c, feed.c and receive.c
 * (what comes in), flush.c (what goes out), engine_store.c (what stays over a crash).
 */
#ifndef TOCSIN_RULES_ENGINE_INSIDE_H
#define TOCSIN_RULES_ENGINE_INSIDE_H

#include "agent/base/rng.h"
#include "rules/dedup.h"
#include "rules/digest.h"
#include "rules/engine.h"
#include "rules/group.h"
#include "rules/hits.h"
#include "rules/limit.h"

/** A route with what happens on it. */
struct lane {
    struct piece piece;
    struct heap_node wake; /**< of its digest, or of what its limit held back */
    const struct route *route;
    struct map groups;         /**< by the stored form of their labels */
    struct alert_group *other; /**< takes what is past LIMIT_GROUPS */
    struct limit limit;
    struct digest digest;  /**< where the route has one */
    size_t held_count;     /**< groups whose mail is held back */
    uint64_t held_mails;   /**< mails held back since the last held mail */
    int64_t since_unix_ms; /**< of the last digest */
};

/** Where a rule's last sighting went: the next with the same lasting labels goes there,
 *  too, as long as no alert and no group has gone. */
struct trodden {
    const struct label *labels; /**< NULL: nobody */
    struct alert *alert;
    uint64_t drop_count;
};

struct engine {
    const struct routes *routes;
    struct rules *rules;
    struct matcher *matcher;
    struct lane *lanes; /**< parallel to the routes */
    size_t lane_count;
    struct heap group_wakes, lane_wakes;
    struct pieces pieces;
    struct dedup dedup; /**< of alerts from outside */
    struct rng rng;
    struct hits hits;        /**< of the block at hand */
    char *lines;             /**< room for lines of some of them */
    struct arena arena;      /**< of one sighting that a rule made */
    struct arena scratch;    /**< of one step */
    struct buf key;          /**< for one look-up */
    int64_t clock_offset_ms; /**< unix - mono, to notice steps of the wall clock */
    uint64_t limits_before;  /**< rules_limit_hits() at creation */
    struct engine_tally *tally;
    struct trodden *paths; /**< by rule */
};

/** Where the last sighting of @rule went. */
struct trodden *engine_path(const struct engine *engine, const struct rule *rule);
/** Does @path lead to where a sighting with the lasting @labels goes? */
bool engine_path_leads(const struct engine *engine, const struct trodden *path,
                       const struct labels *labels);

/** Which of @texts may hold secrets? As redact_suspects(). */
uint64_t engine_suspects(struct engine *engine, const struct slice *texts,
                         size_t count);

static inline bool lane_has_digest(const struct lane *lane)
{
    return lane->route->config->digest != NULL;
}

static inline struct lane *lane_of(const struct engine *engine,
                                   const struct alert_group *group)
{
    return &engine->lanes[group->route - engine->routes->items];
}

/** Walk over the groups of @lane: start with *@at = 0. They may be forgotten on the
 *  way. */
struct alert_group *lane_next(const struct lane *lane, size_t *at);

/** The group with these labels, made when there is none; the lane's `other` when it is
 *  full. */
struct alert_group *lane_group(struct engine *engine, struct lane *lane,
                               const struct labels *group_labels);
/** The group that takes what is past LIMIT_GROUPS. */
struct alert_group *lane_other(struct engine *engine, struct lane *lane);

/** When @lane itself is to be looked at: for its digest, or for what is held back. */
void lane_schedule(struct engine *engine, struct lane *lane, struct now now);

bool route_takes(const struct route *route, const struct labels *labels);
/** Those of an alert's labels that name its group; in @arena. */
struct labels route_group_labels(const struct route *route, const struct labels *labels,
                                 struct arena *arena);

/** An empty group gets its first alert: a new thread, which waits for company. */
void group_begin(struct engine *engine, struct alert_group *group, struct now now);
/** The group, empty or not, is no more. */
void group_forget(struct engine *engine, struct alert_group *group);

/** The group wakes at its next beat, to tell what became of an alert. */
void schedule_news(struct engine *engine, struct alert_group *group, struct now now);
/** A sighting of @alert was counted, or @count of them. */
void tally_counted(struct engine *engine, const struct alert *alert, uint64_t count);
/** What @lane keeps of the alert with @fingerprint, or NULL. */
struct alert *lane_alert(const struct engine *engine, const struct lane *lane,
                         uint64_t fingerprint);

/** The number of alerts of @group was @before. */
void tally_alerts(struct engine *engine, const struct alert_group *group,
                  size_t before);

/** 32 hex digits for a new thread. */
void make_thread(struct engine *engine, char thread[33]);

#endif
