/** Severities have names, and only those. */
#include "rules/alert.h"

#include "test.h"

TEST(alert, a_severity_is_found_by_its_name_in_any_case)
{
    enum severity severity = SEVERITY_INFO;
    ck_assert(severity_parse(SLICE("critical"), &severity));
    ck_assert_int_eq(severity, SEVERITY_CRITICAL);
    ck_assert(severity_parse(SLICE("Warning"), &severity));
    ck_assert_int_eq(severity, SEVERITY_WARNING);
    ck_assert_str_eq(severity_names[SEVERITY_INFO], "info");
    ck_assert_ptr_null(severity_names[SEVERITY_CRITICAL + 1]);
}

TEST(alert, any_other_word_is_no_severity)
{
    enum severity severity = SEVERITY_CRITICAL;
    ck_assert(!severity_parse(SLICE(""), &severity));
    ck_assert(!severity_parse(SLICE("warn"), &severity));
    ck_assert(!severity_parse(SLICE("info "), &severity));
    ck_assert_int_eq(severity, SEVERITY_CRITICAL);
}
