/**
 * Small on purpose: it reads what tocsin and ordinary mail programs write, and never
 * more than it was given. Multipart bodies are searched for text/plain and nothing
 * else.
 */
#include "agent/base/unmime.h"

#include <ctype.h>
#include <stdlib.h>

enum { MAX_DEPTH = 4, MAX_HEADER_BYTES = 64 * 1024 };

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool unmime_base64(struct slice text, struct buf *out)
{
    uint32_t bits = 0;
    size_t digits = 0, padding = 0;
    bool is_clean = true;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        int value = base64_value(c);
        if (c == '=') {
            padding++;
        } else if (value < 0 || padding > 0) {
            is_clean = is_clean && is_blank(c);
        } else {
            bits = bits << 6 | (uint32_t)value;
            digits++;
            if (digits % 4 != 1)
                buf_putc(out, (char)(bits >> ((4 - digits % 4) % 4 * 2) & 0xff));
        }
    }
    return is_clean && padding <= 2 && (digits + padding) % 4 == 0;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/** Decode "=XY" at the front of @s. @return -1 when it is none. */
static int hex_pair(struct slice s)
{
    if (s.len < 3 || hex_value(s.ptr[1]) < 0 || hex_value(s.ptr[2]) < 0)
        return -1;
    return hex_value(s.ptr[1]) * 16 + hex_value(s.ptr[2]);
}

static struct slice skip(struct slice s, size_t count)
{
    return slice_make(s.ptr + count, s.len - count);
}

/** Take a line off the front, its CRLF or LF cut. @return false at the end. */
static bool next_line(struct slice *rest, struct slice *line)
{
    if (!slice_next(rest, '\n', line))
        return false;
    if (line->len > 0 && line->ptr[line->len - 1] == '\r')
        line->len--;
    return true;
}

static void put_quoted_line(struct slice line, struct buf *out)
{
    while (line.len > 0) {
        int value = line.ptr[0] == '=' ? hex_pair(line) : -1;
        buf_putc(out, value >= 0 ? (char)value : line.ptr[0]);
        line = skip(line, value >= 0 ? 3 : 1);
    }
}

void unmime_quoted(struct slice text, struct buf *out)
{
    struct slice line;
    while (next_line(&text, &line)) {
        while (line.len > 0 && is_blank(line.ptr[line.len - 1]))
            line.len--;
        bool is_soft = line.len > 0 && line.ptr[line.len - 1] == '=';
        line.len -= is_soft;
        put_quoted_line(line, out);
        if (!is_soft)
            buf_putc(out, '\n');
    }
}

/** The parts of "=?charset?E?text?=" at the front of @s.
 *  @return its length, 0 when it is none */
static size_t split_word(struct slice s, struct slice *charset, char *encoding,
                         struct slice *text)
{
    if (!slice_starts(s, SLICE("=?")))
        return 0;
    struct slice at = skip(s, 2);
    size_t end = slice_find(at, SLICE("?"));
    if (end == SIZE_MAX || at.len < end + 3 || at.ptr[end + 2] != '?')
        return 0;
    *charset = slice_make(at.ptr, end);
    *encoding = (char)toupper((unsigned char)at.ptr[end + 1]);
    at = skip(at, end + 3);
    size_t len = slice_find(at, SLICE("?="));
    if (len == SIZE_MAX || slice_find(slice_make(at.ptr, len), SLICE(" ")) != SIZE_MAX)
        return 0;
    *text = slice_make(at.ptr, len);
    return (size_t)(at.ptr + len + 2 - s.ptr);
}

static void put_q_word(struct slice text, struct buf *out)
{
    while (text.len > 0) {
        int value = text.ptr[0] == '=' ? hex_pair(text) : -1;
        if (value >= 0)
            buf_putc(out, (char)value);
        else
            buf_putc(out, text.ptr[0] == '_' ? ' ' : text.ptr[0]);
        text = skip(text, value >= 0 ? 3 : 1);
    }
}

/** Decode the word at the front of @s. @return its length, 0 when it cannot be
 *  decoded. */
static size_t put_word(struct slice s, struct buf *out)
{
    struct slice charset, text;
    char encoding;
    size_t len = split_word(s, &charset, &encoding, &text);
    if (len == 0 || (encoding != 'Q' && encoding != 'B') ||
        !(slice_equal_nocase(charset, SLICE("utf-8")) ||
          slice_equal_nocase(charset, SLICE("us-ascii"))))
        return 0;
    if (encoding == 'Q')
        put_q_word(text, out);
    else
        unmime_base64(text, out);
    return len;
}

void unmime_words(struct slice text, struct buf *out)
{
    bool was_word = false;
    while (text.len > 0) {
        size_t blanks = 0;
        while (blanks < text.len && is_blank(text.ptr[blanks]))
            blanks++;
        struct slice charset, word, here = skip(text, blanks);
        char encoding;
        /* Blanks between two encoded words are not part of the text (RFC 2047 6.2). */
        bool is_word = split_word(here, &charset, &encoding, &word) > 0;
        if (!was_word || !is_word)
            buf_put(out, slice_make(text.ptr, blanks));
        size_t len = is_word ? put_word(here, out) : 0;
        was_word = len > 0;
        if (len == 0 && here.len > 0) {
            buf_putc(out, here.ptr[0]);
            len = 1;
        }
        text = skip(here, len);
    }
}

/** Is @line the header @name? Then *@value is what stands behind its colon. */
static bool header_starts(struct slice line, const char *name, struct slice *value)
{
    size_t len = strlen(name);
    if (line.len <= len || line.ptr[len] != ':' ||
        !slice_equal_nocase(slice_make(line.ptr, len), slice_of(name)))
        return false;
    *value = slice_trim(skip(line, len + 1));
    return true;
}

/** Put the value of header @name, unfolded and not decoded. */
static bool find_header(struct slice rest, const char *name, struct buf *out)
{
    struct slice line, value;
    bool is_found = false;
    while (next_line(&rest, &line) && line.len > 0) {
        bool goes_on = is_blank(line.ptr[0]);
        if (is_found && !goes_on)
            return true;
        if (is_found) {
            buf_putc(out, ' ');
            buf_put(out, slice_trim(line));
        } else if (!goes_on && header_starts(line, name, &value)) {
            buf_put(out, value);
            is_found = true;
        }
    }
    return is_found;
}

bool unmime_header(struct slice mail, const char *name, struct buf *out)
{
    struct buf raw = buf_make(MAX_HEADER_BYTES);
    bool is_found = find_header(mail, name, &raw);
    unmime_words(buf_slice(&raw), out);
    buf_free(&raw);
    return is_found;
}

static struct slice body_of(struct slice mail)
{
    struct slice line;
    while (next_line(&mail, &line) && line.len > 0)
        continue;
    return mail;
}

/** Value of the parameter @name of the header @value ("a/b; name=x; ..."); may be
 *  empty. */
static struct slice parameter_of(struct slice value, const char *name)
{
    struct slice part, rest = value;
    size_t len = strlen(name);
    while (slice_next(&rest, ';', &part)) {
        part = slice_trim(part);
        if (part.len <= len || part.ptr[len] != '=' ||
            !slice_equal_nocase(slice_make(part.ptr, len), slice_of(name)))
            continue;
        part = skip(part, len + 1);
        if (part.len >= 2 && part.ptr[0] == '"' && part.ptr[part.len - 1] == '"')
            part = slice_make(part.ptr + 1, part.len - 2);
        return part;
    }
    return slice_make("", 0);
}

static bool is_boundary(struct slice line, struct slice boundary)
{
    return line.len >= boundary.len + 2 && slice_starts(line, SLICE("--")) &&
           slice_starts(skip(line, 2), boundary);
}

/** Take the next part of a multipart @rest. */
static bool next_part(struct slice *rest, struct slice boundary, struct slice *part)
{
    struct slice line;
    const char *begin = rest->ptr;
    while (next_line(rest, &line)) {
        if (!is_boundary(line, boundary))
            continue;
        *part = slice_make(begin, (size_t)(line.ptr - begin));
        return true;
    }
    return false;
}

static bool put_text_part(struct slice part, int depth, struct buf *out);

static bool put_first_text(struct slice part, struct slice boundary, int depth,
                           struct buf *out)
{
    struct slice rest = body_of(part), each;
    bool is_preamble = true;
    while (boundary.len > 0 && next_part(&rest, boundary, &each)) {
        if (!is_preamble && put_text_part(each, depth + 1, out))
            return true;
        is_preamble = false;
    }
    return false;
}

static void put_decoded(struct slice part, struct buf *out)
{
    struct buf encoding = buf_make(MAX_HEADER_BYTES), plain = buf_make(out->max_bytes);
    find_header(part, "Content-Transfer-Encoding", &encoding);
    struct slice body = body_of(part);
    struct slice how = slice_trim(buf_slice(&encoding)), line;
    if (slice_equal_nocase(how, SLICE("quoted-printable"))) {
        unmime_quoted(body, out);
    } else {
        if (slice_equal_nocase(how, SLICE("base64"))) {
            unmime_base64(body, &plain);
            body = buf_slice(&plain);
        }
        while (next_line(&body, &line)) {
            buf_put(out, line);
            buf_putc(out, '\n');
        }
    }
    buf_free(&plain);
    buf_free(&encoding);
}

/** @return false when @part is not text/plain and has no such part. */
static bool put_text_part(struct slice part, int depth, struct buf *out)
{
    struct buf type = buf_make(MAX_HEADER_BYTES);
    bool is_done = false;
    find_header(part, "Content-Type", &type);
    struct slice value = buf_slice(&type);
    if (depth < MAX_DEPTH && value.len > 10 &&
        slice_equal_nocase(slice_make(value.ptr, 10), SLICE("multipart/")))
        is_done = put_first_text(part, parameter_of(value, "boundary"), depth, out);
    else if (value.len == 0 ||
             (value.len >= 10 &&
              slice_equal_nocase(slice_make(value.ptr, 10), SLICE("text/plain")))) {
        put_decoded(part, out);
        is_done = true;
    }
    buf_free(&type);
    return is_done;
}

void unmime_text(struct slice mail, struct buf *out)
{
    if (!put_text_part(mail, 0, out))
        put_decoded(mail, out);
}
