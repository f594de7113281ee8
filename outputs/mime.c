/**
 * A typed writer of mail. Each kind of header has its own function, which cleans,
 * encodes and folds by itself; raw header bytes can be put by none of them.
 */
#include "outputs/mime.h"

#include <arpa/inet.h>

#include "agent/base/must.h"
#include "agent/base/text.h"

#define FOLD_COLUMN 78  /* RFC 5322 2.1.1: should */
#define LINE_OCTETS 998 /* RFC 5322 2.1.1: must */
#define WORD_OCTETS 75  /* RFC 2047 2: an encoded word */
#define QP_COLUMN 76    /* RFC 2045 6.7 */

static const char hex[] = "0123456789ABCDEF";

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

/** One or more characters of @extra, letters and digits; in groups with a dot
 *  between. */
static bool is_dotted(struct slice s, const char *extra)
{
    bool wants_more = true;
    for (size_t i = 0; i < s.len; i++) {
        bool is_dot = s.ptr[i] == '.';
        if (is_dot ? wants_more : !is_alnum(s.ptr[i]) && !is_one_of(s.ptr[i], extra))
            return false;
        wants_more = is_dot;
    }
    return !wants_more;
}

static bool is_domain_name(struct slice name)
{
    struct slice label;
    if (!is_dotted(name, "-"))
        return false;
    while (slice_next(&name, '.', &label)) {
        if (label.len > 63 || label.ptr[0] == '-' || label.ptr[label.len - 1] == '-')
            return false;
    }
    return true;
}

/** "192.0.2.1" or "IPv6:2001:db8::1", without the brackets. */
static bool is_address_literal(struct slice inside)
{
    struct in6_addr parsed;
    char text[INET6_ADDRSTRLEN];
    static const struct slice v6 = { "IPv6:", 5 };
    bool is_v6 =
        inside.len > v6.len && slice_equal_nocase(slice_make(inside.ptr, v6.len), v6);
    if (is_v6)
        inside = slice_make(inside.ptr + v6.len, inside.len - v6.len);
    if (inside.len >= sizeof text || memchr(inside.ptr, '\0', inside.len))
        return false;
    memcpy(text, inside.ptr, inside.len);
    text[inside.len] = '\0';
    return inet_pton(is_v6 ? AF_INET6 : AF_INET, text, &parsed) == 1;
}

bool mime_is_address(struct slice address)
{
    const char *at = address.len ? memrchr(address.ptr, '@', address.len) : NULL;
    if (!at || address.len > 254)
        return false;
    struct slice local = slice_make(address.ptr, (size_t)(at - address.ptr));
    struct slice domain = slice_make(at + 1, address.len - local.len - 1);
    if (local.len > 64 || !is_dotted(local, "!#$%&'*+-/=?^_`{|}~"))
        return false;
    if (domain.len > 2 && domain.ptr[0] == '[' && domain.ptr[domain.len - 1] == ']')
        return is_address_literal(slice_make(domain.ptr + 1, domain.len - 2));
    return is_domain_name(domain);
}

/** A header line under construction: knows its column, folds before it gets too
 *  long. */
struct folder {
    struct buf *out;
    size_t column;
    bool is_at_start; /* nothing stands behind the header's name yet */
};

static struct folder header_begin(struct buf *out, const char *name)
{
    must(name[0] != '\0');
    for (const char *c = name; *c; c++)
        must(is_alnum(*c) || *c == '-');
    buf_puts(out, name);
    buf_putc(out, ':');
    return (struct folder){ out, strlen(name) + 1, true };
}

/** Put @word with a blank before it, on a new line when it does not fit on this one. */
static void header_put_word(struct folder *folder, struct slice word)
{
    if (!folder->is_at_start && folder->column + 1 + word.len > FOLD_COLUMN) {
        buf_puts(folder->out, "\r\n");
        folder->column = 0;
    }
    buf_putc(folder->out, ' ');
    buf_put(folder->out, word);
    folder->column += 1 + word.len;
    folder->is_at_start = false;
}

static void header_put_words(struct folder *folder, struct slice text)
{
    struct slice word;
    while (slice_next(&text, ' ', &word)) {
        if (word.len > 0)
            header_put_word(folder, word);
    }
}

static bool is_printable_ascii(struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] < 0x20 || s.ptr[i] > 0x7E)
            return false;
    }
    return true;
}

/** Can @text stand as it is: ASCII, nothing that looks encoded, no word too long to
 *  fold? */
static bool is_plain(struct slice text, size_t first_column)
{
    struct slice word;
    if (!is_printable_ascii(text) || slice_find(text, SLICE("=?")) != SIZE_MAX)
        return false;
    while (slice_next(&text, ' ', &word)) {
        if (first_column + 1 + word.len > FOLD_COLUMN)
            return false;
        first_column = 0;
    }
    return true;
}

/** One character in "Q" encoding, restricted so that it may stand in a phrase too
 *  (RFC 2047 5.3). @return octets put into @into. */
static size_t q_encode(struct slice character, char into[12])
{
    size_t len = 0;
    if (character.ptr[0] == ' ') {
        into[0] = '_';
        return 1;
    }
    if (is_alnum(character.ptr[0]) || is_one_of(character.ptr[0], "!*+-/")) {
        into[0] = character.ptr[0];
        return 1;
    }
    for (size_t i = 0; i < character.len; i++) {
        unsigned char c = (unsigned char)character.ptr[i];
        into[len++] = '=';
        into[len++] = hex[c >> 4];
        into[len++] = hex[c & 15];
    }
    return len;
}

/** The length of the character at the front of clean text. */
static size_t character_length(struct slice utf8)
{
    size_t len = 1;
    while (len < utf8.len && len < 4 && ((unsigned char)utf8.ptr[len] & 0xC0) == 0x80)
        len++;
    return len;
}

/** Put @text as encoded words, each of whole characters. */
static void header_put_encoded(struct folder *folder, struct slice text)
{
    static const struct slice head = { "=?UTF-8?Q?", 10 }, tail = { "?=", 2 };
    char encoded[12];
    while (text.len > 0) {
        struct buf word = buf_make(WORD_OCTETS);
        /* The first word has to fit behind the header's name, the others fold. */
        size_t room =
            folder->is_at_start ? FOLD_COLUMN - 1 - folder->column : WORD_OCTETS;
        if (room > WORD_OCTETS)
            room = WORD_OCTETS;
        buf_put(&word, head);
        while (text.len > 0) {
            size_t taken = character_length(text);
            size_t len = q_encode(slice_make(text.ptr, taken), encoded);
            if (word.len + len + tail.len > room)
                break;
            buf_put(&word, slice_make(encoded, len));
            text.ptr += taken;
            text.len -= taken;
        }
        must(word.len > head.len);
        buf_put(&word, tail);
        header_put_word(folder, buf_slice(&word));
        buf_free(&word);
    }
}

/** Clean @text on one line, runs of blanks made one, none at the ends: folding and
 *  unfolding then give back the same text. */
static struct buf header_text(struct slice text)
{
    struct buf clean = buf_make(8 * text.len + 1), tidy = buf_make(8 * text.len + 1);
    struct slice word;
    text_put_clean(&clean, text, false);
    struct slice rest = buf_slice(&clean);
    while (slice_next(&rest, ' ', &word)) {
        if (word.len > 0 && tidy.len > 0)
            buf_putc(&tidy, ' ');
        buf_put(&tidy, word);
    }
    buf_free(&clean);
    return tidy;
}

void mime_put_text_header(struct buf *out, const char *name, struct slice text)
{
    struct buf tidy = header_text(text);
    struct folder folder = header_begin(out, name);
    if (is_plain(buf_slice(&tidy), folder.column))
        header_put_words(&folder, buf_slice(&tidy));
    else
        header_put_encoded(&folder, buf_slice(&tidy));
    buf_puts(out, "\r\n");
    buf_free(&tidy);
}

/** A display name: a quoted string where that is enough, encoded words where not. */
static void header_put_phrase(struct folder *folder, struct slice text)
{
    struct buf quoted = buf_make(2 * text.len + 2);
    buf_putc(&quoted, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (is_one_of(text.ptr[i], "\"\\"))
            buf_putc(&quoted, '\\');
        buf_putc(&quoted, text.ptr[i]);
    }
    buf_putc(&quoted, '"');
    if (is_printable_ascii(text) && slice_find(text, SLICE("=?")) == SIZE_MAX &&
        folder->column + 1 + quoted.len <= FOLD_COLUMN)
        header_put_word(folder, buf_slice(&quoted));
    else
        header_put_encoded(folder, text);
    buf_free(&quoted);
}

void mime_put_address_header(struct buf *out, const char *name, struct slice display,
                             const struct slice *addresses, size_t count)
{
    struct folder folder = header_begin(out, name);
    struct buf tidy = header_text(display);
    must(tidy.len == 0 || count == 1);
    if (tidy.len > 0)
        header_put_phrase(&folder, buf_slice(&tidy));
    for (size_t i = 0; i < count; i++) {
        struct buf word = buf_make(LINE_OCTETS);
        must(mime_is_address(addresses[i]));
        buf_puts(&word, tidy.len > 0 ? "<" : "");
        buf_put(&word, addresses[i]);
        buf_puts(&word, tidy.len > 0 ? ">" : "");
        buf_puts(&word, i + 1 < count ? "," : "");
        header_put_word(&folder, buf_slice(&word));
        buf_free(&word);
    }
    if (count == 0) /* an empty group, RFC 5322 A.1.3 */
        header_put_word(&folder, SLICE("undisclosed-recipients:;"));
    buf_puts(out, "\r\n");
    buf_free(&tidy);
}

void mime_put_token_header(struct buf *out, const char *name, struct slice value)
{
    struct folder folder = header_begin(out, name);
    must(value.len > 0 && value.len < LINE_OCTETS - 100 && is_printable_ascii(value));
    header_put_words(&folder, value);
    buf_puts(out, "\r\n");
}

/** A body line under construction. */
struct qp_line {
    struct buf *out;
    size_t column;
};

/** Put one encoded octet; a soft line end comes before it when only "=" would still
 *  fit. */
static void qp_put(struct qp_line *line, struct slice encoded)
{
    if (line->column + encoded.len > QP_COLUMN - 1) {
        buf_puts(line->out, "=\r\n");
        line->column = 0;
    }
    buf_put(line->out, encoded);
    line->column += encoded.len;
}

/** Would a transport touch @rest at the start of a line? "." by dot-stuffing, "From "
 *  by mailbox writers; the line may begin here because of a soft line end. */
static bool is_touchable(const struct qp_line *line, struct slice rest)
{
    bool begins_line = line->column == 0 || line->column + 1 > QP_COLUMN - 1;
    return begins_line && (rest.ptr[0] == '.' || slice_starts(rest, SLICE("From ")));
}

static void qp_put_octet(struct qp_line *line, struct slice rest)
{
    unsigned char c = (unsigned char)rest.ptr[0];
    bool ends_line = rest.len == 1 || rest.ptr[1] == '\n';
    bool is_literal = (c > 0x20 && c < 0x7F && c != '=') || (c == ' ' && !ends_line);
    if (is_literal && !is_touchable(line, rest)) {
        qp_put(line, slice_make(rest.ptr, 1));
        return;
    }
    char encoded[3] = { '=', hex[c >> 4], hex[c & 15] };
    qp_put(line, slice_make(encoded, sizeof encoded));
}

/** How many octets of @rest stand for themselves and fit on the line, behind its first
 * one: most of a mail, so they are put at once. */
static size_t qp_plain_run(const struct qp_line *line, struct slice rest)
{
    size_t room = line->column == 0 ? 0 : QP_COLUMN - 1 - line->column;
    size_t most = rest.len < room ? rest.len : room;
    size_t run = 0;
    while (run < most) {
        unsigned char c = (unsigned char)rest.ptr[run];
        if (c < 0x20 || c > 0x7E || c == '=')
            break;
        run++;
    }
    /* A blank before a line end is not plain: it may be the last one of the run. */
    while (run > 0 && rest.ptr[run - 1] == ' ')
        run--;
    return run;
}

void mime_put_quoted_printable(struct buf *out, struct slice text)
{
    struct qp_line line = { out, 0 };
    size_t i = 0;
    while (i < text.len) {
        struct slice rest = slice_make(text.ptr + i, text.len - i);
        size_t run = qp_plain_run(&line, rest);
        if (run > 0) {
            buf_put(out, slice_make(rest.ptr, run));
            line.column += run;
        } else if (rest.ptr[0] == '\n') {
            buf_puts(out, "\r\n");
            line.column = 0;
            run = 1;
        } else {
            qp_put_octet(&line, rest);
            run = 1;
        }
        i += run;
    }
}
