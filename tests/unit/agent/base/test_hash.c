/** Hashes lie on disk: the values below were written by earlier versions. */
#include "agent/base/hash.h"

#include "test.h"

TEST(hash, stored_values_stay_what_they_are)
{
    char bytes[300];
    for (int i = 0; i < 300; i++)
        bytes[i] = (char)(i * 7);
    ck_assert_uint_eq(hash_bytes(SLICE("tocsin")), UINT64_C(0xc03c3a2f6ef846be));
    ck_assert_uint_eq(hash_bytes(slice_make(bytes, 300)), UINT64_C(0xe2558afb5598da2a));
    ck_assert_uint_eq(hash_more(1, SLICE("ab")), UINT64_C(0x5654a82ea4325b60));
    ck_assert_uint_eq(hash_bytes(SLICE("")), UINT64_C(0x2d06800538d394c2));
}

TEST(hash, nothing_hashes_the_same_with_and_without_an_address)
{
    ck_assert_uint_eq(hash_bytes(slice_of(NULL)), hash_bytes(SLICE("")));
    ck_assert_uint_eq(hash_more(1, slice_of(NULL)), hash_more(1, SLICE("")));
}

TEST(hash, parts_keep_their_borders)
{
    uint64_t start = hash_bytes(SLICE("x"));
    uint64_t first = hash_more(hash_more(start, SLICE("ab")), SLICE("c"));
    ck_assert_uint_ne(first, hash_more(hash_more(start, SLICE("a")), SLICE("bc")));
    ck_assert_uint_ne(first, hash_more(start, SLICE("abc")));
    ck_assert_uint_ne(start, hash_more(start, SLICE("")));
}
