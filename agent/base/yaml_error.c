/**
 * What people get wrong in YAML, and what to do about it. libyaml often notices a
 * mistake lines after it was made; where the row says so, the complaint points at the
 * place where the thing began instead.
 */
#include "agent/base/yaml_error.h"

#include <ctype.h>

/** Whatever the source line of @at holds from its byte @column on. */
static struct slice source_from(const struct place *at, uint32_t column)
{
    struct slice text = at->source->bytes, line = SLICE("");
    for (uint32_t i = 0; i < at->line; i++)
        if (!slice_next(&text, '\n', &line))
            return SLICE("");
    if (column == 0 || column - 1 > line.len)
        return SLICE("");
    return slice_make(line.ptr + column - 1, line.len - (column - 1));
}

static struct slice line_of(const struct place *at)
{
    return source_from(at, 1);
}

static char char_at(const struct place *at)
{
    struct slice rest = source_from(at, at->column);
    return rest.len > 0 ? rest.ptr[0] : '\0';
}

/** Offset of the value in "  - key: value", 0 when there is none. */
static size_t value_offset(struct slice line)
{
    size_t at = slice_find(line, SLICE(": "));
    if (at == SIZE_MAX)
        at = slice_find(line, SLICE("- "));
    if (at == SIZE_MAX)
        return 0;
    for (at++; at < line.len && line.ptr[at] == ' ';)
        at++;
    return at < line.len ? at : 0;
}

static struct place moved(struct place at, size_t offset, size_t width)
{
    at.column = (uint32_t)offset + 1;
    at.width = (uint32_t)width;
    return at;
}

static void explain_odd_start(const struct yaml_trouble *trouble,
                              struct complaints *complaints)
{
    char c = char_at(&trouble->at);
    if (c == '\t')
        complain(complaints, trouble->at, "a tab is used for indentation; use spaces");
    else
        complain(complaints, trouble->at,
                 "no value can start with '%c'; put the value in single quotes: '...'",
                 c);
}

static void explain_second_colon(const struct yaml_trouble *trouble,
                                 struct complaints *complaints)
{
    struct slice line = line_of(&trouble->at);
    size_t value = value_offset(line);
    struct place at = trouble->at;
    if (value > 0 && value < at.column - 1)
        complain(complaints,
                 moved(at, value,
                       slice_trim(line).ptr + slice_trim(line).len -
                           (line.ptr + value)),
                 "a value with ': ' in it; put the value in single quotes: '...'");
    else
        complain(
            complaints, at,
            "a ':' where no key can stand; is the line above without its ':', or this "
            "line indented too far?");
}

/** A value of which YAML took only the first part: '[0-9]+ x', 'it's', {{count}} x. */
static bool explain_cut_value(const struct yaml_trouble *trouble,
                              struct complaints *complaints)
{
    struct slice line = line_of(&trouble->at);
    size_t offset = value_offset(line);
    if (offset == 0 || offset + 1 >= trouble->at.column)
        return false;
    struct slice value = slice_trim(slice_make(line.ptr + offset, line.len - offset));
    struct place at = moved(trouble->at, offset, value.len);
    switch (value.ptr[0]) {
    case '[':
        complain(complaints, at,
                 "'[' starts a list, and text follows its ']'; put a pattern in single "
                 "quotes: '...'");
        return true;
    case '{':
        complain(complaints, at,
                 "'{' starts a map, and text follows its '}'; put a template in single "
                 "quotes: '...'");
        return true;
    case '\'':
        complain(
            complaints, trouble->at,
            "text behind the closing quote; a single quote inside single quotes is "
            "written twice: ''");
        return true;
    case '"':
        complain(
            complaints, trouble->at,
            "text behind the closing quote; a double quote inside double quotes is "
            "written \\\"");
        return true;
    default:
        return false;
    }
}

static void explain_no_key(const struct yaml_trouble *trouble,
                           struct complaints *complaints)
{
    if (explain_cut_value(trouble, complaints))
        return;
    if (char_at(&trouble->at) == ':')
        complain(complaints, trouble->at, "the key before this ':' is missing");
    else if (slice_starts(slice_trim(line_of(&trouble->at)), SLICE("- ")))
        complain(complaints, trouble->at,
                 "a list item where a key was expected; is its key missing, or the "
                 "indentation wrong?");
    else
        complain(complaints, trouble->at,
                 "the indentation fits neither the lines above nor the block around "
                 "them; keys of one block start in the same column");
}

static void explain_no_dash(const struct yaml_trouble *trouble,
                            struct complaints *complaints)
{
    if (!explain_cut_value(trouble, complaints))
        complain(complaints, trouble->at,
                 "the indentation fits neither the list above nor the keys of its last "
                 "item; keys of one block start in the same column");
}

static void explain_open_list(const struct yaml_trouble *trouble,
                              struct complaints *complaints)
{
    const struct place *at = &trouble->at;
    struct slice line = line_of(at);
    if (char_at(at) == '{' && at->column >= 2 && line.ptr[at->column - 2] == '$')
        complain(complaints, *at,
                 "inside [...] and {...} a '${NAME}' has to stand in quotes");
    else if (char_at(&trouble->context_at) == '[')
        complain(
            complaints, trouble->context_at,
            "'[' starts a list that does not end well; close it with ']', or put a "
            "pattern in single quotes: '...'");
    else
        complain(complaints, trouble->context_at,
                 "'{' starts a map that does not end well; close it with '}', or put a "
                 "template in single quotes: '...'");
}

static void explain_escape(const struct yaml_trouble *trouble,
                           struct complaints *complaints)
{
    struct slice rest = source_from(&trouble->at, trouble->at.column);
    struct place at = trouble->at;
    at.width = 2;
    if (rest.len >= 2 && isgraph((unsigned char)rest.ptr[1]))
        complain(complaints, at,
                 "'\\%c' means nothing inside double quotes; put a pattern in single "
                 "quotes: '...'",
                 rest.ptr[1]);
    else
        complain(
            complaints, at,
            "this '\\' means nothing inside double quotes; use single quotes: '...'");
}

static void explain_star(const struct yaml_trouble *trouble,
                         struct complaints *complaints)
{
    complain(complaints, trouble->context_at,
             "no value can start with '%c'; put the value in quotes: '...'",
             char_at(&trouble->context_at));
}

static void explain_inline_item(const struct yaml_trouble *trouble,
                                struct complaints *complaints)
{
    complain(
        complaints, trouble->at,
        "a list cannot start behind a ':'; put '- ...' on lines of its own, or write "
        "[a, b]; a value that starts with '-' goes in quotes");
}

static void explain_no_value(const struct yaml_trouble *trouble,
                             struct complaints *complaints)
{
    char c = char_at(&trouble->at);
    if (c == '\0')
        complain(
            complaints, trouble->at,
            "the file ends where a value should stand; is a '[' or '{' not closed?");
    else
        complain(complaints, trouble->at,
                 "no value can start with '%c'; put the value in quotes: '...'", c);
}

struct explanation {
    const char *problem; /**< libyaml's words, or the head of them */
    const char *context; /**< the head of libyaml's words; "" fits all */
    bool is_at_context;  /**< point at where the thing began */
    const char *sentence;
    void (*explain)(const struct yaml_trouble *trouble, struct complaints *complaints);
};

/* The first row that fits decides, so the particular stand before the general. */
static const struct explanation explanations[] = {
    { "found character that cannot start any token", "", .explain = explain_odd_start },
    { "found a tab character", "",
      .sentence = "a tab is used for indentation; use spaces" },
    { "mapping values are not allowed", "", .explain = explain_second_colon },
    { "did not find expected key", "", .explain = explain_no_key },
    { "did not find expected '-' indicator", "", .explain = explain_no_dash },
    { "did not find expected ',' or", "", .explain = explain_open_list },
    { "found unknown escape character", "", .explain = explain_escape },
    { "did not find expected alphabetic or numeric", "", .explain = explain_star },
    { "block sequence entries are not allowed", "", .explain = explain_inline_item },
    { "found unexpected end of stream", "while scanning a quoted scalar", true,
      "this quote is never closed" },
    { "found unexpected document indicator", "while scanning a quoted scalar", true,
      "this quote is not closed before the document ends" },
    { "could not find expected ':'", "while scanning a simple key", true,
      "a ':' is missing behind this key" },
    { "did not find expected hexdecimal number", "", false,
      "the '\\x', '\\u' or '\\U' before needs more hexadecimal digits; put a pattern "
      "in "
      "single quotes: '...'" },
    { "found invalid Unicode character escape code", "", false,
      "this is no Unicode character; put a pattern in single quotes: '...'" },
    { "did not find expected comment or line break", "while scanning a block scalar",
      true,
      "a block of text starts on the line behind its '|' or '>'; put a value that "
      "starts "
      "with '|' or '>' in quotes" },
    { "did not find expected node content", "", .explain = explain_no_value },
    { "mapping keys are not allowed", "", false,
      "no value can start with '? '; put the value in quotes" },
    { "found undefined tag handle", "", false,
      "no value can start with '!'; put the value in quotes" },
    { "did not find expected <document start>", "", false,
      "the document has ended before this line; is its indentation wrong?" },
    { "invalid leading UTF-8 octet", "", false,
      "this byte is not UTF-8; save the file as UTF-8" },
    { "invalid trailing UTF-8 octet", "", false,
      "this byte is not UTF-8; save the file as UTF-8" },
    { "incomplete UTF-8 octet sequence", "", false,
      "the file ends inside a UTF-8 character" },
    { "control characters are not allowed", "", false,
      "a control character stands here; write it as \"\\xNN\" in double quotes" },
};

void yaml_explain(const struct yaml_trouble *trouble, struct complaints *complaints)
{
    for (size_t i = 0; i < sizeof explanations / sizeof *explanations; i++) {
        const struct explanation *row = &explanations[i];
        if (!slice_starts(slice_of(trouble->problem), slice_of(row->problem)) ||
            !slice_starts(slice_of(trouble->context), slice_of(row->context)))
            continue;
        if (row->explain)
            row->explain(trouble, complaints);
        else
            complain(complaints, row->is_at_context ? trouble->context_at : trouble->at,
                     "%s", row->sentence);
        return;
    }
    complain(complaints, trouble->at, "this is no YAML: %s%s%s", trouble->problem,
             trouble->context[0] ? " " : "", trouble->context);
}
