/** Files of a journal that are damaged. */
#include "fake_journal.h"

static void damage(size_t files, uint64_t entries)
{
    fake.damage =
        (struct journal_damage){ files, entries, "/var/log/journal/x.journal" };
    fake.damaged_us = fake.unix_us;
}

static bool is_reported(struct bench *bench, const char *text)
{
    bool is = strstr(bench_text(&bench->reported), text) != NULL;
    buf_clear(&bench->reported);
    return is;
}

TEST(journal, a_damaged_file_is_told_once_with_the_number_of_its_entries)
{
    struct bench b;
    fake_start(&b);
    damage(1, 7);
    fake_say("one");
    bench_turn(&b);
    ck_assert(is_reported(&b, "x.journal' is damaged: up to 7 entries were not read"));
    fake_say("two");
    bench_pass(&b, 10 * MINUTE_MS);
    bench_turn(&b);
    fake_expect_reported(&b, "");
    ck_assert_uint_eq(inputs_tally(b.inputs)->journal_gaps, 1);
    bench_expect(&b, "one\ntwo\n");
    bench_clear(&b);
}

TEST(journal, what_was_damaged_before_the_last_entry_that_was_read_is_not_told_again)
{
    struct bench b;
    fake_start(&b);
    damage(1, 7);
    fake_say("one");
    bench_turn(&b);
    ck_assert(is_reported(&b, "is damaged"));
    fake.unix_us += 1000000;
    fake_say("two");
    bench_turn(&b);
    bench_restart(&b);
    bench_turn(&b);
    fake_expect_reported(&b, "");
    bench_clear(&b);
}

TEST(journal, several_damaged_files_are_told_in_one_report)
{
    struct bench b;
    fake_start(&b);
    damage(2, 0);
    fake_say("one");
    bench_turn(&b);
    ck_assert(is_reported(&b, "2 files of the journal, one of them '/var/log/journal/"
                              "x.journal', are damaged: what stood in them was not "
                              "read"));
    bench_clear(&b);
}
