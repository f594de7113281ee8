/** Patterns of file names, and names that rotations make. */
#include "agent/inputs/glob.h"

#include "agent/inputs/names.h"
#include "test.h"

static const struct {
    const char *pattern, *path;
    bool matches;
} cases[] = {
    { "/var/log/app.log", "/var/log/app.log", true },
    { "/var/log/app.log", "/var/log/app.log.1", false },
    { "/var/log/*.log", "/var/log/app.log", true },
    { "/var/log/*.log", "/var/log/sub/app.log", false },
    { "/var/log/*.log", "/var/log/.hidden.log", false },
    { "/var/log/.*.log", "/var/log/.hidden.log", true },
    { "/srv/*/log/a?.log", "/srv/web/log/a1.log", true },
    { "/srv/*/log/a?.log", "/srv/web/log/a.log", false },
    { "/var/log/app-[0-9].log", "/var/log/app-7.log", true },
    { "/var/log/app-[!0-9].log", "/var/log/app-7.log", false },
    { "/var/log/app-[^0-9].log", "/var/log/app-x.log", true },
    { "/a/[]x].log", "/a/].log", true },
    { "/a/[x.log", "/a/[x.log", true },
    { "/a/\\*.log", "/a/*.log", true },
    { "/a/\\*.log", "/a/b.log", false },
    { "/a/**/*.log", "/a/x.log", true },
    { "/a/**/*.log", "/a/b/c/x.log", true },
    { "/a/**/*.log", "/a/.git/x.log", false },
    { "/a/**/z/*.log", "/a/z/b/z/x.log", true },
    { "/a/**/z/*.log", "/a/z/b/x.log", false },
    { "/a/**", "/a/b/c", true },
    { "/**/app.log", "/app.log", true },
    { "//var///log/*.log", "/var/log/a.log", true },
    { "logs/*.log", "logs/a.log", true },
    { "*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false },
    { "*.log", "a\n%s\xff.log", true },
};

TEST(glob, patterns_match_what_a_shell_would_and_two_stars_cross_folders)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_msg(glob_match(slice_of(cases[i].pattern), slice_of(cases[i].path)) ==
                          cases[i].matches,
                      "%s on %s", cases[i].pattern, cases[i].path);
}

TEST(glob, an_exclude_without_slash_is_about_the_name)
{
    ck_assert(glob_excludes(SLICE("*debug*"), SLICE("/var/log/x-debug.log")));
    ck_assert(!glob_excludes(SLICE("*debug*"), SLICE("/var/debug/x.log")));
    ck_assert(glob_excludes(SLICE("/var/*/x.log"), SLICE("/var/debug/x.log")));
    ck_assert(glob_excludes(SLICE("*"), SLICE(".hidden")));
}

static void expect_mark(const char *base, const char *name, const char *mark)
{
    ck_assert_slice(name_mark(slice_of(base), slice_of(name)), mark);
}

TEST(glob, what_a_rotation_added_to_a_name_is_found)
{
    expect_mark("app.log", "app.log.1", ".1");
    expect_mark("app.log", "app.log.1.gz", ".1");
    expect_mark("app.log", "app.log-20261123", "-20261123");
    expect_mark("app.log", "app-20261123.log", "-20261123");
    expect_mark("app.log", "app-20261123.log.xz", "-20261123");
    expect_mark("app", "app.1", ".1");
    expect_mark("app.log", "app.log", "");
    expect_mark("app.log", "application.log", "");
    expect_mark("app.log", "other.log.1", "");
    ck_assert(name_is_compressed(SLICE("app.log.1.gz")));
    ck_assert(!name_is_compressed(SLICE("gz")));
}

TEST(glob, rotations_of_one_name_are_kin_and_other_logs_are_not)
{
    ck_assert(names_are_kin(SLICE("a.log.1"), SLICE("a.log.2")));
    ck_assert(names_are_kin(SLICE("a.log"), SLICE("a.log-20261127")));
    ck_assert(names_are_kin(SLICE("a.log.1"), SLICE("a.log")));
    ck_assert(names_are_kin(SLICE("a-20261126.log"), SLICE("a-20261127.log")));
    ck_assert(!names_are_kin(SLICE("a.log.1"), SLICE("b.log.1")));
    ck_assert(!names_are_kin(SLICE("a.log"), SLICE("a.err")));
    ck_assert(!names_are_kin(SLICE("a.log"), SLICE("a.log.old")));
}

TEST(glob, counters_count_up_with_age_and_dates_do_not)
{
    ck_assert_int_lt(marks_compare_age(SLICE(".10"), SLICE(".9")), 0);
    ck_assert_int_lt(marks_compare_age(SLICE("-20261122"), SLICE("-20261123")), 0);
    ck_assert_int_eq(marks_compare_age(SLICE(".old"), SLICE("-20261123")), 0);
    ck_assert(!marks_are_alike(SLICE(".1"), SLICE(".bak")));
    ck_assert(marks_are_alike(SLICE(".1"), SLICE(".12")));
}

TEST(glob, each_name_that_may_have_been_rotated_is_tried)
{
    size_t at = 0;
    char base[64];
    bool has_plain = false, has_middle = false;
    while (name_next_base(SLICE("app-20261123.log"), &at, base, sizeof base))
        has_middle |= strcmp(base, "app.log") == 0;
    at = 0;
    while (name_next_base(SLICE("app.log.1"), &at, base, sizeof base))
        has_plain |= strcmp(base, "app.log") == 0;
    ck_assert(has_plain && has_middle);
}
