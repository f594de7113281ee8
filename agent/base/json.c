/** One recursive descent, which is as deep as LIMIT_JSON_DEPTH and no deeper. */
#include "agent/base/json.h"

#include <endian.h>

#include "agent/base/limits.h"
#include "agent/base/map.h"
#include "agent/base/utf8.h"

enum {
    NODES_AT_ONCE = 32,  /* asked of the arena */
    FEW_MEMBERS = 16,    /* compared each with each; more go into a map */
    REPAIRED_GROWTH = 3, /* one bad byte becomes the three of U+FFFD */
};
#define REPLACEMENT 0xFFFD

struct parser {
    const char *at, *end;
    struct arena *arena;
    struct json *nodes; /**< not used yet */
    size_t node_count;
    size_t value_count;
    int depth;
    struct json_result result;
};

static bool fail(struct parser *parser, const char *fault)
{
    if (!parser->result.fault)
        parser->result.fault = fault;
    return false;
}

static struct json *take_node(struct parser *parser)
{
    if (parser->node_count == 0) {
        parser->nodes =
            arena_zalloc(parser->arena, NODES_AT_ONCE * sizeof(struct json));
        parser->node_count = NODES_AT_ONCE;
    }
    parser->node_count--;
    return parser->nodes++;
}

static void skip_blanks(struct parser *parser)
{
    while (parser->at < parser->end && (*parser->at == ' ' || *parser->at == '\n' ||
                                        *parser->at == '\t' || *parser->at == '\r'))
        parser->at++;
}

/** Is @c what comes next? Then it is taken. */
static bool take(struct parser *parser, char c)
{
    if (parser->at == parser->end || *parser->at != c)
        return false;
    parser->at++;
    return true;
}

/* --- strings ---------------------------------------------------------------------- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/** The four digits behind "\u". @return false when they are none. */
static bool read_unit(struct slice digits, uint32_t *unit)
{
    *unit = 0;
    for (size_t i = 0; i < 4; i++) {
        int digit = i < digits.len ? hex_digit(digits.ptr[i]) : -1;
        if (digit < 0)
            return false;
        *unit = *unit << 4 | (uint32_t)digit;
    }
    return true;
}

static char *put_code(char *out, uint32_t code)
{
    if (code < 0x80) {
        *out++ = (char)code;
    } else if (code < 0x800) {
        *out++ = (char)(0xC0 | code >> 6);
        *out++ = (char)(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        *out++ = (char)(0xE0 | code >> 12);
        *out++ = (char)(0x80 | (code >> 6 & 0x3F));
        *out++ = (char)(0x80 | (code & 0x3F));
    } else {
        *out++ = (char)(0xF0 | code >> 18);
        *out++ = (char)(0x80 | (code >> 12 & 0x3F));
        *out++ = (char)(0x80 | (code >> 6 & 0x3F));
        *out++ = (char)(0x80 | (code & 0x3F));
    }
    return out;
}

/** @raw begins with "\u". Surrogates are one character in a pair and none alone. */
static bool read_escaped_code(struct parser *parser, struct slice raw, uint32_t *code,
                              size_t *used)
{
    uint32_t low;
    *used = 6;
    if (!read_unit(slice_make(raw.ptr + 2, raw.len - 2), code))
        return fail(parser, "a \\u in a string lacks its four digits");
    if (*code >= 0xD800 && *code < 0xDC00 && raw.len >= 12 && raw.ptr[6] == '\\' &&
        raw.ptr[7] == 'u' && read_unit(slice_make(raw.ptr + 8, raw.len - 8), &low) &&
        low >= 0xDC00 && low < 0xE000) {
        *code = 0x10000 + ((*code - 0xD800) << 10) + (low - 0xDC00);
        *used = 12;
    } else if (*code == 0 || (*code >= 0xD800 && *code < 0xE000)) {
        *code = REPLACEMENT;
        parser->result.repaired_count++;
    }
    return true;
}

/** @raw begins with a backslash. */
static bool read_escape(struct parser *parser, struct slice raw, uint32_t *code,
                        size_t *used)
{
    static const char names[] = "\"\\/bfnrt";
    static const char meant[] = "\"\\/\b\f\n\r\t";
    const char *name = raw.len > 1 && raw.ptr[1] ? strchr(names, raw.ptr[1]) : NULL;
    if (raw.len > 1 && raw.ptr[1] == 'u')
        return read_escaped_code(parser, raw, code, used);
    if (!name)
        return fail(parser, "a string has an unknown escape");
    *code = (unsigned char)meant[name - names];
    *used = 2;
    return true;
}

/** The character that @raw begins with, whatever it takes. */
static bool read_character(struct parser *parser, struct slice raw, uint32_t *code,
                           size_t *used)
{
    if (raw.ptr[0] == '\\')
        return read_escape(parser, raw, code, used);
    *used = utf8_next(raw, code);
    if (*used == 0 || *code == 0) {
        *code = REPLACEMENT;
        *used = 1;
        parser->result.repaired_count++;
    } else if (*code < ' ') {
        parser->result.repaired_count++;
    }
    return true;
}

static bool decode(struct parser *parser, struct slice raw, struct slice *text)
{
    char *bytes = arena_zalloc(parser->arena, raw.len * REPAIRED_GROWTH);
    char *out = bytes;
    while (raw.len > 0) {
        uint32_t code;
        size_t used;
        if (!read_character(parser, raw, &code, &used))
            return false;
        out = put_code(out, code);
        raw = slice_make(raw.ptr + used, raw.len - used);
    }
    *text = slice_make(bytes, (size_t)(out - bytes));
    return true;
}

enum { WORD_BYTES = 8 };
#define EACH_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))

/** How many of eight bytes come before the first that is a quote, a backslash, a
 *  control character or no ASCII. A byte that borrows spoils only those behind it. */
static size_t plain_bytes(const char *at)
{
    uint64_t word, quotes, slashes, found;
    memcpy(&word, at, WORD_BYTES);
    word = le64toh(word);
    quotes = word ^ EACH_BYTE('"');
    slashes = word ^ EACH_BYTE('\\');
    found = (word | (word - EACH_BYTE(' ')) | (quotes - EACH_BYTE(1)) |
             (slashes - EACH_BYTE(1))) &
            EACH_BYTE(0x80);
    return found ? (size_t)__builtin_ctzll(found) / 8 : WORD_BYTES;
}

/** Nearly all strings are ASCII without an escape, and borrowed as they are. */
static bool read_string(struct parser *parser, struct slice *text)
{
    const char *begin = ++parser->at, *at = begin;
    bool is_plain = true;
    size_t count = WORD_BYTES;
    while (count == WORD_BYTES && parser->end - at >= WORD_BYTES)
        at += count = plain_bytes(at);
    for (; at < parser->end && *at != '"'; at++) {
        unsigned char c = (unsigned char)*at;
        if (c >= ' ' && c < 0x80 && c != '\\')
            continue;
        is_plain = false;
        if (c == '\\' && ++at == parser->end)
            break;
    }
    if (at >= parser->end)
        return fail(parser, "a string has no end");
    parser->at = at + 1;
    *text = slice_make(begin, (size_t)(at - begin));
    return is_plain || decode(parser, *text, text);
}

/* --- numbers and words ------------------------------------------------------------ */

static bool skip_digits(struct parser *parser)
{
    const char *begin = parser->at;
    while (parser->at < parser->end && *parser->at >= '0' && *parser->at <= '9')
        parser->at++;
    return parser->at > begin;
}

static bool read_number(struct parser *parser, struct json *value)
{
    const char *begin = parser->at;
    take(parser, '-');
    bool is_good = take(parser, '0') || skip_digits(parser);
    if (is_good && take(parser, '.'))
        is_good = skip_digits(parser);
    if (is_good && (take(parser, 'e') || take(parser, 'E'))) {
        if (!take(parser, '+'))
            take(parser, '-');
        is_good = skip_digits(parser);
    }
    value->type = JSON_NUMBER;
    value->text = slice_make(begin, (size_t)(parser->at - begin));
    return is_good || fail(parser, "this is no JSON: a value is missing or misspelt");
}

static bool read_word(struct parser *parser, struct json *value)
{
    static const struct {
        struct slice word;
        enum json_type type;
    } words[] = { { { "true", 4 }, JSON_TRUE },
                  { { "false", 5 }, JSON_FALSE },
                  { { "null", 4 }, JSON_NULL } };
    struct slice rest = slice_make(parser->at, (size_t)(parser->end - parser->at));
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!slice_starts(rest, words[i].word))
            continue;
        value->type = words[i].type;
        value->text = words[i].word;
        parser->at += words[i].word.len;
        return true;
    }
    return read_number(parser, value);
}

/* --- objects and arrays ----------------------------------------------------------- */

static bool has_twins_among_many(const struct json *object)
{
    struct map seen = { 0 };
    bool has_twins = false;
    for (struct json *member = object->first; member && !has_twins;
         member = member->next)
        has_twins = map_put(&seen, member->name, member) != NULL;
    map_free(&seen);
    return has_twins;
}

static bool has_twins(const struct json *object, size_t count)
{
    if (count > FEW_MEMBERS)
        return has_twins_among_many(object);
    for (const struct json *a = object->first; a; a = a->next) {
        for (const struct json *b = a->next; b; b = b->next)
            if (slice_equal(a->name, b->name))
                return true;
    }
    return false;
}

static bool read_value(struct parser *parser, struct json *value);

static bool read_name(struct parser *parser, struct slice *name)
{
    if (parser->at == parser->end || *parser->at != '"')
        return fail(parser, "an object has a key that is no string");
    if (!read_string(parser, name))
        return false;
    skip_blanks(parser);
    return take(parser, ':') || fail(parser, "a key of an object lacks its ':'");
}

/** What stands between the brackets of @list, and the closing one. */
static bool read_items(struct parser *parser, struct json *list, char closing,
                       size_t *count)
{
    struct json **place = &list->first;
    *count = 0;
    skip_blanks(parser);
    if (take(parser, closing))
        return true;
    do {
        struct json *item = take_node(parser);
        skip_blanks(parser);
        if (list->type == JSON_OBJECT && !read_name(parser, &item->name))
            return false;
        if (!read_value(parser, item))
            return false;
        *place = item;
        place = &item->next;
        ++*count;
        skip_blanks(parser);
    } while (take(parser, ','));
    return take(parser, closing) ||
           fail(parser, "a list or an object is not closed where it should be");
}

static bool read_list(struct parser *parser, struct json *value, enum json_type type)
{
    size_t count;
    value->type = type;
    if (parser->depth == LIMIT_JSON_DEPTH)
        return fail(parser, "this is nested too deeply");
    parser->at++;
    parser->depth++;
    if (!read_items(parser, value, type == JSON_OBJECT ? '}' : ']', &count))
        return false;
    parser->depth--;
    if (type == JSON_OBJECT && has_twins(value, count))
        return fail(parser, "an object has the same key twice");
    return true;
}

static bool read_value(struct parser *parser, struct json *value)
{
    skip_blanks(parser);
    if (++parser->value_count > LIMIT_JSON_VALUES) {
        parser->result.is_too_large = true;
        return fail(parser, "this holds too many values");
    }
    if (parser->at == parser->end)
        return fail(parser, "this ends in the middle");
    switch (*parser->at) {
    case '{':
        return read_list(parser, value, JSON_OBJECT);
    case '[':
        return read_list(parser, value, JSON_ARRAY);
    case '"':
        value->type = JSON_STRING;
        return read_string(parser, &value->text);
    default:
        return read_word(parser, value);
    }
}

struct json_result json_parse(struct slice bytes, struct arena *arena)
{
    struct parser parser = { bytes.ptr, bytes.ptr + bytes.len, .arena = arena };
    struct json *root = take_node(&parser);
    if (slice_starts(bytes, SLICE("\xEF\xBB\xBF")))
        parser.at += 3;
    if (!read_value(&parser, root))
        return parser.result;
    skip_blanks(&parser);
    if (parser.at != parser.end)
        fail(&parser, "something follows behind the end");
    else
        parser.result.root = root;
    return parser.result;
}

/* --- looking up ------------------------------------------------------------------- */

const struct json *json_find(const struct json *object, struct slice name)
{
    if (!object || object->type != JSON_OBJECT)
        return NULL;
    const struct json *member = object->first;
    while (member && !slice_equal(member->name, name))
        member = member->next;
    return member;
}

bool json_is_pointer(struct slice pointer)
{
    if (pointer.len > 0 && pointer.ptr[0] != '/')
        return false;
    for (size_t i = 0; i < pointer.len; i++) {
        bool is_good = pointer.ptr[i] != '~' ||
                       (i + 1 < pointer.len &&
                        (pointer.ptr[i + 1] == '0' || pointer.ptr[i + 1] == '1'));
        if (!is_good)
            return false;
    }
    return true;
}

/** Is @name what @token, with ~0 for '~' and ~1 for '/', stands for? */
static bool is_named(struct slice name, struct slice token)
{
    size_t k = 0;
    for (size_t i = 0; i < token.len; i++, k++) {
        char c = token.ptr[i];
        if (c == '~' && i + 1 < token.len)
            c = token.ptr[++i] == '1' ? '/' : '~';
        if (k >= name.len || name.ptr[k] != c)
            return false;
    }
    return k == name.len;
}

static const struct json *step_into(const struct json *at, struct slice token)
{
    int64_t index;
    const struct json *item = at->first;
    if (at->type == JSON_OBJECT) {
        while (item && !is_named(item->name, token))
            item = item->next;
        return item;
    }
    bool has_index = at->type == JSON_ARRAY && slice_to_int(token, &index) &&
                     token.ptr[0] != '-' && token.ptr[0] != '+' &&
                     (token.len == 1 || token.ptr[0] != '0');
    if (!has_index)
        return NULL;
    while (item && index-- > 0)
        item = item->next;
    return item;
}

const struct json *json_point(const struct json *root, struct slice pointer)
{
    const struct json *at = root;
    while (at && pointer.len > 0) {
        struct slice rest = slice_make(pointer.ptr + 1, pointer.len - 1);
        const char *slash = rest.len ? memchr(rest.ptr, '/', rest.len) : NULL;
        size_t len = slash ? (size_t)(slash - rest.ptr) : rest.len;
        at = step_into(at, slice_make(rest.ptr, len));
        pointer = slice_make(rest.ptr + len, rest.len - len);
    }
    return at;
}
