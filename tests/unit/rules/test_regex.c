/** Patterns: bytes as they are, limits that hold, and mistakes shown in place. */
#include "rules/regex.h"

#include "agent/base/limits.h"
#include "rig.h"

static struct regex *compile(struct rig *rig, const char *pattern)
{
    struct regex *regex =
        regex_compile_part(slice_of(pattern), NULL, 0, false, &rig->complaints);
    ck_assert_msg(regex != NULL, "'%s': %s", pattern, rig_complaint(rig));
    return regex;
}

static enum regex_result try(const char *pattern, struct slice subject)
{
    struct rig *rig = rig_create();
    struct regex *regex = compile(rig, pattern);
    enum regex_result result = regex_match(regex, subject, NULL, NULL);
    regex_free(regex);
    rig_free(rig);
    return result;
}

/* @yaml is refused, with @wanted ("line:column text") at the begin of the complaint. */
static void check_refused(const char *yaml, const char *wanted)
{
    struct rig *rig = rig_create();
    ck_assert_ptr_null(regex_compile(rig_text(rig, yaml), false, &rig->complaints));
    const char *got = rig_complaint(rig);
    ck_assert_msg(strncmp(got, wanted, strlen(wanted)) == 0, "'%s' begins not '%s'",
                  got, wanted);
    ck_assert_uint_eq(rig->complaints.error_count, 1);
    rig_free(rig);
}

static void check_remedy(const char *yaml, const char *wanted)
{
    struct rig *rig = rig_create();
    ck_assert_ptr_null(regex_compile(rig_text(rig, yaml), false, &rig->complaints));
    ck_assert_complaint(rig, wanted);
    rig_free(rig);
}

TEST(regex, named_groups_become_captures_and_unset_ones_do_not)
{
    struct rig *rig = rig_create();
    struct capture captures[LIMIT_CAPTURES];
    size_t count = 99;
    struct regex *regex =
        compile(rig, "user (?<user>\\w+)( from (?<ip>\\S+))?(?<end>)");
    ck_assert_int_eq(regex_match(regex, SLICE("x user bob y"), captures, &count),
                     REGEX_YES);
    ck_assert_uint_eq(count, 2);
    ck_assert_slice(captures[0].name, "end");
    ck_assert_slice(captures[0].value, "");
    ck_assert_slice(captures[1].name, "user");
    ck_assert_slice(captures[1].value, "bob");
    ck_assert(regex_names(regex, SLICE("ip")));
    ck_assert(!regex_names(regex, SLICE("i")));
    ck_assert_int_eq(regex_match(regex, SLICE("nobody"), captures, &count), REGEX_NO);
    ck_assert_uint_eq(count, 0);
    regex_free(regex);
    rig_free(rig);
}

TEST(regex, a_name_in_two_alternatives_is_captured_from_the_one_that_matched)
{
    struct rig *rig = rig_create();
    struct capture captures[LIMIT_CAPTURES];
    size_t count = 0;
    struct regex *regex = compile(rig, "(?J)a=(?<v>\\d)|b=(?<v>\\d)");
    ck_assert_int_eq(regex_match(regex, SLICE("b=2"), captures, &count), REGEX_YES);
    ck_assert_uint_eq(count, 1);
    ck_assert_slice(captures[0].value, "2");
    regex_free(regex);
    rig_free(rig);
}

TEST(regex, nul_and_bad_utf8_are_bytes_like_any_other)
{
    ck_assert_int_eq(try("b\\x00c.d$", SLICE("a\0b\0c\xff\x64")), REGEX_YES);
    ck_assert_int_eq(try("^.{3}$", SLICE("\xc3\x28\x00")), REGEX_YES);
    ck_assert_int_eq(try("\xc3\xa4", SLICE("h\xc3\xa4")), REGEX_YES);
    ck_assert_int_eq(try("x", (struct slice){ 0 }), REGEX_NO);
    ck_assert_int_eq(try("", (struct slice){ 0 }), REGEX_YES);
}

TEST(regex, an_anchored_pattern_must_fill_the_subject)
{
    struct rig *rig = rig_create();
    struct regex *regex =
        regex_compile_part(SLICE("a|bc"), NULL, 0, true, &rig->complaints);
    ck_assert_int_eq(regex_match(regex, SLICE("bc"), NULL, NULL), REGEX_YES);
    ck_assert_int_eq(regex_match(regex, SLICE("bcd"), NULL, NULL), REGEX_NO);
    ck_assert_int_eq(regex_match(regex, SLICE("xa"), NULL, NULL), REGEX_NO);
    ck_assert_int_eq(regex_match(regex, SLICE("a\n"), NULL, NULL), REGEX_NO);
    regex_free(regex);
    rig_free(rig);
}

/* (a+)+$ needs some million steps here: more than our limit, less than PCRE2's own. */
#define HOSTILE SLICE("aaaaaaaaaaaaaaaaaaaab")

TEST(regex, C09_a_catastrophic_pattern_gives_up_at_the_limit_and_is_counted)
{
    struct rig *rig = rig_create();
    struct regex *regex = compile(rig, "(a+)+$");
    ck_assert_int_eq(regex_match(regex, HOSTILE, NULL, NULL), REGEX_LIMIT);
    ck_assert_int_eq(regex_match(regex, SLICE("aaa"), NULL, NULL), REGEX_YES);
    ck_assert_uint_eq(regex_limit_hits(regex), 1);
    regex_free(regex);
    rig_free(rig);
}

TEST(regex, C11_a_pattern_cannot_raise_its_own_limits)
{
    const char *raise = "(*LIMIT_MATCH=4000000000)(*LIMIT_DEPTH=4000000000)"
                        "(*LIMIT_HEAP=4000000000)(a+)+$";
    ck_assert_int_eq(try(raise, HOSTILE), REGEX_LIMIT);
    ck_assert_int_eq(try("(*NO_JIT)(*LIMIT_MATCH=4000000000)(a+)+$", HOSTILE),
                     REGEX_LIMIT);
    ck_assert_int_eq(try("(*LIMIT_MATCH=1)(*NO_JIT)^\\w+x$", SLICE("aaaxaaay")),
                     REGEX_LIMIT);
}

TEST(regex, C11_callouts_do_nothing_and_huge_repeats_are_refused)
{
    ck_assert_int_eq(try("a(?C1)b(?C'x')c", SLICE("abc")), REGEX_YES);
    check_remedy("'(?:(?:a{1,9999}){1,9999}){1,9999}'",
                 "make its repeat counts smaller");
    check_remedy("'a{1,65536}'", "number too big");
    check_remedy("'x\\Cy'", "'.' for any byte");
}

static struct slice repeated(struct rig *rig, const char *text, size_t len)
{
    char *bytes = arena_zalloc(&rig->arena, len);
    for (size_t i = 0; i < len; i++)
        bytes[i] = text[i % strlen(text)];
    return slice_make(bytes, len);
}

/* Without a bound on the sum this takes seconds; here the limit itself is looked at. */
TEST(regex, C09_a_long_hostile_line_gets_a_smaller_limit_for_each_position)
{
    struct rig *rig = rig_create();
    struct regex *regex = compile(rig, "(*NO_JIT)error.*timeout");
    struct slice line = repeated(rig, "error x ", LIMIT_LINE_BYTES);
    ((char *)line.ptr)[line.len - 1] = 't';
    ck_assert_int_eq(regex_match(regex, line, NULL, NULL), REGEX_LIMIT);
    struct slice calm = repeated(rig, "x", LIMIT_LINE_BYTES - 20);
    memcpy((char *)calm.ptr + 10, "error", 5);
    memcpy((char *)calm.ptr + 30, "timeout", 7);
    ck_assert_int_eq(regex_match(regex, calm, NULL, NULL), REGEX_YES);
    regex_free(regex);
    rig_free(rig);
}

static void check_deep(const char *pattern)
{
    struct rig *rig = rig_create();
    struct regex *regex = compile(rig, pattern);
    struct slice open = repeated(rig, "abcd", 4001);
    struct slice closed = repeated(rig, "abcd", 4001);
    ((char *)open.ptr)[4000] = '\\';
    ((char *)closed.ptr)[4000] = '"';
    ck_assert_int_eq(regex_match(regex, closed, NULL, NULL), REGEX_YES);
    ck_assert_int_eq(regex_match(regex, open, NULL, NULL), REGEX_NO);
    regex_free(regex);
    rig_free(rig);
}

TEST(regex, a_line_that_needs_a_deep_stack_is_matched_with_and_without_jit)
{
    check_deep("^(?:[^\"\\\\]|\\\\.)*\"");
    check_deep("(*NO_JIT)^(?:[^\"\\\\]|\\\\.)*\"");
}

TEST(regex, C08_a_mistake_is_shown_at_the_byte_to_change)
{
    check_refused("'*.log'",
                  "1:2 this pattern is no regular expression that can be used: "
                  "quantifier does not follow");
    check_refused("'a[bc'", "1:3 ");
    check_refused("'a[[:alpha:]b'", "1:3 ");
    check_refused("'[^]x] foo [b'", "1:12 ");
    check_refused("'foo (bar (baz)'", "1:6 ");
    check_refused("'a)b'", "1:3 ");
    check_refused("'it''s [z-a]'", "1:11 ");
    check_refused("a(?<1x>b)", "1:5 ");
    check_refused("\"\\\\\"", "1:4 ");
}

TEST(regex, a_usual_mistake_comes_with_its_remedy)
{
    check_remedy("'*.log'", "no file glob");
    check_remedy("'+1'", "backslash before the character");
    check_remedy("'[x'", "backslash before '['");
    check_remedy("'(x'", "backslash before '('");
    check_remedy("'x)'", "backslash before ')'");
    check_remedy("'(?<a>x)|(?<a>y)'", "(?J)");
    check_remedy("'\\Cx'", "'.' for any byte");
    check_remedy("'(*UTF)x'", "matched on bytes");
    check_remedy("'(?P<a-b>x)'", "(?<name>...)");
}

TEST(regex, C11_too_long_too_deep_and_too_many_groups_are_refused)
{
    struct rig *rig = rig_create();
    struct slice longer = repeated(rig, "a", LIMIT_REGEX_BYTES + 1);
    struct slice deep = repeated(rig, "(", LIMIT_REGEX_PARENS + 2);
    struct buf many = buf_make(LIMIT_REGEX_BYTES);
    for (int i = 0; i <= LIMIT_CAPTURES; i++)
        buf_printf(&many, "(?<n%d>x)", i);
    ck_assert_ptr_null(regex_compile_part(longer, NULL, 0, false, &rig->complaints));
    ck_assert_complaint(rig, "at most 8192 are allowed");
    ck_assert_ptr_null(regex_compile_part(deep, NULL, 0, false, &rig->complaints));
    ck_assert_complaint(rig, "split it into several");
    ck_assert_ptr_null(
        regex_compile_part(buf_slice(&many), NULL, 0, false, &rig->complaints));
    ck_assert_complaint(rig, "at most 64 are allowed");
    buf_free(&many);
    rig_free(rig);
}

TEST(regex, bytes_that_yaml_made_and_no_line_holds_are_warned_of)
{
    struct rig *rig = rig_create();
    regex_free(regex_compile(rig_text(rig, "\"a\\bc\""), false, &rig->complaints));
    ck_assert_complaint(rig, "holds a backspace");
    ck_assert_uint_eq(rig->complaints.items[0].at.column, 3);
    regex_free(regex_compile(rig_text(rig, "|\n  abc\n"), false, &rig->complaints));
    ck_assert_complaint(rig, "holds a line feed");
    ck_assert_uint_eq(rig->complaints.error_count, 0);
    rig_free(rig);
}
