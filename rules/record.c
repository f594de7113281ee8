/** Differences of numbers as LEB128, with their sign in the lowest bit; texts with
 *  their length and one, 0 for what stood there before. */
#include "rules/record.h"

enum { NUMBER_BYTES = 10 };

/* --- writing ---------------------------------------------------------------------- */

void record_out_begin(struct record_out *record)
{
    record->before.number = record->before.text = 0;
}

static void put_varint(struct buf *out, uint64_t value)
{
    char *at = buf_room(out, NUMBER_BYTES);
    size_t len = 0;
    if (!at)
        return;
    for (; value >= 0x80; value >>= 7)
        at[len++] = (char)(0x80 | (value & 0x7F));
    at[len++] = (char)value;
    buf_wrote(out, len);
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

void record_put_text(struct record_out *record, struct slice text)
{
    struct slice *place = next_text(&record->before);
    if (place && place->ptr && slice_equal(*place, text)) {
        put_varint(record->out, 0);
        return;
    }
    put_varint(record->out, text.len + 1);
    buf_put(record->out, text);
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

struct slice record_get_text(struct record_in *record)
{
    if (record->is_plain)
        return get_plain_text(record);
    struct slice *place = next_text(&record->before);
    uint64_t len = get_varint(record);
    if (!record->failed && len == 0 && place && place->ptr)
        return *place;
    if (record->failed || len == 0 || len - 1 > record->rest.len) {
        fail(record);
        return SLICE("");
    }
    struct slice text = slice_make(record->rest.ptr, (size_t)len - 1);
    record->rest = slice_make(record->rest.ptr + text.len, record->rest.len - text.len);
    if (place)
        *place = text;
    return text;
}
