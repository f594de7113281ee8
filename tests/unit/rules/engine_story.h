/**
 * A stage for stories about the engine: routes from YAML, a clock that obeys, a store
 * that survives crashes, and a transcript of all mails, one line each:
 *
 *     30s first 'oom on web1' lines=1 alerts=1 mail=0
 *
 * After each step it checks what must always hold: sums add up, nothing due is left
 * lying, and the engine's store says the same as the engine.
 */
#ifndef TOCSIN_TESTS_RULES_ENGINE_STORY_H
#define TOCSIN_TESTS_RULES_ENGINE_STORY_H

#include "agent/base/map.h"
#include "agent/base/schema.h"
#include "rules/engine.h"
#include "test.h"

/** A sheet as the store has it. */
struct stored {
    uint32_t sheet;
    struct buf bytes;
};

struct story {
    struct arena arena;
    struct complaints complaints;
    struct rules *rules;
    struct routes routes;
    struct engine *engine;
    struct now now, begin;
    uint64_t seed;
    struct arena turn;
    struct notices notices; /**< of the last tick; all of the last story_pass() */
    struct buf transcript;
    struct map store;         /**< number of the sheet -> struct stored */
    uint64_t seen, seen_hash; /**< what went in */
    uint64_t told, told_hash; /**< what came out */
    char last_thread[33];
};

/** Begin with these routes, as under `routes:` in YAML; `rules:` may follow. */
void story_begin(struct story *story, const char *routes);
void story_end(struct story *story);

/** One line that an alert with @labels ("rule=oom host=web1") stands for; the alert is
 *  over when it was not seen for 15m. The label severity is it, or warning. */
void story_see(struct story *story, const char *labels);
/** The same @count times, each line another. */
void story_see_many(struct story *story, const char *labels, int count);
/** The same with its own resolve_after. */
void story_see_for(struct story *story, const char *labels, int64_t resolve_after_ms);

/** Somebody posts that the alert with @labels fires since @occurrence_s seconds after
 *  the begin, or is over. It is over too when it is not repeated for a day. */
void story_post(struct story *story, const char *labels, int64_t occurrence_s);
void story_post_resolved(struct story *story, const char *labels, int64_t occurrence_s);

/** Whole lines for the rules. Their hash is the caller's to add. */
void story_feed(struct story *story, const char *lines);

/** Let time pass; the engine is called when it wants to be, and at the end. */
void story_pass(struct story *story, int64_t ms);

/** kill -9 and a start, @down_ms later; with @routes, or the old ones when NULL. */
void story_crash(struct story *story, int64_t down_ms, const char *routes);

/** `run --once` ends. */
void story_flush(struct story *story);

/** All mails since the last call are these. */
void story_expect(struct story *story, const char *transcript);

#endif
