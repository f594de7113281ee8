/** What lay last at a path is remembered until something lies there again; who is who
 *  is decided by what can be proven, and later when it cannot be read
 *  (shared/facts/faults.md 2.1). */
#include <sys/stat.h>
#include <unistd.h>

#include "agent/inputs/files.h"
#include "bench.h"

enum { LONGER_THAN_ROTATE_WAIT = 14 };

static const struct inputs_tally *tally_of(struct bench *b)
{
    return inputs_tally(b->inputs);
}

static void rotate(struct bench *b)
{
    if (access(bench_path(b, "a.log.2"), F_OK) == 0)
        bench_rename(b, "a.log.2", "a.log.3");
    if (access(bench_path(b, "a.log.1"), F_OK) == 0)
        bench_rename(b, "a.log.1", "a.log.2");
    bench_rename(b, "a.log", "a.log.1");
}

/** "1" is read, rotated and let go, and nothing is at the path. */
static void leave_an_elder(struct bench *b)
{
    bench_append(b, "a.log", "1\n");
    bench_turn(b);
    rotate(b);
    bench_turns(b, LONGER_THAN_ROTATE_WAIT);
    bench_expect(b, "1\n");
    ck_assert_uint_eq(tally_of(b)->files_watched, 0);
    bench_tick(b);
}

STORY(L11_what_came_and_went_long_after_the_last_one_is_read)
{
    leave_an_elder(b);
    bench_append(b, "a.log", "2\n");
    rotate(b);
    bench_turns(b, LONGER_THAN_ROTATE_WAIT);
    bench_expect(b, "2\n");
    bench_append(b, "a.log", "3\n");
    rotate(b);
    bench_append(b, "a.log", "4\n");
    bench_turns(b, LONGER_THAN_ROTATE_WAIT);
    bench_expect(b, "3\n4\n");
    ck_assert_uint_eq(tally_of(b)->lost_bytes, 0);
}

STORY(L11_what_came_and_went_while_down_long_after_the_last_one_is_read)
{
    leave_an_elder(b);
    bench_crash(b);
    bench_append(b, "a.log", "2\n");
    rotate(b);
    bench_append(b, "a.log", "3\n");
    rotate(b);
    bench_start(b);
    bench_turns(b, LONGER_THAN_ROTATE_WAIT);
    bench_expect(b, "2\n3\n");
    bench_restart(b);
    bench_append(b, "a.log", "4\n");
    bench_turns(b, 2);
    bench_expect(b, "4\n");
}

STORY(L11_what_came_and_went_behind_two_that_came_and_went_is_read)
{
    leave_an_elder(b);
    bench_append(b, "a.log", "2\n");
    rotate(b);
    bench_tick(b);
    bench_append(b, "a.log", "3\n");
    rotate(b);
    bench_turns(b, 2);
    bench_tick(b);
    bench_append(b, "a.log", "4\n");
    rotate(b);
    bench_append(b, "a.log", "5\n");
    bench_turns(b, LONGER_THAN_ROTATE_WAIT);
    bench_expect(b, "2\n3\n4\n5\n");
}

STORY(L11_the_one_between_is_read_when_the_heir_appears_as_the_old_one_is_let_go)
{
    bench_append(b, "a.log", "1\n");
    bench_turn(b);
    rotate(b);
    bench_turn(b);
    bench_append(b, "a.log", "2\n");
    rotate(b);
    bench_pass(b, 20 * SECOND_MS);
    bench_append(b, "a.log", "3\n");
    bench_turns(b, LONGER_THAN_ROTATE_WAIT);
    bench_expect(b, "1\n2\n3\n");
}

STORY(L12_what_came_and_went_after_the_last_one_was_deleted_is_read)
{
    bench_append(b, "a.log", "1\n");
    bench_turn(b);
    bench_append(b, "kept", "keeps the inode busy");
    bench_remove(b, "a.log");
    bench_turns(b, LONGER_THAN_ROTATE_WAIT);
    bench_tick(b);
    bench_append(b, "a.log", "2\n");
    rotate(b);
    bench_turns(b, LONGER_THAN_ROTATE_WAIT);
    bench_expect(b, "1\n2\n");
}

STORY(a_log_that_is_renamed_back_goes_on)
{
    leave_an_elder(b);
    bench_rename(b, "a.log.1", "a.log");
    bench_append(b, "a.log", "2\n");
    bench_turns(b, 2);
    bench_expect(b, "2\n");
    ck_assert_uint_eq(tally_of(b)->lost_bytes, 0);
}

STORY(what_is_older_than_the_last_one_is_not_read_when_it_moves_on)
{
    bench_append(b, "a.log.1", "older\n");
    bench_tick(b);
    leave_an_elder(b);
    bench_rename(b, "a.log.2", "a.log.3");
    bench_turns(b, LONGER_THAN_ROTATE_WAIT);
    bench_append(b, "a.log", "2\n");
    bench_turns(b, LONGER_THAN_ROTATE_WAIT);
    bench_expect(b, "2\n");
}

TEST(elders, a_path_is_remembered_for_a_week_and_no_more_than_a_thousand_are)
{
    struct bench b;
    char name[32];
    int64_t rows = 0;
    bench_init(&b, false);
    bench_start(&b);
    for (int i = 0; i < LIMIT_ELDERS + 100; i++) {
        snprintf(name, sizeof name, "%d.log", i);
        bench_append(&b, name, "1\n");
    }
    bench_turns(&b, 2);
    for (int i = 0; i < LIMIT_ELDERS + 100; i++) {
        snprintf(name, sizeof name, "%d.log", i);
        bench_remove(&b, name);
    }
    bench_turns(&b, LONGER_THAN_ROTATE_WAIT);
    bench_pass(&b, HOUR_MS); /* those that were closed are waited for so long */
    bench_turns(&b, 100);
    struct db_row *row = db_query(b.db, "SELECT count(*) FROM input_files");
    ck_assert(db_next(row));
    rows = db_int(row, 0);
    db_done(row);
    ck_assert_int_eq(rows, LIMIT_ELDERS);
    ck_assert_uint_eq(tally_of(&b)->files_watched, 0);
    bench_clear(&b);
}

/* --- who is who --- */

STORY(L12_one_that_is_gone_and_has_an_heir_does_not_come_back_as_the_youngest)
{
    bench_append(b, "a.log", "");
    bench_turn(b);
    bench_remove(b, "a.log");
    bench_append(b, "a.log", "");
    bench_turn(b);
    bench_restart(b);
    bench_append(b, "a.log", "1\n");
    rotate(b);
    bench_restart(b);
    bench_turn(b);
    bench_append(b, "a.log", "2\n");
    bench_turns(b, LONGER_THAN_ROTATE_WAIT);
    bench_expect(b, "1\n2\n");
    ck_assert_ptr_null(strstr(bench_text(&b->told), "rotated away"));
}

STORY(L12_an_empty_log_that_is_replaced_while_down_is_no_loss)
{
    bench_append(b, "a.log", "");
    bench_turn(b);
    bench_crash(b);
    bench_append(b, "a.new", "1\n");
    bench_remove(b, "a.log");
    bench_rename(b, "a.new", "a.log");
    bench_start(b);
    bench_turns(b, LONGER_THAN_ROTATE_WAIT);
    bench_expect(b, "1\n");
    ck_assert_str_eq(bench_text(&b->reported), "");
}

static bool knows_births(struct bench *b)
{
    struct err err;
    struct fs_stat stat = { 0 };
    return b->fs.stat(b->fs.ctx, b->folder, &stat, &err) && stat.birth != 0;
}

/* As if the number of its inode had been given to another. */
STORY(L14_a_log_under_the_number_of_an_empty_one_that_left_its_path_is_a_new_one)
{
    if (knows_births(b))
        return; /* it is the empty one then */
    bench_append(b, "a.log", "");
    bench_turn(b);
    bench_rename(b, "a.log", "../elsewhere");
    bench_turn(b);
    bench_crash(b);
    bench_rename(b, "../elsewhere", "a.log");
    bench_append(b, "a.log", "half");
    bench_start(b);
    bench_turns(b, LONGER_THAN_ROTATE_WAIT);
    bench_append(b, "a.log", " and half\n");
    bench_turn(b);
    bench_expect(b, "half and half\n");
}

/** "1" is in the heir of a file that was empty and is gone, "2" in a younger one that
 *  has the number of its inode. */
static void give_the_number_to_a_younger_one(struct bench *b)
{
    bench_append(b, "a.log", "");
    bench_turn(b);
    bench_rename(b, "a.log", "../elsewhere");
    bench_append(b, "a.log", "");
    bench_turn(b);
    bench_crash(b);
    bench_append(b, "a.log", "1\n");
    bench_rename(b, "a.log", "a.log.2");
    bench_rename(b, "../elsewhere", "a.log.1");
    bench_append(b, "a.log.1", "2\n");
    bench_start(b);
    bench_turns(b, 5);
}

static void expect_nothing_more(struct bench *b, size_t lines)
{
    bench_turns(b, LONGER_THAN_ROTATE_WAIT);
    ck_assert_uint_eq(b->counted.len, lines * strlen("1\n"));
    ck_assert_uint_eq(tally_of(b)->files_watched, 0);
    buf_clear(&b->counted);
    bench_tick(b);
    bench_append(b, "b.log", ""); /* the folder is looked through again */
    bench_turns(b, LONGER_THAN_ROTATE_WAIT);
    bench_expect(b, "");
}

STORY(L14_a_log_under_the_number_of_an_empty_one_is_not_read_again_after_its_heir)
{
    if (knows_births(b))
        return;
    give_the_number_to_a_younger_one(b);
    expect_nothing_more(b, 2);
}

STORY(L14_a_log_under_the_number_of_an_empty_one_is_not_read_again_before_its_heir)
{
    if (knows_births(b))
        return;
    give_the_number_to_a_younger_one(b);
    bench_append(b, "a.log.2", "3\n");
    expect_nothing_more(b, 3);
}

STORY(L57_a_log_that_was_renamed_and_cut_by_a_power_cut_is_the_same_log)
{
    static const char stays[] = "a line that stays, and is long enough to say that it "
                                "is the one that was read before\n";
    bench_append(b, "a.log", stays);
    bench_append(b, "a.log", "another one that goes\n");
    bench_turn(b);
    buf_clear(&b->counted);
    bench_crash(b);
    rotate(b);
    bench_truncate(b, "a.log.1", (int64_t)strlen(stays));
    bench_append(b, "a.log", "new\n");
    bench_start(b);
    bench_turns(b, LONGER_THAN_ROTATE_WAIT);
    bench_expect(b, "new\n");
}

TEST(files, L13_one_whose_inode_has_another_birth_now_is_not_found_by_it)
{
    struct inputs_tally tally = { 0 };
    struct fs fs = fs_real();
    struct files files;
    struct fs_stat stat = { .device = 1, .inode = 2, .birth = 3 };
    files_init(&files, &fs, NULL, &tally, 1);
    struct tail_file *file = tail_file_create(NULL, NULL, "a.log");
    files_add(&files, file);
    files_note(&files, file, &stat);
    ck_assert_ptr_eq(files_with_inode(&files, &stat), file);
    stat.birth = 4;
    ck_assert_ptr_null(files_with_inode(&files, &stat));
    files_clear(&files);
}

/* --- what cannot be read --- */

static int fails_left, passes_left;

/** After so many that pass, so many fail. */
static bool fails_now(struct err *err)
{
    if (passes_left > 0) {
        passes_left--;
        return false;
    }
    if (fails_left == 0)
        return false;
    fails_left--;
    err_set(err, ERR_IO, "cannot read: Input/output error");
    return true;
}

static ssize_t failing_read(void *ctx, int fd, void *into, size_t size, int64_t offset,
                            struct err *err)
{
    struct fs real = fs_real();
    return fails_now(err) ? -1 : real.read_at(ctx, fd, into, size, offset, err);
}

static int failing_open(void *ctx, const char *path, struct fs_stat *stat,
                        struct err *err)
{
    struct fs real = fs_real();
    if (fails_now(err))
        return -1;
    int fd = real.open(ctx, path, stat, err);
    if (fd >= 0)
        stat->birth = stat->generation = 0;
    return fd;
}

/** A bench on a file system without births. */
static void bare_init(struct bench *b, const char *pattern)
{
    fails_left = passes_left = 0;
    bench_init(b, false);
    bench_bare(b);
    bench_follow(b, 0, pattern);
}

/** @story with each number of reads that fail, then with each number of opens. */
static void with_failures(const char *pattern,
                          void (*story)(struct bench *b, int fails))
{
    for (int fails = 0; fails < 10; fails++) {
        struct bench b;
        bare_init(&b, pattern);
        if (fails % 2 == 0)
            b.fs.read_at = failing_read;
        else
            b.fs.open = failing_open;
        bench_start(&b);
        bench_turn(&b);
        story(&b, (fails + 1) / 2);
        bench_clear(&b);
    }
}

static void heir_story(struct bench *b, int fails)
{
    leave_an_elder(b);
    bench_append(b, "a.log", "2\n");
    rotate(b);
    bench_append(b, "a.log", "3\n");
    fails_left = fails;
    bench_turns(b, 60);
    bench_expect(b, "2\n3\n");
}

TEST(elders, L62_an_heir_waits_while_nobody_can_say_who_came_before_it)
{
    with_failures("*.log", heir_story);
}

static void orphan_story(struct bench *b, int fails)
{
    leave_an_elder(b);
    bench_crash(b);
    bench_append(b, "a.log", "2\n");
    rotate(b);
    bench_start(b);
    fails_left = fails;
    bench_turns(b, 60);
    bench_expect(b, "2\n");
}

TEST(elders, L62_what_came_and_went_is_read_once_it_can_be_told)
{
    with_failures("*.log", orphan_story);
}

static void restart_story(struct bench *b, int fails)
{
    bench_append(b, "a.log", "1\n");
    bench_turn(b);
    bench_crash(b);
    rotate(b);
    bench_append(b, "a.log", "2\n");
    fails_left = fails;
    bench_start(b);
    bench_turns(b, 60);
    bench_expect(b, "1\n2\n");
}

TEST(tail, L62_a_log_that_cannot_be_compared_at_the_start_is_not_read_as_a_new_one)
{
    with_failures("a.log*", restart_story);
}

/** What lies before "2" could not be read before "2" was rotated itself, and "3" made
 *  and rotated after it. */
static void leave_undecided(struct bench *b)
{
    bare_init(b, "*.log");
    b->fs.read_at = failing_read;
    bench_start(b);
    bench_turn(b);
    leave_an_elder(b);
    bench_append(b, "a.log", "2\n");
    fails_left = 1000;
    bench_turns(b, 16); /* it is tried again after 16 s: longer than rotate_wait */
    fails_left = 0;
    rotate(b);
    bench_append(b, "a.log", "3\n");
    rotate(b);
}

TEST(elders, L62_what_is_younger_than_an_undecided_one_is_read_once_when_it_has_an_heir)
{
    struct bench b;
    leave_undecided(&b);
    bench_append(&b, "a.log", "4\n");
    bench_turns(&b, 60);
    /* Nobody waits for what cannot be read. */
    bench_expect(&b, "3\n4\n2\n");
    bench_clear(&b);
}

TEST(elders, L62_what_is_younger_than_an_undecided_one_is_read_once_without_an_heir)
{
    struct bench b;
    leave_undecided(&b);
    bench_turns(&b, 60);
    bench_expect(&b, "2\n3\n");
    bench_clear(&b);
}

TEST(tail, L07_a_copy_that_cannot_be_compared_and_is_rotated_is_not_read_again)
{
    struct bench b;
    bare_init(&b, "a*[g1]"); /* a.log.2 is not found by it */
    b.fs.read_at = failing_read;
    bench_start(&b);
    bench_append(&b, "a.log", "1\n2\n");
    bench_turn(&b);
    bench_copy(&b, "a.log", "a.log.1");
    bench_truncate(&b, "a.log", 0);
    fails_left = 1000;
    bench_turn(&b);
    fails_left = 0;
    bench_rename(&b, "a.log.1", "a.log.2");
    bench_append(&b, "a.log.1", "");
    bench_turns(&b, 60);
    bench_append(&b, "a.log", "3\n");
    bench_turn(&b);
    bench_expect(&b, "1\n2\n3\n");
    bench_clear(&b);
}

TEST(tail, L14_a_log_under_the_number_of_an_empty_one_that_was_rotated_is_a_new_one)
{
    struct bench b;
    bare_init(&b, "a.log*");
    bench_start(&b);
    bench_append(&b, "a.log.1", "");
    bench_turn(&b);
    bench_crash(&b);
    bench_rename(&b, "a.log.1", "a.log.2");
    bench_append(&b, "a.log.1", "");
    bench_start(&b);
    bench_rename(&b, "a.log.2", "a.log");
    bench_append(&b, "a.log", "half");
    bench_turns(&b, LONGER_THAN_ROTATE_WAIT);
    bench_append(&b, "a.log", " and half\n");
    bench_turn(&b);
    bench_expect(&b, "half and half\n");
    bench_clear(&b);
}

/** The last one is gone before its heir could find out what lies between them. */
static void gone_story(struct bench *b, int passes)
{
    bench_append(b, "a.log", "1\n");
    bench_turn(b);
    bench_expect(b, "1\n");
    bench_crash(b);
    bench_rename(b, "a.log", "a.log.2");
    bench_tick(b);
    bench_append(b, "a.log.1", "2\n");
    bench_append(b, "a.log", "3\n");
    passes_left = passes;
    fails_left = 1;
    bench_start(b);
    passes_left = fails_left = 0;
    bench_remove(b, "a.log.2");
    bench_turns(b, 60);
    bench_expect(b, "2\n3\n");
}

TEST(elders, L62_an_heir_that_cannot_be_told_from_others_waits_for_none_that_is_gone)
{
    for (int passes = 0; passes < 6; passes++) {
        struct bench b;
        bare_init(&b, "*.log");
        b.fs.read_at = failing_read;
        bench_start(&b);
        bench_turn(&b);
        gone_story(&b, passes);
        bench_clear(&b);
    }
}
