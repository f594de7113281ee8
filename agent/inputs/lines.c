/** Whole lines, found from the end backwards, so that short lines cost nothing each. */
#include "agent/inputs/lines.h"

static struct piece piece_of(enum piece_kind kind, size_t len, bool is_in_long_line)
{
    return (struct piece){ kind, len, is_in_long_line };
}

static struct piece rest_of_long_line(struct slice rest)
{
    const char *end = memchr(rest.ptr, '\n', rest.len);
    if (!end)
        return piece_of(PIECE_REST, rest.len, true);
    return piece_of(PIECE_REST, (size_t)(end - rest.ptr) + 1, false);
}

static size_t nul_run(struct slice rest)
{
    size_t len = 0;
    while (len < rest.len && rest.ptr[len] == '\0')
        len++;
    return len;
}

/** Up to the first line that begins with a NUL. NULs are rare, so one memchr
 *  decides. */
static struct slice before_nul_line(struct slice rest)
{
    if (!memchr(rest.ptr, '\0', rest.len))
        return rest;
    const char *at = memmem(rest.ptr, rest.len, "\n\0", 2);
    return at ? slice_make(rest.ptr, (size_t)(at - rest.ptr) + 1) : rest;
}

/** Bytes of whole lines at the head of @rest, none of them too long. */
static size_t whole_lines(struct slice rest)
{
    size_t end = 0;
    while (end < rest.len) {
        size_t window = rest.len - end;
        if (window > LIMIT_LINE_BYTES + 1)
            window = LIMIT_LINE_BYTES + 1;
        const char *last = memrchr(rest.ptr + end, '\n', window);
        if (!last)
            break;
        end = (size_t)(last - rest.ptr) + 1;
    }
    return end;
}

struct piece lines_next(struct slice rest, bool is_in_long_line, bool is_full)
{
    if (rest.len == 0)
        return piece_of(PIECE_NONE, 0, is_in_long_line);
    if (is_in_long_line)
        return rest_of_long_line(rest);
    size_t nuls = nul_run(rest);
    if (nuls == rest.len && !is_full)
        return piece_of(PIECE_NONE, 0, false);
    if (nuls > 0)
        return piece_of(PIECE_NULS, nuls, false);
    struct slice head = before_nul_line(rest);
    size_t len = whole_lines(head);
    if (len > 0)
        return piece_of(PIECE_LINES, len, false);
    if (head.len > LIMIT_LINE_BYTES)
        return piece_of(PIECE_CUT, LIMIT_LINE_BYTES, true);
    return piece_of(PIECE_NONE, 0, false);
}

static void feed_block(struct line_feed *to, struct slice bytes, bool is_cut,
                       bool is_unterminated)
{
    struct block block = { .source = to->source,
                           .path = to->path,
                           .offset = to->offset,
                           .bytes = bytes,
                           .is_cut = is_cut,
                           .is_unterminated = is_unterminated };
    to->feed(to->ctx, &block);
}

static void feed_piece(struct line_feed *to, const char *bytes, struct piece piece,
                       bool follows_line)
{
    if (piece.kind == PIECE_LINES || piece.kind == PIECE_CUT)
        feed_block(to, slice_make(bytes, piece.len), piece.kind == PIECE_CUT, false);
    to->cut_count += piece.kind == PIECE_CUT;
    to->rest_bytes += piece.kind == PIECE_REST ? piece.len : 0;
    if (piece.kind == PIECE_NULS)
        *(follows_line ? &to->nul_bytes : &to->hole_bytes) += piece.len;
    to->is_in_long_line = piece.is_in_long_line;
    if (to->offset >= 0)
        to->offset += (int64_t)piece.len;
}

/** The last line of a file that will never get its '\n'. */
static size_t feed_unterminated(struct line_feed *to, struct slice bytes,
                                bool follows_line)
{
    if (to->is_in_long_line)
        to->rest_bytes += bytes.len;
    else if (nul_run(bytes) == bytes.len)
        *(follows_line ? &to->nul_bytes : &to->hole_bytes) += bytes.len;
    else
        feed_block(to, bytes, false, true);
    if (to->offset >= 0)
        to->offset += (int64_t)bytes.len;
    return bytes.len;
}

size_t lines_feed(struct line_feed *to, struct slice bytes, bool is_full, bool is_final)
{
    /* A byte order mark would keep '^' from matching the first line. */
    bool has_mark = to->offset == 0 && slice_starts(bytes, SLICE("\xef\xbb\xbf"));
    size_t used = has_mark ? 3 : 0;
    to->offset += (int64_t)used;
    for (;;) {
        struct slice rest = slice_make(bytes.ptr + used, bytes.len - used);
        struct piece piece = lines_next(rest, to->is_in_long_line, is_full);
        if (piece.kind == PIECE_NONE && is_final && rest.len > 0)
            return used + feed_unterminated(to, rest, used > 0 || to->is_after_line);
        if (piece.kind == PIECE_NONE)
            return used;
        feed_piece(to, rest.ptr, piece, used > 0 || to->is_after_line);
        used += piece.len;
    }
}
