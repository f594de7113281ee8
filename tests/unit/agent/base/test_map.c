/** The map keeps what was put, in the order it came. */
#include "agent/base/map.h"

#include "agent/base/rng.h"
#include "test.h"

TEST(map, what_was_put_is_found_and_what_was_taken_is_not)
{
    struct map map = { 0 };
    char keys[1000][16];
    for (int i = 0; i < 1000; i++) {
        snprintf(keys[i], sizeof keys[i], "k%d", i);
        ck_assert_ptr_null(map_put(&map, slice_of(keys[i]), keys[i]));
    }
    for (int i = 0; i < 1000; i += 2)
        ck_assert_ptr_eq(map_take(&map, slice_of(keys[i])), keys[i]);
    for (int i = 0; i < 1000; i++)
        ck_assert_ptr_eq(map_find(&map, slice_of(keys[i])), i % 2 ? keys[i] : NULL);
    ck_assert_uint_eq(map.count, 500);
    map_free(&map);
}

TEST(map, a_walk_keeps_the_order_of_insertion)
{
    struct map map = { 0 };
    char one[] = "1", two[] = "2", three[] = "3";
    map_put(&map, SLICE("b"), one);
    map_put(&map, SLICE("a"), two);
    map_put(&map, SLICE("c"), three);
    map_take(&map, SLICE("a"));
    size_t at = 0;
    ck_assert_str_eq(map_next(&map, &at), "1");
    ck_assert_str_eq(map_next(&map, &at), "3");
    ck_assert_ptr_null(map_next(&map, &at));
    map_free(&map);
}

enum { KEYS = 200, STEPS = 20000 };

TEST(map, random_puts_and_takes_agree_with_a_plain_array)
{
    struct map map = { 0 };
    char keys[KEYS][8];
    char *model[KEYS] = { NULL };
    size_t count = 0;
    struct rng rng;
    rng_seed(&rng, 5);
    for (int i = 0; i < KEYS; i++)
        snprintf(keys[i], sizeof keys[i], "%d", i);
    for (int step = 0; step < STEPS; step++) {
        uint64_t r = rng_next(&rng);
        int i = (int)(r % KEYS);
        char *value = keys[r >> 32 & 63];
        if (r >> 40 & 1) {
            ck_assert_ptr_eq(map_put(&map, slice_of(keys[i]), value), model[i]);
            count += model[i] == NULL;
            model[i] = value;
        } else {
            ck_assert_ptr_eq(map_take(&map, slice_of(keys[i])), model[i]);
            count -= model[i] != NULL;
            model[i] = NULL;
        }
        ck_assert_uint_eq(map.count, count);
    }
    for (int i = 0; i < KEYS; i++)
        ck_assert_ptr_eq(map_find(&map, slice_of(keys[i])), model[i]);
    map_free(&map);
}

/* Limits bound the entries that are there; gaps must not grow past them. */
TEST(map, what_comes_and_goes_does_not_make_it_grow)
{
    struct map map = { 0 };
    char keys[STEPS][8], value[] = "v";
    for (int i = 0; i < STEPS; i++) {
        snprintf(keys[i], sizeof keys[i], "%d", i);
        map_put(&map, slice_of(keys[i]), value);
        if (i >= 10)
            ck_assert_ptr_eq(map_take(&map, slice_of(keys[i - 10])), value);
    }
    ck_assert_uint_eq(map.count, 10);
    ck_assert_uint_le(map.capacity, 64);
    map_free(&map);
}

TEST(map, entries_may_be_taken_during_a_walk)
{
    struct map map = { 0 };
    char keys[20][8];
    for (int i = 0; i < 20; i++) {
        snprintf(keys[i], sizeof keys[i], "%d", i);
        map_put(&map, slice_of(keys[i]), keys[i]);
    }
    size_t at = 0;
    int seen = 0;
    for (char *value; (value = map_next(&map, &at)); seen++)
        ck_assert_ptr_eq(map_take(&map, slice_of(value)), value);
    ck_assert_int_eq(seen, 20);
    ck_assert_uint_eq(map.count, 0);
    map_free(&map);
}

TEST(map, keys_may_hold_any_byte_or_none)
{
    struct map map = { 0 };
    char a[] = "a", b[] = "b", c[] = "c";
    map_put(&map, SLICE(""), a);
    map_put(&map, SLICE("x\0y"), b);
    map_put(&map, SLICE("x\0z"), c);
    ck_assert_ptr_eq(map_find(&map, slice_of(NULL)), a);
    ck_assert_ptr_eq(map_find(&map, SLICE("x\0y")), b);
    ck_assert_ptr_null(map_find(&map, SLICE("x")));
    map_free(&map);
}
