/**
 * Texts that a line must hold for a pattern to match it: of a set of literals, one at
 * least stands in every subject that matches. So lines without any of them need not be
 * tried. Where a pattern is not understood nothing is claimed.
 */
#ifndef TOCSIN_RULES_LITERALS_H
#define TOCSIN_RULES_LITERALS_H

#include "agent/base/mem.h"
#include "rules/rarity.h"

enum {
    LITERAL_BYTES = 48, /**< a longer text is several literals, of which one is taken */
    LITERAL_MIN_BYTES = 3 /**< a shorter one stands in too many lines */
};

/** Bytes to look for. */
struct literal {
    uint64_t nocase; /**< bit i: byte i stands for both cases, and is the lower one */
    uint8_t len;
    char bytes[LITERAL_BYTES];
};

/** A set of them: any is enough. */
struct literals {
    struct literal *items;
    size_t count;
};

/** Does @literal stand at the head of @text? */
bool literal_fits(const struct literal *literal, struct slice text);
/** Does one of @set stand in @text? Slow: for tests and reports. */
bool literals_stand_in(const struct literals *set, struct slice text);

/** What looking for @set costs, to compare sets by: candidates in a byte of log, and
 *  more for short ones. */
double literals_cost(const struct literals *set, const struct rarity *rarity);

/** The cheapest set for @pattern, read as PCRE2 does with the options of regex.c.
 *  @arena  holds the set and what is needed on the way
 *  @return false, and an empty *@set: none is known */
bool literals_of_pattern(struct slice pattern, const struct rarity *rarity,
                         struct arena *arena, struct literals *set);

#endif
