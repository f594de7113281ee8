/**
 * Differences of numbers as LEB128, with their sign in the lowest bit. A text is 0 when
 * it is what stood there before; else one and the length of what is new in it, how many
 * bytes of the one before come in front and behind, and what is new.
 */
#include "rules/record.h"

enum { NUMBER_BYTES = 10 };

/* --- writing ---------------------------------------------------------------------- */

void record_out_begin(struct record_out *record)
{
    record->before.number = record->before.text = 0;
}

static char *write_varint(char *at, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        *at++ = (char)(0x80 | (value & 0x7F));
    *at++ = (char)value;
    return at;
}

static inline void put_varint(struct buf *out, uint64_t value)
{
    char *at = buf_room(out, NUMBER_BYTES);
    if (at)
        buf_wrote(out, (size_t)(write_varint(at, value) - at));
}

static uint64_t fold_sign(uint64_t difference)
{
    return difference << 1 ^ (difference >> 63 ? UINT64_MAX : 0);
}

static uint64_t unfold_sign(uint64_t folded)
{
    return folded >> 1 ^ (folded & 1 ? UINT64_MAX : 0);
}

/** What stood in the next place, where @number stands from now on. */
static uint64_t *next_number(struct record_places *before)
{
    return before->number < RECORD_NUMBERS ? &before->numbers[before->number++] : NULL;
}

static struct slice *next_text(struct record_places *before)
{
    return before->text < RECORD_TEXTS ? &before->texts[before->text++] : NULL;
}

void record_put(struct record_out *record, uint64_t number)
{
    uint64_t *place = next_number(&record->before);
    put_varint(record->out, fold_sign(number - (place ? *place : 0)));
    if (place)
        *place = number;
}

enum { WORD_BYTES = sizeof(uint64_t) };

static bool words_differ(const char *a, const char *b)
{
    return memcmp(a, b, WORD_BYTES) != 0;
}

static size_t alike_in_front(struct slice a, struct slice b)
{
    size_t most = a.len < b.len ? a.len : b.len, count = 0;
    while (most - count >= WORD_BYTES && !words_differ(a.ptr + count, b.ptr + count))
        count += WORD_BYTES;
    while (count < most && a.ptr[count] == b.ptr[count])
        count++;
    return count;
}

static size_t alike_behind(struct slice a, struct slice b)
{
    size_t most = a.len < b.len ? a.len : b.len, left = most;
    a = slice_make(a.ptr + (a.len - most), most);
    b = slice_make(b.ptr + (b.len - most), most);
    while (left >= WORD_BYTES &&
           !words_differ(a.ptr + left - WORD_BYTES, b.ptr + left - WORD_BYTES))
        left -= WORD_BYTES;
    while (left > 0 && a.ptr[left - 1] == b.ptr[left - 1])
        left--;
    return most - left;
}

/** What of @text stands behind @front and before @behind bytes that are known. */
static void put_difference(struct buf *out, struct slice text, size_t front,
                           size_t behind)
{
    size_t fresh = text.len - front - behind;
    char *begin = buf_room(out, 3 * NUMBER_BYTES + fresh);
    if (!begin)
        return;
    char *at = write_varint(begin, fresh + 1);
    at = write_varint(at, front);
    at = write_varint(at, behind);
    if (fresh > 0)
        memcpy(at, text.ptr + front, fresh);
    buf_wrote(out, (size_t)(at - begin) + fresh);
}

void record_put_text(struct record_out *record, struct slice text)
{
    struct slice *place = next_text(&record->before);
    struct slice before = place ? *place : SLICE("");
    if (place && place->ptr && slice_equal(before, text)) {
        put_varint(record->out, 0);
        return;
    }
    size_t front = alike_in_front(before, text);
    size_t behind = alike_behind(slice_make(before.ptr + front, before.len - front),
                                 slice_make(text.ptr + front, text.len - front));
    put_difference(record->out, text, front, behind);
    if (place)
        *place = text.ptr ? text : SLICE("");
}

/* --- reading ---------------------------------------------------------------------- */

void record_in_begin(struct record_in *record)
{
    record->before.number = record->before.text = 0;
}

static uint64_t fail(struct record_in *record)
{
    record->failed = true;
    record->rest = SLICE("");
    return 0;
}

/** Each number has one spelling, the shortest. */
static uint64_t get_varint(struct record_in *record)
{
    uint64_t value = 0;
    for (size_t i = 0; i < NUMBER_BYTES && i < record->rest.len; i++) {
        unsigned char byte = (unsigned char)record->rest.ptr[i];
        value |= (uint64_t)(byte & 0x7F) << (7 * i);
        if (byte >= 0x80)
            continue;
        if ((byte == 0 && i > 0) || (i == NUMBER_BYTES - 1 && byte > 1))
            return fail(record);
        record->rest = slice_make(record->rest.ptr + i + 1, record->rest.len - i - 1);
        return value;
    }
    return fail(record);
}

static uint64_t get_plain(struct record_in *record)
{
    struct unbuf in = { record->rest, record->failed };
    uint64_t number = unbuf_u64(&in);
    record->rest = in.rest;
    record->failed = in.failed;
    return number;
}

static struct slice get_plain_text(struct record_in *record)
{
    struct unbuf in = { record->rest, record->failed };
    struct slice text = unbuf_bytes(&in);
    record->rest = in.rest;
    record->failed = in.failed;
    return text;
}

uint64_t record_get(struct record_in *record)
{
    if (record->is_plain)
        return get_plain(record);
    uint64_t *place = next_number(&record->before);
    uint64_t number = unfold_sign(get_varint(record)) + (place ? *place : 0);
    if (record->failed)
        return 0;
    if (place)
        *place = number;
    return number;
}

bool record_get_bool(struct record_in *record)
{
    uint64_t number = record_get(record);
    if (number > 1)
        fail(record);
    return number == 1;
}

/** A text of @fresh bytes between @front and @behind bytes of the one before. */
static struct slice join(struct record_in *record, struct slice before, size_t fresh,
                         const size_t alike[2])
{
    size_t front = alike[0], behind = alike[1];
    struct slice middle = slice_make(record->rest.ptr, fresh);
    record->rest = slice_make(record->rest.ptr + fresh, record->rest.len - fresh);
    if (front + behind == 0)
        return middle;
    char *text = arena_zalloc(record->arena, front + fresh + behind);
    memcpy(text, before.ptr, front);
    memcpy(text + front, middle.ptr, fresh);
    memcpy(text + front + fresh, before.ptr + before.len - behind, behind);
    return slice_make(text, front + fresh + behind);
}

struct slice record_get_text(struct record_in *record)
{
    if (record->is_plain)
        return get_plain_text(record);
    struct slice *place = next_text(&record->before);
    struct slice before = place ? *place : SLICE("");
    uint64_t fresh = get_varint(record);
    if (!record->failed && fresh == 0 && place && place->ptr)
        return before;
    uint64_t front = get_varint(record), behind = get_varint(record);
    if (record->failed || fresh == 0 || fresh - 1 > record->rest.len ||
        front > before.len || behind > before.len - front) {
        fail(record);
        return SLICE("");
    }
    struct slice text = join(record, before, fresh - 1, (size_t[2]){ front, behind });
    if (place)
        *place = text;
    return text;
}
