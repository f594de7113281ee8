/** Journals: what cannot be read, what an entry becomes, what status says. */
#include <unistd.h>

#include "agent/base/limits.h"
#include "fake_journal.h"

static void expect_told(struct bench *b, const char *part, int times)
{
    int count = 0;
    const char *at = bench_text(&b->told);
    while ((at = strstr(at, part)) != NULL) {
        count++;
        at += strlen(part);
    }
    ck_assert_msg(count == times, "'%s' stands %d times in\n%s", part, count,
                  bench_text(&b->told));
}

/* --- trouble ---------------------------------------------------------------------- */

TEST(journal, one_that_may_not_be_read_is_told_once_and_tried_less_and_less)
{
    struct bench b;
    fake_init(&b);
    fake_say("one");
    err_set(&fake.open_err, ERR_DENIED, "'system.journal' cannot be read");
    bench_start(&b);
    bench_turns(&b, 100);
    expect_told(&b, "'system.journal' cannot be read", 1);
    ck_assert_int_ge(fake.opens, 5);
    ck_assert_int_le(fake.opens, 10);
    struct conf_blocks blocks = { b.configs, 1 };
    struct inputs_config next = { &blocks, b.sources };
    inputs_configure(b.inputs, &next, b.now);
    bench_turns(&b, 10);
    ck_assert_uint_eq(inputs_tally(b.inputs)->unreadable_files, 1);
    fake.open_err.kind = ERR_NONE;
    bench_turns(&b, 60);
    bench_expect(&b, "one\n");
    ck_assert_uint_eq(inputs_tally(b.inputs)->unreadable_files, 0);
    bench_clear(&b);
}

TEST(journal, an_error_while_reading_is_told_once_and_loses_nothing)
{
    struct bench b;
    fake_start(&b);
    fake_say("one");
    bench_turn(&b);
    fake_say("two");
    fake.failing_steps = 3;
    bench_turns(&b, 20);
    bench_expect(&b, "one\ntwo\n");
    expect_told(&b, "the disk is tired", 1);
    expect_told(&b, "can be read again", 1);
    bench_clear(&b);
}

TEST(journal, files_of_it_that_may_not_be_read_are_told_once_until_they_may)
{
    struct bench b;
    fake_init(&b);
    fake.unreadable = 1;
    fake_say("one");
    bench_start(&b);
    bench_turns(&b, 70);
    expect_told(&b, "'user.journal' cannot be read", 1);
    bench_expect(&b, "one\n");
    fake.unreadable = 0;
    int opens = fake.opens;
    bench_turns(&b, 70);
    ck_assert_int_eq(fake.opens, opens + 1);
    bench_clear(&b);
}

TEST(journal, one_that_is_deleted_whole_is_read_again_when_it_is_back)
{
    struct bench b;
    fake_start(&b);
    fake_say("one");
    bench_turn(&b);
    fake.is_empty = true;
    bench_turns(&b, 20);
    expect_told(&b, "all files of the journal are gone", 1);
    fake.is_empty = false;
    fake_say("two");
    bench_turns(&b, 10);
    bench_expect(&b, "one\ntwo\n");
    fake_expect_reported(&b, "");
    bench_clear(&b);
}

TEST(journal, where_nothing_tells_of_new_files_it_is_opened_anew)
{
    struct bench b;
    fake_start(&b);
    fake_say("one");
    bench_turn(&b);
    fake_rotate();
    fake.is_stale = true;
    fake_say("two");
    bench_turns(&b, 3);
    bench_expect(&b, "one\ntwo\n");
    ck_assert_int_eq(fake.opens, 2);
    bench_clear(&b);
}

TEST(journal, a_world_without_any_is_told_and_breaks_nothing)
{
    struct bench b;
    fake_init(&b);
    b.journals = NULL;
    bench_start(&b);
    bench_turns(&b, 30);
    expect_told(&b, "there is no journal here", 1);
    ck_assert(inputs_at_end(b.inputs));
    bench_clear(&b);
}

/* --- entries ---------------------------------------------------------------------- */

TEST(journal, what_tocsin_says_is_not_read)
{
    struct bench b;
    char pid[32];
    snprintf(pid, sizeof pid, "_PID=%lld", (long long)getpid());
    fake_start(&b);
    fake_write("SYSLOG_IDENTIFIER=tocsin", "MESSAGE=mail 1 is sent", NULL);
    fake_write(pid, "SYSLOG_IDENTIFIER=other", "MESSAGE=from ourselves", NULL);
    fake_say("from sshd");
    fake.boot = "b0";
    fake_write(pid, "MESSAGE=of another boot", NULL);
    fake.boot = "b1";
    bench_turn(&b);
    bench_expect(&b, "of another boot\nfrom sshd\n");
    bench_clear(&b);
}

TEST(journal, a_message_may_hold_any_bytes_and_stays_one_record)
{
    struct bench b;
    fake_start(&b);
    fake_write("SYSLOG_IDENTIFIER=x", NULL);
    fake_add(SLICE("MESSAGE=a\0b\n\xff=c\n"));
    bench_turn(&b);
    ck_assert(slice_equal(buf_slice(&b.counted), SLICE("a\0b\n\xff=c\n\n")));
    ck_assert_uint_eq(b.blocks, 1);
    bench_clear(&b);
}

TEST(journal, an_entry_without_a_message_is_an_empty_record_with_fields)
{
    struct bench b;
    fake_start(&b);
    fake_write("SYSLOG_IDENTIFIER=x", "CODE=7", NULL);
    bench_turn(&b);
    bench_expect(&b, "\n");
    ck_assert_str_eq(bench_text(&b.fields),
                     "SYSLOG_IDENTIFIER=x\nCODE=7\nidentifier=x\n");
    bench_clear(&b);
}

static void add_big(const char *name, size_t len)
{
    char *field = malloc(len + 64);
    int at = snprintf(field, 64, "%s=", name);
    memset(field + at, 'x', len);
    fake_add(slice_make(field, (size_t)at + len));
    free(field);
}

TEST(journal, a_huge_message_and_huge_fields_are_cut)
{
    struct bench b;
    fake_start(&b);
    b.is_attributed = true;
    fake_write("SYSLOG_IDENTIFIER=x", NULL);
    add_big("COREDUMP", 1000000);
    add_big("MESSAGE", 100000);
    bench_turn(&b);
    bench_expect(&b, "journal:x <cut 65536>\n");
    ck_assert_uint_eq(inputs_tally(b.inputs)->journal_left_out, 1);
    ck_assert_uint_eq(inputs_tally(b.inputs)->cut_lines, 1);
    ck_assert_uint_eq(b.fields.len, strlen("SYSLOG_IDENTIFIER=x\n") +
                                        strlen("COREDUMP=\n") + LIMIT_FIELD_BYTES +
                                        strlen("MESSAGE=\n") + LIMIT_LINE_BYTES +
                                        strlen("identifier=x\n"));
    bench_clear(&b);
}

TEST(journal, the_message_behind_too_many_fields_comes_in_whole)
{
    struct bench b;
    fake_start(&b);
    fake_write("A=1", NULL);
    for (int i = 0; i < 150; i++)
        add_big("FIELD", 4000);
    add_big("MESSAGE", 65536);
    bench_turn(&b);
    ck_assert_uint_eq(b.counted.len, 65537);
    ck_assert_uint_gt(inputs_tally(b.inputs)->journal_left_out, 100);
    ck_assert_uint_le(b.fields.len, LIMIT_ENTRY_BYTES + 1000);
    bench_clear(&b);
}

TEST(journal, a_message_behind_many_small_fields_comes_in_whole)
{
    struct bench b;
    fake_start(&b);
    fake_write("A=1", NULL);
    for (int i = 0; i < 150; i++)
        add_big("FIELD", 4);
    add_big("MESSAGE", 5);
    bench_turn(&b);
    bench_expect(&b, "xxxxx\n");
    ck_assert_uint_eq(inputs_tally(b.inputs)->journal_left_out,
                      152 - LIMIT_ENTRY_FIELDS);
    bench_clear(&b);
}

TEST(journal, a_damaged_entry_is_a_cut_one_and_reading_goes_on)
{
    struct bench b;
    fake_start(&b);
    fake_write("MESSAGE=half", NULL)->is_damaged = true;
    fake_say("whole");
    bench_turn(&b);
    bench_expect(&b, "<cut 4>\nwhole\n");
    ck_assert_uint_eq(inputs_tally(b.inputs)->cut_lines, 1);
    bench_clear(&b);
}

static void expect_short_names(struct bench *b, const char *text)
{
    const char *fields = bench_text(&b->fields);
    const char *at = strstr(fields, "\nunit=");
    ck_assert_msg(at != NULL, "no unit in\n%s", fields);
    ck_assert_str_eq(at + 1, text);
}

TEST(journal, an_entry_has_short_names_for_what_rules_ask_for)
{
    struct bench b;
    fake_start(&b);
    fake_write("MESSAGE=x", "PRIORITY=3", "_PID=77", "_HOSTNAME=web1",
               "_SYSTEMD_UNIT=a.service", "_COMM=a", NULL);
    bench_turn(&b);
    expect_short_names(&b,
                       "unit=a.service\nidentifier=a\npid=77\npriority=3\nlevel=err\n"
                       "hostname=web1\n");
    fake_write("MESSAGE=x", "PRIORITY=9", "_SYSTEMD_UNIT=a.service", NULL);
    bench_turn(&b);
    expect_short_names(&b, "unit=a.service\npriority=9\n");
    bench_clear(&b);
}

TEST(journal, only_systemd_and_root_can_speak_for_another_unit)
{
    static const struct {
        const char *who, *claim, *unit;
    } rows[] = {
        { "_PID=1", "UNIT=b.service", "b.service" },
        { "_PID=2", "UNIT=b.service", "a.service" },
        { "_UID=0", "OBJECT_SYSTEMD_UNIT=b.service", "b.service" },
        { "_UID=5", "OBJECT_SYSTEMD_UNIT=b.service", "a.service" },
        { "_UID=0", "COREDUMP_UNIT=b.service", "b.service" },
        { "_UID=5", "COREDUMP_UNIT=b.service", "a.service" },
    };
    struct bench b;
    fake_start(&b);
    b.is_attributed = true;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char expected[64];
        fake_write("MESSAGE=x", "_SYSTEMD_UNIT=a.service", rows[i].who, rows[i].claim,
                   NULL);
        bench_turn(&b);
        snprintf(expected, sizeof expected, "journal:%s x\n", rows[i].unit);
        bench_expect(&b, expected);
    }
    bench_clear(&b);
}

/* --- status ----------------------------------------------------------------------- */

static void expect_status(struct bench *b, enum text_form form, const char *text)
{
    struct buf out = buf_make(4000);
    inputs_describe(b->inputs, form, &out);
    ck_assert_str_eq(bench_text(&out), text);
    buf_free(&out);
}

TEST(journal, status_says_how_far_it_is_and_what_is_lost)
{
    struct bench b;
    fake_start(&b);
    fake_lose_two(&b);
    bench_turn(&b);
    expect_status(&b, FORM_BRIEF,
                  "  journal of source 'app': read to its end, last entry "
                  "2020-09-13 12:26:43 +0000, 1 entry read, entries LOST in 1 places "
                  "(2 are known)\n");
    expect_status(
        &b, FORM_JSON,
        "{\"path\":\"journal:\",\"source\":\"app\",\"state\":\"read\","
        "\"cursor_ms\":1600000003000,\"lag_ms\":0,\"entries\":1,\"own\":0,\"copies\":0,"
        "\"missed\":2,\"gaps\":1,\"unreadable\":0}");
    for (int i = 0; i < 300; i++)
        fake_say("x");
    b.now.unix_ms = 1600000003000 + LIMIT_TURN_ENTRIES * 1000 + HOUR_MS;
    bench_step(&b);
    expect_status(&b, FORM_BRIEF,
                  "  journal of source 'app': 1h behind, last entry "
                  "2020-09-13 12:30:03 +0000, 201 entries read, entries LOST in 1 "
                  "places (2 are known)\n");
    err_set(&fake.open_err, ERR_DENIED, "'system.journal' cannot be read");
    bench_restart(&b);
    bench_turn(&b);
    expect_status(&b, FORM_FULL,
                  "  journal of source 'app': CANNOT BE READ: 'system.journal' cannot "
                  "be read, last entry 2020-09-13 12:26:43 +0000, 0 entries read\n");
    bench_clear(&b);
}
