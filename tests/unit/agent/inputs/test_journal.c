/** Journals: each entry once, whatever journald does to its files. */
#include "agent/base/limits.h"
#include "fake_journal.h"

/* --- once ------------------------------------------------------------------------- */

TEST(journal, entries_are_records_read_once_over_restarts)
{
    struct bench b;
    fake_start(&b);
    b.is_attributed = true;
    fake_say("one");
    fake_say("two");
    bench_turn(&b);
    bench_expect(&b, "journal:ssh.service one\njournal:ssh.service two\n");
    ck_assert_int_eq(b.record_ms, 1600000001000);
    bench_restart(&b);
    fake_say("three");
    bench_turn(&b);
    bench_expect(&b, "journal:ssh.service three\n");
    fake_expect_reported(&b, "");
    bench_clear(&b);
    ck_assert_int_eq(fake.open_now, 0);
}

static void act(struct bench *b, char step, int *said)
{
    char text[16];
    if (step == 's') {
        snprintf(text, sizeof text, "%d", ++*said);
        fake_say(text);
    } else if (step == 'o') {
        fake_say_other();
    } else if (step == 'r') {
        fake_rotate();
    } else if (step == 'v') {
        fake_vacuum();
    } else {
        bench_turn(b);
    }
}

/** Crash before step @at; when @is_read, with what was read and not committed. */
static void run_script(const char *script, int at, bool is_read)
{
    struct bench b;
    struct buf expected = buf_make(1000);
    int said = 0;
    fake_start_filtered(&b);
    for (int i = 0; script[i]; i++) {
        if (i == at && is_read)
            bench_read(&b);
        if (i == at)
            bench_restart(&b);
        act(&b, script[i], &said);
    }
    bench_turns(&b, 3);
    for (int i = 1; i <= said; i++)
        buf_printf(&expected, "%d\n", i);
    ck_assert_msg(strcmp(bench_text(&b.counted), bench_text(&expected)) == 0,
                  "crash before step %d%s: counted\n%s", at, is_read ? ", read" : "",
                  bench_text(&b.counted));
    fake_expect_reported(&b, "");
    buf_free(&expected);
    bench_clear(&b);
}

TEST(journal, a_crash_at_any_step_counts_every_entry_once)
{
    static const char script[] = "ssotsrsotrsvtoosrtvsst";
    for (int at = 0; script[at]; at++) {
        run_script(script, at, false);
        run_script(script, at, true);
    }
}

TEST(journal, the_first_start_begins_at_the_end_and_a_kill_does_not_move_it)
{
    struct bench b;
    fake_init(&b);
    b.configs[0].start = START_END;
    fake_say("old");
    bench_start(&b);
    bench_turn(&b);
    bench_crash(&b);
    fake_say("while it was dead");
    bench_start(&b);
    bench_turn(&b);
    bench_expect(&b, "while it was dead\n");
    bench_clear(&b);
}

TEST(journal, one_that_is_missing_at_the_first_start_is_read_from_its_beginning)
{
    struct bench b;
    fake_init(&b);
    b.configs[0].start = START_END;
    fake.is_empty = true;
    bench_start(&b);
    bench_turn(&b);
    bench_crash(&b);
    fake.is_empty = false;
    fake_say("new");
    bench_start(&b);
    bench_turn(&b);
    bench_expect(&b, "new\n");
    bench_clear(&b);
}

static void reload(struct bench *b)
{
    struct conf_blocks blocks = { b->configs, 1 };
    struct inputs_config next = { &blocks, b->sources };
    inputs_configure(b->inputs, &next, b->now);
}

TEST(journal, a_new_configuration_goes_on_where_the_old_one_was)
{
    struct bench b;
    fake_start(&b);
    fake_say("one");
    bench_turn(&b);
    fake_say("two");
    bench_read(&b);
    reload(&b);
    ck_assert(bench_commit(&b));
    bench_crash(&b);
    fake_say("three");
    bench_start(&b);
    bench_turn(&b);
    bench_expect(&b, "one\ntwo\nthree\n");
    bench_clear(&b);
    ck_assert_int_eq(fake.open_now, 0);
}

TEST(journal, a_turn_reads_a_bounded_number_of_entries)
{
    struct bench b;
    fake_start(&b);
    for (int i = 0; i < 1000; i++)
        fake_say("x");
    bench_turn(&b);
    ck_assert_uint_eq(b.counted.len, 2000);
    bench_restart(&b);
    for (int i = 0; i < 300; i++)
        fake_say_other();
    ck_assert(bench_step(&b));
    ck_assert_uint_eq(b.pending.len, 6 * LIMIT_TURN_ENTRIES);
    ck_assert_int_le(inputs_wake_at(b.inputs), b.now.mono_ms);
    bench_clear(&b);
}

TEST(journal, idle_it_writes_nothing_and_wakes_for_its_sweep_alone)
{
    struct bench b;
    fake_start(&b);
    fake_say("one");
    bench_turns(&b, 2);
    int seeks = fake.seeks;
    bench_read(&b);
    inputs_save(b.inputs, b.now);
    ck_assert(!db_is_dirty(b.db));
    ck_assert_int_eq(inputs_wake_at(b.inputs), b.now.mono_ms + SECOND_MS);
    ck_assert_int_eq(fake.seeks, seeks);
    bench_clear(&b);
}

/* --- what is lost ----------------------------------------------------------------- */

static const char lost_two[] =
    "lost-journal app: 2 journal entries were deleted before tocsin read them, between "
    "2020-09-13 12:26:40 +0000 and 2020-09-13 12:26:43 +0000\n";

TEST(journal, a_lost_cursor_goes_on_behind_it_and_says_what_is_missing)
{
    struct bench b;
    fake_start(&b);
    fake_lose_two(&b);
    bench_turn(&b);
    bench_expect(&b, "one\nfour\n");
    fake_expect_reported(&b, lost_two);
    ck_assert_uint_eq(inputs_tally(b.inputs)->journal_missed, 2);
    ck_assert_uint_eq(inputs_tally(b.inputs)->journal_gaps, 1);
    bench_restart(&b);
    bench_turn(&b);
    fake_expect_reported(&b, "");
    bench_clear(&b);
}

TEST(journal, a_loss_that_was_told_and_not_committed_is_told_again_and_then_no_more)
{
    struct bench b;
    fake_start(&b);
    fake_lose_two(&b);
    bench_read(&b);
    fake_expect_reported(&b, lost_two);
    bench_restart(&b);
    bench_turn(&b);
    fake_expect_reported(&b, lost_two);
    bench_restart(&b);
    bench_turns(&b, 2);
    fake_expect_reported(&b, "");
    bench_expect(&b, "one\nfour\n");
    bench_clear(&b);
}

TEST(journal, a_loss_behind_which_nothing_is_wanted_is_told_once_as_well)
{
    struct bench b;
    fake_start_filtered(&b);
    fake_say("one");
    bench_turn(&b);
    bench_crash(&b);
    fake_say("two");
    fake_rotate();
    fake_say_other();
    fake_vacuum();
    bench_start(&b);
    bench_turn(&b);
    ck_assert_ptr_nonnull(strstr(bench_text(&b.reported), "1 journal entry was"));
    ck_assert_ptr_nonnull(strstr(bench_text(&b.reported), "of all units"));
    buf_clear(&b.reported);
    bench_restart(&b);
    fake_say("three");
    bench_turn(&b);
    fake_expect_reported(&b, "");
    bench_expect(&b, "one\nthree\n");
    bench_clear(&b);
}

TEST(journal, deleting_what_was_read_is_no_loss)
{
    struct bench b;
    fake_start(&b);
    fake_say("one");
    bench_turn(&b);
    bench_crash(&b);
    fake_rotate();
    fake_say("two");
    fake_vacuum();
    bench_start(&b);
    bench_turn(&b);
    bench_expect(&b, "one\ntwo\n");
    fake_expect_reported(&b, "");
    bench_clear(&b);
}

TEST(journal, a_gap_between_two_sequences_is_told_without_a_number)
{
    struct bench b;
    fake_start(&b);
    fake_say("one");
    bench_turn(&b);
    bench_crash(&b);
    fake_rotate();
    fake_vacuum();
    fake.sequence = "bb";
    fake_say("two");
    bench_start(&b);
    bench_turn(&b);
    ck_assert_ptr_nonnull(strstr(bench_text(&b.reported), "may have been deleted"));
    bench_expect(&b, "one\ntwo\n");
    bench_clear(&b);
}

TEST(journal, a_lost_cursor_waits_for_an_entry_behind_it_before_it_says_so)
{
    struct bench b;
    fake_start(&b);
    fake_say("one");
    bench_turn(&b);
    bench_crash(&b);
    fake_say("two");
    fake_rotate();
    fake_vacuum();
    bench_start(&b);
    bench_turns(&b, 3);
    fake_expect_reported(&b, "");
    fake_say("three");
    bench_turn(&b);
    ck_assert_ptr_nonnull(strstr(bench_text(&b.reported), "1 journal entry was"));
    bench_expect(&b, "one\nthree\n");
    bench_clear(&b);
}

TEST(journal, what_is_deleted_in_an_open_file_is_told)
{
    struct bench b;
    fake_start(&b);
    fake_say("one");
    bench_turn(&b);
    fake_say("two");
    fake_rotate();
    fake_say("three");
    fake_vacuum();
    bench_turn(&b);
    bench_expect(&b, "one\nthree\n");
    ck_assert_ptr_nonnull(strstr(bench_text(&b.reported), "1 journal entry was"));
    bench_clear(&b);
}

TEST(journal, what_is_deleted_while_it_is_read_is_told)
{
    struct bench b;
    fake_start(&b);
    fake_say("oldest");
    bench_turn(&b);
    for (int i = 0; i < 20; i++)
        fake_say("old");
    fake_rotate();
    fake_say("new");
    fake.vacuum_at = 10;
    bench_turns(&b, 2);
    ck_assert_uint_eq(b.blocks, 1 + 11);
    ck_assert_ptr_nonnull(strstr(bench_text(&b.reported), "10 journal entries were"));
    ck_assert_uint_eq(inputs_tally(b.inputs)->journal_missed, 10);
    bench_clear(&b);
}

TEST(journal, what_is_deleted_while_a_filtered_one_is_behind_is_told)
{
    struct bench b;
    fake_start_filtered(&b);
    fake_say("oldest");
    bench_turn(&b);
    for (int i = 0; i < LIMIT_TURN_ENTRIES + 100; i++)
        fake_say("old");
    fake_rotate();
    fake_say("new");
    ck_assert(bench_step(&b));
    fake_vacuum();
    bench_turn(&b);
    ck_assert_uint_eq(b.blocks, 1 + LIMIT_TURN_ENTRIES + 1);
    ck_assert_uint_eq(inputs_tally(b.inputs)->journal_missed, 100);
    bench_clear(&b);
}

TEST(journal, one_that_wants_little_of_a_journal_that_rotates_often_misses_nothing)
{
    struct bench b;
    fake_start_filtered(&b);
    fake_say("one");
    for (int i = 0; i < 10; i++) {
        bench_turn(&b);
        fake_say_other();
        fake_rotate();
        fake_say_other();
        bench_turn(&b);
        if (i > 0)
            fake_vacuum(); /* the file before the last one */
    }
    bench_turn(&b);
    fake_expect_reported(&b, "");
    ck_assert_uint_ge(inputs_tally(b.inputs)->marks, 10);
    bench_clear(&b);
}

TEST(journal, a_gap_in_the_numbers_alone_is_no_loss)
{
    struct bench b;
    fake_start(&b);
    fake_say("one");
    fake_say("two");
    fake.entries[1].number = 77;
    bench_turn(&b);
    bench_expect(&b, "one\ntwo\n");
    fake_expect_reported(&b, "");
    bench_clear(&b);
}

TEST(journal, an_entry_that_was_copied_to_another_file_is_not_read_twice)
{
    struct bench b;
    fake_start(&b);
    fake_say("in /run");
    bench_turn(&b);
    fake_rotate();
    fake_vacuum();
    fake.unix_us = 1600000000000000;
    fake.sequence = "bb";
    fake_say("in /run");
    fake_say("in /var");
    bench_turn(&b);
    bench_restart(&b);
    bench_turn(&b);
    bench_expect(&b, "in /run\nin /var\n");
    fake_expect_reported(&b, "");
    bench_clear(&b);
}

/** A file comes and goes between two looks. */
static void lose_a_file(void)
{
    fake_rotate();
    fake_say("unseen");
    fake_rotate();
    fake_say("seen");
    fake_vacuum();
    fake_vacuum();
}

TEST(journal, a_file_that_came_and_went_between_two_looks_is_told)
{
    struct bench b;
    fake_start(&b);
    fake_say("one");
    bench_turn(&b);
    lose_a_file();
    bench_turn(&b);
    bench_expect(&b, "one\nseen\n");
    ck_assert_ptr_nonnull(strstr(bench_text(&b.reported), "1 journal entry was"));
    bench_clear(&b);
}

TEST(journal, a_filtered_one_sees_that_as_well_by_the_newest_entry_of_all)
{
    struct bench b;
    fake_start_filtered(&b);
    fake_say("one");
    fake_say_other();
    bench_turn(&b);
    lose_a_file();
    bench_turn(&b);
    bench_expect(&b, "one\nseen\n");
    ck_assert_ptr_nonnull(strstr(bench_text(&b.reported), "1 journal entry was"));
    bench_clear(&b);
}

TEST(journal, a_source_that_wants_little_keeps_its_place_young)
{
    struct bench b;
    fake_start_filtered(&b);
    fake_say("one");
    for (int i = 0; i < 300; i++) {
        bench_turn(&b);
        fake_say_other();
        bench_pass(&b, 5 * SECOND_MS);
    }
    bench_turn(&b);
    ck_assert_uint_eq(inputs_tally(b.inputs)->marks, 3); /* one in 10 minutes */
    bench_crash(&b);
    fake.entries[0].file = -1; /* its only wanted entry is deleted */
    fake_say("two");
    bench_start(&b);
    bench_turn(&b);
    bench_expect(&b, "one\ntwo\n");
    fake_expect_reported(&b, "");
    bench_clear(&b);
}

TEST(journal, what_comes_while_a_mark_is_set_is_not_counted_twice)
{
    struct bench b;
    fake_start_filtered(&b);
    fake_say("one");
    bench_turn(&b);
    bench_pass(&b, 11 * MINUTE_MS);
    fake_say_other();
    ck_assert(bench_step(&b)); /* it grew */
    ck_assert(bench_step(&b)); /* the mark */
    fake_say("two");
    bench_turn(&b);
    bench_restart(&b);
    bench_turn(&b);
    bench_expect(&b, "one\ntwo\n");
    bench_clear(&b);
}

TEST(journal, when_only_the_newest_file_is_deleted_older_ones_are_not_read_again)
{
    struct bench b;
    fake_start(&b);
    fake_say("old");
    fake.sequence = "bb";
    fake_say("one");
    bench_turn(&b);
    bench_crash(&b);
    fake.entries[1].file = -1;
    bench_start(&b);
    bench_turn(&b);
    bench_crash(&b);
    fake_reboot("b2"); /* it has written nothing yet */
    bench_start(&b);
    bench_turn(&b);
    fake_expect_reported(&b, "");
    fake_say("two");
    bench_turn(&b);
    bench_expect(&b, "old\none\ntwo\n");
    bench_clear(&b);
}

/* --- the store -------------------------------------------------------------------- */

TEST(journal, a_source_that_is_out_for_a_month_starts_anew_and_a_quiet_one_does_not)
{
    struct bench b;
    fake_start(&b);
    fake_say("one");
    bench_turn(&b);
    bench_pass(&b, 31 * DAY_MS);
    bench_restart(&b);
    bench_turn(&b);
    bench_restart(&b);
    bench_turn(&b);
    bench_expect(&b, "one\n"); /* quiet: its place was kept */
    b.configs[0].journal = NULL;
    bench_pass(&b, 31 * DAY_MS);
    bench_restart(&b);
    bench_turn(&b);
    b.configs[0].journal = &fake_config;
    bench_restart(&b);
    bench_turn(&b);
    bench_expect(&b, "one\n"); /* forgotten: from the beginning */
    bench_clear(&b);
}
