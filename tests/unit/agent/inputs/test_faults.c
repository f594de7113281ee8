/** Faults of files that need a world of their own (shared/facts/faults.md L51 on). */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/base/limits.h"
#include "bench.h"

/* --- L51 -------------------------------------------------------------------------- */

/** Write and truncate without a pause, until the parent ends it. */
static void storm(const char *path)
{
    for (;;) {
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        for (int i = 0; i < 50; i++)
            if (write(fd, "a line of a storm\n", 18) != 18)
                _exit(1);
        if (ftruncate(fd, 7) != 0)
            _exit(1);
        close(fd);
    }
}

STORY(L51_a_storm_of_truncations_breaks_nothing)
{
    const char *path = bench_path(b, "a.log");
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0)
        storm(path);
    for (int i = 0; i < 2000; i++)
        bench_glance(b);
    ck_assert_int_eq(kill(pid, SIGKILL), 0);
    waitpid(pid, NULL, 0);
    ck_assert(bench_commit(b));
    bench_write(b, "a.log", "");
    bench_turn(b);
    buf_clear(&b->counted);
    bench_append(b, "a.log", "after the storm\n");
    bench_turn(b);
    bench_expect(b, "after the storm\n");
}

STORY(L51_the_store_is_not_mapped)
{
    struct db_row *row = db_query(b->db, "PRAGMA mmap_size");
    if (db_next(row)) {
        ck_assert_int_eq(db_int(row, 0), 0);
        db_done(row);
    }
}

/* --- L52 -------------------------------------------------------------------------- */

static void touch(struct bench *b, const char *name, int64_t unix_s)
{
    const struct timespec times[2] = { { .tv_sec = unix_s }, { .tv_sec = unix_s } };
    ck_assert_int_eq(utimensat(AT_FDCWD, bench_path(b, name), times, 0), 0);
}

STORY(L52_times_of_files_decide_nothing)
{
    static const int64_t times[] = { 0, 1, 4000000000, 1600000000 };
    bench_append(b, "a.log", "one\n");
    bench_turn(b);
    bench_expect(b, "one\n");
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        touch(b, "a.log", times[i]);
        bench_turns(b, 2);
        bench_restart(b);
        bench_turns(b, 2);
        bench_expect(b, "");
        bench_append(b, "a.log", "more\n");
        touch(b, "a.log", times[i]);
        bench_turn(b);
        bench_expect(b, "more\n");
    }
}

/* --- L59 -------------------------------------------------------------------------- */

static uint64_t device_shift;

static void shift(struct fs_stat *stat)
{
    stat->device += device_shift;
}

static bool shifted_stat(void *ctx, const char *path, struct fs_stat *stat,
                         struct err *err)
{
    struct fs real = fs_real();
    bool is_there = real.stat(ctx, path, stat, err);
    shift(stat);
    return is_there;
}

static bool shifted_fstat(void *ctx, int fd, struct fs_stat *stat, struct err *err)
{
    struct fs real = fs_real();
    bool is_there = real.fstat(ctx, fd, stat, err);
    shift(stat);
    return is_there;
}

static int shifted_open(void *ctx, const char *path, struct fs_stat *stat,
                        struct err *err)
{
    struct fs real = fs_real();
    int fd = real.open(ctx, path, stat, err);
    shift(stat);
    return fd;
}

STORY(L59_another_device_number_after_a_boot_reads_nothing_again)
{
    bench_append(b, "a.log", "one\n");
    bench_turn(b);
    bench_crash(b);
    b->fs.stat = shifted_stat;
    b->fs.fstat = shifted_fstat;
    b->fs.open = shifted_open;
    device_shift = 17;
    bench_append(b, "a.log", "two\n");
    bench_start(b);
    bench_turns(b, 3);
    bench_expect(b, "one\ntwo\n");
    ck_assert_str_eq(bench_text(&b->reported), "");
    device_shift = 0;
}

/* --- L61, L64 --------------------------------------------------------------------- */

STORY(L61_offsets_past_4_GiB_are_right)
{
    static const int64_t sizes[] = { 1LL << 31, 1LL << 32, (1LL << 43) - 4096 };
    bench_append(b, "a.log", "first\n");
    bench_turn(b);
    bench_expect(b, "first\n");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        if (truncate(bench_path(b, "a.log"), sizes[i]) != 0) {
            unit_test_skip("this file system takes no file of 8 TiB");
            return;
        }
        bench_append(b, "a.log", "far\n");
        bench_turn(b);
        bench_restart(b);
        bench_append(b, "a.log", "farther\n");
        bench_turn(b);
        bench_expect(b, "far\nfarther\n");
    }
    ck_assert_int_eq(bench_sum(b, "appeared"), sizes[2] + 12);
}

TEST(faults, L64_an_old_file_of_10_GiB_is_not_read_at_the_first_start)
{
    struct bench b;
    bench_init(&b, true);
    bench_append(&b, "a.log", "old\n");
    bench_truncate(&b, "a.log", 10LL << 30);
    bench_append(&b, "a.log", "\nstill old\n");
    bench_start(&b);
    bench_turn(&b);
    ck_assert_uint_lt(inputs_tally(b.inputs)->bytes_read, 1 << 20);
    bench_append(&b, "a.log", "new\n");
    bench_turn(&b);
    bench_expect(&b, "new\n");
    bench_clear(&b);
}

/* --- L65 -------------------------------------------------------------------------- */

static int64_t count_rows(struct bench *b)
{
    int64_t count = -1;
    struct db_row *row = db_query(b->db, "SELECT count(*) FROM input_files");
    if (db_next(row)) {
        count = db_int(row, 0);
        db_done(row);
    }
    return count;
}

TEST(faults, L65_rows_of_dated_files_that_are_gone_go_too)
{
    struct bench b;
    char name[40];
    bench_init(&b, true);
    bench_start(&b);
    for (int day = 0; day < 1000; day++) {
        snprintf(name, sizeof name, "app-%04d.log", day);
        bench_append(&b, name, "line\n");
        bench_turn(&b);
        if (day >= 7) {
            snprintf(name, sizeof name, "app-%04d.log", day - 7);
            bench_remove(&b, name);
        }
        bench_pass(&b, DAY_MS);
    }
    bench_turns(&b, 20);
    bench_pass(&b, DAY_MS);
    bench_turns(&b, 3);
    ck_assert_uint_eq(b.counted.len, 1000 * 5);
    /* Those that are there, and those that went within the last days. */
    ck_assert_int_le(count_rows(&b), 8 + 7);
    ck_assert_uint_le(inputs_tally(b.inputs)->files_watched, 8);
    bench_clear(&b);
}

/* --- L54, L55 --------------------------------------------------------------------- */

static int slow_lines;

static void note_slow(void *ctx, const struct block *block)
{
    (void)ctx;
    slow_lines += slice_equal(block->bytes, SLICE("slow\n"));
}

STORY(L55_a_firehose_beside_99_slow_files_delays_none_of_them_by_a_turn)
{
    char name[32];
    static char flood[1 << 20];
    const struct intake intake = bench_intake(b, note_slow);
    memset(flood, 'x', sizeof flood);
    for (size_t i = 99; i < sizeof flood; i += 100)
        flood[i] = '\n';
    int fd = open(bench_path(b, "firehose.log"), O_WRONLY | O_CREAT | O_APPEND, 0600);
    for (int turn = 0; turn < 10; turn++) {
        for (int i = 0; i < 16; i++)
            ck_assert_int_eq(write(fd, flood, sizeof flood), sizeof flood);
        for (int i = 0; i < 99; i++) {
            snprintf(name, sizeof name, "slow%d.log", i);
            bench_append(b, name, "slow\n");
        }
        slow_lines = 0;
        bench_pass(b, SECOND_MS);
        inputs_read(b->inputs, b->now, &intake);
        ck_assert_int_eq(slow_lines, 99);
    }
    ck_assert(bench_commit(b));
    /* 16 MiB a turn came, 8 were read: the lag says so to the byte. */
    ck_assert_int_eq(bench_sum(b, "read") + bench_sum(b, "waiting"),
                     10 * (16LL << 20) + 10 * 99 * 5);
    ck_assert_int_gt(bench_sum(b, "waiting"), 70LL << 20);
    close(fd);
}
