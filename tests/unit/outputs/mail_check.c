/** The strict reader of mails. */
#include "mail_check.h"

#include <ctype.h>

void check_lines(struct slice bytes, size_t max_octets)
{
    size_t column = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        unsigned char c = (unsigned char)bytes.ptr[i];
        if (c == '\r') {
            ck_assert_msg(i + 1 < bytes.len && bytes.ptr[i + 1] == '\n', "bare CR");
            ck_assert_msg(column <= max_octets, "a line of %zu octets", column);
            column = 0;
            i++;
            continue;
        }
        ck_assert_msg(c >= 0x20 && c <= 0x7E, "byte 0x%02X at %zu", c, i);
        column++;
    }
    ck_assert_msg(column == 0, "the last line has no end");
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    ck_assert_msg(c >= 'A' && c <= 'F', "'%c' is no capital hex digit", c);
    return c - 'A' + 10;
}

struct buf read_quoted_printable(struct slice encoded)
{
    struct buf out = buf_make(4 * 1024 * 1024);
    size_t column = 0;
    for (size_t i = 0; i < encoded.len;) {
        struct slice rest = slice_make(encoded.ptr + i, encoded.len - i);
        if (slice_starts(rest, SLICE("=\r\n"))) {
            ck_assert(column + 1 <= 76);
            column = 0;
            i += 3;
        } else if (slice_starts(rest, SLICE("\r\n"))) {
            ck_assert(column <= 76);
            ck_assert_msg(i == 0 || encoded.ptr[i - 1] != ' ', "a blank ends a line");
            buf_putc(&out, '\n');
            column = 0;
            i += 2;
        } else if (rest.ptr[0] == '=') {
            ck_assert(rest.len >= 3);
            buf_putc(&out,
                     (char)(hex_value(rest.ptr[1]) * 16 + hex_value(rest.ptr[2])));
            column += 3;
            i += 3;
        } else {
            ck_assert_msg(rest.ptr[0] >= 0x20 && rest.ptr[0] <= 0x7E, "raw byte");
            ck_assert_msg(column > 0 || rest.ptr[0] != '.', "a dot begins a line");
            ck_assert_msg(column > 0 || !slice_starts(rest, SLICE("From ")),
                          "'From ' begins a line");
            buf_putc(&out, rest.ptr[0]);
            column++;
            i++;
        }
    }
    ck_assert(column <= 76);
    return out;
}

/** Decode "=?UTF-8?Q?...?=" that fills @word. */
static void put_encoded_word(struct buf *out, struct slice word)
{
    ck_assert_msg(word.len <= 75, "an encoded word of %zu octets", word.len);
    ck_assert(slice_starts(word, SLICE("=?UTF-8?Q?")) && slice_ends(word, SLICE("?=")));
    bool begins = true;
    for (size_t i = 10; i < word.len - 2; i++) {
        char c = word.ptr[i];
        if (c == '=') {
            int byte = hex_value(word.ptr[i + 1]) * 16 + hex_value(word.ptr[i + 2]);
            ck_assert_msg(!begins || (byte & 0xC0) != 0x80, "a character is torn");
            buf_putc(out, (char)byte);
            i += 2;
        } else {
            ck_assert(isalnum((unsigned char)c) || strchr("_!*+-/", c));
            buf_putc(out, c == '_' ? ' ' : c);
        }
        begins = false;
    }
}

static struct buf unfold(struct slice raw)
{
    struct buf line = buf_make(raw.len + 1);
    for (size_t i = 0; i < raw.len; i++) {
        if (raw.ptr[i] != '\r') {
            buf_putc(&line, raw.ptr[i]);
            continue;
        }
        ck_assert(i + 1 < raw.len && raw.ptr[i + 1] == '\n');
        if (i + 2 < raw.len)
            ck_assert_msg(raw.ptr[i + 2] == ' ' && i + 3 < raw.len &&
                              raw.ptr[i + 3] != ' ' && raw.ptr[i + 3] != '\r',
                          "a bad fold");
        i++;
    }
    return line;
}

static void decode_words(struct slice value, struct buf *out)
{
    struct slice word;
    bool was_encoded = false, is_first = true;
    while (slice_next(&value, ' ', &word)) {
        bool is_encoded = slice_starts(word, SLICE("=?"));
        if (!is_first && !(was_encoded && is_encoded))
            buf_putc(out, ' ');
        if (is_encoded)
            put_encoded_word(out, word);
        else
            buf_put(out, word);
        was_encoded = is_encoded;
        is_first = false;
    }
}

static void check_folding(struct slice raw)
{
    struct slice line;
    while (slice_next(&raw, '\n', &line)) {
        size_t len = line.len - 1; /* the CR */
        size_t last = len;
        while (last > 0 && line.ptr[last - 1] != ' ')
            last--;
        /* Longer than 78 only where there is no blank to fold at. */
        ck_assert_msg(len <= 78 || last <= 24, "an unfolded line: %.*s",
                      SLICE_ARG(line));
        ck_assert(len <= 998);
    }
}

void read_header_line(struct slice raw, struct read_header *header)
{
    struct buf line = unfold(raw), value = buf_make(sizeof header->value - 1);
    struct slice rest = buf_slice(&line), name;
    check_lines(raw, 998);
    check_folding(raw);
    ck_assert(slice_next(&rest, ':', &name) && name.len > 0 && name.len < 64);
    for (size_t i = 0; i < name.len; i++)
        ck_assert(isalnum((unsigned char)name.ptr[i]) || name.ptr[i] == '-');
    snprintf(header->name, sizeof header->name, "%.*s", SLICE_ARG(name));
    ck_assert(rest.len > 1 && rest.ptr[0] == ' ');
    decode_words(slice_make(rest.ptr + 1, rest.len - 1), &value);
    ck_assert(!value.overflowed && raw.len < sizeof header->raw);
    memcpy(header->value, value.ptr, value.len + 1);
    memcpy(header->raw, raw.ptr, raw.len);
    header->raw[raw.len] = '\0';
    buf_free(&line);
    buf_free(&value);
}

/** Read headers off the front of *@rest, up to and with the empty line. */
static size_t read_headers(struct slice *rest, struct read_header *headers, size_t max)
{
    size_t count = 0;
    while (!slice_starts(*rest, SLICE("\r\n"))) {
        size_t end = 0, next;
        do {
            next =
                slice_find(slice_make(rest->ptr + end, rest->len - end), SLICE("\r\n"));
            ck_assert_msg(next != SIZE_MAX, "the headers do not end");
            end += next + 2;
        } while (end < rest->len && rest->ptr[end] == ' ');
        ck_assert(count < max);
        read_header_line(slice_make(rest->ptr, end), &headers[count]);
        for (size_t i = 0; i < count; i++)
            ck_assert_msg(strcasecmp(headers[i].name, headers[count].name) != 0,
                          "header %s twice", headers[i].name);
        count++;
        rest->ptr += end;
        rest->len -= end;
    }
    rest->ptr += 2;
    rest->len -= 2;
    return count;
}

static void expect_part_headers(struct slice *rest, const char *type)
{
    struct read_header *headers = calloc(2, sizeof *headers);
    ck_assert_uint_eq(read_headers(rest, headers, 2), 2);
    ck_assert_str_eq(headers[0].name, "Content-Type");
    ck_assert_str_eq(headers[0].value, type);
    ck_assert_str_eq(headers[1].name, "Content-Transfer-Encoding");
    ck_assert_str_eq(headers[1].value, "quoted-printable");
    free(headers);
}

/** Take the content before the next line that is @delimiter. */
static struct slice take_until(struct slice *rest, const char *delimiter)
{
    size_t end = slice_find(*rest, slice_of(delimiter));
    ck_assert_msg(end != SIZE_MAX, "no delimiter");
    struct slice content = slice_make(rest->ptr, end);
    rest->ptr += end + strlen(delimiter);
    rest->len -= end + strlen(delimiter);
    return content;
}

static void read_parts(struct read_mail *mail, struct slice body)
{
    char open[128], close[128];
    const char *type = mail_header(mail, "Content-Type");
    const char *head = "multipart/alternative; boundary=\"";
    ck_assert(strncmp(type, head, strlen(head)) == 0);
    const char *boundary = type + strlen(head);
    int len = (int)strlen(boundary) - 1;
    ck_assert(len > 0 && len <= 70 && boundary[len] == '"');
    snprintf(open, sizeof open, "\r\n--%.*s\r\n", len, boundary);
    snprintf(close, sizeof close, "\r\n--%.*s--\r\n", len, boundary);

    body.ptr -= 2; /* the empty line's CRLF belongs to the first delimiter */
    body.len += 2;
    ck_assert_uint_eq(take_until(&body, open).len, 0);
    expect_part_headers(&body, "text/plain; charset=utf-8");
    mail->text = read_quoted_printable(take_until(&body, open));
    expect_part_headers(&body, "text/html; charset=utf-8");
    mail->html = read_quoted_printable(take_until(&body, close));
    ck_assert_uint_eq(body.len, 0);
}

/* What a test read lives until its process ends. */
static struct read_mail *kept;

struct read_mail *mail_read(struct slice bytes)
{
    struct read_mail *mail = calloc(1, sizeof *mail);
    mail->next = kept;
    kept = mail;
    check_lines(bytes, 998);
    mail->header_count = read_headers(&bytes, mail->headers, READ_HEADERS_MAX);
    read_parts(mail, bytes);
    return mail;
}

bool mail_has_header(const struct read_mail *mail, const char *name)
{
    for (size_t i = 0; i < mail->header_count; i++) {
        if (strcmp(mail->headers[i].name, name) == 0)
            return true;
    }
    return false;
}

const char *mail_header(const struct read_mail *mail, const char *name)
{
    for (size_t i = 0; i < mail->header_count; i++) {
        if (strcmp(mail->headers[i].name, name) == 0)
            return mail->headers[i].value;
    }
    ck_abort_msg("no header %s", name);
    return "";
}
