/**
 * The shape of a text: a few neighbouring bytes of which only the kinds are known, like
 * four digits and a blank. A pattern without a literal may still have a shape that
 * stands in every line it matches, so that other lines need not be tried.
 */
#ifndef TOCSIN_RULES_SHAPES_H
#define TOCSIN_RULES_SHAPES_H

#include "agent/base/slice.h"

enum { SHAPE_PLACES = 8 };

/** A set of bytes, bit by bit. */
struct byte_set {
    uint64_t bits[4];
};

static inline bool byte_set_has(const struct byte_set *set, unsigned char byte)
{
    return set->bits[byte >> 6] >> (byte & 63) & 1;
}

struct shape {
    struct byte_set places[SHAPE_PLACES];
    uint8_t len;
    bool has_lead; /**< the first place may be the line feed before the line */
};

/** Expected occurrences, in a byte of log, of places @from to @to of @shape. */
double shape_rarity(const struct shape *shape, size_t from, size_t to);

/** The rarest shape of @pattern, read as PCRE2 does with the options of regex.c. It
 *  stands in each line that matches, with the line feeds around it; in one without a
 *  line feed before or behind it, the shape may reach out of the line.
 *  @shape   set to it, or of length 0 when none is known
 *  @return  is it rare enough to be looked for? */
bool shape_of_pattern(struct slice pattern, struct shape *shape);

#endif
