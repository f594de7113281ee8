/** Following files: growth, starts, renames (shared/facts/faults.md 2.1). */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/limits.h"
#include "bench.h"

static const struct inputs_tally *tally_of(struct bench *b)
{
    return inputs_tally(b->inputs);
}

/* --- growth
 * ------------------------------------------------------------------------ */

STORY(L27_a_new_file_is_read_from_its_beginning)
{
    bench_append(b, "a.log", "one\ntwo\n");
    bench_turn(b);
    bench_expect(b, "one\ntwo\n");
    bench_append(b, "a.log", "three\n");
    bench_turn(b);
    bench_expect(b, "three\n");
}

STORY(L31_a_partial_line_waits_for_its_end_without_being_read_again)
{
    bench_append(b, "a.log", "one\npar");
    bench_turn(b);
    bench_expect(b, "one\n");
    uint64_t before = tally_of(b)->bytes_read;
    bench_turns(b, 2);
    ck_assert_uint_eq(tally_of(b)->bytes_read, before);
    bench_append(b, "a.log", "tial\n");
    bench_turn(b);
    bench_expect(b, "partial\n");
}

STORY(L33_a_line_completed_after_a_restart_is_whole)
{
    bench_append(b, "a.log", "one\npar");
    bench_turn(b);
    bench_restart(b);
    bench_append(b, "a.log", "tial\n");
    bench_turn(b);
    bench_expect(b, "one\npartial\n");
}

STORY(L37_L39_lines_pass_as_bytes)
{
    int fd = open(bench_path(b, "a.log"), O_WRONLY | O_CREAT, 0600);
    ck_assert_int_eq(write(fd, "a\0b\r\n\xff\xfe\xc3(\n\r\n", 12), 12);
    close(fd);
    bench_turn(b);
    ck_assert_uint_eq(b->counted.len, 12);
    ck_assert_mem_eq(b->counted.ptr, "a\0b\r\n\xff\xfe\xc3(\n\r\n", 12);
}

STORY(L41_a_byte_order_mark_is_no_part_of_the_first_line)
{
    bench_append(b, "a.log", "\xef\xbb\xbfone\n\xef\xbb\xbftwo\n");
    bench_turn(b);
    bench_expect(b, "one\n\xef\xbb\xbftwo\n");
}

STORY(what_was_not_committed_is_read_again_after_a_crash)
{
    bench_append(b, "a.log", "one\n");
    bench_turn(b);
    bench_append(b, "a.log", "two\n");
    bench_read(b);
    bench_restart(b);
    bench_turn(b);
    bench_expect(b, "one\ntwo\n");
}

STORY(an_idle_turn_writes_nothing)
{
    bench_append(b, "a.log", "one\n");
    bench_turns(b, 2);
    bench_read(b);
    inputs_save(b->inputs, b->now);
    ck_assert(!db_is_dirty(b->db));
}

/* --- start
 * ------------------------------------------------------------------------- */

TEST(tail, L64_the_first_start_ever_begins_behind_the_last_whole_line)
{
    struct bench b;
    bench_init(&b, true);
    bench_append(&b, "a.log", "old\npar");
    bench_start(&b);
    bench_turn(&b);
    bench_append(&b, "a.log", "tial\nnew\n");
    bench_turn(&b);
    bench_expect(&b, "partial\nnew\n");
    bench_append(&b, "b.log", "late\n");
    bench_crash(&b);
    bench_start(&b);
    bench_turn(&b);
    bench_expect(&b, "late\n");
    bench_clear(&b);
}

TEST(tail, L64_a_file_that_appears_before_the_first_commit_is_whole_too)
{
    struct bench b;
    bench_init(&b, false);
    bench_start(&b);
    bench_append(&b, "a.log", "one\n");
    bench_turn(&b);
    bench_expect(&b, "one\n");
    bench_clear(&b);
}

TEST(tail, start_beginning_reads_what_was_there)
{
    struct bench b;
    bench_init(&b, true);
    b.configs[0].start = START_BEGINNING;
    bench_append(&b, "a.log", "old\n");
    bench_start(&b);
    bench_turn(&b);
    bench_expect(&b, "old\n");
    bench_clear(&b);
}

/* --- rename and create
 * ------------------------------------------------------------- */

STORY(L01_L02_a_renamed_file_is_read_to_its_end_and_then_the_new_one)
{
    b->is_attributed = true;
    bench_append(b, "a.log", "1\n");
    bench_turn(b);
    bench_append(b, "a.log", "2\n");
    bench_rename(b, "a.log", "a.log.1");
    bench_append(b, "a.log.1", "3\n");
    bench_append(b, "a.log", "4\n");
    bench_turn(b);
    bench_append(b, "a.log.1", "late\n");
    bench_turn(b);
    bench_expect(b, "app:a.log: 1\napp:a.log: 2\n3\napp:a.log: 4\napp:a.log: late\n");
    ck_assert_uint_eq(tally_of(b)->rotations, 1);
    ck_assert_uint_eq(tally_of(b)->lost_bytes, 0);
}

STORY(a_rotated_file_is_let_go_after_rotate_wait)
{
    bench_append(b, "a.log", "1\n");
    bench_turn(b);
    bench_rename(b, "a.log", "a.log.1");
    bench_append(b, "a.log", "2\n");
    bench_turns(b, 14);
    bench_expect(b, "1\n2\n");
    ck_assert_uint_eq(tally_of(b)->files_open, 1);
    ck_assert_uint_eq(tally_of(b)->files_watched, 1);
}

STORY(L32_a_last_line_without_end_is_counted_once_when_its_file_is_let_go)
{
    bench_append(b, "a.log", "1\nunfini");
    bench_turn(b);
    bench_rename(b, "a.log", "a.log.1");
    bench_append(b, "a.log", "2\n");
    bench_turns(b, 14);
    bench_restart(b);
    bench_turns(b, 14);
    bench_expect(b, "1\n2\nunfini<end>\n");
}

STORY(a_rotated_file_that_the_pattern_matches_is_not_read_again)
{
    bench_append(b, "a.log", "1\n");
    bench_turn(b);
    bench_rename(b, "a.log", "a-1.log");
    bench_append(b, "a.log", "2\n");
    bench_turns(b, 14);
    bench_rename(b, "a-1.log", "a-2.log");
    bench_rename(b, "a.log", "a-1.log");
    bench_append(b, "a.log", "3\n");
    bench_turns(b, 14);
    bench_restart(b);
    bench_turn(b);
    bench_append(b, "a-2.log", "more\n");
    bench_turn(b);
    bench_expect(b, "1\n2\n3\nmore\n");
    ck_assert_uint_eq(tally_of(b)->files_watched, 3);
}

STORY(L10_a_rotation_while_down_loses_nothing)
{
    bench_append(b, "a.log", "1\n");
    bench_turn(b);
    bench_crash(b);
    bench_append(b, "a.log", "2\n");
    bench_rename(b, "a.log", "a.log.1");
    bench_append(b, "a.log", "3\n");
    bench_start(b);
    bench_turn(b);
    bench_expect(b, "1\n2\n3\n");
    ck_assert_uint_eq(tally_of(b)->lost_bytes, 0);
}

STORY(L10_a_rotation_to_any_name_in_the_folder_is_found)
{
    bench_append(b, "a.log", "1\n");
    bench_turn(b);
    bench_crash(b);
    bench_append(b, "a.log", "2\n");
    bench_rename(b, "a.log", "put-away");
    bench_append(b, "a.log", "3\n");
    bench_start(b);
    bench_turn(b);
    bench_expect(b, "1\n2\n3\n");
}

STORY(L11_three_rotations_while_down_are_read_in_order)
{
    bench_append(b, "a.log", "1\n");
    bench_turn(b);
    bench_crash(b);
    bench_append(b, "a.log", "2\n");
    bench_rename(b, "a.log", "a.log.3");
    bench_append(b, "a.log.2", "3\n");
    bench_append(b, "a.log.1", "4\n");
    bench_append(b, "a.log", "5\n");
    bench_start(b);
    bench_turn(b);
    bench_expect(b, "1\n2\n3\n4\n5\n");
    bench_turns(b, 14);
    bench_restart(b);
    bench_turn(b);
    bench_expect(b, "");
    ck_assert_uint_eq(tally_of(b)->files_watched, 1);
}

STORY(L11_dated_rotations_while_down_are_read_in_order)
{
    bench_append(b, "a.log-20261120", "before our time\n");
    bench_append(b, "a.log", "1\n");
    bench_turn(b);
    bench_crash(b);
    bench_append(b, "a.log", "2\n");
    bench_rename(b, "a.log", "a.log-20261121");
    bench_append(b, "a.log-20261122", "3\n");
    bench_append(b, "a.log-20261123", "4\n");
    bench_append(b, "a.log", "5\n");
    bench_start(b);
    bench_turn(b);
    bench_expect(b, "1\n2\n3\n4\n5\n");
}

STORY(L12_no_old_offset_is_used_on_a_new_file)
{
    bench_append(b, "a.log", "1\n");
    bench_turn(b);
    bench_append(b, "a.log", "2\n");
    bench_crash(b);
    bench_append(b, "b", "takes the next inode\n");
    bench_rename(b, "b", "a.log");
    bench_start(b);
    bench_turn(b);
    bench_expect(b, "1\ntakes the next inode\n");
    ck_assert_ptr_nonnull(strstr(b->told.ptr, "rotated away"));
}

STORY(L13_L15_a_file_made_anew_is_read_from_its_beginning)
{
    bench_append(b, "a.log", "one\ntwo\n");
    bench_turn(b);
    bench_remove(b, "a.log");
    bench_append(b, "a.log", "one\ntwo\nthree\n");
    bench_turn(b);
    bench_expect(b, "one\ntwo\none\ntwo\nthree\n");
}

STORY(L14_a_reused_inode_with_more_content_is_read_from_its_beginning)
{
    bench_append(b, "a.log", "one\ntwo\n");
    bench_turn(b);
    bench_crash(b);
    bench_remove(b, "a.log");
    bench_append(b, "a.log", "Xne\ntwo\nthree\n");
    bench_start(b);
    bench_turn(b);
    bench_expect(b, "one\ntwo\nXne\ntwo\nthree\n");
}

static void expect_rows(struct bench *b, int64_t count)
{
    struct db_row *row = db_query(b->db, "SELECT count(*) FROM input_files");
    ck_assert(db_next(row));
    ck_assert_int_eq(db_int(row, 0), count);
    db_done(row);
}

STORY(L16_a_deleted_file_is_read_to_its_end_and_its_row_goes)
{
    bench_append(b, "a.log", "1\n");
    bench_turn(b);
    bench_append(b, "a.log", "2\n");
    bench_remove(b, "a.log");
    bench_turns(b, 14);
    bench_expect(b, "1\n2\n");
    ck_assert_uint_eq(tally_of(b)->files_watched, 0);
    bench_pass(b, 8 * DAY_MS); /* it might have come back */
    bench_turns(b, 2);
    expect_rows(b, 0);
}

STORY(L17_a_swapped_link_is_a_rotation)
{
    bench_append(b, "target-1", "1\n");
    bench_append(b, "target-2", "3\n");
    ck_assert_int_eq(symlink("target-1", bench_path(b, "a.log")), 0);
    bench_turn(b);
    bench_append(b, "target-1", "2\n");
    bench_remove(b, "a.log");
    ck_assert_int_eq(symlink("target-2", bench_path(b, "a.log")), 0);
    bench_turn(b);
    bench_append(b, "target-2", "4\n");
    bench_turn(b);
    bench_expect(b, "1\n2\n3\n4\n");
}

STORY(L18_a_dangling_link_that_gets_its_target_is_read_from_the_beginning)
{
    ck_assert_int_eq(symlink("target", bench_path(b, "a.log")), 0);
    bench_turn(b);
    bench_append(b, "target", "1\n");
    bench_pass(b, MINUTE_MS);
    bench_turn(b);
    bench_expect(b, "1\n");
}

STORY(L20_a_hard_link_is_read_once)
{
    bench_append(b, "a.log", "1\n");
    bench_turn(b);
    ck_assert_int_eq(link(bench_path(b, "a.log"), bench_path(b, "b.log")), 0);
    bench_turn(b);
    bench_append(b, "a.log", "2\n");
    bench_turn(b);
    bench_remove(b, "a.log");
    bench_turn(b);
    bench_append(b, "b.log", "3\n");
    bench_turns(b, 14);
    bench_append(b, "b.log", "4\n");
    bench_turn(b);
    bench_expect(b, "1\n2\n3\n4\n");
}

STORY(an_absent_file_that_comes_back_goes_on)
{
    bench_append(b, "a.log", "1\n");
    bench_turn(b);
    bench_crash(b);
    const char *elsewhere = bench_path(b, "folder/a.log");
    ck_assert_int_eq(mkdir(bench_path(b, "folder"), 0700), 0);
    ck_assert_int_eq(rename(bench_path(b, "a.log"), elsewhere), 0);
    bench_start(b);
    bench_turns(b, 2);
    ck_assert_int_eq(rename(elsewhere, bench_path(b, "a.log")), 0);
    bench_append(b, "a.log", "2\n");
    bench_turn(b);
    bench_expect(b, "1\n2\n");
}

/* --- things that are no logs
 * --------------------------------------------------------- */

STORY(L08_compressed_files_are_not_read)
{
    bench_append(b, "a.log", "1\n");
    bench_turn(b);
    bench_append(b, "a.log", "2\n");
    bench_rename(b, "a.log", "a.log.1");
    bench_append(b, "a.log.1.gz", "packed\n");
    bench_remove(b, "a.log.1");
    bench_append(b, "a.log", "3\n");
    bench_turn(b);
    bench_expect(b, "1\n2\n3\n");
    ck_assert_uint_eq(tally_of(b)->lost_bytes, 0);
}

STORY(an_old_rotation_that_is_compressed_later_is_no_loss)
{
    bench_append(b, "a.log", "1\n");
    bench_turn(b);
    bench_rename(b, "a.log", "a.log.1");
    bench_append(b, "a.log", "2\n");
    bench_turns(b, 15);
    bench_append(b, "a.log.2.gz", "packed\n");
    bench_remove(b, "a.log.1");
    bench_rename(b, "a.log", "a.log.1");
    bench_append(b, "a.log", "3\n");
    bench_turns(b, 2);
    bench_expect(b, "1\n2\n3\n");
    ck_assert_uint_eq(tally_of(b)->lost_bytes, 0);
}

static void count_block(void *ctx, const struct block *block)
{
    (void)block;
    ((struct bench *)ctx)->blocks++;
}

STORY(many_files_are_read_over_several_turns)
{
    enum { MANY = LIMIT_TURN_FILES + 10 };
    char name[32];
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "%d.log", i);
        bench_append(b, name, "x\n");
    }
    bench_pass(b, SECOND_MS);
    const struct intake intake = bench_intake(b, count_block);
    b->blocks = 0;
    ck_assert(inputs_read(b->inputs, b->now, &intake));
    ck_assert_uint_le(b->blocks, LIMIT_TURN_FILES);
}

static bool is_at_once_enough(void *ctx)
{
    (void)ctx;
    return true;
}

STORY(a_turn_whose_time_is_up_reads_one_block_and_goes_on_in_the_next)
{
    char *bytes = mem_zalloc(2 * LIMIT_BLOCK_BYTES + 1);
    memset(bytes, '\n', 2 * LIMIT_BLOCK_BYTES);
    bench_append(b, "a.log", bytes);
    bench_append(b, "b.log", "x\n");
    free(bytes);
    bench_pass(b, SECOND_MS);
    struct intake intake = bench_intake(b, count_block);
    intake.is_enough = is_at_once_enough;
    b->blocks = 0;
    ck_assert(inputs_read(b->inputs, b->now, &intake));
    ck_assert_uint_eq(b->blocks, 1);
    for (int turns = 0; inputs_read(b->inputs, b->now, &intake); turns++)
        ck_assert_int_lt(turns, 10);
    ck_assert_uint_eq(tally_of(b)->bytes_read, 2 * LIMIT_BLOCK_BYTES + 2);
}

STORY(L22_L23_L24_what_is_no_file_is_refused_and_told_once)
{
    ck_assert_int_eq(mkfifo(bench_path(b, "fifo.log"), 0600), 0);
    ck_assert_int_eq(symlink("/dev/zero", bench_path(b, "zero.log")), 0);
    ck_assert_int_eq(mkdir(bench_path(b, "folder.log"), 0700), 0);
    bench_turns(b, 2);
    ck_assert_uint_eq(tally_of(b)->refused_files, 2);
    ck_assert_uint_eq(tally_of(b)->bytes_read, 0);
    bench_append(b, "a.log", "1\n");
    bench_turn(b);
    bench_expect(b, "1\n");
}

STORY(L22_a_log_that_becomes_a_folder_and_a_log_again_goes_on)
{
    bench_append(b, "a.log", "1\n");
    bench_turn(b);
    bench_remove(b, "a.log");
    ck_assert_int_eq(mkdir(bench_path(b, "a.log"), 0700), 0);
    bench_turn(b);
    ck_assert_int_eq(rmdir(bench_path(b, "a.log")), 0);
    bench_append(b, "a.log", "2\n");
    bench_turn(b);
    bench_expect(b, "1\n2\n");
}

STORY(L63_any_byte_may_stand_in_a_name)
{
    bench_append(b, "a\n%s\"\xff.log", "1\n");
    bench_turn(b);
    bench_restart(b);
    bench_append(b, "a\n%s\"\xff.log", "2\n");
    bench_turn(b);
    bench_expect(b, "1\n2\n");
    struct buf text = buf_make(1 << 16);
    inputs_describe(b->inputs, FORM_BRIEF, &text);
    ck_assert_ptr_nonnull(strstr(text.ptr, "%s\"\\xFF.log: read to its end, 4 bytes"));
    ck_assert_ptr_null(strstr(text.ptr, "a\n"));
    buf_free(&text);
}
