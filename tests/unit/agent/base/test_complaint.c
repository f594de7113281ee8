/** Complaints are shown in the order of the text, with a caret below the mistake. */
#include "agent/base/complaint.h"

#include "agent/base/limits.h"
#include "test.h"

struct fixture {
    struct arena arena;
    struct complaints complaints;
    struct buf out;
};

static struct fixture *fixture_create(void)
{
    static struct fixture fixture; /* once a process: a test is one */
    fixture.complaints.arena = &fixture.arena;
    fixture.out = buf_make(1024 * 1024);
    return &fixture;
}

static const char *printed(struct fixture *fixture, bool color)
{
    buf_clear(&fixture->out);
    complaints_print(&fixture->complaints, &fixture->out, color);
    return fixture->out.ptr ? fixture->out.ptr : "";
}

TEST(complaint, the_caret_stands_below_the_mistake)
{
    struct fixture *f = fixture_create();
    struct source_text text = { "a.yaml", SLICE("one\ntwo: three\n") };
    complain(&f->complaints, (struct place){ &text, 2, 6, 5 }, "no '%s'", "three");
    ck_assert_str_eq(printed(f, false), "a.yaml:2:6: error: no 'three'\n"
                                        "   2 | two: three\n"
                                        "     |      ^~~~~\n");
    complaints_free(&f->complaints);
    arena_free(&f->arena);
}

TEST(complaint, colours_are_only_for_terminals)
{
    struct fixture *f = fixture_create();
    struct source_text text = { "a.yaml", SLICE("x\n") };
    complain_softly(&f->complaints, (struct place){ &text, 1, 1, 1 }, "odd");
    ck_assert_ptr_null(strchr(printed(f, false), '\033'));
    ck_assert_str_eq(printed(f, true), "a.yaml:1:1:\033[1;33m warning:\033[0m odd\n"
                                       "   1 | x\n"
                                       "     | \033[1;32m^\033[0m\n");
}

TEST(complaint, complaints_come_in_the_order_of_file_and_line)
{
    struct fixture *f = fixture_create();
    struct source_text a = { "a", SLICE("") }, b = { "b", SLICE("") };
    complain(&f->complaints, (struct place){ &b, 1, 1, 1 }, "4");
    complain(&f->complaints, (struct place){ &a, 10, 1, 1 }, "3");
    complain_softly(&f->complaints, (struct place){ &a, 9, 2, 1 }, "2");
    complain(&f->complaints, (struct place){ 0 }, "0");
    complain(&f->complaints, (struct place){ .source = &a }, "1");
    ck_assert_str_eq(printed(f, false), "error: 0\n"
                                        "a: error: 1\n"
                                        "a:9:2: warning: 2\n"
                                        "a:10:1: error: 3\n"
                                        "b:1:1: error: 4\n");
}

TEST(complaint, letters_of_several_bytes_do_not_shift_the_caret)
{
    struct fixture *f = fixture_create();
    struct source_text text = { "a", SLICE("gr\xc3\xbc\xc3\x9f: x\r\n") };
    complain(&f->complaints, (struct place){ &text, 1, 9, 1 }, "here");
    ck_assert_str_eq(printed(f, false), "a:1:9: error: here\n"
                                        "   1 | gr\xc3\xbc\xc3\x9f: x\n"
                                        "     |       ^\n");
}

TEST(complaint, control_characters_never_reach_the_terminal)
{
    struct fixture *f = fixture_create();
    struct source_text text = { "a\033", SLICE("\033[2J x\n") };
    complain(&f->complaints, (struct place){ &text, 1, 6, 1 }, "bad '%s'",
             "\033]0;x\a");
    ck_assert_str_eq(printed(f, false), "a\\x1B:1:6: error: bad '\\x1B]0;x\\x07'\n"
                                        "   1 | \\x1B[2J x\n"
                                        "     |         ^\n");
}

TEST(complaint, of_a_long_line_only_the_part_around_the_caret_is_shown)
{
    struct fixture *f = fixture_create();
    char line[20001];
    memset(line, 'a', sizeof line - 1);
    line[sizeof line - 1] = '\0';
    line[15000] = 'X';
    struct source_text text = { "a", slice_of(line) };
    complain(&f->complaints, (struct place){ &text, 1, 15001, 1 }, "here");
    const char *out = printed(f, false);
    const char *letter = strchr(out, 'X'), *caret = strchr(out, '^');
    ck_assert_uint_lt(strlen(out), 400);
    ck_assert_int_eq(letter - strstr(out, " | "), caret - strstr(letter, " | "));
}

TEST(complaint, what_is_over_the_limit_is_counted_and_no_error_hides_behind_warnings)
{
    struct fixture *f = fixture_create();
    for (int i = 0; i < LIMIT_COMPLAINTS + 10; i++)
        complain_softly(&f->complaints, (struct place){ 0 }, "soft %d", i);
    complain(&f->complaints, (struct place){ 0 }, "hard");
    ck_assert_uint_eq(f->complaints.count, LIMIT_COMPLAINTS);
    ck_assert_uint_eq(f->complaints.error_count, 1);
    ck_assert_ptr_nonnull(strstr(printed(f, false), "error: hard\n"));
    ck_assert_ptr_nonnull(strstr(printed(f, false), "and 11 more\n"));
}

static const char *nearest(const char *word)
{
    static const char *const choices[] = { "severity", "summary", "group_wait",
                                           "critical", "to",      NULL };
    static struct arena arena;
    return did_you_mean(&arena, slice_of(word), choices);
}

TEST(complaint, the_nearest_name_is_found_and_far_ones_are_not)
{
    ck_assert_str_eq(nearest("severty"), ", did you mean 'severity'?");
    ck_assert_str_eq(nearest("sevreity"), ", did you mean 'severity'?");
    ck_assert_str_eq(nearest("Group-Wait"), ", did you mean 'group_wait'?");
    ck_assert_str_eq(nearest("crit"), ", did you mean 'critical'?");
    ck_assert_str_eq(nearest("ot"), ", did you mean 'to'?");
    ck_assert_str_eq(nearest("bananas"), "");
    ck_assert_str_eq(nearest("x"), "");
    ck_assert_str_eq(nearest(""), "");
}
