/** Labels beside the usual ones: few bytes, the same labels, the same order. */
#include "rules/brief.h"

#include "agent/base/rng.h"
#include "test.h"

enum { ROUNDS = 3000 };

static struct slice stored(const struct labels *labels, struct arena *arena)
{
    struct buf out = buf_make(LABELS_KEY_BYTES);
    labels_save(labels, &out);
    struct slice copy = arena_slice(arena, buf_slice(&out));
    buf_free(&out);
    return copy;
}

static struct brief brief_of(const struct labels *labels, struct slice usual,
                             struct arena *arena)
{
    struct buf out = buf_make(LABELS_KEY_BYTES);
    brief_save(labels, usual, &out);
    struct brief brief = { arena_slice(arena, buf_slice(&out)), usual };
    buf_free(&out);
    return brief;
}

/** Few names and values, so that some of two are equal; lengths on both sides of what a
 *  byte holds. */
static struct labels labels_by_chance(struct rng *rng, struct arena *arena)
{
    static const size_t lengths[] = { 1, 2, 127, 128, 255, 256, LIMIT_LABEL_BYTES };
    static char bytes[LIMIT_LABEL_BYTES];
    struct labels labels = { 0 };
    size_t count = rng_next(rng) % 6;
    for (size_t i = 0; i < count; i++) {
        size_t name_len = lengths[rng_next(rng) % 7], len = lengths[rng_next(rng) % 7];
        memset(bytes, (int)('a' + rng_next(rng) % 3), sizeof bytes);
        ck_assert(labels_set(&labels, arena, slice_make(bytes, name_len),
                             slice_make(bytes, len)));
    }
    return labels;
}

static int sign(int order)
{
    return (order > 0) - (order < 0);
}

TEST(brief, whatever_is_usual_labels_come_back_and_keep_their_order)
{
    struct rng rng;
    rng_seed(&rng, 11);
    for (int round = 0; round < ROUNDS; round++) {
        struct arena arena = { 0 };
        struct label items[LIMIT_LABELS];
        struct labels back = { items, 0 };
        struct labels usual = labels_by_chance(&rng, &arena);
        struct labels a = labels_by_chance(&rng, &arena);
        struct labels b = labels_by_chance(&rng, &arena);
        struct slice usual_key = round % 5 ? stored(&usual, &arena) : SLICE("");
        struct brief brief_a = brief_of(&a, usual_key, &arena);
        struct brief brief_b = brief_of(&b, usual_key, &arena);
        brief_load(brief_a, &back);
        ck_assert(labels_equal(&back, &a));
        ck_assert_uint_eq(brief_count(brief_a), a.count);
        ck_assert_int_eq(sign(slice_compare(stored(&a, &arena), stored(&b, &arena))),
                         sign(brief_compare(brief_a, brief_b)));
        ck_assert_int_eq(slice_equal(brief_a.bytes, brief_b.bytes),
                         labels_equal(&a, &b));
        arena_free(&arena);
    }
}

TEST(brief, a_label_that_is_usual_takes_one_byte)
{
    struct arena arena = { 0 };
    struct labels usual = { 0 }, labels = { 0 };
    ck_assert(labels_set(&usual, &arena, SLICE("host"), SLICE("db1")));
    ck_assert(labels_set(&usual, &arena, SLICE("job"), SLICE("node")));
    ck_assert(labels_set(&labels, &arena, SLICE("host"), SLICE("db2")));
    ck_assert(labels_set(&labels, &arena, SLICE("job"), SLICE("node")));
    struct slice usual_key = stored(&usual, &arena);
    ck_assert_uint_eq(brief_of(&usual, usual_key, &arena).bytes.len, 1 + 2);
    ck_assert_uint_eq(brief_of(&labels, usual_key, &arena).bytes.len, 1 + 1 + 4 + 1);
    arena_free(&arena);
}

TEST(brief, as_many_labels_as_there_may_be_are_all_kept)
{
    struct arena arena = { 0 };
    struct label items[LIMIT_LABELS];
    struct labels labels = { 0 }, back = { items, 0 };
    static char name[LIMIT_LABEL_BYTES];
    memset(name, 'n', sizeof name);
    for (int i = 0; i < LIMIT_LABELS; i++) {
        name[0] = (char)('A' + i);
        struct slice text = slice_make(name, sizeof name);
        ck_assert(labels_set(&labels, &arena, text, text));
    }
    struct slice usual = stored(&labels, &arena);
    brief_load(brief_of(&labels, SLICE(""), &arena), &back);
    ck_assert(labels_equal(&back, &labels));
    brief_load(brief_of(&labels, usual, &arena), &back);
    ck_assert(labels_equal(&back, &labels));
    arena_free(&arena);
}
