/**
 * Wildcards. When a byte does not fit, the last star takes one byte more: going back to
 * an earlier star can never help, so the work is bounded by pattern times name.
 */
#include "agent/inputs/glob.h"

static bool is_double_star(struct slice s)
{
    return s.len == 2 && s.ptr[0] == '*' && s.ptr[1] == '*';
}

/** Length of the set at the head of @pattern with both brackets, 0 when it has no
 *  end. */
static size_t set_length(struct slice pattern)
{
    size_t i = 1;
    if (i < pattern.len && (pattern.ptr[i] == '!' || pattern.ptr[i] == '^'))
        i++;
    if (i < pattern.len && pattern.ptr[i] == ']')
        i++;
    while (i < pattern.len && pattern.ptr[i] != ']')
        i++;
    return i < pattern.len ? i + 1 : 0;
}

/** @set: what stands between the brackets. */
static bool set_holds(struct slice set, unsigned char c)
{
    bool is_inverse = set.len > 0 && (set.ptr[0] == '!' || set.ptr[0] == '^');
    bool is_in = false;
    for (size_t i = is_inverse; i < set.len; i++) {
        unsigned char from = (unsigned char)set.ptr[i], to = from;
        if (i + 2 < set.len && set.ptr[i + 1] == '-') {
            to = (unsigned char)set.ptr[i + 2];
            i += 2;
        }
        is_in |= from <= c && c <= to;
    }
    return is_in != is_inverse;
}

/** Bytes of @pattern that match the one byte @c, 0 when it does not. */
static size_t match_one(struct slice pattern, char c)
{
    if (pattern.len == 0)
        return 0;
    size_t set = pattern.ptr[0] == '[' ? set_length(pattern) : 0;
    if (set > 0)
        return set_holds(slice_make(pattern.ptr + 1, set - 2), (unsigned char)c) ? set
                                                                                 : 0;
    if (pattern.ptr[0] == '?')
        return 1;
    if (pattern.ptr[0] == '\\' && pattern.len > 1)
        return pattern.ptr[1] == c ? 2 : 0;
    return pattern.ptr[0] == c;
}

static struct slice slice_from(struct slice s, size_t start)
{
    return slice_make(s.ptr + start, s.len - start);
}

static bool match_bytes(struct slice pattern, struct slice name)
{
    size_t p = 0, n = 0, star = SIZE_MAX, star_n = 0;
    while (n < name.len) {
        if (p < pattern.len && pattern.ptr[p] == '*') {
            star = ++p;
            star_n = n;
            continue;
        }
        size_t step = match_one(slice_from(pattern, p), name.ptr[n]);
        if (step > 0) {
            p += step;
            n++;
            continue;
        }
        if (star == SIZE_MAX)
            return false;
        p = star;
        n = ++star_n;
    }
    while (p < pattern.len && pattern.ptr[p] == '*')
        p++;
    return p == pattern.len;
}

static bool is_hidden(struct slice name)
{
    return name.len > 0 && name.ptr[0] == '.';
}

bool glob_match_name(struct slice pattern, struct slice name)
{
    if (is_hidden(name) && !is_hidden(pattern))
        return false;
    return match_bytes(pattern, name);
}

bool glob_match(struct slice pattern, struct slice path)
{
    struct slice p = pattern, s = path, star_p = SLICE(""), star_s = SLICE("");
    bool has_star = false;
    while (s.len > 0) {
        struct slice p_rest = p, s_rest = s, p_name, s_name;
        bool has_name = slice_next(&p_rest, '/', &p_name);
        /* Two slashes are one, as in a path. */
        while (p_rest.len > 0 && p_rest.ptr[0] == '/')
            p_rest = slice_from(p_rest, 1);
        if (has_name && is_double_star(p_name)) {
            has_star = true;
            star_p = p = p_rest;
            star_s = s;
            continue;
        }
        slice_next(&s_rest, '/', &s_name);
        if (has_name && glob_match_name(p_name, s_name)) {
            p = p_rest;
            s = s_rest;
            continue;
        }
        if (!has_star || !slice_next(&star_s, '/', &s_name) || is_hidden(s_name))
            return false;
        p = star_p;
        s = star_s;
    }
    return p.len == 0;
}

bool glob_excludes(struct slice pattern, struct slice path)
{
    if (memchr(pattern.ptr, '/', pattern.len))
        return glob_match(pattern, path);
    const char *slash = path.len ? memrchr(path.ptr, '/', path.len) : NULL;
    return match_bytes(pattern,
                       slash ? slice_from(path, (size_t)(slash - path.ptr) + 1) : path);
}

bool glob_has_wildcard(struct slice pattern)
{
    for (size_t i = 0; i < pattern.len; i++) {
        if (strchr("*?[\\", pattern.ptr[i]) && pattern.ptr[i] != '\0')
            return true;
    }
    return false;
}
