/** Cursors like "s=...;i=...;b=...;m=...;t=...;x=...", taken apart. */
#include "agent/inputs/journal_cursor.h"

static const char hex_digits[] = "0123456789abcdef";

/** The part of a cursor like "s=...;i=...;b=..." behind @key, e.g. "s=". */
static struct slice part_of(const struct journal_place *place, struct slice key)
{
    struct slice rest = slice_of(place->cursor), part;
    while (slice_next(&rest, ';', &part)) {
        if (slice_starts(part, key))
            return slice_make(part.ptr + key.len, part.len - key.len);
    }
    return SLICE("");
}

struct slice journal_sequence_of(const struct journal_place *place)
{
    return part_of(place, SLICE("s="));
}

static bool is_same_sequence(const struct journal_place *a,
                             const struct journal_place *b)
{
    struct slice sequence = journal_sequence_of(a);
    return sequence.len > 0 && slice_equal(sequence, journal_sequence_of(b));
}

bool journal_is_same_entry(const struct journal_place *a, const struct journal_place *b)
{
    static const struct slice keys[] = {
        { "b=", 2 }, { "m=", 2 }, { "t=", 2 }, { "x=", 2 }
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        struct slice part = part_of(a, keys[i]);
        if (part.len == 0 || !slice_equal(part, part_of(b, keys[i])))
            return false;
    }
    return true;
}

uint64_t journal_number_of(const struct journal_place *place)
{
    uint64_t number = 0;
    struct slice digits = part_of(place, SLICE("i="));
    for (size_t i = 0; i < digits.len; i++) {
        const char *digit = memchr(hex_digits, digits.ptr[i], sizeof hex_digits - 1);
        if (!digit || digits.len > 16)
            return 0;
        number = number << 4 | (uint64_t)(digit - hex_digits);
    }
    return number;
}

bool journal_count_between(const struct journal_place *from,
                           const struct journal_place *to, uint64_t *count)
{
    uint64_t first = journal_number_of(from), second = journal_number_of(to);
    if (!is_same_sequence(from, to) || first == 0 || second <= first)
        return false;
    *count = second - first - 1;
    return true;
}

bool journal_is_twin(const struct journal_place *place,
                     const struct journal_place *next)
{
    uint64_t count;
    return journal_count_between(place, next, &count) && count == 0 &&
           journal_is_same_entry(place, next);
}
