/**
 * All that trying rules on lines writes to: room for PCRE2, captures, and what the
 * rules cost. Who has one may try rules while others do; rules, gate and matcher are
 * only read meanwhile.
 */
#ifndef TOCSIN_RULES_SCANNER_H
#define TOCSIN_RULES_SCANNER_H

#include "agent/base/limits.h"
#include "rules/event.h"
#include "rules/regex.h"

struct rule;
struct rules;

/** What trying one rule cost. */
struct rule_cost {
    uint64_t tries, hits;
    uint64_t ns;          /**< see rules_measure() */
    uint64_t limit_hits;  /**< match attempts that PCRE2 gave up */
    uint64_t passed_over; /**< lines it was not tried on, suspended */
    uint32_t timed_left;  /**< tries that are timed one by one */
    uint32_t untimed;     /**< tries since one was timed */
};

struct scanner {
    struct regex_room *room;
    struct rule_cost *costs; /**< by rule; NULL: counted at the rules themselves */
    uint64_t *wanted;        /**< bits of the rules to try on the line at hand */
    struct capture captures[LIMIT_CAPTURES];
    /** PCRE2 gave up on @line; NULL: that is noted at the rule at once. */
    void (*gave_up)(void *ctx, struct rule *rule, struct slice line);
    void *ctx; /**< of gave_up */
};

/** For the thread that owns @rules: counts at the rules themselves.
 *  @return owned by the caller: scanner_free(). */
struct scanner *scanner_create(const struct rules *rules);
void scanner_free(struct scanner *scanner);

#endif
