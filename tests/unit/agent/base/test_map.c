/** The map keeps what was put, in the order it came. */
#include "agent/base/map.h"

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
