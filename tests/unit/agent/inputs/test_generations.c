/** Which generation is which: identical heads, deleted ones, copies of what was never
 *  read, stale handles, writers that nothing tells of (shared/facts/faults.md 2.1). */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"

static const struct inputs_tally *tally_of(struct bench *b)
{
    return inputs_tally(b->inputs);
}

/* --- content --- */

static void append_banner(struct bench *b)
{
    for (int i = 0; i < 40; i++)
        bench_append(b, "a.log", "a banner of 40 lines, longer than 1 KiB\n");
}

STORY(L05_an_identical_head_is_told_apart_by_the_bytes_before_the_offset)
{
    append_banner(b);
    bench_append(b, "a.log", "1\n2\n");
    bench_turn(b);
    buf_clear(&b->counted);
    bench_truncate(b, "a.log", 0);
    append_banner(b);
    bench_append(b, "a.log", "3\n4\n5\n");
    bench_turn(b);
    const char *last = b->counted.ptr + b->counted.len - strlen("KiB\n3\n4\n5\n");
    ck_assert_uint_eq(b->counted.len, 40 * 40 + strlen("3\n4\n5\n"));
    ck_assert_str_eq(last, "KiB\n3\n4\n5\n");
    ck_assert_uint_eq(tally_of(b)->truncations, 1);
}

STORY(L56_a_shorter_file_with_the_same_banner_and_another_line_is_no_cut)
{
    bench_append(b, "a.log", "app 1.0 starts\nfirst run\nfirst line of it\n");
    bench_turn(b);
    bench_write(b, "a.log", "app 1.0 starts\nagain ok\n");
    bench_turn(b);
    bench_append(b, "a.log", "more\n");
    bench_turn(b);
    bench_expect(b, "app 1.0 starts\nfirst run\nfirst line of it\n"
                    "app 1.0 starts\nagain ok\nmore\n");
}

/* The banner ends, and the file as well, between two of the coarser steps. */
STORY(L56_a_shorter_file_with_a_long_banner_and_another_line_is_no_cut)
{
    static const char banner[] =
        "app 1.0 starts\nreads its configuration from /etc/app/app.conf\n"
        "listens on 127.0.0.1:8080\nuses the store below /var/lib/app, 12 tables\n";
    bench_append(b, "a.log", banner);
    bench_append(b, "a.log", "first run\nfirst line of it, and more\n");
    bench_turn(b);
    buf_clear(&b->counted);
    bench_write(b, "a.log", banner);
    bench_append(b, "a.log", "again ok\n");
    bench_turn(b);
    ck_assert_uint_eq(b->counted.len, strlen(banner) + strlen("again ok\n"));
}

STORY(L56_the_begin_of_a_line_that_begins_like_an_old_one_is_no_cut)
{
    bench_append(b, "a.log", "ERR 0000 first line\nERR 0001 second line\n");
    bench_turn(b);
    bench_tick(b);
    bench_write(b, "a.log", "ERR 0000 thi");
    bench_turn(b);
    bench_append(b, "a.log", "rd line\n");
    bench_turn(b);
    bench_expect(b, "ERR 0000 first line\nERR 0001 second line\nERR 0000 third line\n");
}

/* As `sed -i` does, and an editor that saves. */
STORY(L60_a_file_that_is_replaced_by_its_copy_while_it_is_followed_goes_on)
{
    for (int i = 0; i < 10; i++)
        bench_append(b, "a.log", "one of many lines, 30 bytes..\n");
    bench_turn(b);
    buf_clear(&b->counted);
    bench_copy(b, "a.log", "saved");
    bench_append(b, "saved", "new\n");
    bench_rename(b, "saved", "a.log");
    bench_turns(b, 14);
    bench_append(b, "a.log", "more\n");
    bench_turn(b);
    bench_expect(b, "new\nmore\n");
}

STORY(L13_a_reused_inode_while_running_is_read_from_its_beginning)
{
    bench_append(b, "a.log", "one\ntwo\n");
    bench_turn(b);
    /* Let go of the descriptor, so that the file system may use the inode again. */
    bench_restart(b);
    bench_remove(b, "a.log");
    bench_append(b, "a.log", "three\nfour\nfive\n");
    bench_turns(b, 2);
    bench_expect(b, "one\ntwo\nthree\nfour\nfive\n");
}

/* --- copies of what was never read --- */

static void copytruncate(struct bench *b, const char *line, const char *copy)
{
    bench_append(b, "a.log", line);
    bench_copy(b, "a.log", copy);
    bench_truncate(b, "a.log", 0);
}

static bool knows_births(struct bench *b)
{
    struct err err;
    struct fs_stat stat = { 0 };
    return b->fs.stat(b->fs.ctx, b->folder, &stat, &err) && stat.birth != 0;
}

STORY(L07_copies_of_a_file_of_which_nothing_was_read_are_read_whole)
{
    if (!knows_births(b))
        return; /* nothing tells such a copy from a file that was there before */
    bench_append(b, "a.log", "");
    bench_turn(b);
    bench_tick(b);
    bench_crash(b);
    copytruncate(b, "1\n", "a.log.2");
    bench_tick(b);
    copytruncate(b, "2\n", "a.log.1");
    bench_append(b, "a.log", "3\n");
    bench_start(b);
    bench_turns(b, 14);
    bench_expect(b, "1\n2\n3\n");
    bench_restart(b);
    bench_turns(b, 2);
    bench_expect(b, "");
}

STORY(L07_a_copy_made_between_two_looks_at_an_empty_file_is_read)
{
    if (!knows_births(b))
        return;
    bench_append(b, "a.log", "");
    bench_turn(b);
    bench_tick(b);
    copytruncate(b, "1\n", "a.log.1");
    bench_turns(b, 2);
    bench_tick(b);
    bench_append(b, "a.log", "2\n");
    bench_turns(b, 14);
    bench_expect(b, "1\n2\n");
}

STORY(L07_half_a_line_that_was_seen_is_not_lost_when_its_copy_is_read)
{
    if (!knows_births(b))
        return;
    bench_append(b, "a.log", "");
    bench_turn(b);
    bench_append(b, "a.log", "hal");
    bench_turn(b);
    bench_tick(b);
    copytruncate(b, "f\n", "a.log.1");
    bench_turns(b, 2);
    bench_append(b, "a.log", "2\n");
    bench_turns(b, 14);
    bench_expect(b, "half\n2\n");
    ck_assert_uint_eq(tally_of(b)->lost_bytes, 0);
    ck_assert_str_eq(bench_text(&b->reported), "");
}

STORY(L07_half_a_line_that_was_seen_is_not_lost_when_a_pattern_wants_its_copy)
{
    bench_append(b, "a.log", "");
    bench_turn(b);
    bench_append(b, "a.log", "hal");
    bench_turn(b);
    bench_tick(b);
    copytruncate(b, "f\n", "a-1.log");
    bench_append(b, "a.log", "2\n");
    bench_turns(b, 14);
    ck_assert_uint_eq(b->counted.len, strlen("half\n2\n"));
    ck_assert_uint_eq(tally_of(b)->lost_bytes, 0);
    ck_assert_str_eq(bench_text(&b->reported), "");
}

STORY(L07_half_a_line_that_was_seen_is_known_in_its_copy_after_a_restart)
{
    if (!knows_births(b))
        return;
    bench_append(b, "a.log", "hal");
    bench_turn(b);
    bench_tick(b);
    bench_crash(b);
    copytruncate(b, "f\n", "a.log.1");
    bench_start(b);
    bench_turns(b, 14);
    bench_expect(b, "half\n");
    ck_assert_uint_eq(b->tally.lost_bytes + tally_of(b)->lost_bytes, 0);
    ck_assert_str_eq(bench_text(&b->reported), "");
}

STORY(L07_a_copy_that_is_just_made_of_an_unread_file_is_not_read_twice)
{
    bench_append(b, "a.log", "");
    bench_turn(b);
    bench_tick(b);
    bench_append(b, "a.log", "1\n2\n");
    bench_copy(b, "a.log", "a.log.1");
    bench_turns(b, 2);
    bench_truncate(b, "a.log", 0);
    bench_turns(b, 2);
    bench_append(b, "a.log", "3\n");
    bench_turns(b, 14);
    bench_expect(b, "1\n2\n3\n");
}

STORY(L07_what_was_copied_before_an_empty_file_was_seen_is_not_read)
{
    copytruncate(b, "1\n", "a.log.1");
    bench_tick(b);
    bench_append(b, "a.log", "");
    bench_truncate(b, "a.log", 0);
    bench_turn(b);
    bench_restart(b);
    bench_turns(b, 2);
    bench_append(b, "a.log", "2\n");
    bench_turns(b, 2);
    bench_expect(b, "2\n");
}

/* As after the empty one was deleted, and its inode taken for the copy. */
STORY(L07_a_copy_under_the_number_of_an_empty_one_is_not_read_again)
{
    if (knows_births(b))
        return; /* it is the empty one then, and was written to */
    bench_append(b, "a-4.log", "");
    bench_turn(b);
    bench_append(b, "a.log", "1\n");
    bench_turn(b);
    bench_crash(b);
    bench_rename(b, "a-4.log", "a-1.log");
    bench_append(b, "a-1.log", "1\n");
    bench_write(b, "a.log", "2\n");
    bench_start(b);
    bench_turns(b, 14);
    bench_expect(b, "1\n2\n");
}

/* --- written to after the heir was made --- */

static void rotate_and_write_on(struct bench *b)
{
    bench_append(b, "a.log", "1\n");
    bench_turn(b);
    bench_rename(b, "a.log", "a.log.1");
    bench_append(b, "a.log", "");
    bench_turn(b);
    bench_tick(b);
    bench_append(b, "a.log.1", "2\n");
    bench_turns(b, 14);
    bench_tick(b);
}

STORY(L02_what_was_read_to_its_end_is_not_read_again_when_its_empty_heir_is_replaced)
{
    rotate_and_write_on(b);
    bench_remove(b, "a.log");
    bench_append(b, "a.log", "3\n");
    bench_turns(b, 14);
    bench_expect(b, "1\n2\n3\n");
}

STORY(L02_what_was_read_to_its_end_is_not_read_again_when_its_empty_heir_is_deleted)
{
    bench_append(b, "a.log", "1\n");
    bench_turn(b);
    bench_rename(b, "a.log", "a.log.1");
    bench_append(b, "a.log", "");
    bench_turn(b);
    bench_remove(b, "a.log");
    bench_tick(b);
    bench_append(b, "a.log.1", "2\n");
    bench_turns(b, 30);
    bench_expect(b, "1\n2\n");
}

/* --- deleted, compressed --- */

STORY(L09_without_archives_a_generation_compressed_while_down_is_a_counted_loss)
{
    bench_append(b, "a.log", "1\n");
    bench_turn(b);
    bench_crash(b);
    bench_append(b, "a.log", "2\n");
    bench_rename(b, "a.log", "a.log.2");
    bench_append(b, "a.log.1.gz", "packed, eighteen b");
    bench_append(b, "a.log", "4\n");
    bench_start(b);
    bench_turns(b, 2);
    bench_expect(b, "1\n2\n4\n");
    ck_assert_ptr_nonnull(strstr(bench_text(&b->told), "compressed before it"));
}

STORY(L12_when_the_oldest_of_three_generations_is_gone_the_others_are_read_in_order)
{
    bench_append(b, "a.log.1", "read before\n");
    bench_append(b, "a.log", "1\n");
    bench_turn(b);
    bench_tick(b);
    bench_append(b, "a.log", "not read\n");
    bench_crash(b);
    bench_remove(b, "a.log");
    bench_rename(b, "a.log.1", "a.log.3");
    bench_append(b, "a.log.2", "2\n");
    bench_tick(b);
    bench_append(b, "a.log.1", "3\n");
    bench_append(b, "a.log", "4\n");
    bench_start(b);
    bench_turns(b, 14);
    bench_expect(b, "1\n2\n3\n4\n");
    /* Else the new file may have the inode of the old one, and is taken for it, cut. */
    if (knows_births(b))
        ck_assert_ptr_nonnull(strstr(bench_text(&b->told), "rotated away"));
}

STORY(L16_the_row_of_a_deleted_file_stays_until_its_end_is_committed)
{
    bench_append(b, "a.log", "1\n");
    bench_turn(b);
    bench_append(b, "a.log", "2\n");
    bench_turn(b);
    bench_append(b, "a.log", "3\n");
    bench_remove(b, "a.log");
    bench_read(b);
    bench_restart(b);
    bench_append(b, "a.log", "");
    bench_turns(b, 14);
    bench_expect(b, "1\n2\n");
    /* Else the new file may have the inode of the old one, and is taken for it, cut. */
    if (knows_births(b))
        ck_assert_ptr_nonnull(strstr(bench_text(&b->told), "rotated away or deleted"));
}

/* --- file systems that tell nothing --- */

static bool is_stale;

static ssize_t stale_read(void *ctx, int fd, void *into, size_t size, int64_t offset,
                          struct err *err)
{
    struct fs real = fs_real();
    if (is_stale) {
        err_set(err, ERR_MISSING, "cannot read: Stale file handle");
        return -1;
    }
    return real.read_at(ctx, fd, into, size, offset, err);
}

static int fresh_open(void *ctx, const char *path, struct fs_stat *stat,
                      struct err *err)
{
    struct fs real = fs_real();
    is_stale = false;
    return real.open(ctx, path, stat, err);
}

TEST(tail, L45_a_stale_handle_is_opened_again_by_its_path)
{
    struct bench b;
    bench_init(&b, false);
    b.fs.read_at = stale_read;
    b.fs.open = fresh_open;
    bench_start(&b);
    bench_append(&b, "a.log", "1\n");
    bench_turn(&b);
    is_stale = true;
    bench_append(&b, "a.log", "2\n");
    bench_turns(&b, 4);
    ck_assert(!is_stale);
    bench_expect(&b, "1\n2\n");
    ck_assert_uint_eq(tally_of(&b)->unreadable_files, 0);
    bench_clear(&b);
}

TEST(tail, L45_a_stale_handle_of_a_rotated_file_that_is_gone_is_a_loss_and_no_burden)
{
    struct bench b;
    bench_init(&b, false);
    b.fs.read_at = stale_read;
    bench_start(&b);
    bench_append(&b, "a.log", "1\n");
    bench_turn(&b);
    bench_append(&b, "a.log", "not read\n");
    bench_remove(&b, "a.log");
    is_stale = true;
    bench_turns(&b, 20);
    ck_assert_uint_eq(tally_of(&b)->files_watched, 0);
    ck_assert_ptr_nonnull(strstr(b.told.ptr, "rotated away or deleted"));
    is_stale = false;
    bench_append(&b, "a.log", "2\n");
    bench_turns(&b, 2);
    bench_expect(&b, "1\n2\n");
    bench_clear(&b);
}

static bool other_device_stat(void *ctx, const char *path, struct fs_stat *stat,
                              struct err *err)
{
    struct fs real = fs_real();
    bool ok = real.stat(ctx, path, stat, err);
    stat->device += 17;
    stat->birth = 0;
    return ok;
}

static int other_device_open(void *ctx, const char *path, struct fs_stat *stat,
                             struct err *err)
{
    struct fs real = fs_real();
    int fd = real.open(ctx, path, stat, err);
    stat->device += 17;
    stat->birth = stat->generation = 0;
    return fd;
}

TEST(tail, L59_without_births_the_content_says_that_another_device_has_the_same_file)
{
    struct bench b;
    bench_init(&b, false);
    bench_bare(&b);
    bench_start(&b);
    bench_append(&b, "a.log", "1\n");
    bench_append(&b, "b.log", "1\n");
    bench_turn(&b);
    buf_clear(&b.counted);
    bench_crash(&b);
    b.fs.stat = other_device_stat;
    b.fs.open = other_device_open;
    bench_append(&b, "a.log", "2\n");
    bench_write(&b, "b.log", "another\n");
    bench_start(&b);
    bench_turn(&b);
    bench_expect(&b, "2\nanother\n");
    bench_clear(&b);
}

/* inotify tells nothing of a write through mmap. */
STORY(L46_what_a_writer_puts_through_mmap_is_found_by_the_sweep)
{
    int fd = open(bench_path(b, "a.log"), O_RDWR | O_CREAT, 0600);
    ck_assert_int_eq(ftruncate(fd, 8), 0);
    char *bytes = mmap(NULL, 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ck_assert(bytes != MAP_FAILED);
    bench_turns(b, 2);
    bench_tick(b);
    memcpy(bytes, "1\n2\n333\n", 8);
    ck_assert_int_eq(msync(bytes, 8, MS_SYNC), 0);
    bench_turns(b, 2);
    munmap(bytes, 8);
    close(fd);
    bench_expect(b, "1\n2\n333\n");
}

STORY(L07_a_copy_that_was_read_is_not_read_again_when_the_cut_file_is_still_empty)
{
    bench_append(b, "a.log", "1\n");
    bench_turn(b);
    bench_tick(b);
    bench_copy(b, "a.log", "a.log.1");
    bench_tick(b);
    bench_truncate(b, "a.log", 0);
    bench_turns(b, 2);
    bench_restart(b);
    bench_turns(b, 2);
    bench_tick(b);
    bench_append(b, "a.log", "2\n");
    bench_turns(b, 2);
    bench_expect(b, "1\n2\n");
}
