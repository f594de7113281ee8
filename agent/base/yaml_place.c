/**
 * Where a byte of a scalar's value stands in the file: the source is read again, side
 * by side with the value, by the rules of the scalar's style. Whenever the two do not
 * agree, the answer is the scalar's own place, which is never wrong, only less exact.
 */
#include <ctype.h>

#include "agent/base/yaml.h"

/** Both texts, read side by side. */
struct twin {
    struct slice raw; /**< the source from the scalar's first byte on */
    struct slice value;
    size_t at_raw, at_value;
    uint32_t line;     /**< counted from the scalar's first line */
    size_t line_start; /**< in raw */
};

static char raw_at(const struct twin *twin, size_t ahead)
{
    return twin->at_raw + ahead < twin->raw.len ? twin->raw.ptr[twin->at_raw + ahead]
                                                : '\0';
}

static struct slice source_behind(const struct place *at)
{
    struct slice bytes = at->source->bytes, line;
    for (uint32_t i = 1; i < at->line; i++)
        if (!slice_next(&bytes, '\n', &line))
            return SLICE("");
    size_t skipped = at->column - 1;
    if (skipped > bytes.len)
        return SLICE("");
    return slice_make(bytes.ptr + skipped, bytes.len - skipped);
}

/* --- on one line ----------------------------------------------------------------- */

static bool walk_plain(struct twin *twin, size_t offset)
{
    if (twin->raw.len < offset || memcmp(twin->raw.ptr, twin->value.ptr, offset) != 0 ||
        memchr(twin->raw.ptr, '\n', offset))
        return false;
    twin->at_raw = offset;
    return true;
}

static bool walk_single_quoted(struct twin *twin, size_t offset)
{
    for (twin->at_raw = 1; twin->at_value < offset; twin->at_value++) {
        if (raw_at(twin, 0) == '\n' || raw_at(twin, 0) == '\0')
            return false;
        twin->at_raw += raw_at(twin, 0) == '\'' ? 2 : 1;
    }
    return true;
}

static size_t utf8_length(uint32_t code)
{
    return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}

/** Bytes of the escape @raw, which starts with a backslash; what it stands for in
 *  *@size. */
static size_t escape_length(struct slice raw, size_t *size)
{
    static const struct {
        char letter;
        uint8_t digits, size;
    } escapes[] = { { 'x', 2, 0 }, { 'u', 4, 0 }, { 'U', 8, 0 }, { 'N', 0, 2 },
                    { '_', 0, 2 }, { 'L', 0, 3 }, { 'P', 0, 3 } };
    *size = 1;
    for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++) {
        if (raw.len < 2u + escapes[i].digits || raw.ptr[1] != escapes[i].letter)
            continue;
        uint32_t code = 0;
        for (size_t j = 0; j < escapes[i].digits; j++) {
            unsigned char c = (unsigned char)raw.ptr[2 + j];
            code = code * 16 + (uint32_t)(isdigit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
        }
        *size = escapes[i].digits ? utf8_length(code) : escapes[i].size;
        return 2u + escapes[i].digits;
    }
    return 2;
}

static bool walk_double_quoted(struct twin *twin, size_t offset)
{
    twin->at_raw = 1;
    while (twin->at_value < offset) {
        size_t size = 1, length = 1;
        char c = raw_at(twin, 0);
        if (c == '\\')
            length = escape_length(slice_make(twin->raw.ptr + twin->at_raw,
                                              twin->raw.len - twin->at_raw),
                                   &size);
        if (c == '\n' || c == '\0' || (c == '\\' && raw_at(twin, 1) == '\n'))
            return false;
        if (twin->at_value + size > offset)
            return true;
        twin->at_value += size;
        twin->at_raw += length;
    }
    return true;
}

/* --- block scalars --------------------------------------------------------------- */

/** Go to the next line of the source. @return false at its end. */
static bool next_line(struct twin *twin)
{
    size_t left = twin->raw.len - twin->at_raw;
    const char *end = left ? memchr(twin->raw.ptr + twin->at_raw, '\n', left) : NULL;
    if (!end)
        return false;
    twin->at_raw = twin->line_start = (size_t)(end - twin->raw.ptr) + 1;
    twin->line++;
    return true;
}

static size_t indent_of(const struct twin *twin)
{
    size_t indent = 0;
    while (raw_at(twin, indent) == ' ')
        indent++;
    return indent;
}

static bool is_blank_line(const struct twin *twin)
{
    char c = raw_at(twin, indent_of(twin));
    return c == '\n' || c == '\r' || c == '\0';
}

/** Without an indicator the first line that is not blank sets the indentation. */
static bool block_indent(struct twin *twin, size_t *indent)
{
    struct twin probe = *twin;
    while (is_blank_line(&probe))
        if (!next_line(&probe))
            return false;
    *indent = indent_of(&probe);
    return true;
}

static size_t line_length(const struct twin *twin)
{
    size_t length = 0;
    while (raw_at(twin, length) != '\n' && raw_at(twin, length) != '\0' &&
           !(raw_at(twin, length) == '\r' && raw_at(twin, length + 1) == '\n'))
        length++;
    return length;
}

/** Literal and folded alike: a line's content stands in the value as it is, and behind
 *  it one blank or line feed; a blank line may or may not have left a line feed. */
static bool walk_block(struct twin *twin, size_t offset)
{
    size_t indent = 0;
    bool has_indicator = isdigit((unsigned char)raw_at(twin, 1)) ||
                         isdigit((unsigned char)raw_at(twin, 2));
    if (has_indicator || !next_line(twin) || !block_indent(twin, &indent))
        return false;
    for (;;) {
        bool is_blank = is_blank_line(twin) && indent_of(twin) <= indent;
        twin->at_raw += is_blank ? 0 : indent;
        size_t length = is_blank ? 0 : line_length(twin);
        if (twin->value.len - twin->at_value < length ||
            memcmp(twin->raw.ptr + twin->at_raw, twin->value.ptr + twin->at_value,
                   length) != 0)
            return false;
        if (offset <= twin->at_value + length && !is_blank) {
            twin->at_raw += offset - twin->at_value;
            return true;
        }
        twin->at_value += length;
        char c =
            twin->at_value < twin->value.len ? twin->value.ptr[twin->at_value] : 'x';
        if (c == '\n' || (c == ' ' && !is_blank))
            twin->at_value++;
        if (!next_line(twin))
            return false;
    }
}

static bool walk(struct twin *twin, const struct yaml_node *node, size_t offset)
{
    if (node->is_plain)
        return walk_plain(twin, offset);
    switch (raw_at(twin, 0)) {
    case '\'':
        return walk_single_quoted(twin, offset);
    case '"':
        return walk_double_quoted(twin, offset);
    case '|':
    case '>':
        return walk_block(twin, offset);
    default:
        return false;
    }
}

struct place yaml_place_inside(const struct yaml_node *node, size_t offset)
{
    if (node->kind != YAML_TEXT || !node->at.source || node->at.line == 0 ||
        node->is_expanded || node->is_refused || offset > node->text.len)
        return node->at;
    struct twin twin = { .raw = source_behind(&node->at), .value = node->text };
    if (!walk(&twin, node, offset))
        return node->at;
    struct place at = node->at;
    at.width = 1;
    at.line += twin.line;
    at.column = twin.line > 0 ? (uint32_t)(twin.at_raw - twin.line_start) + 1
                              : at.column + (uint32_t)twin.at_raw;
    return at;
}
