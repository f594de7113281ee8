/** Lines come out the same, wherever the reads end. */
#include "agent/inputs/lines.h"

#include "agent/base/rng.h"
#include "test.h"

static void collect(void *ctx, const struct block *block)
{
    struct buf *out = ctx;
    buf_printf(out, "%lld%s%s ", (long long)block->offset, block->is_cut ? "cut" : "",
               block->is_unterminated ? "end" : "");
    /* How lines are put together into blocks may differ: write them one by one. */
    struct slice rest = block->bytes, line;
    bool is_first = true;
    while (slice_next(&rest, '\n', &line)) {
        if (!is_first)
            buf_printf(out, "%lld ",
                       (long long)(block->offset + (line.ptr - block->bytes.ptr)));
        is_first = false;
        buf_put(out, line);
        buf_putc(out, '\n');
    }
}

/** Feed @text as it would be read when the file grows at each of @ends. */
static void feed_in_parts(struct slice text, const size_t *ends, size_t count,
                          struct buf *out)
{
    struct line_feed to = { .feed = collect, .ctx = out };
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        struct slice part = slice_make(text.ptr + at, ends[i] - at);
        at += lines_feed(&to, part, false, i + 1 == count);
    }
    ck_assert_uint_eq(at, text.len);
    ck_assert_int_eq(to.offset, (int64_t)text.len);
}

static void expect_same_for_all_splits(struct slice text)
{
    struct buf whole = buf_make(1 << 24), split = buf_make(1 << 24);
    feed_in_parts(text, &text.len, 1, &whole);
    for (size_t i = 0; i <= text.len; i++) {
        size_t ends[2] = { i, text.len };
        feed_in_parts(text, ends, 2, &split);
        ck_assert_msg(slice_equal(buf_slice(&whole), buf_slice(&split)),
                      "split at %zu:\n%s\nis not\n%s", i, split.ptr, whole.ptr);
        buf_clear(&split);
    }
    buf_free(&whole);
    buf_free(&split);
}

TEST(lines, L34_a_split_at_any_byte_changes_nothing)
{
    expect_same_for_all_splits(SLICE("one\n\r\n\ntwo\r\n\xff\xfe\nla\0st\n"));
    expect_same_for_all_splits(SLICE("\0\0\0one\n\0\0two\nend"));
    expect_same_for_all_splits(SLICE("end\n\0\0\0"));
    expect_same_for_all_splits(SLICE("\xef\xbb\xbfone\ntwo\n"));
}

TEST(lines, L34_a_split_at_random_bytes_of_long_lines_changes_nothing)
{
    struct rng rng;
    rng_seed(&rng, 34);
    size_t len = 5 * LIMIT_LINE_BYTES;
    char *text = malloc(len);
    memset(text, 'x', len);
    const size_t line_ends[] = { 3, LIMIT_LINE_BYTES + 4, 2 * LIMIT_LINE_BYTES + 6,
                                 2 * LIMIT_LINE_BYTES + 7 };
    for (size_t i = 0; i < 4; i++)
        text[line_ends[i]] = '\n';
    struct buf whole = buf_make(1 << 24), split = buf_make(1 << 24);
    feed_in_parts(slice_make(text, len), &len, 1, &whole);
    for (int i = 0; i < 200; i++) {
        size_t ends[3] = { rng_next(&rng) % len, 0, len };
        ends[1] = ends[0] + rng_next(&rng) % (len - ends[0]);
        feed_in_parts(slice_make(text, len), ends, 3, &split);
        ck_assert(slice_equal(buf_slice(&whole), buf_slice(&split)));
        buf_clear(&split);
    }
    ck_assert_ptr_nonnull(strstr(whole.ptr, "cut "));
    buf_free(&whole);
    buf_free(&split);
    free(text);
}

static struct piece piece_of(size_t line_bytes, bool has_end)
{
    char *text = malloc(line_bytes + 1);
    memset(text, 'x', line_bytes);
    text[line_bytes] = '\n';
    struct piece piece =
        lines_next(slice_make(text, line_bytes + has_end), false, false);
    free(text);
    return piece;
}

TEST(lines, L35_the_longest_line_is_whole_and_one_byte_more_is_cut)
{
    ck_assert_int_eq(piece_of(LIMIT_LINE_BYTES, true).kind, PIECE_LINES);
    ck_assert_int_eq(piece_of(LIMIT_LINE_BYTES, false).kind, PIECE_NONE);
    struct piece cut = piece_of(LIMIT_LINE_BYTES + 1, true);
    ck_assert_int_eq(cut.kind, PIECE_CUT);
    ck_assert_uint_eq(cut.len, LIMIT_LINE_BYTES);
    ck_assert(cut.is_in_long_line);
}
