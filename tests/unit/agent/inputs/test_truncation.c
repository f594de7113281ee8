/** Truncated files, their copies, holes and NULs (shared/facts/faults.md 2.1). */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"

static const struct inputs_tally *tally_of(struct bench *b)
{
    return inputs_tally(b->inputs);
}

STORY(L03_the_copy_of_copytruncate_is_not_counted_again)
{
    bench_append(b, "a.log", "1\n2\n");
    bench_turn(b);
    bench_copy(b, "a.log", "a-1.log");
    bench_turn(b);
    bench_truncate(b, "a.log", 0);
    bench_turn(b);
    bench_append(b, "a.log", "3\n");
    bench_turn(b);
    bench_restart(b);
    bench_turns(b, 14);
    bench_append(b, "a.log", "4\n");
    bench_turn(b);
    bench_expect(b, "1\n2\n3\n4\n");
    ck_assert_uint_eq(b->tally.lost_bytes, 0);
}

STORY(L03_a_copy_that_grows_while_it_is_made_is_not_counted)
{
    bench_append(b, "a.log", "first line\nsecond line\nthird line\n");
    bench_turn(b);
    bench_write(b, "a-1.log", "");
    bench_turn(b);
    bench_append(b, "a-1.log", "first line\nsecond");
    bench_turn(b);
    bench_append(b, "a-1.log", " line\nthird line\n");
    bench_turn(b);
    bench_truncate(b, "a.log", 0);
    bench_append(b, "a.log", "4\n");
    bench_turns(b, 14);
    bench_expect(b, "first line\nsecond line\nthird line\n4\n");
}

STORY(L03_a_copy_is_known_over_a_restart_before_the_truncation)
{
    bench_append(b, "a.log", "1\n2\n");
    bench_turn(b);
    bench_copy(b, "a.log", "a-1.log");
    bench_turn(b);
    bench_restart(b);
    bench_turn(b);
    bench_append(b, "a.log", "3\n");
    bench_append(b, "a-1.log", "3\n");
    bench_truncate(b, "a.log", 0);
    bench_append(b, "a.log", "4\n");
    bench_turns(b, 14);
    bench_append(b, "a-1.log", "5\n");
    bench_turn(b);
    bench_expect(b, "1\n2\n3\n4\n5\n");
}

STORY(a_file_that_only_begins_like_another_is_counted)
{
    bench_append(b, "a.log", "banner\n1\n2\n");
    bench_turn(b);
    bench_append(b, "a-b.log", "banner\n");
    bench_turn(b);
    bench_append(b, "a-b.log", "other\n");
    bench_append(b, "c.log", "banner\n");
    bench_turn(b);
    bench_expect(b, "banner\n1\n2\nbanner\nother\nbanner\n");
}

STORY(L04_copytruncate_grown_past_the_offset)
{
    bench_append(b, "a.log", "1\n2\n");
    bench_turn(b);
    bench_append(b, "a.log", "3\n");
    bench_copy(b, "a.log", "a.log.1");
    bench_truncate(b, "a.log", 0);
    bench_append(b, "a.log", "4\n5\n6\n7\n");
    bench_turn(b);
    bench_expect(b, "1\n2\n3\n4\n5\n6\n7\n");
    ck_assert_uint_eq(tally_of(b)->truncations, 1);
}

STORY(L04_a_truncation_to_the_same_size_is_seen)
{
    bench_append(b, "a.log", "1\n2\n");
    bench_turn(b);
    bench_truncate(b, "a.log", 0);
    bench_append(b, "a.log", "3\n4\n");
    /* The clock of the kernel may not have moved since the last look. */
    struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = 1700000000 } };
    ck_assert_int_eq(utimensat(AT_FDCWD, bench_path(b, "a.log"), times, 0), 0);
    bench_turn(b);
    bench_expect(b, "1\n2\n3\n4\n");
}

STORY(L04_a_loss_by_truncation_is_counted)
{
    bench_append(b, "a.log", "1\n");
    bench_turn(b);
    bench_append(b, "a.log", "not read: unfinished");
    bench_turn(b);
    bench_truncate(b, "a.log", 0);
    bench_append(b, "a.log", "2\n");
    bench_turn(b);
    bench_expect(b, "1\n2\n");
    ck_assert_uint_eq(tally_of(b)->lost_bytes, 20);
    ck_assert_ptr_nonnull(strstr(b->told.ptr, "was truncated"));
}

STORY(L04_half_a_first_line_that_is_written_over_is_lost_however_long_the_new_one)
{
    bench_append(b, "a.log", "half a line");
    bench_turn(b);
    bench_write(b, "a.log", "another, and longer line\n");
    bench_turns(b, 2);
    bench_expect(b, "another, and longer line\n");
    ck_assert_uint_eq(tally_of(b)->lost_bytes, 11);
    bench_write(b, "a.log", "half");
    bench_turn(b);
    bench_restart(b);
    bench_write(b, "a.log", "a whole line\n");
    bench_turns(b, 2);
    bench_expect(b, "a whole line\n");
    ck_assert_uint_eq(tally_of(b)->lost_bytes, 4);
}

STORY(L05_what_cannot_be_told_apart_is_not_read_again)
{
    bench_append(b, "a.log", "x\nx\nx\n");
    bench_turn(b);
    bench_truncate(b, "a.log", 0);
    bench_append(b, "a.log", "x\nx\nx\nx\n");
    bench_turn(b);
    bench_expect(b, "x\nx\nx\nx\n");
}

STORY(L06_a_hole_before_the_first_line_is_skipped)
{
    int fd = open(bench_path(b, "a.log"), O_WRONLY | O_CREAT, 0600);
    ck_assert_int_eq(write(fd, "1\n2\n", 4), 4);
    bench_turn(b);
    bench_truncate(b, "a.log", 0);
    bench_turn(b);
    ck_assert_int_eq(write(fd, "3\n", 2), 2);
    bench_turn(b);
    bench_truncate(b, "a.log", 0);
    bench_turn(b);
    ck_assert_int_eq(lseek(fd, (off_t)1 << 40, SEEK_SET), (off_t)1 << 40);
    ck_assert_int_eq(write(fd, "4\n", 2), 2);
    bench_turn(b);
    ck_assert_int_eq(write(fd, "5\n", 2), 2);
    close(fd);
    bench_turn(b);
    bench_expect(b, "1\n2\n3\n4\n5\n");
    ck_assert_uint_lt(tally_of(b)->bytes_read, 1 << 20);
    ck_assert_uint_eq(tally_of(b)->lost_bytes, 0);
}

STORY(L07_lines_that_only_the_copy_holds_are_read_from_it)
{
    bench_append(b, "a.log", "1\n");
    bench_turn(b);
    bench_crash(b);
    bench_append(b, "a.log", "2\n");
    bench_copy(b, "a.log", "a-1.log");
    bench_truncate(b, "a.log", 0);
    bench_append(b, "a.log", "3\n");
    bench_start(b);
    bench_turns(b, 14);
    bench_expect(b, "1\n2\n3\n");
    ck_assert_uint_eq(tally_of(b)->lost_bytes, 0);
}

STORY(L07_two_copies_made_while_down_are_read_in_order)
{
    bench_append(b, "a.log", "1\n");
    bench_turn(b);
    bench_crash(b);
    bench_append(b, "a.log", "2\n");
    bench_copy(b, "a.log", "a.log.2");
    bench_write(b, "a.log", "3\n");
    bench_copy(b, "a.log", "a.log.1");
    bench_write(b, "a.log", "4\n");
    bench_start(b);
    bench_turn(b);
    bench_expect(b, "1\n2\n3\n4\n");
}

STORY(L07_an_empty_copy_does_not_hold_up_the_lines_of_the_next_one)
{
    bench_append(b, "a.log", "");
    bench_turn(b);
    bench_copy(b, "a.log", "a-1.log");
    bench_turn(b);
    bench_append(b, "a.log", "1\n");
    bench_turn(b);
    bench_crash(b);
    bench_append(b, "a.log", "2\n");
    bench_rename(b, "a-1.log", "a-2.log");
    bench_copy(b, "a.log", "a-1.log");
    bench_truncate(b, "a.log", 0);
    bench_start(b);
    bench_turn(b);
    bench_expect(b, "1\n2\n");
}

STORY(L56_a_file_cut_at_its_end_goes_on_there)
{
    bench_append(b, "a.log", "first line\nsecond line\nthird line\n");
    bench_turn(b);
    bench_truncate(b, "a.log", 23);
    bench_turn(b);
    bench_append(b, "a.log", "fourth\n");
    bench_turn(b);
    bench_expect(b, "first line\nsecond line\nthird line\nfourth\n");
}

STORY(L56_a_log_that_is_cut_or_written_anew_with_the_same_line_is_told)
{
    bench_append(b, "a.log", "app 1.0 starts\nfirst run\nfirst line of it\n");
    bench_turn(b);
    bench_tick(b);
    bench_write(b, "a.log", "app 1.0 starts\n");
    bench_turns(b, 2);
    bench_append(b, "a.log", "again ok\n");
    bench_turn(b);
    bench_expect(b, "app 1.0 starts\nfirst run\nfirst line of it\nagain ok\n");
    ck_assert_int_eq(bench_sum(b, "cut\":{\"bytes"), 0);
    ck_assert_int_eq(bench_sum(b, "cut\":{\"bytes\":0,\"times"), 1);
    ck_assert_ptr_nonnull(strstr(bench_text(&b->reported), "lost-cut"));
    ck_assert_ptr_nonnull(strstr(bench_text(&b->told), "cannot be told"));
}

STORY(L57_a_log_that_a_power_cut_made_shorter_is_nothing_to_tell)
{
    struct stat before;
    bench_append(b, "a.log", "first line\nsecond line\nthird line\n");
    ck_assert_int_eq(stat(bench_path(b, "a.log"), &before), 0);
    bench_turn(b);
    bench_crash(b);
    bench_truncate(b, "a.log", 23);
    struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, before.st_mtim };
    ck_assert_int_eq(utimensat(AT_FDCWD, bench_path(b, "a.log"), times, 0), 0);
    bench_start(b);
    bench_turns(b, 2);
    bench_append(b, "a.log", "4\n");
    bench_turn(b);
    bench_expect(b, "first line\nsecond line\nthird line\n4\n");
    ck_assert_str_eq(bench_text(&b->reported), "");
}

STORY(L57_a_file_that_lost_its_tail_in_a_power_cut_goes_on_at_its_end)
{
    bench_append(b, "a.log", "first line\nsecond line\nthird line\n");
    bench_turn(b);
    bench_crash(b);
    bench_truncate(b, "a.log", 23);
    bench_start(b);
    bench_turn(b);
    bench_append(b, "a.log", "4\n");
    bench_turn(b);
    bench_expect(b, "first line\nsecond line\nthird line\n4\n");
}

STORY(L58_NULs_that_a_power_cut_left_are_skipped_and_counted)
{
    bench_append(b, "a.log", "1\n");
    bench_turn(b);
    int fd = open(bench_path(b, "a.log"), O_WRONLY | O_APPEND);
    ck_assert_int_eq(write(fd, "\0\0\0\0\0\0\0\0002\n", 10), 10);
    close(fd);
    bench_turn(b);
    bench_expect(b, "1\n2\n");
    ck_assert_uint_eq(tally_of(b)->lost_bytes, 8);
}

STORY(L60_a_file_written_anew_with_the_same_content_goes_on)
{
    char text[601];
    for (int i = 0; i < 600; i++)
        text[i] = i % 60 == 59 ? '\n' : (char)('a' + i % 23);
    text[600] = '\0';
    bench_append(b, "a.log", text);
    bench_turn(b);
    buf_clear(&b->counted);
    bench_crash(b);
    bench_copy(b, "a.log", "restored");
    bench_rename(b, "restored", "a.log");
    bench_append(b, "a.log", "new\n");
    bench_start(b);
    bench_turn(b);
    bench_expect(b, "new\n");
}
