/**
 * Text for people and from people. text_put_clean() is the one door through which bytes
 * of unknown origin become text; its output is its own fixed point, so that a second
 * cleaning can do no harm.
 */
#include "agent/base/text.h"

#include <inttypes.h>

#include "agent/base/civil.h"
#include "agent/base/now.h"
#include "agent/base/utf8.h"

struct unit {
    const char *name;
    int64_t factor;
};

/* From large to small: each unit of a duration may stand once, in this order. */
static const struct unit duration_units[] = {
    { "d", DAY_MS },    { "h", HOUR_MS }, { "m", MINUTE_MS },
    { "s", SECOND_MS }, { "ms", 1 },
};
#define DURATION_UNIT_COUNT (sizeof duration_units / sizeof duration_units[0])

static const struct unit size_units[] = {
    { "B", 1 },
    { "KB", 1000 },
    { "KiB", 1024 },
    { "MB", 1000 * 1000 },
    { "MiB", 1024 * 1024 },
    { "GB", 1000 * 1000 * 1000 },
    { "GiB", 1024 * 1024 * 1024 },
    { "TB", INT64_C(1000) * 1000 * 1000 * 1000 },
    { "TiB", INT64_C(1024) * 1024 * 1024 * 1024 },
};
#define SIZE_UNIT_COUNT (sizeof size_units / sizeof size_units[0])

static size_t find_unit(const struct unit *units, size_t count, struct slice name)
{
    size_t i = 0;
    while (i < count && !slice_equal(slice_of(units[i].name), name))
        i++;
    return i;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/** Take "15m" off the front of *@rest. */
static bool next_quantity(struct slice *rest, struct slice *number, struct slice *unit)
{
    size_t digits = 0, end;
    while (digits < rest->len && is_digit(rest->ptr[digits]))
        digits++;
    for (end = digits; end < rest->len && !is_digit(rest->ptr[end]);)
        end++;
    *number = slice_make(rest->ptr, digits);
    *unit = slice_make(rest->ptr + digits, end - digits);
    rest->ptr += end;
    rest->len -= end;
    return digits > 0 && unit->len > 0;
}

bool text_to_duration(struct slice text, int64_t *ms)
{
    int64_t sum = 0, value, product;
    size_t next_allowed = 0;
    struct slice number, unit;
    if (slice_equal(text, SLICE("0"))) {
        *ms = 0;
        return true;
    }
    if (text.len == 0)
        return false;
    while (text.len > 0) {
        if (!next_quantity(&text, &number, &unit) || !slice_to_int(number, &value))
            return false;
        size_t found = find_unit(duration_units, DURATION_UNIT_COUNT, unit);
        if (found == DURATION_UNIT_COUNT || found < next_allowed ||
            __builtin_mul_overflow(value, duration_units[found].factor, &product) ||
            __builtin_add_overflow(sum, product, &sum))
            return false;
        next_allowed = found + 1;
    }
    *ms = sum;
    return true;
}

static void put_units(struct buf *out, int64_t ms, const struct unit *unit)
{
    buf_put_number(out, (uint64_t)(ms / unit->factor), 1);
    buf_puts(out, unit->name);
}

void text_put_duration(struct buf *out, int64_t ms)
{
    size_t i = 0;
    if (ms > 0 && ms < SECOND_MS) {
        buf_put_number(out, (uint64_t)ms, 1);
        buf_puts(out, " ms");
        return;
    }
    if (ms <= 0) {
        buf_puts(out, "0s");
        return;
    }
    while (duration_units[i].factor > ms)
        i++;
    put_units(out, ms, &duration_units[i]);
    ms %= duration_units[i++].factor;
    if (ms >= SECOND_MS && ms >= duration_units[i].factor) {
        buf_putc(out, ' ');
        put_units(out, ms, &duration_units[i]);
    }
}

bool text_to_size(struct slice text, int64_t *bytes)
{
    int64_t value;
    struct slice number, unit;
    if (slice_equal(text, SLICE("0"))) {
        *bytes = 0;
        return true;
    }
    if (!next_quantity(&text, &number, &unit) || text.len > 0 ||
        !slice_to_int(number, &value))
        return false;
    size_t found = find_unit(size_units, SIZE_UNIT_COUNT, unit);
    return found < SIZE_UNIT_COUNT &&
           !__builtin_mul_overflow(value, size_units[found].factor, bytes);
}

/** The length of the character that @bytes begins with, when it can stay as it is, or
 *  0. */
static size_t clean_length(struct slice bytes, bool keep_lines)
{
    unsigned char c = (unsigned char)bytes.ptr[0];
    uint32_t code;
    if (c < 0x80)
        return (c >= 0x20 && c != 0x7F) || (c == '\n' && keep_lines);
    size_t len = utf8_next(bytes, &code);
    return len > 0 && code >= 0xA0 && !utf8_is_hidden(code) ? len : 0;
}

/** Bytes at the front of @bytes that can stay as they are, up to the first that
 *  cannot. */
static size_t clean_run(struct slice bytes, bool keep_lines)
{
    size_t run = 0, len = 1;
    while (run < bytes.len && len > 0) {
        if (bytes.ptr[run] >= 0x20 && bytes.ptr[run] < 0x7F) {
            run++;
            continue;
        }
        len = clean_length(slice_make(bytes.ptr + run, bytes.len - run), keep_lines);
        run += len;
    }
    return run;
}

/** Put a stand-in for what @bytes begins with. @return how many bytes it stands for. */
static size_t put_replaced(struct buf *out, struct slice bytes, bool keep_lines)
{
    uint32_t code;
    size_t len = utf8_next(bytes, &code);
    if (len > 0 && utf8_is_hidden(code)) {
        buf_printf(out, "\\u{%" PRIX32 "}", code);
        return len;
    }
    if (bytes.ptr[0] == '\t')
        buf_putc(out, ' ');
    else if (!(keep_lines && slice_starts(bytes, SLICE("\r\n"))))
        buf_printf(out, "\\x%02X", (unsigned)(unsigned char)bytes.ptr[0]);
    if (len == 2) /* a C1 control: both of its bytes go */
        buf_printf(out, "\\x%02X", (unsigned)(unsigned char)bytes.ptr[1]);
    return len ? len : 1;
}

void text_put_clean(struct buf *out, struct slice bytes, bool keep_lines)
{
    while (bytes.len > 0 && !out->overflowed) {
        size_t count = clean_run(bytes, keep_lines);
        buf_put(out, slice_make(bytes.ptr, count));
        if (count == 0)
            count = put_replaced(out, bytes, keep_lines);
        bytes.ptr += count;
        bytes.len -= count;
    }
}

struct slice text_cut(struct slice utf8, size_t max_bytes)
{
    size_t len = max_bytes;
    if (utf8.len <= max_bytes)
        return utf8;
    /* At most three steps back: no character is longer, and bytes that are no UTF-8 at
       all are still cut near the end. */
    for (int i = 0; i < 3 && len > 0 && ((unsigned char)utf8.ptr[len] & 0xC0) == 0x80;
         i++)
        len--;
    return slice_make(utf8.ptr, len);
}

struct wall_clock {
    struct civil_date date;
    int weekday, hour, minute, second;
    int offset_min;
};

static struct wall_clock wall_clock_at(int64_t unix_ms, int utc_offset_s)
{
    struct wall_clock wall;
    int offset_min = utc_offset_s / 60;
    int64_t local_s = floor_div(unix_ms, SECOND_MS) + offset_min * 60;
    int64_t days = floor_div(local_s, DAY_SECONDS);
    int second = (int)(local_s - days * DAY_SECONDS);
    wall.date = civil_from_days(days);
    wall.weekday = civil_weekday(days);
    wall.hour = second / 3600;
    wall.minute = second / 60 % 60;
    wall.second = second % 60;
    wall.offset_min = offset_min;
    return wall;
}

static void put_year(struct buf *out, int64_t year)
{
    if (year < 0)
        buf_putc(out, '-');
    buf_put_number(out, (uint64_t)(year < 0 ? -year : year), year < 0 ? 3 : 4);
}

/** " 06:17:01 +0100" */
static void put_hours(struct buf *out, const struct wall_clock *wall)
{
    bool is_west = wall->offset_min < 0;
    uint64_t offset = (uint64_t)(is_west ? -wall->offset_min : wall->offset_min);
    buf_putc(out, ' ');
    buf_put_number(out, (uint64_t)wall->hour, 2);
    buf_putc(out, ':');
    buf_put_number(out, (uint64_t)wall->minute, 2);
    buf_putc(out, ':');
    buf_put_number(out, (uint64_t)wall->second, 2);
    buf_puts(out, is_west ? " -" : " +");
    buf_put_number(out, offset / 60 % 100, 2);
    buf_put_number(out, offset % 60, 2);
}

void text_put_time(struct buf *out, int64_t unix_ms, int utc_offset_s)
{
    struct wall_clock wall = wall_clock_at(unix_ms, utc_offset_s);
    put_year(out, wall.date.year);
    buf_putc(out, '-');
    buf_put_number(out, (uint64_t)wall.date.month, 2);
    buf_putc(out, '-');
    buf_put_number(out, (uint64_t)wall.date.day, 2);
    put_hours(out, &wall);
}

void text_put_rfc5322_date(struct buf *out, int64_t unix_ms, int utc_offset_s)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct wall_clock wall = wall_clock_at(unix_ms, utc_offset_s);
    buf_put(out, slice_make(days + 3 * wall.weekday, 3));
    buf_puts(out, ", ");
    buf_put_number(out, (uint64_t)wall.date.day, 2);
    buf_putc(out, ' ');
    buf_put(out, slice_make(months + 3 * (wall.date.month - 1), 3));
    buf_putc(out, ' ');
    put_year(out, wall.date.year);
    put_hours(out, &wall);
}

void text_put_count(struct buf *out, uint64_t count, const char *one, const char *many)
{
    buf_put_number(out, count, 1);
    buf_putc(out, ' ');
    buf_puts(out, count == 1 ? one : many);
}

void text_put_json(struct buf *out, struct slice bytes)
{
    struct buf clean = buf_make(out->max_bytes);
    text_put_clean(&clean, bytes, false);
    buf_putc(out, '"');
    for (size_t i = 0; i < clean.len; i++) {
        if (clean.ptr[i] == '"' || clean.ptr[i] == '\\')
            buf_putc(out, '\\');
        buf_putc(out, clean.ptr[i]);
    }
    buf_putc(out, '"');
    buf_free(&clean);
}

void text_put_comma(struct buf *out)
{
    if (out->len > 0 && out->ptr[out->len - 1] != '[')
        buf_putc(out, ',');
}
