/** Slices hold any byte, NUL and empty runs among them. */
#include "agent/base/slice.h"

#include "test.h"

TEST(slice, a_shorter_prefix_sorts_before_the_longer)
{
    ck_assert_int_lt(slice_compare(SLICE("ab"), SLICE("abc")), 0);
    ck_assert_int_gt(slice_compare(SLICE("abc"), SLICE("ab")), 0);
    ck_assert_int_eq(slice_compare(SLICE("ab"), SLICE("ab")), 0);
    ck_assert_int_lt(slice_compare(slice_of(NULL), SLICE("a")), 0);
}

TEST(slice, bytes_above_127_sort_after_ascii)
{
    ck_assert_int_gt(slice_compare(SLICE("\xff"), SLICE("z")), 0);
}

TEST(slice, a_difference_behind_a_nul_is_seen)
{
    ck_assert(!slice_equal(SLICE("a\0b"), SLICE("a\0c")));
    ck_assert(!slice_equal_nocase(SLICE("a\0b"), SLICE("a\0c")));
    ck_assert(slice_equal_nocase(SLICE("A\0b"), SLICE("a\0B")));
}

TEST(slice, only_ascii_letters_have_a_case)
{
    ck_assert(slice_equal_nocase(SLICE("Host-Z9"), SLICE("hOST-z9")));
    ck_assert(!slice_equal_nocase(SLICE("["), SLICE("{")));
    ck_assert(!slice_equal_nocase(SLICE("@"), SLICE("`")));
    ck_assert(!slice_equal_nocase(SLICE("\xc4"), SLICE("\xe4")));
}

TEST(slice, everything_starts_and_ends_with_nothing)
{
    ck_assert(slice_starts(slice_of(NULL), SLICE("")));
    ck_assert(slice_ends(slice_of(NULL), slice_of(NULL)));
    ck_assert(slice_ends(SLICE("app.log"), SLICE(".log")));
    ck_assert(!slice_ends(SLICE("log"), SLICE(".log")));
    ck_assert(slice_starts(SLICE("app.log"), SLICE("app")));
    ck_assert(!slice_starts(SLICE("ap"), SLICE("app")));
}

TEST(slice, find_gives_the_first_place_or_none)
{
    ck_assert_uint_eq(slice_find(SLICE("a\0bcbc"), SLICE("bc")), 2);
    ck_assert_uint_eq(slice_find(SLICE("abc"), SLICE("")), 0);
    ck_assert_uint_eq(slice_find(SLICE("ab"), SLICE("abc")), SIZE_MAX);
    ck_assert_uint_eq(slice_find(slice_of(NULL), SLICE("a")), SIZE_MAX);
}

TEST(slice, trim_takes_blanks_off_both_ends_only)
{
    ck_assert_slice(slice_trim(SLICE(" \t a b\r\n")), "a b");
    ck_assert_slice(slice_trim(SLICE(" \n ")), "");
    ck_assert_slice(slice_trim(slice_of(NULL)), "");
}

TEST(slice, next_gives_empty_parts_between_separators)
{
    struct slice rest = SLICE("a,,b"), part;
    ck_assert(slice_next(&rest, ',', &part));
    ck_assert_slice(part, "a");
    ck_assert(slice_next(&rest, ',', &part));
    ck_assert_slice(part, "");
    ck_assert(slice_next(&rest, ',', &part));
    ck_assert_slice(part, "b");
    ck_assert(!slice_next(&rest, ',', &part));
}

TEST(slice, a_separator_at_the_end_opens_no_further_part)
{
    struct slice rest = SLICE("line\n"), part;
    ck_assert(slice_next(&rest, '\n', &part));
    ck_assert_slice(part, "line");
    ck_assert(!slice_next(&rest, '\n', &part));
}

static void check_int(const char *text, bool wanted, int64_t value)
{
    int64_t got = 4711;
    ck_assert_msg(slice_to_int(slice_of(text), &got) == wanted, "'%s'", text);
    ck_assert_msg(got == (wanted ? value : 4711), "'%s' gave %lld", text,
                  (long long)got);
}

TEST(slice, a_number_fills_the_slice_and_the_range)
{
    check_int("0", true, 0);
    check_int("007", true, 7);
    check_int("-42", true, -42);
    check_int("9223372036854775807", true, INT64_MAX);
    check_int("-9223372036854775808", true, INT64_MIN);
}

TEST(slice, what_is_no_number_is_refused_and_changes_nothing)
{
    static const char *const wrong[] = {
        "",
        "-",
        "+1",
        " 1",
        "1 ",
        "1a",
        "0x10",
        "1.0",
        "9223372036854775808",
        "-9223372036854775809",
        "--1",
        "1-",
        "99999999999999999999999999",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        check_int(wrong[i], false, 0);
}
