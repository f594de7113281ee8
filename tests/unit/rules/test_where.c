/** Conditions: each operator holds, does not hold, and is complained about in place. */
#include "rules/where.h"

#include "rig.h"

/* user=bob, ip=192.0.2.7, ms=250, path=a"b\c, raw=\xff\0 */
static struct slice look_up(const void *ctx, struct slice name)
{
    (void)ctx;
    if (slice_equal(name, SLICE("user")))
        return SLICE("bob");
    if (slice_equal(name, SLICE("ip")))
        return SLICE("192.0.2.7");
    if (slice_equal(name, SLICE("ms")))
        return SLICE("250");
    if (slice_equal(name, SLICE("path")))
        return SLICE("a\"b\\c");
    if (slice_equal(name, SLICE("raw")))
        return SLICE("\xff\0");
    return SLICE("");
}

static bool read_staff(void *ctx, const char *path, struct arena *arena,
                       struct slice *bytes, struct err *err)
{
    (void)ctx;
    (void)arena;
    if (strcmp(path, "staff") != 0)
        return err_set(err, ERR_MISSING, "the file '%s' cannot be read", path);
    *bytes = SLICE("# staff\n  bob \r\n\nalice # on leave\nc#sharp\n192.0.2.7");
    return true;
}

static const struct where_files files = { read_staff, NULL };

static struct where *compile(struct rig *rig, const char *text)
{
    struct conf_text *item = arena_zalloc(&rig->arena, sizeof *item);
    struct conf_texts texts = { item, 1 };
    *item = (struct conf_text){ slice_of(text), NULL };
    return where_compile(&texts, &files, &rig->arena, &rig->complaints);
}

static bool holds(const char *text)
{
    struct rig *rig = rig_create();
    struct where *where = compile(rig, text);
    ck_assert_msg(where != NULL, "'%s': %s", text, rig_complaint(rig));
    bool result = where_holds(where, look_up, NULL, NULL);
    where_free(where);
    rig_free(rig);
    return result;
}

static void check_refused(const char *yaml, const char *wanted)
{
    struct rig *rig = rig_create();
    struct conf_texts texts = { rig_text(rig, yaml), 1 };
    ck_assert_ptr_null(where_compile(&texts, &files, &rig->arena, &rig->complaints));
    const char *got = rig_complaint(rig);
    ck_assert_msg(strncmp(got, wanted, strlen(wanted)) == 0, "'%s' begins not '%s'",
                  got, wanted);
    ck_assert_uint_eq(rig->complaints.error_count, 1);
    rig_free(rig);
}

TEST(where, equality_compares_bytes_and_a_missing_name_is_empty)
{
    ck_assert(holds("user=bob"));
    ck_assert(!holds("user=Bob"));
    ck_assert(!holds("user=bobby"));
    ck_assert(holds("  user = bob  "));
    ck_assert(holds("user!=root"));
    ck_assert(!holds("user != bob"));
    ck_assert(holds("nobody="));
    ck_assert(holds("nobody=\"\""));
    ck_assert(!holds("nobody!="));
    ck_assert(holds("user!="));
    ck_assert(holds("nobody!=x"));
}

TEST(where, a_quoted_value_keeps_blanks_and_has_two_escapes)
{
    ck_assert(holds("path=\"a\\\"b\\\\c\""));
    ck_assert(!holds("user=\" bob\""));
    ck_assert(holds("user!=\" bob\""));
    ck_assert(holds("user=\"bob\"  "));
    ck_assert(holds("path=a\"b\\c"));
}

TEST(where, patterns_must_fill_the_value)
{
    ck_assert(holds("user=~b.b|root"));
    ck_assert(!holds("user=~bo"));
    ck_assert(holds("user!~bo"));
    ck_assert(!holds("user!~\"b.*\""));
    ck_assert(holds("ip=~\"192\\.0\\..*\""));
    ck_assert(!holds("user=~\"192\\.0\""));
    ck_assert(holds("nobody=~\"\""));
    ck_assert(holds("nobody=~.*"));
    ck_assert(holds("nobody!~.+"));
    ck_assert(holds("raw=~\"\\xff\\x00\""));
}

TEST(where, numbers_are_compared_and_hold_for_nothing_else)
{
    ck_assert(holds("ms<251"));
    ck_assert(!holds("ms<250"));
    ck_assert(holds("ms<=250.0"));
    ck_assert(!holds("ms<=249.99"));
    ck_assert(holds("ms>30"));
    ck_assert(!holds("ms>250"));
    ck_assert(holds("ms>=250"));
    ck_assert(!holds("ms >= 250.1"));
    ck_assert(holds("ms>-1"));
    ck_assert(!holds("user<1"));
    ck_assert(!holds("user>=1"));
    ck_assert(!holds("nobody<1"));
    ck_assert(!holds("nobody>=0"));
}

TEST(where, an_address_is_in_one_of_the_networks)
{
    ck_assert(holds("ip in_cidr 192.0.2.0/24"));
    ck_assert(!holds("ip in_cidr 192.0.3.0/24"));
    ck_assert(holds("ip in_cidr 10.0.0.0/8, ::1, 192.0.2.7"));
    ck_assert(holds("ip in_cidr \"10.0.0.0/8,192.0.0.0/16\""));
    ck_assert(!holds("user in_cidr 0.0.0.0/0"));
    ck_assert(!holds("nobody in_cidr 0.0.0.0/0"));
}

static struct slice echo(const void *ctx, struct slice name)
{
    (void)name;
    return slice_of(ctx);
}

TEST(where, a_value_is_in_a_file_when_a_line_says_so)
{
    struct rig *rig = rig_create();
    struct where *where = compile(rig, "user in_file \"staff\"");
    ck_assert(where_holds(where, echo, "bob", NULL));
    ck_assert(where_holds(where, echo, "alice", NULL));
    ck_assert(where_holds(where, echo, "c#sharp", NULL));
    ck_assert(where_holds(where, echo, "192.0.2.7", NULL));
    ck_assert(!where_holds(where, echo, "Bob", NULL));
    ck_assert(!where_holds(where, echo, "# staff", NULL));
    ck_assert(!where_holds(where, echo, "alice # on leave", NULL));
    ck_assert(!where_holds(where, echo, "", NULL));
    where_free(where);
    rig_free(rig);
}

TEST(where, all_conditions_must_hold_and_the_first_that_does_not_is_named)
{
    struct rig *rig = rig_create();
    struct conf_text items[] = { { SLICE("user=bob"), NULL },
                                 { SLICE("ms>300"), NULL },
                                 { SLICE("ip=x"), NULL } };
    struct conf_texts all = { items, 3 }, one = { items, 1 }, none = { items, 0 };
    struct slice failed = { 0 };
    struct where *where = where_compile(&all, NULL, &rig->arena, &rig->complaints);
    ck_assert(!where_holds(where, look_up, NULL, &failed));
    ck_assert_slice(failed, "ms>300");
    where = where_compile(&one, NULL, &rig->arena, &rig->complaints);
    ck_assert(where_holds(where, look_up, NULL, &failed));
    ck_assert_ptr_null(where_compile(&none, NULL, &rig->arena, &rig->complaints));
    ck_assert(where_holds(NULL, look_up, NULL, NULL));
    ck_assert_uint_eq(rig->complaints.count, 0);
    rig_free(rig);
}

TEST(where, a_wrong_operator_is_shown_with_the_right_one)
{
    check_refused("'user==bob'", "1:6 '==' is no operator, did you mean '='?");
    check_refused("'user =! bob'", "1:7 '=!' is no operator, did you mean '!='?");
    check_refused("'user ~ bob'", "1:7 '~' is no operator, did you mean '=~'?");
    check_refused("'n => 5'", "1:4 '=>' is no operator, did you mean '>='?");
    check_refused("'ip in_cdir 10.0.0.0/8'",
                  "1:5 'in_cdir' is no operator, did you mean 'in_cidr'?");
    check_refused("'ip within 10.0.0.0/8'", "1:5 'within' is no operator; there are =");
    check_refused("'x=~~y'", "1:3 '=~~' is no operator; a value that begins with '~'");
}

TEST(where, a_mistake_is_shown_where_it_stands)
{
    check_refused("'=bob'", "1:2 a condition begins with the name of a field");
    check_refused("'user'", "1:6 an operator is expected behind 'user'");
    check_refused("'user =~'", "1:7 a value is expected behind '=~'");
    check_refused("'user=\"bob'", "1:7 the quoted value is not closed");
    check_refused("'user=\"bob\\\"'", "1:7 the quoted value is not closed");
    check_refused("'user=\"bob\" x'", "1:12 nothing may stand behind");
    check_refused("'user=~a[b'", "1:9 this pattern");
    check_refused("'user=~\"a[b\"'", "1:10 this pattern");
    check_refused("'ms > 5s'", "1:7 '>' compares numbers, but '5s' is none");
    check_refused("'ip in_cidr 10.0.0.0/8, 10/8'", "1:13 '10/8' is no network");
    check_refused("'ip in_cidr \"\"'", "1:14 'in_cidr' names no network");
    check_refused("'u in_file team'", "1:12 the file 'team' cannot be read");
}

TEST(where, without_a_reader_in_file_is_refused)
{
    struct rig *rig = rig_create();
    struct conf_text item = { SLICE("user in_file staff"), NULL };
    struct conf_texts texts = { &item, 1 };
    ck_assert_ptr_null(where_compile(&texts, NULL, &rig->arena, &rig->complaints));
    ck_assert_complaint(rig, "only be used in the 'where' of a rule");
    rig_free(rig);
}

TEST(where, all_mistakes_are_found_in_one_run)
{
    struct rig *rig = rig_create();
    struct conf_text items[] = { { SLICE("a==b"), NULL },
                                 { SLICE("user=~x"), NULL },
                                 { SLICE("n<x"), NULL } };
    struct conf_texts texts = { items, 3 };
    ck_assert_ptr_null(where_compile(&texts, NULL, &rig->arena, &rig->complaints));
    ck_assert_uint_eq(rig->complaints.error_count, 2);
    rig_free(rig);
}
