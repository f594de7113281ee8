/** Reads a pattern only for its brackets; \Q...\E and comments are not understood. */
#include "rules/regex_brackets.h"

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

size_t regex_open_class(struct slice pattern)
{
    return find_open(pattern).class_at;
}

size_t regex_open_paren(struct slice pattern)
{
    struct open_brackets open = find_open(pattern);
    return open.depth > 0 ? open.parens[open.depth - 1] : SIZE_MAX;
}
