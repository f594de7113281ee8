/** Dates of HTTP: what is one, and when it is. */
#include "outputs/http_date.h"
#include "test.h"

#define NOW_S INT64_C(1795752000) /* 2026-11-27 04:00:00 UTC */

static int64_t read_at(const char *text, int64_t now_s)
{
    int64_t unix_s = -1;
    return http_date_parse(slice_of(text), now_s, &unix_s) ? unix_s : -1;
}

TEST(http_date, all_three_forms_of_RFC_9110_are_the_same_second)
{
    ck_assert_int_eq(read_at("Sun, 06 Nov 1994 08:49:37 GMT", NOW_S), 784111777);
    ck_assert_int_eq(read_at("Sunday, 06-Nov-94 08:49:37 GMT", NOW_S), 784111777);
    ck_assert_int_eq(read_at("Sun Nov  6 08:49:37 1994", NOW_S), 784111777);
}

TEST(http_date, a_year_of_two_digits_is_less_than_fifty_years_away)
{
    /* 2026 + 50, and one more */
    ck_assert_int_eq(read_at("Friday, 27-Nov-76 00:00:00 GMT", NOW_S), 3373660800);
    ck_assert_int_eq(read_at("Sunday, 27-Nov-77 00:00:00 GMT", NOW_S), 249436800);
    /* from 2099 on, "01" is in the next century */
    ck_assert_int_eq(read_at("Saturday, 01-Jan-01 00:00:00 GMT", 4085000000),
                     4133980800);
}

TEST(http_date, the_29th_of_February_is_a_day_of_leap_years_alone)
{
    ck_assert_int_eq(read_at("Sat, 29 Feb 2036 23:59:60 GMT", NOW_S), 2087942400);
    ck_assert_int_eq(read_at("Sun, 29 Feb 2026 00:00:00 GMT", NOW_S), -1);
    ck_assert_int_eq(read_at("Tue, 31 Apr 2026 00:00:00 GMT", NOW_S), -1);
}

TEST(http_date, anything_else_is_none)
{
    static const char *const rows[] = {
        "",
        "Sun",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Sun, 06 Nov 1994 08:49:37 CET",
        "Sun, 06 Nix 1994 08:49:37 GMT",
        "Son, 06 Nov 1994 08:49:37 GMT",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 32 Oct 1994 08:49:37 GMT",
        "Sun, -6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT",
        "Sunday, 06-Nov-1994 08:49:37 GMT",
        "Sun, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 94",
        "Sun Nov 6 08:49:37 1994",
        "Sun Nov 06 08:49:37 1994 GMT",
        "1994-11-06T08:49:37Z",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_msg(read_at(rows[i], NOW_S) == -1, "%s", rows[i]);
}
