/** Calendar arithmetic: days to dates and back. */
#include "agent/base/civil.h"

int64_t floor_div(int64_t value, int64_t by)
{
    return value / by - (value % by < 0);
}

int64_t civil_to_days(struct civil_date date)
{
    int64_t year = date.month <= 2 ? date.year - 1 : date.year;
    int64_t cycle = floor_div(year, 400);
    int64_t year_of_cycle = year - cycle * 400;
    int month_from_march = (date.month + 9) % 12;
    int64_t day_of_year = (153 * month_from_march + 2) / 5 + date.day - 1;
    int64_t day_of_cycle =
        year_of_cycle * 365 + year_of_cycle / 4 - year_of_cycle / 100 + day_of_year;
    return cycle * 146097 + day_of_cycle - 719468;
}

struct civil_date civil_from_days(int64_t days)
{
    days += 719468; /* from 0000-03-01 */
    int64_t cycle = floor_div(days, 146097);
    int64_t day_of_cycle = days - cycle * 146097;
    int64_t year_of_cycle = (day_of_cycle - day_of_cycle / 1460 + day_of_cycle / 36524 -
                             day_of_cycle / 146096) /
                            365;
    int64_t day_of_year =
        day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    int month_from_march = (int)((5 * day_of_year + 2) / 153);
    struct civil_date date;
    date.day = (int)(day_of_year - (153 * month_from_march + 2) / 5) + 1;
    date.month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    date.year = cycle * 400 + year_of_cycle + (date.month <= 2);
    return date;
}

int civil_weekday(int64_t days)
{
    return (int)(days + 4 - floor_div(days + 4, 7) * 7);
}
