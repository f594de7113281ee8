/**
 * Sets are small and never changed once made, so that parts can share them; the run of
 * a sequence alone grows in place.
 */
#include "rules/literal_sets.h"

enum {
    EXACT_MAX = 16, /* texts that a part can take, before they are not told apart */
    BEST_MAX = 64   /* literals in a set: each costs room in the gate */
};

/* --- sets ------------------------------------------------------------------------- */

static struct literals set_make(const struct set_maker *maker, size_t capacity)
{
    return (struct literals){
        arena_zalloc(maker->arena, capacity * sizeof(struct literal)), 0
    };
}

static struct literals set_of_empty(const struct set_maker *maker)
{
    struct literals set = set_make(maker, 1);
    set.count = 1;
    return set;
}

static bool is_equal(const struct literal *a, const struct literal *b)
{
    return a->len == b->len && a->nocase == b->nocase &&
           memcmp(a->bytes, b->bytes, a->len) == 0;
}

static void set_add(struct literals *set, const struct literal *literal)
{
    for (size_t i = 0; i < set->count; i++)
        if (is_equal(&set->items[i], literal))
            return;
    set->items[set->count++] = *literal;
}

static struct literals set_union(const struct set_maker *maker,
                                 const struct literals *a, const struct literals *b)
{
    struct literals set = set_make(maker, a->count + b->count);
    for (size_t i = 0; i < a->count; i++)
        set_add(&set, &a->items[i]);
    for (size_t i = 0; i < b->count; i++)
        set_add(&set, &b->items[i]);
    return set;
}

static size_t longest(const struct literals *set)
{
    size_t len = 0;
    for (size_t i = 0; i < set->count; i++)
        len = set->items[i].len > len ? set->items[i].len : len;
    return len;
}

static size_t shortest(const struct literals *set)
{
    size_t len = set->count ? SIZE_MAX : 0;
    for (size_t i = 0; i < set->count; i++)
        len = set->items[i].len < len ? set->items[i].len : len;
    return len;
}

static struct literal join(const struct literal *a, const struct literal *b)
{
    struct literal joined = *a;
    memcpy(joined.bytes + a->len, b->bytes, b->len);
    joined.nocase |= b->nocase << a->len;
    joined.len = (uint8_t)(a->len + b->len);
    return joined;
}

/* Each of @a with each of @b behind it. @return false when that is too much. */
static bool set_product(const struct set_maker *maker, const struct literals *a,
                        const struct literals *b, struct literals *product)
{
    if (a->count * b->count > EXACT_MAX || longest(a) + longest(b) > LITERAL_BYTES)
        return false;
    struct literals set = set_make(maker, a->count * b->count);
    for (size_t i = 0; i < a->count; i++) {
        for (size_t k = 0; k < b->count; k++) {
            struct literal joined = join(&a->items[i], &b->items[k]);
            set_add(&set, &joined);
        }
    }
    *product = set;
    return true;
}

/* --- literals --------------------------------------------------------------------- */

static bool byte_fits(const struct literal *literal, size_t i, char byte)
{
    if (byte == literal->bytes[i])
        return true;
    return literal->nocase >> i & 1 && (byte | 0x20) == literal->bytes[i];
}

bool literal_fits(const struct literal *literal, struct slice text)
{
    if (text.len < literal->len)
        return false;
    if (literal->nocase == 0)
        return memcmp(literal->bytes, text.ptr, literal->len) == 0;
    for (size_t i = 0; i < literal->len; i++)
        if (!byte_fits(literal, i, text.ptr[i]))
            return false;
    return true;
}

static bool stands_in(const struct literal *literal, struct slice text)
{
    for (size_t i = 0; i <= text.len; i++)
        if (literal_fits(literal, slice_make(text.ptr + i, text.len - i)))
            return true;
    return false;
}

bool literals_stand_in(const struct literals *set, struct slice text)
{
    for (size_t i = 0; i < set->count; i++)
        if (stands_in(&set->items[i], text))
            return true;
    return false;
}

/* Whatever holds @b holds @a. */
static bool is_part_of(const struct literal *a, const struct literal *b)
{
    for (size_t at = 0; at + a->len <= b->len; at++) {
        uint64_t nocase = b->nocase >> at & ((UINT64_C(1) << a->len) - 1);
        if ((nocase & ~a->nocase) == 0 &&
            literal_fits(a, slice_make(b->bytes + at, a->len)))
            return true;
    }
    return false;
}

/* Without those that hold another one of the set. */
static struct literals set_simplify(const struct set_maker *maker,
                                    const struct literals *set)
{
    struct literals simple = set_make(maker, set->count);
    for (size_t i = 0; i < set->count; i++) {
        bool is_needed = true;
        for (size_t k = 0; k < set->count && is_needed; k++)
            is_needed = k == i || !is_part_of(&set->items[k], &set->items[i]);
        if (is_needed)
            simple.items[simple.count++] = set->items[i];
    }
    return simple;
}

/* --- costs ------------------------------------------------------------------------ */

/* A line that is tried costs as much as so many candidates that are dismissed. */
enum { TRY_COST = 8 };

/* In candidates a byte. Short literals are looked for at every byte, longer ones at
 * every fourth or eighth. */
static double cost_of_length(size_t len)
{
    if (len >= 11)
        return 1e-6;
    if (len >= 7)
        return 5e-5;
    return len > LITERAL_MIN_BYTES ? 2e-4 : 4e-4;
}

double literals_cost(const struct literals *set, const struct rarity *rarity)
{
    double cost = 0;
    for (size_t i = 0; i < set->count; i++) {
        const struct literal *item = &set->items[i];
        cost += TRY_COST * rarity_of(rarity, slice_make(item->bytes, item->len)) +
                cost_of_length(item->len);
    }
    return cost;
}

/* --- parts ------------------------------------------------------------------------ */

struct part part_nothing(const struct set_maker *maker)
{
    struct literals empty = set_of_empty(maker);
    return (struct part){ .is_exact = true, .first = empty, .last = empty };
}

struct part part_unknown(const struct set_maker *maker)
{
    struct part part = part_nothing(maker);
    part.is_exact = false;
    return part;
}

struct part part_byte(const struct set_maker *maker, unsigned char byte, bool is_nocase)
{
    struct literals set = set_of_empty(maker);
    set.items[0].bytes[0] = (char)byte;
    set.items[0].len = 1;
    set.items[0].nocase = is_nocase;
    return (struct part){ .is_exact = true, .first = set, .last = set };
}

/* Too many together say nothing. */
static bool set_either(const struct set_maker *maker, const struct literals *a,
                       const struct literals *b, struct literals *either)
{
    *either = set_union(maker, a, b);
    if (either->count <= EXACT_MAX)
        return true;
    *either = set_of_empty(maker);
    return false;
}

struct part part_either(const struct set_maker *maker, const struct part *a,
                        const struct part *b)
{
    struct part part = { 0 };
    bool fits = set_either(maker, &a->first, &b->first, &part.first);
    part.is_exact = fits && a->is_exact && b->is_exact;
    (void)set_either(maker, &a->last, &b->last, &part.last);
    if (a->best.count > 0 && b->best.count > 0 &&
        a->best.count + b->best.count <= BEST_MAX)
        part.best = set_union(maker, &a->best, &b->best);
    return part;
}

static struct part part_optional(const struct set_maker *maker, const struct part *part)
{
    struct part nothing = part_nothing(maker);
    return part_either(maker, part, &nothing);
}

enum { UNROLLED_MAX = 8 };

struct part part_repeated(const struct set_maker *maker, const struct part *part,
                          size_t min, size_t max)
{
    struct sequence sequence = sequence_begin(maker);
    struct part unknown = part_unknown(maker);
    if (min == 0 && max == 0)
        return part_nothing(maker);
    if (min == 0 && max == 1)
        return part_optional(maker, part);
    if (min == 0)
        return unknown;
    for (size_t i = 0; i < min && i < UNROLLED_MAX; i++)
        sequence_add(&sequence, part);
    if (max == min && min <= UNROLLED_MAX)
        return sequence_end(&sequence);
    /* What comes between is more of the same; the last one stands at the end. */
    sequence_add(&sequence, &unknown);
    struct part repeated = sequence_end(&sequence);
    repeated.last = part->last;
    return repeated;
}

/* --- sequences -------------------------------------------------------------------- */

struct sequence sequence_begin(const struct set_maker *maker)
{
    return (struct sequence){ .maker = maker,
                              .is_exact = true,
                              .run = set_of_empty(maker) };
}

static void consider(struct sequence *sequence, const struct literals *set)
{
    if (set->count == 0 || set->count > BEST_MAX || shortest(set) < LITERAL_MIN_BYTES)
        return;
    struct literals simple = set_simplify(sequence->maker, set);
    double cost = literals_cost(&simple, sequence->maker->rarity);
    if (sequence->best.count > 0 && cost >= sequence->best_cost)
        return;
    sequence->best = simple;
    sequence->best_cost = cost;
}

static void end_run(struct sequence *sequence, const struct literals *next)
{
    consider(sequence, &sequence->run);
    if (sequence->is_exact)
        sequence->first = sequence->run;
    sequence->is_exact = false;
    sequence->run = set_union(sequence->maker, next, next);
}

/* Most parts are one byte: no new set for each of them. */
static bool add_byte(struct sequence *sequence, const struct part *part)
{
    struct literals *run = &sequence->run;
    bool is_byte = part->is_exact && part->first.count == 1 &&
                   part->first.items[0].len == 1 && part->best.count == 0;
    if (!is_byte || longest(run) == LITERAL_BYTES)
        return false;
    for (size_t i = 0; i < run->count; i++)
        run->items[i] = join(&run->items[i], &part->first.items[0]);
    return true;
}

void sequence_add(struct sequence *sequence, const struct part *part)
{
    struct literals product;
    if (add_byte(sequence, part))
        return;
    consider(sequence, &part->best);
    if (part->first.count > 1)
        consider(sequence, &sequence->run);
    bool fits = set_product(sequence->maker, &sequence->run, &part->first, &product);
    if (fits)
        sequence->run = product;
    if (fits && part->is_exact)
        return;
    if (!fits)
        consider(sequence, &part->first);
    end_run(sequence, &part->last);
}

struct part sequence_end(struct sequence *sequence)
{
    consider(sequence, &sequence->run);
    bool is_exact = sequence->is_exact;
    return (struct part){ .is_exact = is_exact,
                          .first = is_exact ? sequence->run : sequence->first,
                          .last = sequence->run,
                          .best = sequence->best };
}
