/** Bytes that are text in other ways (shared/facts/faults.md L35 to L42). */
#include <fcntl.h>
#include <unistd.h>

#include "agent/base/limits.h"
#include "agent/inputs/encoding.h"
#include "agent/inputs/utf16.h"
#include "bench.h"

/** Append @text (ASCII and U+00E9 as "\xe9") as UTF-16. */
static void append16(struct bench *b, const char *name, bool is_big, const char *text)
{
    int fd = open(bench_path(b, name), O_WRONLY | O_CREAT | O_APPEND, 0600);
    for (; *text; text++) {
        char unit[2] = { is_big ? 0 : *text, is_big ? *text : 0 };
        ck_assert_int_eq(write(fd, unit, 2), 2);
    }
    close(fd);
}

static void append_bytes(struct bench *b, const char *name, const char *bytes,
                         size_t len)
{
    int fd = open(bench_path(b, name), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ck_assert_int_eq(write(fd, bytes, len), (ssize_t)len);
    close(fd);
}

STORY(L40_UTF16_with_a_mark_is_read_as_UTF8_and_stays_aligned_over_restarts)
{
    for (int is_big = 0; is_big < 2; is_big++) {
        const char *name = is_big ? "big.log" : "little.log";
        append_bytes(b, name, is_big ? "\xfe\xff" : "\xff\xfe", 2);
        append16(b, name, is_big, "one \xe9\r\ntwo\nhal");
        bench_turn(b);
        bench_expect(b, "one \xc3\xa9\r\ntwo\n");
        bench_restart(b);
        append16(b, name, is_big, "f\n");
        bench_turn(b);
        bench_expect(b, "half\n");
        /* Half of a code unit is there for a while. */
        append_bytes(b, name, is_big ? "\0x\0" : "x\0\n", 3);
        bench_turn(b);
        bench_restart(b);
        append_bytes(b, name, is_big ? "\n" : "\0", 1);
        bench_turn(b);
        bench_expect(b, "x\n");
        ck_assert_int_eq(bench_sum(b, "read"), bench_sum(b, "appeared"));
    }
}

STORY(L40_a_mark_that_comes_byte_by_byte_is_seen)
{
    append_bytes(b, "a.log", "\xff", 1);
    bench_turn(b);
    append_bytes(b, "a.log", "\xfe", 1);
    bench_turn(b);
    append16(b, "a.log", false, "one\n");
    bench_turn(b);
    bench_expect(b, "one\n");
}

TEST(encoding, L40_the_first_start_ever_begins_at_a_line_of_UTF16)
{
    for (int is_big = 0; is_big < 2; is_big++) {
        struct bench b;
        bench_init(&b, true);
        append_bytes(&b, "a.log", is_big ? "\xfe\xff" : "\xff\xfe", 2);
        append16(&b, "a.log", is_big, "old\npar");
        bench_start(&b);
        bench_turn(&b);
        append16(&b, "a.log", is_big, "tial\nnew\n");
        bench_turn(&b);
        bench_expect(&b, "partial\nnew\n");
        bench_clear(&b);
    }
}

TEST(encoding, L40_without_a_mark_the_source_can_say_so)
{
    struct bench b;
    bench_init(&b, true);
    b.configs[0].encoding = ENCODING_UTF16_BE;
    bench_start(&b);
    append16(&b, "a.log", true, "one\ntwo\n");
    bench_turn(&b);
    bench_expect(&b, "one\ntwo\n");
    bench_clear(&b);
}

STORY(L40_a_long_line_of_UTF16_is_cut_and_the_next_is_whole)
{
    append_bytes(b, "a.log", "\xff\xfe", 2);
    char part[1025];
    memset(part, 'x', 1024);
    part[1024] = '\0';
    for (int i = 0; i < 100; i++)
        append16(b, "a.log", false, part);
    bench_turn(b);
    bench_restart(b);
    append16(b, "a.log", false, "\nnext\n");
    bench_turn(b);
    char expected[64];
    snprintf(expected, sizeof expected, "<cut %d>\nnext\n", UTF16_LINE_BYTES / 2);
    bench_expect(b, expected);
    ck_assert_int_eq(bench_sum(b, "long_line"), 2 * 100 * 1024 + 2 - UTF16_LINE_BYTES);
}

STORY(L40_a_truncated_file_may_come_back_in_another_encoding)
{
    append_bytes(b, "a.log", "\xff\xfe", 2);
    append16(b, "a.log", false, "one\n");
    bench_turn(b);
    bench_write(b, "a.log", "two two two two\n");
    bench_turn(b);
    bench_expect(b, "one\ntwo two two two\n");
}

static void collect(void *ctx, const struct block *block)
{
    struct buf *out = ctx;
    buf_printf(out, "%lld:", (long long)block->offset);
    buf_put(out, block->bytes);
}

TEST(encoding, UTF16_becomes_UTF8_with_offsets_of_the_file)
{
    static const char raw[] = "\xff\xfe"
                              "A\0\n\0"
                              "\x3d\xd8\x00\xde\n\0" /* U+1F600 */
                              "\x3d\xd8\n\0"         /* a lone surrogate */
                              "\x00\xde"
                              "\xac\x20\n"; /* another, and the euro */
    struct buf out = buf_make(1000);
    struct line_feed to = { .feed = collect, .ctx = &out };
    size_t used = utf16_feed(&to, slice_make(raw, sizeof raw), false, false, false);
    ck_assert_uint_eq(used, sizeof raw);
    ck_assert_str_eq(out.ptr, "2:A\n6:\xf0\x9f\x98\x80\n12:\xef\xbf\xbd\n"
                              "16:\xef\xbf\xbd\xe2\x82\xac\n");
    buf_free(&out);
}

STORY(L35_a_line_of_100_MiB_is_one_cut_line_and_the_next_is_whole)
{
    static char part[1 << 20];
    memset(part, 'x', sizeof part);
    for (int i = 0; i < 100; i++)
        append_bytes(b, "a.log", part, sizeof part);
    append_bytes(b, "a.log", "\nnext\n", 6);
    bench_turn(b);
    bench_expect(b, "<cut 65536>\nnext\n");
    ck_assert_int_eq(bench_sum(b, "long_line"), (100 << 20) + 1 - LIMIT_LINE_BYTES);
}

STORY(L36_an_endless_line_is_skipped_and_a_restart_does_not_begin_it_anew)
{
    static char part[1 << 20];
    memset(part, 'x', sizeof part);
    for (int i = 0; i < 20; i++) {
        append_bytes(b, "a.log", part, sizeof part);
        if (i % 5 == 0)
            bench_restart(b);
        bench_turn(b);
    }
    uint64_t before = inputs_tally(b->inputs)->bytes_read;
    bench_restart(b);
    bench_turn(b);
    ck_assert_uint_eq(inputs_tally(b->inputs)->bytes_read, 0);
    ck_assert_uint_gt(before, 0);
    append_bytes(b, "a.log", "\nnext\n", 6);
    bench_turn(b);
    bench_expect(b, "<cut 65536>\nnext\n");
}

STORY(L39_a_lone_CR_is_data_and_ends_no_line)
{
    append_bytes(b, "a.log", "a\rb\r\nc\r\r\n", 9);
    bench_turn(b);
    bench_expect(b, "a\rb\r\nc\r\r\n");
}

STORY(L42_the_last_line_of_a_sparse_file_of_1_TiB_is_found_at_once)
{
    bench_append(b, "a.log", "");
    if (truncate(bench_path(b, "a.log"), 1LL << 40) != 0) {
        unit_test_skip("this file system takes no file of 1 TiB");
        return;
    }
    append_bytes(b, "a.log", "last\n", 5);
    bench_turn(b);
    bench_expect(b, "last\n");
    ck_assert_uint_lt(inputs_tally(b->inputs)->bytes_read, 1 << 20);
    ck_assert_int_eq(bench_sum(b, "hole"), 1LL << 40);
}
