/** Names of rotated files. */
#include "agent/inputs/names.h"

#include <limits.h>

enum { MAX_COUNTER_DIGITS = 4 };

static const char *const compressed_ends[] = { ".gz",  ".xz",  ".bz2", ".zst",
                                               ".lz4", ".zip", ".Z" };

static struct slice slice_from(struct slice s, size_t start)
{
    return slice_make(s.ptr + start, s.len - start);
}

struct slice name_of(struct slice path)
{
    const char *slash = path.len ? memrchr(path.ptr, '/', path.len) : NULL;
    return slash ? slice_from(path, (size_t)(slash - path.ptr) + 1) : path;
}

struct slice folder_of(struct slice path)
{
    const char *slash = path.len ? memrchr(path.ptr, '/', path.len) : NULL;
    if (!slash)
        return SLICE("");
    return slice_make(path.ptr, slash == path.ptr ? 1 : (size_t)(slash - path.ptr));
}

static struct slice without_compression(struct slice name)
{
    for (size_t i = 0; i < sizeof compressed_ends / sizeof *compressed_ends; i++) {
        struct slice end = slice_of(compressed_ends[i]);
        if (name.len > end.len && slice_ends(name, end))
            return slice_make(name.ptr, name.len - end.len);
    }
    return name;
}

bool name_is_compressed(struct slice name)
{
    return without_compression(name).len < name.len;
}

static bool is_separator(char c)
{
    return c == '.' || c == '-' || c == '_' || c == '~';
}

struct slice name_stem(struct slice name)
{
    const char *dot = name.len ? memrchr(name.ptr, '.', name.len) : NULL;
    return slice_make(name.ptr,
                      dot && dot > name.ptr ? (size_t)(dot - name.ptr) : name.len);
}

struct slice name_mark(struct slice base, struct slice name)
{
    name = without_compression(name);
    if (base.len == 0 || name.len <= base.len + 1)
        return SLICE("");
    if (slice_starts(name, base) && is_separator(name.ptr[base.len]))
        return slice_from(name, base.len);
    size_t stem = name_stem(base).len;
    struct slice ending = slice_from(base, stem);
    if (ending.len == 0 || !slice_ends(name, ending) ||
        !slice_starts(name, slice_make(base.ptr, stem)) ||
        !is_separator(name.ptr[stem]))
        return SLICE("");
    return slice_make(name.ptr + stem, name.len - base.len);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/** The number of a counter like ".12", or -1. */
static int64_t counter_of(struct slice mark)
{
    int64_t value = -1;
    if (mark.len < 2 || mark.len > MAX_COUNTER_DIGITS + 1 || !is_digit(mark.ptr[1]) ||
        !slice_to_int(slice_from(mark, 1), &value))
        return -1;
    return value;
}

bool mark_is_youngest(struct slice mark)
{
    return counter_of(mark) == 0 || counter_of(mark) == 1;
}

bool mark_has_digit(struct slice mark)
{
    for (size_t i = 0; i < mark.len; i++) {
        if (is_digit(mark.ptr[i]))
            return true;
    }
    return false;
}

bool marks_are_alike(struct slice a, struct slice b)
{
    if (counter_of(a) >= 0 || counter_of(b) >= 0)
        return counter_of(a) >= 0 && counter_of(b) >= 0;
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++) {
        bool are_digits = is_digit(a.ptr[i]) && is_digit(b.ptr[i]);
        if (!are_digits && a.ptr[i] != b.ptr[i])
            return false;
    }
    return true;
}

int marks_compare_age(struct slice a, struct slice b)
{
    int64_t x = counter_of(a), y = counter_of(b);
    if (x >= 0 && y >= 0)
        return x > y ? -1 : x < y;
    return marks_are_alike(a, b) ? slice_compare(a, b) : 0;
}

static bool put_base(struct slice head, struct slice tail, char *into, size_t size)
{
    if (head.len + tail.len + 1 > size)
        return false;
    memcpy(into, head.ptr, head.len);
    if (tail.len > 0)
        memcpy(into + head.len, tail.ptr, tail.len);
    into[head.len + tail.len] = '\0';
    return true;
}

/* Even steps leave off what follows a separator, odd steps keep the ending behind
 * it. */
bool name_next_base(struct slice name, size_t *at, char *into, size_t size)
{
    size_t stem = name_stem(name).len;
    while (*at < 2 * name.len) {
        size_t cut = *at / 2;
        bool keeps_ending = *at % 2 == 1;
        ++*at;
        if (cut == 0 || !is_separator(name.ptr[cut]) || (keeps_ending && cut >= stem))
            continue;
        struct slice ending = keeps_ending ? slice_from(name, stem) : SLICE("");
        if (put_base(slice_make(name.ptr, cut), ending, into, size))
            return true;
    }
    return false;
}

static bool is_base_of(struct slice base, struct slice name)
{
    return slice_equal(base, name) || mark_has_digit(name_mark(base, name));
}

bool names_are_kin(struct slice a, struct slice b)
{
    size_t at = 0;
    char base[NAME_MAX + 1];
    if (is_base_of(a, b))
        return true;
    while (name_next_base(a, &at, base, sizeof base)) {
        if (is_base_of(slice_of(base), a) && is_base_of(slice_of(base), b))
            return true;
    }
    return false;
}
