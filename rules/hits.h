/**
 * What the matcher found in one block, in its order, until the engine takes it. So that
 * the scan and what comes behind it are each a tight loop over many lines, and that it
 * is known of a line whether others of its rule follow: what they overwrite need not be
 * written.
 */
#ifndef TOCSIN_RULES_HITS_H
#define TOCSIN_RULES_HITS_H

#include "rules/rule.h"

struct hit {
    struct rule *rule;
    struct slice line;
    int64_t offset;
    size_t first_capture, capture_count;
    uint32_t later; /**< see struct event */
};

/** Zero-initialised is empty. Holds LIMIT_HITS at most, or fewer with many captures. */
struct hits {
    struct hit *items;
    size_t count, capacity;
    struct capture *captures;
    size_t capture_count, capture_capacity;
    struct event common; /**< what the lines of one block have in common */
    uint32_t *seen;      /**< by rule, all 0 between two calls */
};

void hits_free(struct hits *hits);
void hits_clear(struct hits *hits);

/** Is there no room for one more? */
bool hits_are_full(const struct hits *hits);

/** @rule matched @event, whose texts are borrowed from the block. */
void hits_add(struct hits *hits, struct rule *rule, const struct event *event);

/** Say of each how many follow. @rules: all that they may be of */
void hits_rank(struct hits *hits, const struct rules *rules);

/** The event of hit @index, good until something is added. */
struct event hits_event(const struct hits *hits, size_t index);

#endif
