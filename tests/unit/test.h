/**
 * A unit test is one block that registers itself; no list is edited:
 *
 *     TEST(map, the_value_put_last_is_found)
 *     {
 *         ck_assert(...);
 *     }
 *
 * The first word groups tests (TOCSIN_TEST=map runs these alone, TOCSIN_TEST=L04 those
 * whose names begin so); the second is a sentence that would be false if the code
 * broke. Where it begins with the number of a fault, like L04_ or L22_L23_, the test
 * counts for these rows of tests/faults/faults.tsv. Each test runs in a process of its
 * own.
 */
#ifndef TOCSIN_TESTS_UNIT_TEST_H
#define TOCSIN_TESTS_UNIT_TEST_H

#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/slice.h"

struct unit_test {
    const char *group;
    const TTest *test;
    struct unit_test *next;
};

void unit_test_register(struct unit_test *test);
void unit_test_begin(const char *name);

#define TEST(group_, name_)                                                            \
    static void name_##_body(void);                                                    \
    static void name_##_fn(int i)                                                      \
    {                                                                                  \
        (void)i;                                                                       \
        unit_test_begin(#name_);                                                       \
        name_##_body();                                                                \
    }                                                                                  \
    static const TTest name_##_ttest = { "" #group_ ": " #name_, name_##_fn, __FILE__, \
                                         __LINE__ };                                   \
    static struct unit_test name_##_unit = { #group_, &name_##_ttest, NULL };          \
    __attribute__((constructor)) static void name_##_register(void)                    \
    {                                                                                  \
        unit_test_register(&name_##_unit);                                             \
    }                                                                                  \
    static void name_##_body(void)

/** Leave a test that cannot run here; the reason is printed and the summary counts it.
 */
#define SKIP_TEST(reason)       \
    do {                        \
        unit_test_skip(reason); \
        return;                 \
    } while (0)
void unit_test_skip(const char *reason);

/** A slice of a string literal, NULs inside it included: for rows of static tables. */
#define BYTES(literal)                  \
    {                                   \
        "" literal, sizeof(literal) - 1 \
    }

/** Bytes equal a C string? Shows both when not. */
#define ck_assert_slice(s, text)                                              \
    do {                                                                      \
        struct slice s_ = (s), t_ = slice_of(text);                           \
        ck_assert_msg(slice_equal(s_, t_), "'%.*s' is not '%s'", (int)s_.len, \
                      s_.ptr ? s_.ptr : "", (text));                          \
    } while (0)

/** A fresh directory below $TMPDIR, gone when the run ends. @return its path. */
const char *unit_test_folder(void);

#endif
