/** Durations, sizes, times, and the cleaning of bytes of unknown origin. */
#include "test.h"

#include "agent/base/now.h"
#include "agent/base/text.h"
#include "agent/base/utf8.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static const char *cleaned(struct slice bytes, bool keep_lines)
{
    static struct buf out;
    buf_free(&out);
    out = buf_make(1024 * 1024);
    text_put_clean(&out, bytes, keep_lines);
    return out.ptr ? out.ptr : "";
}

TEST(text, durations_are_read_with_their_units)
{
    static const struct {
        const char *text;
        int64_t ms; /* -1: refused */
    } rows[] = {
        { "90s", 90000 },
        { "15m", 15 * MINUTE_MS },
        { "4h", 4 * HOUR_MS },
        { "7d", 7 * DAY_MS },
        { "250ms", 250 },
        { "1h30m", 90 * MINUTE_MS },
        { "1d2h3m4s5ms", DAY_MS + 2 * HOUR_MS + 3 * MINUTE_MS + 4005 },
        { "0", 0 },
        { "0s", 0 },
        { "1h30ms", HOUR_MS + 30 },
        { "", -1 },
        { "5", -1 },
        { "s", -1 },
        { "-5s", -1 },
        { "+5s", -1 },
        { "5 s", -1 },
        { "5m5m", -1 },
        { "5s5m", -1 },
        { "5m5", -1 },
        { "1.5h", -1 },
        { "5S", -1 },
        { "5w", -1 },
        { " 5s", -1 },
        { "5s ", -1 },
        { "1e9d", -1 },
        { "106751991167d", 106751991167 * DAY_MS },
        { "106751991168d", -1 },
        { "106751991167d24h", -1 },
        { "99999999999999999999s", -1 },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int64_t ms = -1;
        bool is_read = text_to_duration(slice_of(rows[i].text), &ms);
        ck_assert_msg(is_read == (rows[i].ms >= 0), "'%s'", rows[i].text);
        if (is_read)
            ck_assert_int_eq(ms, rows[i].ms);
    }
}

TEST(text, a_duration_with_a_nul_is_refused)
{
    int64_t ms;
    ck_assert(!text_to_duration(SLICE("5s\0"), &ms));
    ck_assert(!text_to_duration(SLICE("5\0s"), &ms));
}

TEST(text, durations_are_written_with_at_most_two_units)
{
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
        { 0, "0s" },
        { -5, "0s" },
        { 250, "250 ms" },
        { 45 * SECOND_MS, "45s" },
        { 1500, "1s" },
        { 90 * MINUTE_MS, "1h 30m" },
        { HOUR_MS + 5 * SECOND_MS, "1h" },
        { 3 * DAY_MS + 4 * HOUR_MS + 5, "3d 4h" },
        { 5 * MINUTE_MS, "5m" },
        { 5 * MINUTE_MS + 1, "5m" },
        { 400 * DAY_MS, "400d" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct buf out = buf_make(64);
        text_put_duration(&out, rows[i].ms);
        ck_assert_str_eq(out.ptr, rows[i].text);
        buf_free(&out);
    }
}

TEST(text, sizes_are_read_with_their_units)
{
    static const struct {
        const char *text;
        int64_t bytes;
    } rows[] = {
        { "512B", 512 },
        { "64KiB", 65536 },
        { "64KB", 64000 },
        { "1MiB", 1048576 },
        { "1MB", 1000000 },
        { "2GiB", INT64_C(2147483648) },
        { "1TiB", INT64_C(1) << 40 },
        { "0", 0 },
        { "512", -1 },
        { "", -1 },
        { "1kib", -1 },
        { "1.5MiB", -1 },
        { "-1B", -1 },
        { "1MiB1KiB", -1 },
        { "9000000TiB", -1 },
        { "KiB", -1 },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int64_t bytes = -1;
        bool is_read = text_to_size(slice_of(rows[i].text), &bytes);
        ck_assert_msg(is_read == (rows[i].bytes >= 0), "'%s'", rows[i].text);
        if (is_read)
            ck_assert_int_eq(bytes, rows[i].bytes);
    }
}

TEST(text, L38_L67_what_is_no_clean_text_is_shown_as_numbers)
{
    static const struct {
        struct slice bytes;
        const char *clean;
    } rows[] = {
        { BYTES("plain \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x94\xA5"),
          "plain \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x94\xA5" },
        { BYTES("a\0b"), "a\\x00b" },
        { BYTES("a\tb"), "a b" },
        { BYTES("a\r\nBcc: x"), "a\\x0D\\x0ABcc: x" },
        { BYTES("\x1B[31mred"), "\\x1B[31mred" },
        { BYTES("\x7F"), "\\x7F" },
        { BYTES("\xC2\x9B"), "\\xC2\\x9B" },          /* C1 as UTF-8 */
        { BYTES("\x9B"), "\\x9B" },                   /* a stray continuation byte */
        { BYTES("\xC0\x80"), "\\xC0\\x80" },          /* overlong, two bytes */
        { BYTES("\xE0\x80\x80"), "\\xE0\\x80\\x80" }, /* overlong, three */
        { BYTES("\xF0\x80\x80\x80"), "\\xF0\\x80\\x80\\x80" }, /* overlong, four */
        { BYTES("\xED\xA0\x80"), "\\xED\\xA0\\x80" },          /* a surrogate */
        { BYTES("\xF4\x90\x80\x80"), "\\xF4\\x90\\x80\\x80" }, /* past U+10FFFF */
        { BYTES("\xF5\x80\x80\x80"), "\\xF5\\x80\\x80\\x80" },
        { BYTES("\xFE\xFF"), "\\xFE\\xFF" },
        { BYTES("\xE2\x82"), "\\xE2\\x82" },   /* cut off at the end */
        { BYTES("\xE2\x82z"), "\\xE2\\x82z" }, /* cut off by another */
        { BYTES("\xF0\x9F\x94"), "\\xF0\\x9F\\x94" },
        { BYTES("\xC3"), "\\xC3" },
        { BYTES("\xE2\x80\xAE"), "\\u{202E}" }, /* right-to-left override */
        { BYTES("\xE2\x81\xA6"), "\\u{2066}" }, /* isolate */
        { BYTES("\xE2\x80\x8B"), "\\u{200B}" }, /* zero width space */
        { BYTES("\xE2\x80\xA8"), "\\u{2028}" }, /* line separator */
        { BYTES("\xEF\xBB\xBF"), "\\u{FEFF}" },
        { BYTES("\xC2\xAD"), "\\u{AD}" },
        { BYTES("\xF3\xA0\x81\x81"), "\\u{E0041}" }, /* tag */
        { BYTES("\xEF\xBF\xBE"), "\\u{FFFE}" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        ck_assert_str_eq(cleaned(rows[i].bytes, false), rows[i].clean);
}

TEST(text, line_feeds_stay_only_where_lines_are_kept)
{
    ck_assert_str_eq(cleaned(SLICE("a\nb"), true), "a\nb");
    ck_assert_str_eq(cleaned(SLICE("a\nb"), false), "a\\x0Ab");
    ck_assert_str_eq(cleaned(SLICE("a\r\nb\rc"), true), "a\nb\\x0Dc");
}

/** Does @text hold only what text_put_clean() may put? */
static bool is_clean(struct slice text)
{
    while (text.len > 0) {
        uint32_t code;
        size_t len = utf8_next(text, &code);
        if (len == 0 || code < 0x20 || (code >= 0x7F && code < 0xA0) ||
            utf8_is_hidden(code))
            return false;
        text.ptr += len;
        text.len -= len;
    }
    return true;
}

TEST(text,
     L38_L67_cleaning_gives_clean_text_for_every_three_bytes_and_twice_changes_nothing)
{
    struct buf once = buf_make(64), twice = buf_make(64);
    /* Every lead byte, then bytes from each class. */
    static const unsigned char next[] = { 0x00, 'a',  0x7F, 0x80, 0x8E, 0x90, 0x9F,
                                          0xA0, 0xAE, 0xBF, 0xC2, 0xE2, 0xF0, 0xFF };
    for (int a = 0; a < 256; a++) {
        for (size_t b = 0; b < sizeof next * sizeof next * sizeof next; b++) {
            char bytes[4] = { (char)a, (char)next[b % sizeof next],
                              (char)next[b / sizeof next % sizeof next],
                              (char)next[b / sizeof next / sizeof next] };
            buf_clear(&once);
            buf_clear(&twice);
            text_put_clean(&once, slice_make(bytes, sizeof bytes), false);
            ck_assert(is_clean(buf_slice(&once)));
            text_put_clean(&twice, buf_slice(&once), false);
            ck_assert(slice_equal(buf_slice(&once), buf_slice(&twice)));
        }
    }
    buf_free(&once);
    buf_free(&twice);
}

TEST(text, a_cut_falls_between_two_characters)
{
    struct slice text = slice_of("a\xE2\x82\xAC\xF0\x9F\x94\xA5z");
    static const size_t want[] = { 0, 1, 1, 1, 4, 4, 4, 4, 8, 9, 9 };
    for (size_t max = 0; max < COUNT_OF(want); max++)
        ck_assert_uint_eq(text_cut(text, max).len, want[max]);
}

TEST(text, times_are_written_in_the_offset_of_their_zone)
{
    static const struct {
        int64_t unix_s;
        int offset_s;
        const char *time, *date;
    } rows[] = {
        { 0, 0, "1970-01-01 00:00:00 +0000", "Thu, 01 Jan 1970 00:00:00 +0000" },
        { -1, 0, "1969-12-31 23:59:59 +0000", "Wed, 31 Dec 1969 23:59:59 +0000" },
        { 1795411021, 3600, "2026-11-23 06:17:01 +0100",
          "Mon, 23 Nov 2026 06:17:01 +0100" },
        { 951782400, 0, "2000-02-29 00:00:00 +0000",
          "Tue, 29 Feb 2000 00:00:00 +0000" },
        { 951782400, -12600, "2000-02-28 20:30:00 -0330",
          "Mon, 28 Feb 2000 20:30:00 -0330" },
        { 4107542400, 50400, "2100-03-01 14:00:00 +1400",
          "Mon, 01 Mar 2100 14:00:00 +1400" },
        { 253402300799, 0, "9999-12-31 23:59:59 +0000",
          "Fri, 31 Dec 9999 23:59:59 +0000" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct buf time = buf_make(64), date = buf_make(64);
        text_put_time(&time, rows[i].unix_s * 1000 + 999, rows[i].offset_s);
        text_put_rfc5322_date(&date, rows[i].unix_s * 1000, rows[i].offset_s);
        ck_assert_str_eq(time.ptr, rows[i].time);
        ck_assert_str_eq(date.ptr, rows[i].date);
        buf_free(&time);
        buf_free(&date);
    }
}

TEST(text, one_is_singular_and_everything_else_plural)
{
    struct buf out = buf_make(64);
    text_put_count(&out, 1, "line", "lines");
    buf_putc(&out, '|');
    text_put_count(&out, 0, "line", "lines");
    buf_putc(&out, '|');
    text_put_count(&out, UINT64_MAX, "line", "lines");
    ck_assert_str_eq(out.ptr, "1 line|0 lines|18446744073709551615 lines");
    buf_free(&out);
}
