/**
 * The engine decides: dedup, route, group, limit, digest, in this order, nowhere else.
 * It has three doors: feed what was read, tick when time has passed, wake_at says when.
 *
 * Its state can be saved sheet by sheet and restored, so that a crash forgets nothing:
 * a sheet is a number and bytes that only the engine understands.
 */
#ifndef TOCSIN_RULES_ENGINE_H
#define TOCSIN_RULES_ENGINE_H

#include "agent/base/err.h"
#include "agent/base/text.h"
#include "rules/incoming.h"
#include "rules/matcher.h"
#include "rules/notice.h"
#include "rules/report.h"
#include "rules/route.h"

struct engine;

/** What the engine counted since it was created. Sums add up: every match is in a
 *  group. */
struct engine_tally {
    uint64_t lines, bytes;
    uint64_t matches; /**< (rule, line) pairs, one for each route that took it */
    uint64_t told;    /**< sightings that went into a notice */
    uint64_t open;    /**< sightings waiting in a group: matches + restored - told */
    uint64_t notices[NOTICE_SHUTDOWN + 1];
    uint64_t held_mails;    /**< mails that a limit held back into a digest */
    uint64_t overflow_keys; /**< sightings that share an "(other)" group or alert */
    uint64_t crowded;       /**< of them, because their rule feeds itself */
    struct slice overflow_route; /**< where it was last; as long as the routes */
    uint64_t own_lines;          /**< of our own log, copied by syslog: left out */
    uint64_t alerts_left;  /**< alerts that never end, told and made way for new ones */
    uint64_t repeats;      /**< words of senders that were no news: not counted again */
    uint64_t regex_limits; /**< match attempts that PCRE2 gave up */
    uint64_t groups, alerts; /**< that exist now */
};

/** @rules, @routes: borrowed for the engine's life. @seed: for thread ids. */
struct engine *engine_create(struct rules *rules, const struct routes *routes,
                             size_t source_count, uint64_t seed, struct now now);
void engine_free(struct engine *engine);

/** Let @block walk the road to its groups. */
void engine_feed(struct engine *engine, const struct block *block, struct now now);

/** Let an alert that came from outside walk the road. */
void engine_receive(struct engine *engine, const struct incoming *incoming,
                    struct now now);

/** Let what the agent has to say about itself walk the road. */
void engine_report(struct engine *engine, const struct self_report *report,
                   struct now now);

/** What the three doors above have in common: @sighting, borrowed for the call, finds
 *  its routes and its groups. */
void engine_admit(struct engine *engine, const struct sighting *sighting,
                  struct now now);

/** Flush what is due at @now into @out. What is put there counts as told: the caller
 *  makes it durable together with engine_save(), or calls the same write step again
 *  until it is. */
void engine_tick(struct engine *engine, struct now now, struct notices *out);

/** Flush all that was counted and not told, whatever its timers say (run --once). */
void engine_flush(struct engine *engine, struct now now, struct notices *out);

/** When engine_tick() next has work, in mono_ms; NEVER_MS: never. */
int64_t engine_wake_at(const struct engine *engine);

/** Call @save for each sheet that changed since engine_saved(); empty @bytes: forget
 *  it. Decides nothing: may be repeated when the commit failed. */
void engine_save(struct engine *engine, struct now now,
                 void (*save)(void *ctx, uint32_t sheet, struct slice bytes),
                 void *ctx);
/** What engine_save() gave is durable now. */
void engine_saved(struct engine *engine);

/** Take a stored sheet back, after create and before the first feed. Timers go on where
 *  they stood, by the wall clock, and never later than a whole interval from now. A
 *  group whose route is gone is routed anew by its alerts' labels: nothing is dropped.
 *  What never ends by itself ends when its rule is gone.
 *  @return false with ERR_BROKEN when the bytes are not a sheet. */
bool engine_restore(struct engine *engine, uint64_t sheet, struct slice bytes,
                    struct now now, struct err *err)
    __attribute__((warn_unused_result));

/** The same for a piece that has a row of its own, as each had before there were
 *  sheets. It is among what the next engine_save() gives. */
bool engine_restore_piece(struct engine *engine, struct slice key, struct slice bytes,
                          struct now now, struct err *err)
    __attribute__((warn_unused_result));

const struct engine_tally *engine_tally(const struct engine *engine);

/** @engine is the next generation: what @before counted counts on. Once, behind the
 *  restoring. */
void engine_count_on(struct engine *engine, const struct engine *before);

/** The groups for `tocsin status`: route, title, counts, next look. */
void engine_describe(const struct engine *engine, struct now now, enum text_form form,
                     struct buf *out);

#endif
