/** Pieces in few bytes, and back. */
#include "rules/record.h"

#include "agent/base/rng.h"
#include "test.h"

enum { PIECES = 40, FIELDS = 60 };

/** Each other number of its own, and all widths. */
static uint64_t number_of(struct rng *rng, uint64_t before)
{
    uint64_t dice = rng_next(rng);
    return dice & 1 ? before : rng_next(rng) >> (dice >> 8) % 64;
}

TEST(record, what_is_written_comes_back_whatever_it_was)
{
    struct buf bytes = buf_make(1 << 20);
    struct record_out out = { .out = &bytes };
    uint64_t numbers[PIECES][FIELDS];
    char texts[PIECES][FIELDS][8];
    struct rng rng;
    rng_seed(&rng, 5);
    for (int i = 0; i < PIECES; i++) {
        record_out_begin(&out);
        for (int k = 0; k < FIELDS; k++) {
            numbers[i][k] = number_of(&rng, i > 0 ? numbers[i - 1][k] : UINT64_MAX);
            snprintf(texts[i][k], 8, "%.*s%d%.*s", (int)(rng_next(&rng) % 4), "aba",
                     k & 1, (int)(rng_next(&rng) % 4), "bab");
            record_put(&out, numbers[i][k]);
            record_put_text(&out, slice_of(texts[i][k]));
        }
    }
    struct arena arena = { 0 };
    struct record_in in = { .rest = buf_slice(&bytes), .arena = &arena };
    for (int i = 0; i < PIECES; i++) {
        record_in_begin(&in);
        for (int k = 0; k < FIELDS; k++) {
            ck_assert_uint_eq(record_get(&in), numbers[i][k]);
            ck_assert(slice_equal(record_get_text(&in), slice_of(texts[i][k])));
        }
    }
    ck_assert(!in.failed);
    ck_assert_uint_eq(in.rest.len, 0);
    arena_free(&arena);
    buf_free(&bytes);
}

TEST(record, what_the_piece_before_said_costs_a_byte)
{
    struct buf bytes = buf_make(1000);
    struct record_out out = { .out = &bytes };
    for (int i = 0; i < 2; i++) {
        buf_clear(&bytes);
        record_out_begin(&out);
        record_put(&out, UINT64_MAX / 3);
        record_put_text(&out, SLICE("a text of some length"));
    }
    ck_assert_uint_eq(bytes.len, 2);
    buf_free(&bytes);
}

TEST(record, what_two_texts_begin_and_end_with_is_written_once)
{
    struct buf bytes = buf_make(1000);
    struct record_out out = { .out = &bytes };
    record_out_begin(&out);
    record_put_text(&out, SLICE("Disk of host-1 will fill in 4 hours"));
    size_t first = bytes.len;
    record_out_begin(&out);
    record_put_text(&out, SLICE("Disk of host-22 will fill in 4 hours"));
    ck_assert_uint_eq(bytes.len - first, 3 + 2);
    buf_free(&bytes);
}

TEST(record, bytes_that_nobody_wrote_fail_and_stay_so)
{
    static const struct slice odd[] = {
        SLICE(""),                                         /* no number */
        SLICE("\x80"),                                     /* that goes on */
        SLICE("\x80\x00"),                                 /* a longer spelling of 0 */
        SLICE("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), /* 65 bits */
    };
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        struct record_in in = { .rest = odd[i] };
        ck_assert_uint_eq(record_get(&in), 0);
        ck_assert(in.failed);
        ck_assert_uint_eq(record_get_text(&in).len, 0);
        ck_assert(in.failed);
    }
    static const struct slice odd_texts[] = { SLICE("\0"), SLICE("\5\0\0abc"),
                                              SLICE("\1\1\0"), SLICE("\1\0\1"),
                                              SLICE("\4\0abc") };
    for (size_t i = 0; i < sizeof odd_texts / sizeof *odd_texts; i++) {
        struct record_in in = { .rest = odd_texts[i] };
        ck_assert_uint_eq(record_get_text(&in).len, 0);
        ck_assert(in.failed);
    }
    struct record_in in = { .rest = SLICE("\4") }; /* two is neither no nor yes */
    ck_assert(!record_get_bool(&in));
    ck_assert(in.failed);
}
