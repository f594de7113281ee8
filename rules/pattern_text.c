/** pcre2pattern(3), as far as it says where things end. */
#include "rules/pattern_text.h"

bool pattern_take(struct pattern_text *text, char c)
{
    if (text->at == text->end || *text->at != c)
        return false;
    text->at++;
    return true;
}

static struct slice rest_of(const struct pattern_text *text)
{
    return slice_make(text->at, (size_t)(text->end - text->at));
}

bool pattern_take_text(struct pattern_text *text, struct slice word)
{
    if (!slice_starts(rest_of(text), word))
        return false;
    text->at += word.len;
    return true;
}

void pattern_skip_past(struct pattern_text *text, char c)
{
    struct slice rest = rest_of(text);
    const char *found = rest.len ? memchr(rest.ptr, c, rest.len) : NULL;
    text->is_odd |= !found;
    text->at = found ? found + 1 : text->end;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* NEL is a blank for a PCRE2 that knows Unicode, and a text for one that does not. */
#define NEXT_LINE '\x85'

/* --- what means nothing ----------------------------------------------------------- */

/* From '#' to the end of its line. */
static void skip_remark(struct pattern_text *text)
{
    while (text->at < text->end && *text->at++ != '\n')
        ;
}

void pattern_skip_ignored(struct pattern_text *text, bool is_extended)
{
    while (text->at < text->end) {
        text->is_odd |= is_extended && *text->at == NEXT_LINE;
        if (pattern_take_text(text, SLICE("(?#")))
            pattern_skip_past(text, ')');
        else if (is_extended && is_blank(*text->at))
            text->at++;
        else if (is_extended && *text->at == '#')
            skip_remark(text);
        else if (!pattern_take_text(text, SLICE("\\E")) &&
                 !pattern_take_text(text, SLICE("\\Q\\E")))
            return;
    }
}

struct slice pattern_quoted(struct pattern_text *text)
{
    struct slice rest = rest_of(text);
    size_t end = slice_find(rest, SLICE("\\E"));
    if (end == SIZE_MAX) {
        text->at = text->end;
        return rest;
    }
    text->at += end + 2;
    return slice_make(rest.ptr, end);
}

/* --- escapes ---------------------------------------------------------------------- */

static size_t take_digits(struct pattern_text *text, unsigned base, size_t max_count,
                          unsigned *value)
{
    static const char digits[] = "0123456789abcdef";
    size_t count = 0;
    for (*value = 0; count < max_count && text->at < text->end; count++, text->at++) {
        char c = *text->at;
        if (c >= 'A' && c <= 'F')
            c = (char)(c | 0x20);
        const char *found = c ? memchr(digits, c, base) : NULL;
        if (!found)
            break;
        *value = *value * base + (unsigned)(found - digits);
    }
    return count;
}

/* A reference or a number in braces, angles or quotes, or bare. */
static void skip_reference(struct pattern_text *text)
{
    unsigned value;
    if (pattern_take(text, '{'))
        pattern_skip_past(text, '}');
    else if (pattern_take(text, '<'))
        pattern_skip_past(text, '>');
    else if (pattern_take(text, '\''))
        pattern_skip_past(text, '\'');
    else {
        (void)(pattern_take(text, '-') || pattern_take(text, '+'));
        take_digits(text, 10, SIZE_MAX, &value);
    }
}

static enum escape numbered_escape(struct pattern_text *text, char c,
                                   unsigned char *byte)
{
    unsigned value;
    if (c == 'x' && !(text->at < text->end && *text->at == '{')) {
        take_digits(text, 16, 2, &value);
        *byte = (unsigned char)value;
        return ESCAPE_BYTE;
    }
    if (c == '0') {
        take_digits(text, 8, 2, &value);
        *byte = (unsigned char)value;
        return ESCAPE_BYTE;
    }
    if (is_digit(c))
        take_digits(text, 10, SIZE_MAX, &value);
    else
        skip_reference(text);
    return ESCAPE_ANY;
}

/* What the letters mean, in order; those that are not here PCRE2 refuses. */
static const char byte_letters[] = "aefnrt", byte_values[] = "\a\x1b\f\n\r\t";
static const char nothing_letters[] = "bBAZzGK";
static const char any_letters[] = "dDwWsShHvVNRX";

static bool is_in(const char *letters, char c)
{
    return c && strchr(letters, c) != NULL;
}

enum escape pattern_escape(struct pattern_text *text, unsigned char *byte)
{
    if (text->at == text->end) {
        text->is_odd = true;
        return ESCAPE_ANY;
    }
    char c = *text->at++;
    if (is_in(byte_letters, c)) {
        *byte = (unsigned char)byte_values[strchr(byte_letters, c) - byte_letters];
        return ESCAPE_BYTE;
    }
    if (is_in(nothing_letters, c))
        return ESCAPE_NOTHING;
    if (is_in(any_letters, c))
        return ESCAPE_ANY;
    if (is_digit(c) || is_in("xogk", c))
        return numbered_escape(text, c, byte);
    bool is_letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
    if (is_in("pPc", c) && text->at < text->end) {
        if (*text->at++ == '{' && c != 'c')
            pattern_skip_past(text, '}');
        return ESCAPE_ANY;
    }
    text->is_odd |= is_letter;
    *byte = (unsigned char)c;
    return ESCAPE_BYTE;
}

/* --- classes ---------------------------------------------------------------------- */

/* Behind the '[' of "[:name:]" inside a class: the same test as PCRE2's
 * check_posix_syntax(), or a '[' that means itself. */
static bool skip_posix(struct pattern_text *text)
{
    if (text->end - text->at < 3 || !memchr(":.=", *text->at, 3))
        return false;
    char mark = *text->at;
    for (const char *at = text->at + 1; text->end - at >= 2; at++) {
        if (at[0] == '\\' && (at[1] == ']' || at[1] == '\\')) {
            at++;
            continue;
        }
        if ((at[0] == '[' && at[1] == mark) || at[0] == ']')
            return false;
        if (at[0] != mark || at[1] != ']')
            continue;
        text->at = at + 2;
        return true;
    }
    return false;
}

/* What one class reads. */
struct class_reader {
    struct pattern_text *text;
    bool *has;
    bool is_quoted; /* inside \Q...\E */
    bool is_known;
};

/* Behind a backslash. @return whether it is one byte. */
static bool class_escape(struct class_reader *reader, unsigned char *byte)
{
    struct pattern_text *text = reader->text;
    if (text->at < text->end && *text->at == 'b') {
        text->at++;
        *byte = '\b';
        return true;
    }
    return pattern_escape(text, byte) == ESCAPE_BYTE;
}

/* One item, a ']' that means itself too. @return whether it is one byte. */
static bool class_item(struct class_reader *reader, unsigned char *byte)
{
    struct pattern_text *text = reader->text;
    char c = *text->at++;
    *byte = (unsigned char)c;
    if (reader->is_quoted)
        return true;
    if (c == '\\')
        return class_escape(reader, byte);
    return !(c == '[' && skip_posix(text));
}

static bool at_range(const struct class_reader *reader)
{
    const struct pattern_text *text = reader->text;
    return !reader->is_quoted && text->end - text->at >= 2 && text->at[0] == '-' &&
           text->at[1] != ']';
}

/* A quote can end in the middle of a range, so its class is not told apart. */
static bool take_quote(struct class_reader *reader)
{
    struct pattern_text *text = reader->text;
    if (!pattern_take_text(text, SLICE("\\E"))) {
        if (reader->is_quoted || !pattern_take_text(text, SLICE("\\Q")))
            return false;
        reader->is_quoted = true;
        reader->is_known = false;
        return true;
    }
    reader->is_quoted = false;
    reader->is_known = false;
    return true;
}

static void read_item(struct class_reader *reader)
{
    unsigned char first, last;
    bool is_byte = class_item(reader, &first);
    last = first;
    if (at_range(reader)) {
        reader->text->at++;
        if (take_quote(reader) || reader->text->at == reader->text->end)
            return;
        is_byte &= class_item(reader, &last);
    }
    if (!is_byte || last < first)
        reader->is_known = false;
    for (unsigned byte = first; reader->is_known && byte <= last; byte++)
        reader->has[byte] = true;
}

bool pattern_class(struct pattern_text *text, bool has[256])
{
    struct class_reader reader = { text, has, false, true };
    reader.is_known = !pattern_take(text, '^');
    bool is_first = true;
    while (text->at < text->end) {
        if (take_quote(&reader)) {
            /* A ']' behind an empty quote: known to be first or not by PCRE2 alone. */
            text->is_odd |= is_first;
            continue;
        }
        if (!reader.is_quoted && !is_first && pattern_take(text, ']'))
            return reader.is_known;
        is_first = false;
        read_item(&reader);
    }
    text->is_odd = true;
    return false;
}

/* --- quantifiers ------------------------------------------------------------------ */

static bool take_number(struct pattern_text *text, size_t *number)
{
    const char *begin = text->at;
    *number = 0;
    while (text->at < text->end && is_digit(*text->at) && text->at - begin < 6)
        *number = *number * 10 + (size_t)(*text->at++ - '0');
    return text->at > begin;
}

/* Behind '{': "n}", "n,}" or "n,m}". */
static bool take_counts(struct pattern_text *text, size_t *min, size_t *max)
{
    struct pattern_text ahead = *text;
    if (!take_number(&ahead, min))
        return false;
    *max = *min;
    if (pattern_take(&ahead, ',') && !take_number(&ahead, max))
        *max = SIZE_MAX;
    if (!pattern_take(&ahead, '}'))
        return false;
    *text = ahead;
    return true;
}

/* Behind '{': what newer versions of PCRE2 take for counts, like "{,3}", "{ 1, 2 }". */
static bool take_odd_counts(struct pattern_text *text)
{
    struct pattern_text ahead = *text;
    bool has_digit = false;
    while (ahead.at < ahead.end && (is_digit(*ahead.at) || *ahead.at == ' ' ||
                                    *ahead.at == '\t' || *ahead.at == ',')) {
        has_digit |= is_digit(*ahead.at);
        ahead.at++;
    }
    if (!has_digit || !pattern_take(&ahead, '}'))
        return false;
    *text = ahead;
    return true;
}

enum quantifier pattern_quantifier(struct pattern_text *text, size_t *min, size_t *max)
{
    struct pattern_text ahead = *text;
    enum quantifier found = QUANTIFIER_COUNTED;
    *min = 0;
    *max = SIZE_MAX;
    if (pattern_take(&ahead, '+'))
        *min = 1;
    else if (pattern_take(&ahead, '?'))
        *max = 1;
    else if (pattern_take(&ahead, '{')) {
        if (!take_counts(&ahead, min, max))
            found = take_odd_counts(&ahead) ? QUANTIFIER_ODD : QUANTIFIER_NONE;
    } else if (!pattern_take(&ahead, '*'))
        found = QUANTIFIER_NONE;
    if (found == QUANTIFIER_NONE)
        return found;
    if (!pattern_take(&ahead, '?'))
        (void)pattern_take(&ahead, '+');
    *text = ahead;
    return found;
}
