/** Headers of syslog, read from the left. */
#include "rules/own_lines.h"

#include <ctype.h>
#include <string.h>

#define OWN_TAG "tocsin["

/** Cut @pattern off the begin of @rest: 'A' is a letter, '9' a digit, '_' a digit or a
 *  blank, all else is itself. */
static bool take_shape(struct slice *rest, const char *pattern)
{
    size_t len = strlen(pattern);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = i < rest->len ? (unsigned char)rest->ptr[i] : '\0';
        bool fits = pattern[i] == 'A'   ? isalpha(c)
                    : pattern[i] == '9' ? isdigit(c)
                    : pattern[i] == '_' ? isdigit(c) || c == ' '
                                        : c == (unsigned char)pattern[i];
        if (!fits)
            return false;
    }
    *rest = slice_make(rest->ptr + len, rest->len - len);
    return true;
}

/** Cut a word and the blank behind it off. */
static bool take_word(struct slice *rest)
{
    struct slice word;
    return rest->len > 0 && slice_next(rest, ' ', &word) && word.len > 0;
}

/** What most lines do not hold, found faster than a header is read. */
static bool has_own_tag(struct slice line)
{
    const char *end = line.ptr + line.len, *at = line.ptr;
    const size_t before = sizeof OWN_TAG - 2;
    while (at < end && (at = memchr(at, '[', (size_t)(end - at)))) {
        if ((size_t)(at - line.ptr) >= before &&
            memcmp(at - before, OWN_TAG, before) == 0)
            return true;
        at++;
    }
    return false;
}

bool line_is_own(struct slice line)
{
    if (!has_own_tag(line))
        return false;
    struct slice rest = line;
    bool has_time = take_shape(&rest, "AAA _9 99:99:99 ") ||
                    (take_shape(&rest, "9999-99-99T99:99:99") && take_word(&rest));
    if (!has_time || !take_word(&rest) || !slice_starts(rest, SLICE(OWN_TAG)))
        return false;
    size_t at = sizeof OWN_TAG - 1;
    while (at < rest.len && isdigit((unsigned char)rest.ptr[at]))
        at++;
    rest = slice_make(rest.ptr + at, rest.len - at);
    return at >= sizeof OWN_TAG && slice_starts(rest, SLICE("]:"));
}

bool line_names(struct slice line, const struct slice *addresses, size_t count)
{
    if (count == 0 || !memchr(line.ptr ? line.ptr : "", '@', line.len))
        return false;
    for (size_t i = 0; i < count; i++)
        if (slice_find(line, addresses[i]) != SIZE_MAX)
            return true;
    return false;
}
