/** Numbers compare as numbers, however long they are. */
#include "rules/decimal.h"

#include "test.h"

static int order(const char *a, const char *b)
{
    struct decimal x, y;
    ck_assert_msg(decimal_parse(slice_of(a), &x), "'%s' is no number", a);
    ck_assert_msg(decimal_parse(slice_of(b), &y), "'%s' is no number", b);
    return decimal_compare(&x, &y);
}

TEST(decimal, numbers_compare_by_value_and_not_by_text)
{
    ck_assert_int_lt(order("9", "10"), 0);
    ck_assert_int_eq(order("007.50", "7.5"), 0);
    ck_assert_int_lt(order("0.49", "0.5"), 0);
    ck_assert_int_lt(order("-10", "-9"), 0);
    ck_assert_int_lt(order("-0.1", "0"), 0);
    ck_assert_int_eq(order("-0", "+0.00"), 0);
    ck_assert_int_eq(order(".5", "0.5"), 0);
    ck_assert_int_eq(order("5.", "5"), 0);
    ck_assert_int_gt(order("18446744073709551617", "18446744073709551616"), 0);
    ck_assert_int_eq(order(" 3\t", "3"), 0);
}

TEST(decimal, what_is_no_plain_number_is_none)
{
    static const char *const wrong[] = { "",    "-",     ".",   "1e3",  "0x10",
                                         "5ms", "1,5",   "--1", "1 2",  "nan",
                                         "inf", "1.2.3", "+-1", "12\n3" };
    struct decimal number;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        ck_assert_msg(!decimal_parse(slice_of(wrong[i]), &number), "'%s'", wrong[i]);
    ck_assert(!decimal_parse(SLICE("1\0"), &number));
}
