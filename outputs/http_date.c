/** Three forms, each a pattern whose letters stand for parts. */
#include "outputs/http_date.h"

#include <stddef.h>
#include <stdint.h>

#include "agent/base/civil.h"

/* w, W: the day of the week, short or whole; M: the month; the rest are numbers. */
static const char *const forms[] = {
    "w, D M Y h:m:s Z",
    "W, D-M-y h:m:s Z",
    "w M E h:m:s Y",
};

struct parts {
    int64_t year, day, hour, minute, second;
    int month; /* 0..11 */
    bool has_century;
};

static const struct number {
    char letter;
    size_t width, offset;
    int64_t least, most;
} numbers[] = {
    { 'Y', 4, offsetof(struct parts, year), 0, 9999 },
    { 'y', 2, offsetof(struct parts, year), 0, 99 },
    { 'D', 2, offsetof(struct parts, day), 1, 31 },
    { 'E', 2, offsetof(struct parts, day), 1, 31 }, /* " 6" */
    { 'h', 2, offsetof(struct parts, hour), 0, 23 },
    { 'm', 2, offsetof(struct parts, minute), 0, 59 },
    { 's', 2, offsetof(struct parts, second), 0, 60 },
};

static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul",
                                      "Aug", "Sep", "Oct", "Nov", "Dec", NULL };
static const char *const days[] = { "Sun", "Mon", "Tue", "Wed",
                                    "Thu", "Fri", "Sat", NULL };
static const char *const whole_days[] = { "Sunday",   "Monday", "Tuesday",  "Wednesday",
                                          "Thursday", "Friday", "Saturday", NULL };

static void skip(struct slice *rest, size_t len)
{
    rest->ptr += len;
    rest->len -= len;
}

/** @return which of @names @rest begins with, behind which it goes on; -1: none. */
static int take_name(struct slice *rest, const char *const *names)
{
    for (int i = 0; names[i]; i++) {
        if (slice_starts(*rest, slice_of(names[i]))) {
            skip(rest, strlen(names[i]));
            return i;
        }
    }
    return -1;
}

static bool take_number(struct slice *rest, const struct number *number, int64_t *value)
{
    size_t width = number->width;
    if (number->letter == 'E' && slice_starts(*rest, SLICE(" "))) {
        skip(rest, 1);
        width--;
    }
    if (rest->len < width)
        return false;
    *value = 0;
    for (size_t i = 0; i < width; i++) {
        if (rest->ptr[i] < '0' || rest->ptr[i] > '9')
            return false;
        *value = *value * 10 + (rest->ptr[i] - '0');
    }
    skip(rest, width);
    return *value >= number->least && *value <= number->most;
}

static const struct number *find_number(char letter)
{
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (numbers[i].letter == letter)
            return &numbers[i];
    }
    return NULL;
}

static bool take_part(struct slice *rest, char letter, struct parts *parts)
{
    static const char *const zones[] = { "GMT", NULL };
    const struct number *number = find_number(letter);
    const char mark[] = { letter, '\0' };
    if (number)
        return take_number(rest, number, (int64_t *)((char *)parts + number->offset));
    if (letter == 'M')
        return (parts->month = take_name(rest, months)) >= 0;
    if (letter == 'w')
        return take_name(rest, days) >= 0;
    if (letter == 'W')
        return take_name(rest, whole_days) >= 0;
    if (letter == 'Z')
        return take_name(rest, zones) >= 0;
    return take_name(rest, (const char *const[]){ mark, NULL }) >= 0;
}

static bool take_form(struct slice rest, const char *form, struct parts *parts)
{
    *parts = (struct parts){ .has_century = !strchr(form, 'y') };
    for (; *form; form++) {
        if (!take_part(&rest, *form, parts))
            return false;
    }
    return rest.len == 0;
}

/** The year that ends so and is nearest to now. */
static int64_t whole_year(int64_t year, int64_t now_s)
{
    int64_t now_year = civil_from_days(floor_div(now_s, DAY_SECONDS)).year;
    int64_t whole = floor_div(now_year, 100) * 100 + year;
    if (whole > now_year + 50)
        return whole - 100;
    return whole <= now_year - 50 ? whole + 100 : whole;
}

bool http_date_parse(struct slice text, int64_t now_s, int64_t *unix_s)
{
    struct parts parts;
    size_t form = 0, count = sizeof forms / sizeof *forms;
    while (form < count && !take_form(text, forms[form], &parts))
        form++;
    if (form == count)
        return false;
    if (!parts.has_century)
        parts.year = whole_year(parts.year, now_s);
    int64_t days_since = civil_to_days(
        (struct civil_date){ parts.year, parts.month + 1, (int)parts.day });
    if (civil_from_days(days_since).day != parts.day) /* "31 Feb" */
        return false;
    *unix_s =
        days_since * DAY_SECONDS + (parts.hour * 60 + parts.minute) * 60 + parts.second;
    return true;
}
