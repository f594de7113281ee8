/**
 * PCRE2 says what it expected and where it gave up, which for an open bracket is the end
 * of the pattern. Here both are turned into the byte to change and what to write there.
 */
#include "rules/regex_remedy.h"

#include <pcre2.h>

#include "agent/base/limits.h"

/* Where the brackets stand that nothing closes. */
struct open_brackets {
    size_t class_at; /* of '[', SIZE_MAX when all classes are closed */
    size_t parens[LIMIT_REGEX_PARENS];
    size_t depth;
};

static void note_paren(struct open_brackets *open, char c, size_t at)
{
    if (c == '(' && open->depth < LIMIT_REGEX_PARENS)
        open->parens[open->depth++] = at;
    if (c == ')' && open->depth > 0)
        open->depth--;
}

/* "[:alpha:]" inside a class: the offset of its ']', or @at when there is none. */
static size_t skip_posix_class(struct slice pattern, size_t at)
{
    struct slice rest = slice_make(pattern.ptr + at, pattern.len - at);
    size_t end =
        slice_starts(rest, SLICE("[:")) ? slice_find(rest, SLICE(":]")) : SIZE_MAX;
    return end == SIZE_MAX ? at : at + end + 1;
}

static struct open_brackets find_open(struct slice pattern)
{
    struct open_brackets open = { .class_at = SIZE_MAX };
    size_t class_body = 0; /* a ']' that stands first in a class is a character */
    for (size_t i = 0; i < pattern.len; i++) {
        char c = pattern.ptr[i];
        bool in_class = open.class_at != SIZE_MAX;
        if (c == '\\') {
            i++;
        } else if (in_class && c == ']' && i > class_body) {
            open.class_at = SIZE_MAX;
        } else if (in_class && c == '[') {
            i = skip_posix_class(pattern, i);
        } else if (c == '[') {
            open.class_at = i;
            class_body = i + 1;
            if (i + 1 < pattern.len && pattern.ptr[i + 1] == '^')
                class_body++;
        } else if (!in_class) {
            note_paren(&open, c, i);
        }
    }
    return open;
}

static const char *remedy_for_quantifier(struct slice pattern, size_t offset)
{
    if (offset == 0 && pattern.ptr[0] == '*')
        return "this is a regular expression and no file glob: any text is '.*', and "
               "at "
               "the start of a pattern it is not needed";
    return "put a backslash before the character when it means itself";
}

static const char *remedy_for_open(struct slice pattern, int code, size_t *offset)
{
    struct open_brackets open = find_open(pattern);
    if (code == PCRE2_ERROR_MISSING_SQUARE_BRACKET) {
        if (open.class_at != SIZE_MAX)
            *offset = open.class_at;
        return "put a backslash before '[' when it means itself";
    }
    if (open.depth > 0)
        *offset = open.parens[open.depth - 1];
    return "put a backslash before '(' when it means itself";
}

static const struct {
    int code;
    const char *remedy;
} remedies[] = {
    { PCRE2_ERROR_END_BACKSLASH, "write two backslashes to mean one" },
    { PCRE2_ERROR_UNKNOWN_ESCAPE,
      "only punctuation can be made to mean itself by a backslash" },
    { PCRE2_ERROR_UNMATCHED_CLOSING_PARENTHESIS,
      "put a backslash before ')' when it means itself" },
    { PCRE2_ERROR_MISSING_NAME_TERMINATOR, "write a named group as '(?<name>...)'" },
    { PCRE2_ERROR_SUBPATTERN_NAME_EXPECTED, "write a named group as '(?<name>...)'" },
    { PCRE2_ERROR_UNRECOGNIZED_AFTER_QUERY_P, "write a named group as '(?<name>...)'" },
    { PCRE2_ERROR_SUBPATTERN_NAME_TOO_LONG, "a name has at most 32 characters" },
    { PCRE2_ERROR_INVALID_SUBPATTERN_NAME,
      "a name begins with a letter or '_' and goes on with letters, digits and '_'" },
    { PCRE2_ERROR_DUPLICATE_SUBPATTERN_NAME,
      "start the pattern with (?J) when the groups stand in different alternatives" },
    { PCRE2_ERROR_LOOKBEHIND_NOT_FIXED_LENGTH,
      "match the text before it and put a named group around what is wanted" },
    { PCRE2_ERROR_QUANTIFIER_OUT_OF_ORDER, "write the smaller number first" },
    { PCRE2_ERROR_CLASS_RANGE_ORDER,
      "write the smaller character first, or put '-' last when it means itself" },
    { PCRE2_ERROR_BACKSLASH_C_CALLER_DISABLED, "write '.' for any byte" },
    { PCRE2_ERROR_UTF_IS_DISABLED, "patterns are matched on bytes" },
    { PCRE2_ERROR_UCP_IS_DISABLED, "patterns are matched on bytes" },
    { PCRE2_ERROR_PARENTHESES_NEST_TOO_DEEP, "split it into several patterns" },
    { PCRE2_ERROR_PATTERN_TOO_LARGE, "split it, or make its repeat counts smaller" },
};

const char *regex_remedy(struct slice pattern, int code, size_t *offset)
{
    if (code == PCRE2_ERROR_QUANTIFIER_INVALID && pattern.len > 0)
        return remedy_for_quantifier(pattern, *offset);
    if (code == PCRE2_ERROR_MISSING_SQUARE_BRACKET ||
        code == PCRE2_ERROR_MISSING_CLOSING_PARENTHESIS)
        return remedy_for_open(pattern, code, offset);
    for (size_t i = 0; i < sizeof remedies / sizeof *remedies; i++)
        if (remedies[i].code == code)
            return remedies[i].remedy;
    return "";
}
