/** Memory is zeroed, aligned and given back; arenas forget all at once. */
#include "agent/base/mem.h"

#include <stdalign.h>

#include "test.h"

TEST(mem, nothing_still_has_an_address_of_its_own)
{
    void *a = mem_zalloc(0), *b = mem_zalloc(0);
    ck_assert_ptr_ne(a, b);
    free(a);
    free(b);
}

TEST(mem, pushed_elements_start_as_zeros_and_keep_their_place)
{
    struct pair {
        int a, b;
    } *pairs = NULL;
    size_t count = 0, capacity = 0;
    for (int i = 0; i < 100; i++) {
        struct pair *pair = mem_push(pairs, count, capacity);
        ck_assert_int_eq(pair->a, 0);
        ck_assert_int_eq(pair->b, 0);
        *pair = (struct pair){ i, -i };
    }
    ck_assert_uint_eq(count, 100);
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(pairs[i].b, -i);
    free(pairs);
}

TEST(mem, take_leaves_null_behind)
{
    char *text = mem_copy_text("abc");
    char *taken = mem_take(&text);
    ck_assert_ptr_null(text);
    ck_assert_str_eq(taken, "abc");
    free(taken);
}

TEST(mem, a_copy_of_nothing_is_the_empty_text)
{
    char *copy = mem_copy(slice_of(NULL));
    ck_assert_str_eq(copy, "");
    free(copy);
}

TEST(arena, every_piece_is_aligned_for_any_type)
{
    struct arena arena = { 0 };
    for (size_t size = 0; size < 100; size++) {
        char *piece = arena_zalloc(&arena, size);
        ck_assert_uint_eq((uintptr_t)piece % alignof(max_align_t), 0);
    }
    arena_free(&arena);
}

static void check_filled(const char *bytes, size_t size, char want)
{
    for (size_t i = 0; i < size; i++)
        ck_assert_int_eq(bytes[i], want);
}

TEST(arena, pieces_do_not_overlap_and_are_zeroed_after_a_clear)
{
    struct arena arena = { 0 };
    for (int round = 0; round < 3; round++) {
        char *pieces[300];
        for (int i = 0; i < 300; i++) {
            pieces[i] = arena_zalloc(&arena, 100 + (size_t)i);
            check_filled(pieces[i], 100 + (size_t)i, 0);
            memset(pieces[i], i % 100 + 1, 100 + (size_t)i);
        }
        for (int i = 0; i < 300; i++)
            check_filled(pieces[i], 100 + (size_t)i, (char)(i % 100 + 1));
        arena_clear(&arena);
        ck_assert_uint_eq(arena.total_bytes, 0);
    }
    arena_free(&arena);
}

TEST(arena, a_piece_larger_than_a_chunk_is_whole_and_not_kept)
{
    struct arena arena = { 0 };
    char *big = arena_zalloc(&arena, 1000000);
    memset(big, 1, 1000000);
    ck_assert_uint_ge(arena.total_bytes, 1000000);
    arena_clear(&arena);
    ck_assert_ptr_null(arena.chunk);
    ck_assert_str_eq(arena_text(&arena, SLICE("still usable")), "still usable");
    arena_free(&arena);
}

TEST(arena, printed_text_and_slices_are_copies)
{
    struct arena arena = { 0 };
    char bytes[] = "abc";
    struct slice copy = arena_slice(&arena, slice_make(bytes, 3));
    char *text = arena_printf(&arena, "%s-%d", bytes, 7);
    bytes[0] = 'X';
    ck_assert_slice(copy, "abc");
    ck_assert_int_eq(copy.ptr[3], '\0');
    ck_assert_str_eq(text, "abc-7");
    arena_free(&arena);
}
