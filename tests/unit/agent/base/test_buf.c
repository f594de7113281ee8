/** Bounded output, and the stored form that must read back as written or fail. */
#include "agent/base/buf.h"

#include "test.h"

TEST(buf, an_unused_buf_is_an_empty_text)
{
    struct buf buf = buf_make(10);
    ck_assert_str_eq(buf_slice(&buf).ptr, "");
    buf_clear(&buf);
    buf_drop(&buf, 0);
    buf_free(&buf);
}

TEST(buf, the_bound_itself_still_fits)
{
    struct buf buf = buf_make(4);
    buf_puts(&buf, "abcd");
    ck_assert(!buf.overflowed);
    ck_assert_str_eq(buf.ptr, "abcd");
    buf_puts(&buf, "");
    ck_assert(!buf.overflowed);
    buf_putc(&buf, 'e');
    ck_assert(buf.overflowed);
    ck_assert_str_eq(buf.ptr, "abcd");
    buf_free(&buf);
}

TEST(buf, what_does_not_fit_is_left_out_whole_and_stays_known)
{
    struct buf buf = buf_make(5);
    buf_puts(&buf, "abc");
    buf_printf(&buf, "%s", "too long");
    buf_putc(&buf, 'd');
    ck_assert_str_eq(buf.ptr, "abcd");
    ck_assert(buf.overflowed);
    buf_clear(&buf);
    ck_assert(!buf.overflowed);
    buf_free(&buf);
}

TEST(buf, a_length_near_the_end_of_the_range_does_not_wrap)
{
    struct buf buf = buf_make(8);
    buf_puts(&buf, "abc");
    buf_put(&buf, slice_make("x", SIZE_MAX - 1));
    ck_assert(buf.overflowed);
    ck_assert_uint_eq(buf.len, 3);
    buf_free(&buf);
}

TEST(buf, growing_keeps_what_was_put)
{
    struct buf buf = buf_make(100000);
    for (int i = 0; i < 10000; i++)
        buf_printf(&buf, "%d,", i % 10);
    ck_assert_uint_eq(buf.len, 20000);
    for (size_t i = 0; i < buf.len; i += 2) {
        ck_assert_int_eq(buf.ptr[i], (int)('0' + i / 2 % 10));
        ck_assert_int_eq(buf.ptr[i + 1], ',');
    }
    ck_assert_int_eq(buf.ptr[buf.len], '\0');
    buf_free(&buf);
}

TEST(buf, a_number_has_its_digits_and_zeros_before_them)
{
    struct buf buf = buf_make(100);
    buf_put_number(&buf, 0, 0);
    buf_putc(&buf, ' ');
    buf_put_number(&buf, 7, 2);
    buf_putc(&buf, ' ');
    buf_put_number(&buf, 1234, 2);
    buf_putc(&buf, ' ');
    buf_put_number(&buf, UINT64_MAX, 20);
    ck_assert_str_eq(buf.ptr, "0 07 1234 18446744073709551615");
    buf_free(&buf);
}

TEST(buf, drop_takes_from_the_front)
{
    struct buf buf = buf_make(10);
    buf_puts(&buf, "abcdef");
    buf_drop(&buf, 2);
    ck_assert_str_eq(buf.ptr, "cdef");
    buf_drop(&buf, 4);
    ck_assert_str_eq(buf.ptr, "");
    buf_free(&buf);
}

TEST(buf, a_freed_buf_keeps_its_bound)
{
    struct buf buf = buf_make(3);
    buf_puts(&buf, "abc");
    buf_free(&buf);
    buf_puts(&buf, "abcd");
    ck_assert(buf.overflowed);
    buf_free(&buf);
}

TEST(unbuf, numbers_and_bytes_read_back_as_written)
{
    struct buf buf = buf_make(1000);
    buf_put_u64(&buf, UINT64_MAX);
    buf_put_bytes(&buf, SLICE("a\0b"));
    buf_put_bytes(&buf, SLICE(""));
    buf_put_u64(&buf, 7);
    struct unbuf in = { .rest = buf_slice(&buf) };
    ck_assert_uint_eq(unbuf_u64(&in), UINT64_MAX);
    ck_assert(slice_equal(unbuf_bytes(&in), SLICE("a\0b")));
    ck_assert_uint_eq(unbuf_bytes(&in).len, 0);
    ck_assert_uint_eq(unbuf_u64(&in), 7);
    ck_assert(!in.failed);
    ck_assert_uint_eq(in.rest.len, 0);
    buf_free(&buf);
}

TEST(unbuf, the_stored_form_is_little_endian_on_every_machine)
{
    struct buf buf = buf_make(100);
    buf_put_u64(&buf, UINT64_C(0x0807060504030201));
    ck_assert_slice(buf_slice(&buf), "\x01\x02\x03\x04\x05\x06\x07\x08");
    buf_free(&buf);
}

/* State on disk may be cut anywhere; no cut may read outside or pass as whole. */
TEST(unbuf, a_cut_at_any_byte_is_noticed)
{
    struct buf buf = buf_make(1000);
    buf_put_u64(&buf, 42);
    buf_put_bytes(&buf, SLICE("some bytes"));
    for (size_t len = 0; len < buf.len; len++) {
        char *copy = malloc(len + 1);
        memcpy(copy, buf.ptr, len);
        struct unbuf in = { .rest = slice_make(copy, len) };
        (void)unbuf_u64(&in);
        (void)unbuf_bytes(&in);
        ck_assert_msg(in.failed, "a cut at %zu passed", len);
        ck_assert_uint_eq(unbuf_u64(&in), 0);
        ck_assert_uint_eq(unbuf_bytes(&in).len, 0);
        free(copy);
    }
    buf_free(&buf);
}

TEST(unbuf, a_length_beyond_the_end_is_refused)
{
    struct buf buf = buf_make(100);
    buf_put_u64(&buf, UINT64_MAX);
    buf_puts(&buf, "abc");
    struct unbuf in = { .rest = buf_slice(&buf) };
    ck_assert_uint_eq(unbuf_bytes(&in).len, 0);
    ck_assert(in.failed);
    buf_free(&buf);
}
