/** POSIX TZ rules: parsed once, then asked for the offset of any moment. */
#include "agent/base/zone_rule.h"

#include "agent/base/civil.h"

static bool take_char(struct slice *in, char c)
{
    if (in->len == 0 || in->ptr[0] != c)
        return false;
    in->ptr++;
    in->len--;
    return true;
}

static bool take_number(struct slice *in, int max, int *value)
{
    size_t digits = 0;
    int64_t number;
    while (digits < in->len && digits < 4 && in->ptr[digits] >= '0' &&
           in->ptr[digits] <= '9')
        digits++;
    if (!slice_to_int(slice_make(in->ptr, digits), &number) || number > max)
        return false;
    in->ptr += digits;
    in->len -= digits;
    *value = (int)number;
    return true;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/** "CET" or "<+03>". */
static bool take_name(struct slice *in)
{
    size_t len = 0;
    if (take_char(in, '<')) {
        while (in->len > 0 && in->ptr[0] != '>')
            take_char(in, in->ptr[0]);
        return take_char(in, '>');
    }
    while (len < in->len && is_letter(in->ptr[len]))
        len++;
    in->ptr += len;
    in->len -= len;
    return len >= 3;
}

/** [+-]hh[:mm[:ss]] */
static bool take_time(struct slice *in, int max_hours, int *seconds)
{
    int hours, minutes = 0, rest = 0;
    bool is_negative = take_char(in, '-');
    if (!is_negative)
        take_char(in, '+');
    if (!take_number(in, max_hours, &hours))
        return false;
    if (take_char(in, ':') && !take_number(in, 59, &minutes))
        return false;
    if (take_char(in, ':') && !take_number(in, 59, &rest))
        return false;
    *seconds = hours * 3600 + minutes * 60 + rest;
    if (is_negative)
        *seconds = -*seconds;
    return true;
}

static bool take_day(struct slice *in, struct zone_change *change)
{
    if (take_char(in, 'J')) {
        change->kind = ZONE_DAY_JULIAN;
        return take_number(in, 365, &change->day) && change->day >= 1;
    }
    if (!take_char(in, 'M')) {
        change->kind = ZONE_DAY_OF_YEAR;
        return take_number(in, 365, &change->day);
    }
    change->kind = ZONE_DAY_WEEKDAY;
    return take_number(in, 12, &change->month) && change->month >= 1 &&
           take_char(in, '.') && take_number(in, 5, &change->week) &&
           change->week >= 1 && take_char(in, '.') && take_number(in, 6, &change->day);
}

static bool take_change(struct slice *in, struct zone_change *change)
{
    change->at_s = 2 * 3600;
    if (!take_char(in, ',') || !take_day(in, change))
        return false;
    return !take_char(in, '/') || take_time(in, 167, &change->at_s);
}

bool zone_rule_parse(struct slice text, struct zone_rule *rule)
{
    int west_s;
    *rule = (struct zone_rule){ 0 };
    if (!take_name(&text) || !take_time(&text, 24, &west_s))
        return false;
    rule->standard_s = -west_s;
    if (text.len == 0)
        return true;
    if (!take_name(&text))
        return false;
    rule->has_summer = true;
    rule->summer_s = rule->standard_s + 3600;
    if (text.len > 0 && text.ptr[0] != ',') {
        if (!take_time(&text, 24, &west_s))
            return false;
        rule->summer_s = -west_s;
    }
    return take_change(&text, &rule->to_summer) &&
           take_change(&text, &rule->to_standard) && text.len == 0;
}

static bool is_leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/** The day of @change in @year, as days since 1970. */
static int64_t change_day(const struct zone_change *change, int64_t year)
{
    int64_t new_year = civil_to_days((struct civil_date){ year, 1, 1 });
    if (change->kind == ZONE_DAY_OF_YEAR)
        return new_year + change->day;
    if (change->kind == ZONE_DAY_JULIAN)
        return new_year + change->day - 1 + (is_leap(year) && change->day >= 60);
    int64_t first = civil_to_days((struct civil_date){ year, change->month, 1 });
    int64_t next =
        change->month == 12
            ? civil_to_days((struct civil_date){ year + 1, 1, 1 })
            : civil_to_days((struct civil_date){ year, change->month + 1, 1 });
    int64_t day = first + (change->day - civil_weekday(first) + 7) % 7;
    for (int week = 1; week < change->week && day + 7 < next; week++)
        day += 7;
    return day;
}

int zone_rule_offset_s(const struct zone_rule *rule, int64_t unix_s)
{
    if (!rule->has_summer)
        return rule->standard_s;
    int64_t year =
        civil_from_days(floor_div(unix_s + rule->standard_s, DAY_SECONDS)).year;
    int64_t latest = INT64_MIN;
    int offset_s = rule->standard_s;
    for (int64_t y = year - 1; y <= year + 1; y++) {
        int64_t summer = change_day(&rule->to_summer, y) * DAY_SECONDS +
                         rule->to_summer.at_s - rule->standard_s;
        int64_t standard = change_day(&rule->to_standard, y) * DAY_SECONDS +
                           rule->to_standard.at_s - rule->summer_s;
        if (standard <= unix_s && standard > latest) {
            latest = standard;
            offset_s = rule->standard_s;
        }
        /* Not '>': where both fall on one moment, summer time lasts all year. */
        if (summer <= unix_s && summer >= latest) {
            latest = summer;
            offset_s = rule->summer_s;
        }
    }
    return offset_s;
}
