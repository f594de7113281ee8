/**
 * What is known of the text that a part of a pattern takes, and how that grows along a
 * pattern. The parser says what follows what; the sets are made here.
 */
#ifndef TOCSIN_RULES_LITERAL_SETS_H
#define TOCSIN_RULES_LITERAL_SETS_H

#include "rules/literals.h"

/** Where sets are made, and by what they are compared. */
struct set_maker {
    const struct rarity *rarity;
    struct arena *arena;
};

/** Of the text that a part takes: it begins with one of @first, ends with one of @last
 *  (of which one may be the empty text), and holds one of @best, if there are any. An
 *  exact part takes one of @first and nothing else. */
struct part {
    bool is_exact;
    struct literals first, last;
    struct literals best;
};

/** Nothing, as an anchor takes. */
struct part part_nothing(const struct set_maker *maker);
/** Any text. */
struct part part_unknown(const struct set_maker *maker);
/** One byte; @is_nocase: in either case. */
struct part part_byte(const struct set_maker *maker, unsigned char byte,
                      bool is_nocase);
/** One of both. */
struct part part_either(const struct set_maker *maker, const struct part *a,
                        const struct part *b);
/** @part, @min to @max times (SIZE_MAX: no bound). */
struct part part_repeated(const struct set_maker *maker, const struct part *part,
                          size_t min, size_t max);

/** Parts behind each other. */
struct sequence {
    const struct set_maker *maker;
    bool is_exact;
    struct literals first; /**< when it is not exact any more */
    struct literals run;   /**< what stands just before the next part */
    struct literals best;
    double best_cost;
};

struct sequence sequence_begin(const struct set_maker *maker);
void sequence_add(struct sequence *sequence, const struct part *part);
struct part sequence_end(struct sequence *sequence);

#endif
