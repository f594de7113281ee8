/** Which boot of a journal comes before which, whatever their clocks say. */
#include "fake_journal.h"

TEST(journal, all_boots_go_on_with_the_one_before)
{
    struct bench b;
    fake_start(&b);
    fake_say("one");
    bench_turn(&b);
    bench_crash(&b);
    fake_say("going down");
    fake_reboot("b2");
    fake_say("coming up");
    bench_start(&b);
    bench_turn(&b);
    bench_expect(&b, "one\ngoing down\ncoming up\n");
    bench_clear(&b);
}

TEST(journal, the_current_boot_begins_anew_and_misses_nothing_of_the_one_before)
{
    struct bench b;
    fake_init(&b);
    fake_config.boot = JOURNAL_THIS_BOOT;
    bench_start(&b);
    fake_say("one");
    bench_turn(&b);
    bench_crash(&b);
    fake_say("going down");
    fake_rotate();
    fake_vacuum();
    fake_reboot("b2");
    fake_say("coming up");
    bench_start(&b);
    bench_turn(&b);
    bench_expect(&b, "one\ncoming up\n");
    fake_expect_reported(&b, "");
    bench_clear(&b);
}

TEST(journal, a_new_journal_of_a_boot_whose_clock_is_wrong_is_read_from_its_beginning)
{
    struct bench b;
    fake_start(&b);
    fake_say("one");
    bench_turn(&b);
    bench_crash(&b);
    fake_rotate();
    fake_vacuum();
    fake_reboot("b2");
    fake.sequence = "bb";
    fake.unix_us = 1000000; /* 1970 */
    fake_say("two");
    fake_say("three");
    bench_start(&b);
    bench_turn(&b);
    bench_expect(&b, "one\ntwo\nthree\n");
    ck_assert_ptr_nonnull(strstr(bench_text(&b.reported), "may have been deleted"));
    bench_restart(&b);
    bench_turn(&b);
    bench_expect(&b, "");
    bench_clear(&b);
}

/** The library gives entries of two sequences in the order of their times. So what a
 *  boot with a wrong clock will say is written first, and is hidden until then. */
static void say_early(struct bench *bench, const char *text)
{
    fake_init(bench);
    fake.sequence = "bb";
    fake.boot = "b2";
    int64_t unix_us = fake.unix_us;
    fake.unix_us = 1000000; /* 1970 */
    fake_say(text);
    fake.entries[0].file = -1;
    fake.sequence = "aa";
    fake.boot = "b1";
    fake.unix_us = unix_us;
}

static void reboot_early(void)
{
    fake.sequence = "bb";
    fake_reboot("b2");
    fake.entries[0].file = fake.last_file;
}

TEST(journal, a_boot_whose_clock_began_in_the_past_is_read_after_those_before_it)
{
    struct bench b;
    say_early(&b, "coming up");
    bench_start(&b);
    fake_say("one");
    bench_turn(&b);
    bench_crash(&b);
    fake_say("going down");
    reboot_early();
    fake_say("in time");
    bench_start(&b);
    bench_turn(&b);
    fake_say("on");
    fake_rotate(); /* the place is looked for once more */
    fake_say("and on");
    bench_turn(&b);
    bench_restart(&b);
    bench_turn(&b);
    bench_expect(&b, "one\ngoing down\ncoming up\nin time\non\nand on\n");
    fake_expect_reported(&b, "");
    bench_clear(&b);
}

/** journald writes to the disk each five minutes, tocsin in each turn: a power cut
 *  takes entries that were read. */
TEST(journal, after_a_power_cut_with_a_wrong_clock_nothing_is_read_again)
{
    struct bench b;
    say_early(&b, "coming up");
    bench_start(&b);
    fake_say("one");
    fake_say("two");
    fake_say("cut off");
    bench_turn(&b);
    bench_crash(&b);
    fake.entries[3].file = -1;
    reboot_early();
    bench_start(&b);
    bench_turn(&b);
    bench_expect(&b, "one\ntwo\ncut off\ncoming up\n");
    ck_assert_ptr_nonnull(strstr(bench_text(&b.reported), "may have been deleted"));
    ck_assert_ptr_nonnull(
        strstr(bench_text(&b.reported), "1970-01-01 00:00:01 +0000 by a clock that"));
    buf_clear(&b.reported);
    bench_restart(&b);
    bench_turn(&b);
    bench_expect(&b, "");
    fake_expect_reported(&b, "");
    bench_clear(&b);
}

TEST(journal, the_first_start_ever_at_the_end_is_that_of_the_boot_that_runs)
{
    struct bench b;
    say_early(&b, "old");
    b.configs[0].start = START_END;
    fake_say("of tomorrow, says its clock");
    reboot_early();
    bench_start(&b);
    bench_turn(&b);
    fake_say("new");
    bench_turn(&b);
    bench_restart(&b);
    bench_turn(&b);
    bench_expect(&b, "new\n");
    bench_clear(&b);
}

TEST(journal, one_that_wants_little_misses_nothing_of_a_boot_with_a_wrong_clock)
{
    struct bench b;
    static struct conf_text ssh = { .value = { "ssh.service", 11 } };
    say_early(&b, "two");
    fake_config.units = (struct conf_texts){ &ssh, 1 };
    bench_start(&b);
    fake_say("one");
    bench_turn(&b);
    bench_crash(&b);
    reboot_early();
    fake.entries[0].file = -1;
    fake_say_other();
    bench_start(&b);
    bench_turn(&b); /* the place becomes that of the other service, in this boot */
    fake_say_other();
    fake_rotate();
    bench_turn(&b);
    fake_say("three");
    bench_turn(&b);
    bench_restart(&b);
    bench_turn(&b);
    bench_expect(&b, "one\nthree\n");
    fake_expect_reported(&b, "");
    bench_clear(&b);
}

TEST(journal, in_a_folder_of_other_machines_their_order_is_that_of_the_library)
{
    struct bench b;
    fake_init(&b);
    fake_config.directory.value = SLICE("/var/log/journal/remote");
    bench_start(&b);
    fake.boot = "c7";
    fake_say("one");
    fake.boot = "b1"; /* as that of this host */
    fake_say("two");
    fake.boot = "c7";
    fake_say("three");
    bench_turn(&b);
    bench_restart(&b);
    bench_turn(&b);
    bench_expect(&b, "one\ntwo\nthree\n");
    bench_clear(&b);
}
