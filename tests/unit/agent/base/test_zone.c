/** Time zones: offsets, the rule behind the last transition, daily moments across
 *  DST. */
#include "test.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "agent/base/civil.h"
#include "agent/base/zone.h"
#include "agent/base/zone_rule.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])
#define NEED_TZDATA()                                               \
    do {                                                            \
        if (access("/usr/share/zoneinfo/Europe/Berlin", R_OK) != 0) \
            SKIP_TEST("no tzdata in /usr/share/zoneinfo");          \
        unsetenv("TZDIR");                                          \
    } while (0)

static struct zone *need(const char *name)
{
    struct err err = { 0 };
    struct zone *zone = zone_load(slice_of(name), &err);
    ck_assert_msg(zone != NULL, "%s", err.text);
    return zone;
}

static int64_t utc_ms(int year, int month, int day, int minute)
{
    return (civil_to_days((struct civil_date){ year, month, day }) * DAY_SECONDS +
            minute * 60) *
           1000;
}

TEST(zone, days_and_dates_are_each_others_inverse)
{
    for (int64_t day = -800000; day < 800000; day += 37) {
        struct civil_date date = civil_from_days(day);
        ck_assert_int_eq(civil_to_days(date), day);
        ck_assert(date.month >= 1 && date.month <= 12 && date.day >= 1 &&
                  date.day <= 31);
    }
    ck_assert_int_eq(civil_weekday(0), 4);
    ck_assert_int_eq(civil_weekday(-4), 0);
    ck_assert_int_eq(civil_weekday(-5), 6);
}

TEST(zone, utc_needs_no_file)
{
    setenv("TZDIR", "/nonexistent", 1);
    struct zone *zone = need("UTC");
    ck_assert_int_eq(zone_offset_s(zone, 1700000000000), 0);
    zone_free(zone);
}

TEST(zone, a_name_that_could_leave_the_folder_is_refused)
{
    static const char *const names[] = { "",       "../passwd",    "/etc/localtime",
                                         "a/../b", "A b",          "Europe/Berlin\n",
                                         "~",      "Europe.Berlin" };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct err err = { 0 };
        ck_assert(zone_load(slice_of(names[i]), &err) == NULL);
        ck_assert_int_eq(err.kind, ERR_INVALID);
    }
    struct err err = { 0 };
    ck_assert(zone_load(SLICE("UTC\0"), &err) == NULL);
}

TEST(zone, C20_a_missing_zone_and_missing_tzdata_are_told_apart)
{
    struct err err = { 0 };
    setenv("TZDIR", "/nonexistent", 1);
    ck_assert(zone_load(SLICE("Europe/Berlin"), &err) == NULL);
    ck_assert_int_eq(err.kind, ERR_MISSING);
    ck_assert(strstr(err.text, "tzdata"));
    setenv("TZDIR", unit_test_folder(), 1);
    ck_assert(zone_load(SLICE("Europe/Berlin"), &err) == NULL);
    ck_assert_int_eq(err.kind, ERR_MISSING);
    ck_assert(strstr(err.text, "there is no time zone \"Europe/Berlin\""));
}

TEST(zone, a_file_that_is_no_zone_is_refused)
{
    const char *folder = unit_test_folder();
    char path[4096];
    static const struct slice files[] = {
        BYTES(""), BYTES("TZif"),
        BYTES("not a zone file, but long enough for a header......")
    };
    setenv("TZDIR", folder, 1);
    snprintf(path, sizeof path, "%s/Bad", folder);
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        struct err err = { 0 };
        FILE *out = fopen(path, "w");
        fwrite(files[i].ptr, 1, files[i].len, out);
        fclose(out);
        ck_assert(zone_load(SLICE("Bad"), &err) == NULL);
        ck_assert_int_eq(err.kind, ERR_INVALID);
    }
}

TEST(zone, a_file_that_is_cut_anywhere_is_refused)
{
    NEED_TZDATA();
    char file[8192], path[4096];
    FILE *in = fopen("/usr/share/zoneinfo/Europe/Berlin", "r");
    size_t size = fread(file, 1, sizeof file, in);
    fclose(in);
    const char *folder = unit_test_folder();
    setenv("TZDIR", folder, 1);
    snprintf(path, sizeof path, "%s/Cut", folder);
    for (size_t len = 0; len < size; len += 11) {
        struct err err = { 0 };
        FILE *out = fopen(path, "w");
        fwrite(file, 1, len, out);
        fclose(out);
        ck_assert_msg(zone_load(SLICE("Cut"), &err) == NULL, "%zu bytes", len);
    }
}

TEST(zone, P18_offsets_agree_with_the_c_library_from_1920_to_2400)
{
    NEED_TZDATA();
    static const char *const names[] = {
        "Europe/Berlin", "America/New_York",  "Australia/Lord_Howe",
        "Asia/Kolkata",  "Africa/Casablanca", "Europe/Dublin",
        "Pacific/Apia",  "America/St_Johns",  "America/Sao_Paulo",
        "Asia/Gaza",     "America/Nuuk",      "Antarctica/Troll",
        "Etc/GMT+5"
    };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct zone *zone = need(names[i]);
        setenv("TZ", names[i], 1);
        tzset();
        for (int64_t t = -1577923200; t < 13569465600; t += 12 * 86400 + 4321) {
            time_t at = (time_t)t;
            struct tm tm;
            localtime_r(&at, &tm);
            ck_assert_msg(zone_offset_s(zone, t * 1000) == tm.tm_gmtoff,
                          "%s at %lld: %d, not %ld", names[i], (long long)t,
                          zone_offset_s(zone, t * 1000), tm.tm_gmtoff);
        }
        zone_free(zone);
    }
}

TEST(zone, the_offset_changes_at_the_second_of_the_transition)
{
    NEED_TZDATA();
    struct zone *zone = need("Europe/Berlin");
    int64_t spring = utc_ms(2050, 3, 27, 60), autumn = utc_ms(2050, 10, 30, 60);
    ck_assert_int_eq(zone_offset_s(zone, spring - 1), 3600);
    ck_assert_int_eq(zone_offset_s(zone, spring), 7200);
    ck_assert_int_eq(zone_offset_s(zone, autumn - 1), 7200);
    ck_assert_int_eq(zone_offset_s(zone, autumn), 3600);
    zone_free(zone);
}

TEST(zone, posix_rules_are_read_in_all_their_forms)
{
    static const struct {
        const char *text;
        bool is_rule;
    } rows[] = {
        { "CET-1CEST,M3.5.0,M10.5.0/3", true },
        { "<+0330>-3:30", true },
        { "EST5EDT,M3.2.0,M11.1.0", true },
        { "UTC0", true },
        { "<-03>3<-02>,M3.5.0/-2,M10.5.0/-1", true },
        { "IST-1GMT0,M10.5.0,M3.5.0/1", true },
        { "XXX3EDT4,0/0,J365/23", true },
        { "IST-2IDT,M3.4.4/26,M10.5.0", true },
        { "", false },
        { "CET", false },
        { "CE-1", false },
        { "CET-1CEST", false },
        { "CET-1CEST,M3.5.0", false },
        { "CET-1CEST,M13.5.0,M10.5.0", false },
        { "CET-1CEST,M3.6.0,M10.5.0", false },
        { "CET-1CEST,M3.5.7,M10.5.0", false },
        { "CET-1CEST,J0,J5", false },
        { "CET-1CEST,M3.5.0,M10.5.0x", false },
        { "<+01-1", false },
        { "CET-25", false },
        { "CET-1:60", false },
        { "CET-1CEST,M3.5.0/168,M10.5.0", false },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct zone_rule rule;
        ck_assert_msg(zone_rule_parse(slice_of(rows[i].text), &rule) == rows[i].is_rule,
                      "'%s'", rows[i].text);
    }
}

TEST(zone, summer_time_that_never_ends_has_no_gap_at_new_year)
{
    struct zone_rule rule;
    ck_assert(zone_rule_parse(SLICE("XXX3EDT4,0/0,J365/23"), &rule));
    for (int64_t t = 1700000000; t < 1900000000; t += 3599)
        ck_assert_int_eq(zone_rule_offset_s(&rule, t), -4 * 3600);
}

TEST(zone, tz_may_hold_a_rule_instead_of_a_name)
{
    setenv("TZ", "XST-3", 1);
    struct zone *zone = zone_local();
    ck_assert_int_eq(zone_offset_s(zone, 0), 3 * 3600);
    zone_free(zone);
    setenv("TZ", "no such thing", 1);
    zone = zone_local();
    ck_assert_int_eq(zone_offset_s(zone, 0), 0);
    zone_free(zone);
}

TEST(zone, a_daily_moment_comes_once_on_every_day_of_the_year)
{
    NEED_TZDATA();
    const struct {
        const char *zone;
        int64_t after_ms;
        int minute;
        int64_t next_ms;
    } rows[] = {
        { "UTC", 1700000000000, 0, utc_ms(2023, 11, 15, 0) },
        { "Europe/Berlin", utc_ms(2026, 11, 23, 0), 8 * 60,
          utc_ms(2026, 11, 23, 7 * 60) },
        { "Europe/Berlin", utc_ms(2026, 11, 23, 7 * 60), 8 * 60,
          utc_ms(2026, 11, 24, 7 * 60) },
        { "Europe/Berlin", utc_ms(2026, 11, 23, 7 * 60) - 1, 8 * 60,
          utc_ms(2026, 11, 23, 7 * 60) },
        /* 02:30 does not exist on 29 March 2026: 03:00 it is */
        { "Europe/Berlin", utc_ms(2026, 3, 28, 12 * 60), 150, utc_ms(2026, 3, 29, 60) },
        { "Europe/Berlin", utc_ms(2026, 3, 29, 60), 150, utc_ms(2026, 3, 30, 30) },
        /* 02:30 comes twice on 25 October 2026: the first only */
        { "Europe/Berlin", utc_ms(2026, 10, 24, 12 * 60), 150,
          utc_ms(2026, 10, 25, 30) },
        { "Europe/Berlin", utc_ms(2026, 10, 25, 30), 150, utc_ms(2026, 10, 26, 90) },
        { "Europe/Berlin", utc_ms(2026, 10, 25, 60), 150, utc_ms(2026, 10, 26, 90) },
        /* half an hour on Lord Howe: 02:15 does not exist on 4 October 2026 */
        { "Australia/Lord_Howe", utc_ms(2026, 10, 3, 0), 135,
          utc_ms(2026, 10, 3, 15 * 60 + 30) },
        /* midnight does not exist in Beirut on 29 March 2026 */
        { "Asia/Beirut", utc_ms(2026, 3, 28, 12 * 60), 0,
          utc_ms(2026, 3, 28, 22 * 60) },
        /* Samoa left out 30 December 2011 */
        { "Pacific/Apia", utc_ms(2011, 12, 29, 18 * 60), 8 * 60,
          utc_ms(2011, 12, 30, 18 * 60) },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct zone *zone = need(rows[i].zone);
        int64_t next = zone_next_daily_ms(zone, rows[i].after_ms, rows[i].minute);
        ck_assert_msg(next == rows[i].next_ms, "row %zu: %lld, not %lld", i,
                      (long long)next, (long long)rows[i].next_ms);
        zone_free(zone);
    }
}

TEST(zone, P13_P14_ten_years_have_as_many_daily_moments_as_days)
{
    NEED_TZDATA();
    static const char *const names[] = { "Europe/Berlin", "America/New_York",
                                         "Australia/Lord_Howe", "Africa/Casablanca",
                                         "Asia/Beirut" };
    static const int minutes[] = { 0, 30, 120, 150, 180, 1439 };
    for (size_t i = 0; i < COUNT_OF(names) * COUNT_OF(minutes); i++) {
        struct zone *zone = need(names[i % COUNT_OF(names)]);
        int64_t at = utc_ms(2024, 1, 1, 720), end = utc_ms(2034, 1, 1, 720);
        int count = 0;
        while ((at = zone_next_daily_ms(zone, at, minutes[i / COUNT_OF(names)])) <= end)
            count++;
        ck_assert_int_eq(count, 3653);
        zone_free(zone);
    }
}

TEST(zone, never_stays_never)
{
    struct zone *zone = zone_utc();
    ck_assert(zone_next_daily_ms(zone, NEVER_MS, 480) == NEVER_MS);
    zone_free(zone);
}

TEST(zone, a_clock_is_four_digits_and_a_colon)
{
    int minute;
    ck_assert(zone_parse_clock(SLICE("08:00"), &minute) && minute == 480);
    ck_assert(zone_parse_clock(SLICE("23:59"), &minute) && minute == 1439);
    static const char *const bad[] = { "24:00", "8:00", "08:60",  "08-00", "-1:00",
                                       "00:-1", "",     "08:000", "08:0x" };
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        ck_assert(!zone_parse_clock(slice_of(bad[i]), &minute));
}
