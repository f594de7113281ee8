/**
 * The gate looks at whole blocks for thousands of literals at once, so that almost no
 * line needs to be touched. It never misses one of them.
 *
 * Long literals: one window of four bytes is looked up at every fourth or eighth byte,
 * and of each literal so many windows are known that one of them is met. Short ones:
 * every byte is looked at, by the halves of its and the next three bytes (as in
 * Hyperscan's Teddy). What passes is compared with the literals themselves.
 */
#ifndef TOCSIN_RULES_GATE_H
#define TOCSIN_RULES_GATE_H

#include "rules/literals.h"
#include "rules/shapes.h"

struct gate;

/** A literal, and whom to tell when it stands somewhere. */
struct gate_item {
    struct literal literal; /**< of LITERAL_MIN_BYTES at least */
    uint32_t owner;
};

/** A shape, and whom to tell. */
struct gate_shape {
    struct shape shape;
    uint32_t owner;
};

/** All that a gate is to look for. Each shape costs something at each place that looks
 *  like one of them, so they should be few: GATE_SHAPES at most. */
struct gate_wanted {
    const struct gate_item *items;
    size_t count;
    const struct gate_shape *shapes;
    size_t shape_count;
};
enum { GATE_SHAPES = 16 };

/** What the machine's instructions allow; all find the same. */
enum gate_level {
    GATE_BEST, /**< the best that is there */
    GATE_PLAIN,
    GATE_SSSE3,
    GATE_AVX2,
    GATE_AVX512,
    GATE_VBMI, /**< AVX-512 with VBMI and GFNI */
    GATE_NEON,
    GATE_LEVELS
};

/** Can this machine do it? */
bool gate_level_is_there(enum gate_level level);
const char *gate_level_name(enum gate_level level);

/** @items   copied; the same literal may stand there for several owners
 *  @rarity  of what will be scanned; NULL: as logs are in general; for the call only
 *  @level   one that is there
 *  @return owned by the caller: gate_free(). */
struct gate *gate_create(const struct gate_item *items, size_t count,
                         const struct rarity *rarity, enum gate_level level);
/** The same for shapes, too; copied. */
struct gate *gate_create_for(const struct gate_wanted *wanted,
                             const struct rarity *rarity, enum gate_level level);
void gate_free(struct gate *gate);

/** What it takes, in bytes. */
size_t gate_size(const struct gate *gate);

/** Scan @bytes, of any length and alignment.
 *  @hit  called for each literal and each shape that stands there whole: @at is a byte
 *        of it (of a shape: one behind its lead), and does not decrease from call to
 *        call; one place may be told twice
 *  @return the number of line feeds. */
uint64_t gate_scan(const struct gate *gate, struct slice bytes,
                   void (*hit)(void *ctx, size_t at, uint32_t owner), void *ctx);

#endif
