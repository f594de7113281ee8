/**
 * A slice is a borrowed run of bytes, passed by value: it may hold NUL and bad UTF-8
 * and has no terminator. Whoever owns the bytes says how long it is good.
 */
#ifndef TOCSIN_BASE_SLICE_H
#define TOCSIN_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
    const char *ptr;
    size_t len;
};

/** A slice of a string literal. */
#define SLICE(literal) ((struct slice){ "" literal, sizeof(literal) - 1 })

/** The arguments for a "%.*s". Only for bytes that are known to be clean text. */
#define SLICE_ARG(s) (int)(s).len, (s).ptr

static inline struct slice slice_make(const char *ptr, size_t len)
{
    return (struct slice){ ptr, len };
}

/** The bytes of a C string, its NUL apart; NULL gives the empty slice. */
static inline struct slice slice_of(const char *text)
{
    return (struct slice){ text, text ? strlen(text) : 0 };
}

/* Most that are not equal differ at once, and a call takes longer than a look. */
static inline bool slice_equal(struct slice a, struct slice b)
{
    return a.len == b.len &&
           (a.len == 0 || (a.ptr[0] == b.ptr[0] && memcmp(a.ptr, b.ptr, a.len) == 0));
}

int slice_compare_whole(struct slice a, struct slice b);

/** <0, 0, >0 as memcmp; a prefix sorts before the longer. */
static inline int slice_compare(struct slice a, struct slice b)
{
    if (a.len > 0 && b.len > 0 && a.ptr[0] != b.ptr[0])
        return (uint8_t)a.ptr[0] < (uint8_t)b.ptr[0] ? -1 : 1;
    return slice_compare_whole(a, b);
}

/** Equal but for the case of ASCII letters. */
bool slice_equal_nocase(struct slice a, struct slice b);

bool slice_starts(struct slice s, struct slice prefix);
bool slice_ends(struct slice s, struct slice suffix);

/** Offset of the first @needle, or SIZE_MAX. */
size_t slice_find(struct slice s, struct slice needle);

/** Without ASCII blanks, tabs and line ends at both sides. */
struct slice slice_trim(struct slice s);

/** Take the part before the next @separator off the front of *@rest.
 *  @return false when *@rest was empty; the last part ends at the end. */
bool slice_next(struct slice *rest, char separator, struct slice *part);

/** Parse a decimal number that fills @s. @return false for anything else or
 *  overflow. */
bool slice_to_int(struct slice s, int64_t *value);

#endif
