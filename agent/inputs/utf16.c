/** Transcoding line by line. */
#include "agent/inputs/utf16.h"

enum {
    LINE_FEED = '\n',
    BYTE_ORDER_MARK = 0xfeff,
    FIRST_HIGH = 0xd800,
    FIRST_LOW = 0xdc00,
    LAST_LOW = 0xdfff,
    REPLACEMENT = 0xfffd,
    MAX_UTF8_BYTES = UTF16_LINE_BYTES / 2 * 3,
};

static unsigned unit_at(struct slice bytes, size_t at, bool is_big)
{
    unsigned char first = (unsigned char)bytes.ptr[at];
    unsigned char second = (unsigned char)bytes.ptr[at + 1];
    return is_big ? (unsigned)first << 8 | second : (unsigned)second << 8 | first;
}

/** The character at *@at, which is moved behind it. */
static unsigned next_character(struct slice bytes, size_t *at, bool is_big)
{
    unsigned unit = unit_at(bytes, *at, is_big);
    *at += 2;
    if (unit < FIRST_HIGH || unit > LAST_LOW)
        return unit;
    if (unit >= FIRST_LOW || *at + 2 > bytes.len)
        return REPLACEMENT;
    unsigned low = unit_at(bytes, *at, is_big);
    if (low < FIRST_LOW || low > LAST_LOW)
        return REPLACEMENT;
    *at += 2;
    return 0x10000 + ((unit - FIRST_HIGH) << 10) + (low - FIRST_LOW);
}

static void put_utf8(struct buf *out, unsigned c)
{
    if (c < 0x80) {
        buf_putc(out, (char)c);
    } else if (c < 0x800) {
        buf_putc(out, (char)(0xc0 | c >> 6));
        buf_putc(out, (char)(0x80 | (c & 0x3f)));
    } else {
        if (c < 0x10000) {
            buf_putc(out, (char)(0xe0 | c >> 12));
        } else {
            buf_putc(out, (char)(0xf0 | c >> 18));
            buf_putc(out, (char)(0x80 | (c >> 12 & 0x3f)));
        }
        buf_putc(out, (char)(0x80 | (c >> 6 & 0x3f)));
        buf_putc(out, (char)(0x80 | (c & 0x3f)));
    }
}

/** Bytes up to and with the next line feed, or 0. */
static size_t line_length(struct slice rest, bool is_big)
{
    for (size_t at = 0; at + 2 <= rest.len; at += 2) {
        if (unit_at(rest, at, is_big) == LINE_FEED)
            return at + 2;
    }
    return 0;
}

static size_t nul_run(struct slice rest)
{
    size_t at = 0;
    while (at + 2 <= rest.len && rest.ptr[at] == '\0' && rest.ptr[at + 1] == '\0')
        at += 2;
    return at;
}

/** What goes on from piece to piece of one call. */
struct feeding {
    struct line_feed *to;
    struct buf text;
    bool is_big, is_full, is_final;
};

static size_t feed_line(struct feeding *feeding, struct slice line, bool is_cut,
                        bool is_unterminated)
{
    struct line_feed *to = feeding->to;
    size_t at = 0;
    buf_clear(&feeding->text);
    while (at + 2 <= line.len)
        put_utf8(&feeding->text, next_character(line, &at, feeding->is_big));
    struct block block = { .source = to->source,
                           .path = to->path,
                           .offset = to->offset,
                           .bytes = buf_slice(&feeding->text),
                           .is_cut = is_cut,
                           .is_unterminated = is_unterminated };
    to->feed(to->ctx, &block);
    to->cut_count += is_cut;
    to->is_in_long_line = is_cut;
    return line.len;
}

static size_t skip_rest(struct feeding *feeding, struct slice rest)
{
    size_t len = line_length(rest, feeding->is_big);
    feeding->to->is_in_long_line = len == 0;
    len = len > 0 ? len : rest.len & ~(size_t)1;
    feeding->to->rest_bytes += len;
    return len;
}

/** Half of a code unit at the end of a file that will never be completed. */
static size_t skip_half(struct feeding *feeding, struct slice rest)
{
    if (!feeding->is_final)
        return 0;
    feeding->to->rest_bytes += rest.len;
    return rest.len;
}

/** Bytes that the next piece takes; 0: not before there are more. */
static size_t feed_next(struct feeding *feeding, struct slice rest, bool follows_line)
{
    struct line_feed *to = feeding->to;
    size_t nuls = nul_run(rest);
    if (to->is_in_long_line)
        return skip_rest(feeding, rest);
    if (nuls > 0 && (nuls + 1 < rest.len || feeding->is_full || feeding->is_final)) {
        *(follows_line ? &to->nul_bytes : &to->hole_bytes) += nuls;
        return nuls;
    }
    size_t len = line_length(rest, feeding->is_big);
    if (len > 0 && len <= UTF16_LINE_BYTES)
        return feed_line(feeding, slice_make(rest.ptr, len), false, false);
    if (rest.len > UTF16_LINE_BYTES)
        return feed_line(feeding, slice_make(rest.ptr, UTF16_LINE_BYTES), true, false);
    if (!feeding->is_final)
        return 0;
    return feed_line(feeding, slice_make(rest.ptr, rest.len & ~(size_t)1), false, true);
}

size_t utf16_feed(struct line_feed *to, struct slice bytes, bool is_big_endian,
                  bool is_full, bool is_final)
{
    struct feeding feeding = { to, buf_make(MAX_UTF8_BYTES), is_big_endian, is_full,
                               is_final };
    size_t used = 0, len;
    if (to->offset == 0 && bytes.len >= 2 &&
        unit_at(bytes, 0, is_big_endian) == BYTE_ORDER_MARK)
        used = 2;
    to->offset += (int64_t)used;
    do {
        struct slice rest = slice_make(bytes.ptr + used, bytes.len - used);
        len = rest.len >= 2 ? feed_next(&feeding, rest, to->is_after_line || used > 2)
                            : skip_half(&feeding, rest);
        used += len;
        to->offset += (int64_t)len;
    } while (len > 0);
    buf_free(&feeding.text);
    return used;
}

size_t utf16_last_line_end(struct slice bytes, bool is_big_endian)
{
    for (size_t at = bytes.len & ~(size_t)1; at >= 2; at -= 2) {
        if (unit_at(bytes, at - 2, is_big_endian) == LINE_FEED)
            return at;
    }
    return 0;
}
