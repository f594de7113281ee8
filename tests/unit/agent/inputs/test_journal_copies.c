/** Entries that journald writes twice, and lines that a program says twice. */
#include <endian.h>
#include <fcntl.h>
#include <unistd.h>

#include "agent/base/limits.h"
#include "agent/inputs/journal_heads.h"
#include "fake_journal.h"

TEST(journal, an_entry_that_is_written_twice_when_a_file_is_full_is_counted_once)
{
    struct bench b;
    fake_start(&b);
    fake_say("one");
    fake_rotate_in_the_middle();
    fake_say("two");
    bench_turns(&b, 3);
    bench_expect(&b, "one\ntwo\n");
    fake_expect_reported(&b, "");
    ck_assert_uint_eq(inputs_tally(b.inputs)->journal_copies, 1);
    ck_assert_uint_eq(inputs_tally(b.inputs)->journal_entries, 2);
    bench_clear(&b);
}

TEST(journal, a_copy_that_comes_after_a_crash_is_known_as_one_too)
{
    struct bench b;
    fake_start_filtered(&b);
    fake_say("one");
    bench_turn(&b);
    bench_crash(&b);
    fake_rotate_in_the_middle();
    fake_say("two");
    bench_start(&b);
    bench_turns(&b, 2);
    bench_restart(&b);
    bench_turns(&b, 2);
    bench_expect(&b, "one\ntwo\n");
    fake_expect_reported(&b, "");
    bench_clear(&b);
}

TEST(journal, equal_lines_that_are_said_at_once_all_count)
{
    struct bench b;
    fake_start(&b);
    fake_say("one");
    fake_say_again();
    fake_rotate(); /* between two entries, not in the middle of one */
    fake_say_again();
    fake_say_again();
    fake_say("two");
    bench_turns(&b, 3);
    bench_expect(&b, "one\none\none\none\ntwo\n");
    ck_assert_uint_eq(inputs_tally(b.inputs)->journal_copies, 0);
    bench_clear(&b);
}

TEST(journal, a_copy_of_what_a_filter_did_not_find_counts)
{
    struct bench b;
    fake_start_filtered(&b);
    fake_say("one");
    bench_turn(&b);
    fake_rotate(); /* so that the newest entry of all becomes the place */
    fake_say("two");
    fake.entries[fake.count - 1].is_unlisted = true;
    bench_turns(&b, 3);
    ck_assert_uint_ge(inputs_tally(b.inputs)->marks, 1);
    fake_rotate_in_the_middle();
    bench_turns(&b, 3);
    bench_expect(&b, "one\ntwo\n");
    ck_assert_uint_eq(inputs_tally(b.inputs)->journal_copies, 0);
    bench_clear(&b);
}

/* --- heads of files --------------------------------------------------------------- */

static const struct slice sequence = { "000102030405060708090a0b0c0d0e0f", 32 };

/** A file with the entries @head to @tail. */
static void make_file(const char *folder, const char *name, uint64_t head,
                      uint64_t tail)
{
    char path[300];
    unsigned char header[208] = "LPKSHHRH";
    for (int i = 0; i < 16; i++)
        header[72 + i] = (unsigned char)i;
    head = htole64(head);
    tail = htole64(tail);
    memcpy(header + 160, &tail, sizeof tail);
    memcpy(header + 168, &head, sizeof head);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ck_assert_int_eq(write(fd, header, sizeof header), sizeof header);
    close(fd);
}

static bool begins(struct journal_heads *heads, const struct journal_folders *folders,
                   uint64_t number)
{
    return journal_heads_have(heads, folders, sequence, number);
}

TEST(journal, the_first_entry_of_a_file_is_known_by_the_head_of_the_file)
{
    const char *folder = unit_test_folder();
    struct journal_folders folders = { .directory = slice_of(folder) };
    struct journal_heads heads = { 0 };
    make_file(folder, "system@old.journal", 1, 100);
    make_file(folder, "system.journal", 101, 150);
    make_file(folder, "other.text", 77, 77);
    (void)journal_folders_survey(&folders, NULL);
    ck_assert(!begins(&heads, &folders, 77));
    ck_assert(!begins(&heads, &folders, 100));
    ck_assert(begins(&heads, &folders, 101));
    ck_assert(!begins(&heads, &folders, 102));
    ck_assert(!journal_heads_have(&heads, &folders, SLICE("00"), 101));
    journal_folders_clear(&folders);
}

TEST(journal, a_file_that_came_after_the_last_look_at_heads_is_seen)
{
    const char *folder = unit_test_folder();
    struct journal_folders folders = { .directory = slice_of(folder) };
    struct journal_heads heads = { 0 };
    make_file(folder, "system.journal", 1, 100);
    (void)journal_folders_survey(&folders, NULL);
    ck_assert(!begins(&heads, &folders, 99));
    make_file(folder, "system@old.journal", 1, 200);
    make_file(folder, "system.journal", 201, 201);
    ck_assert(!begins(&heads, &folders, 200));
    ck_assert(begins(&heads, &folders, 201));
    journal_folders_clear(&folders);
}

TEST(journal, a_file_whose_head_cannot_be_read_may_begin_with_any_entry)
{
    const char *folder = unit_test_folder();
    struct journal_folders folders = { .directory = slice_of(folder) };
    struct journal_heads heads = { 0 };
    char path[300];
    make_file(folder, "system.journal", 1, 100);
    snprintf(path, sizeof path, "%s/system@cut.journal", folder);
    close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    (void)journal_folders_survey(&folders, NULL);
    ck_assert(begins(&heads, &folders, 50));
    journal_folders_clear(&folders);
}
