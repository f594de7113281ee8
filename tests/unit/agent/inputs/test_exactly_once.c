/** Every line once: crashes at every step, failing commits, bounds, errors. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/limits.h"
#include "bench.h"

static const struct inputs_tally *tally_of(struct bench *b)
{
    return inputs_tally(b->inputs);
}

/* --- crashes ----------------------------------------------------- */

static void act_append(struct bench *b, const char *line)
{
    bench_append(b, "a.log", line);
}

static void act_rotate(struct bench *b, const char *keep)
{
    if (access(bench_path(b, "a.log.2"), F_OK) == 0)
        bench_rename(b, "a.log.2", "a.log.3");
    if (access(bench_path(b, "a.log.1"), F_OK) == 0)
        bench_rename(b, "a.log.1", "a.log.2");
    bench_rename(b, "a.log", "a.log.1");
    if (keep)
        bench_append(b, "a.log.1", keep);
}

static void act_copytruncate(struct bench *b, const char *unused)
{
    (void)unused;
    act_append(b, "before the cut\n");
    bench_copy(b, "a.log", "a.log.copy");
    bench_truncate(b, "a.log", 0);
}

static void act_turn(struct bench *b, const char *unused)
{
    (void)unused;
    bench_turn(b);
}

static void act_wait(struct bench *b, const char *unused)
{
    (void)unused;
    bench_turns(b, 12);
}

static const struct {
    void (*act)(struct bench *b, const char *line);
    const char *line;
} script[] = {
    { act_append, "first\n" },  { act_turn, NULL },
    { act_append, "second\n" }, { act_append, "half" },
    { act_turn, NULL },         { act_append, " whole\n" },
    { act_rotate, "late\n" },   { act_append, "new\n" },
    { act_turn, NULL },         { act_append, "third\n" },
    { act_rotate, NULL },       { act_append, "fourth\n" },
    { act_rotate, "later\n" },  { act_append, "fifth\n" },
    { act_turn, NULL },         { act_wait, NULL },
    { act_append, "sixth\n" },  { act_turn, NULL },
    { act_copytruncate, NULL }, { act_append, "after the cut, a long line\n" },
    { act_turn, NULL },         { act_append, "seventh\n" },
    { act_wait, NULL },
};
enum { STEPS = sizeof script / sizeof *script };

static const char *const script_lines =
    "first\nsecond\nhalf whole\nlate\nnew\nthird\nfourth\nlater\nfifth\nsixth\n"
    "before the cut\nafter the cut, a long line\nseventh\n";

/** Crash before step @at; when @is_read, with what was read and not committed. */
static void run_script(bool inotify, int at, bool is_read, bool stays_down)
{
    struct bench b;
    bench_init(&b, inotify);
    bench_start(&b);
    bench_turn(&b);
    for (int i = 0; i < STEPS; i++) {
        if (i == at && is_read)
            bench_read(&b);
        if (i == at)
            bench_crash(&b);
        bool is_down = !b.inputs;
        bool is_turn = script[i].act == act_turn || script[i].act == act_wait;
        if (is_down && (!stays_down || is_turn || i >= at + 3)) {
            bench_start(&b);
            bench_turn(&b);
        }
        script[i].act(&b, script[i].line);
    }
    bench_turns(&b, 14);
    bench_expect(&b, script_lines);
    bench_clear(&b);
}

TEST(tail, a_crash_at_any_step_counts_every_line_once)
{
    for (int at = 0; at < STEPS; at++) {
        run_script(at % 2, at, false, false);
        run_script(at % 2, at, true, false);
    }
}

TEST(tail, a_crash_at_any_step_with_a_late_start_counts_every_line_once)
{
    for (int at = 1; at < STEPS; at++)
        run_script(at % 2, at, at % 3 == 0, true);
}

STORY(a_commit_that_fails_is_repeated_and_counts_once)
{
    struct err err;
    bench_append(b, "a.log", "1\n");
    bench_turn(b);
    bench_append(b, "a.log", "2\n");
    bench_rename(b, "a.log", "a.log.1");
    bench_append(b, "a.log", "3\n");
    bench_read(b);
    for (int i = 0; i < 3; i++) {
        inputs_save(b->inputs, b->now);
        ck_assert(db_is_dirty(b->db));
        db_rollback(b->db);
    }
    ck_assert(bench_commit(b));
    bench_restart(b);
    bench_turn(b);
    bench_expect(b, "1\n2\n3\n");
    (void)err;
}

/* --- long lines, fairness ---------------------------------------- */

static void append_long(struct bench *b, const char *name, size_t bytes)
{
    char chunk[1 << 16];
    memset(chunk, 'x', sizeof chunk);
    int fd = open(bench_path(b, name), O_WRONLY | O_CREAT | O_APPEND, 0600);
    while (bytes > 0) {
        size_t part = bytes < sizeof chunk ? bytes : sizeof chunk;
        ck_assert_int_eq(write(fd, chunk, part), (ssize_t)part);
        bytes -= part;
    }
    close(fd);
}

STORY(L35_a_long_line_is_cut_and_the_next_one_is_whole)
{
    bench_append(b, "a.log", "before\n");
    append_long(b, "a.log", 100 << 20);
    bench_append(b, "a.log", "\nafter\n");
    bench_turn(b);
    bench_expect(b, "before\n<cut 65536>\nafter\n");
    ck_assert_uint_eq(tally_of(b)->cut_lines, 1);
}

STORY(L36_a_cut_line_is_skipped_over_a_restart)
{
    append_long(b, "a.log", 300000);
    bench_turn(b);
    bench_restart(b);
    append_long(b, "a.log", 300000);
    bench_turn(b);
    bench_append(b, "a.log", "\nafter\n");
    bench_restart(b);
    bench_turn(b);
    bench_expect(b, "<cut 65536>\nafter\n");
}

static void note_small(void *ctx, const struct block *block)
{
    if (slice_equal(block->bytes, SLICE("small\n")))
        ((struct bench *)ctx)->blocks++;
}

STORY(L55_a_large_file_does_not_hold_up_a_small_one)
{
    const struct intake intake = bench_intake(b, note_small);
    append_long(b, "a.log", 40 << 20);
    bench_append(b, "b.log", "small\n");
    bench_pass(b, SECOND_MS);
    b->blocks = 0;
    ck_assert(inputs_read(b->inputs, b->now, &intake));
    ck_assert_uint_le(tally_of(b)->bytes_read,
                      LIMIT_TURN_BYTES + LIMIT_FILE_TURN_BYTES);
    ck_assert_uint_eq(b->blocks, 1);
    ck_assert(!inputs_at_end(b->inputs));
    ck_assert_int_le(inputs_wake_at(b->inputs), b->now.mono_ms);
}

/* --- errors ------------------------------------------------------ */

static int fails_left;

static ssize_t failing_read(void *ctx, int fd, void *into, size_t size, int64_t offset,
                            struct err *err)
{
    struct fs real = fs_real();
    char head[5] = "";
    (void)ctx;
    if (fails_left > 0 && pread(fd, head, 4, 0) == 4 && strcmp(head, "bad\n") == 0) {
        fails_left--;
        err_set(err, ERR_IO, "cannot read: Input/output error");
        return -1;
    }
    /* Short reads, too. */
    return real.read_at(real.ctx, fd, into, size > 3 ? size / 2 : size, offset, err);
}

TEST(tail, L62_an_error_holds_up_one_file_and_passes)
{
    struct bench b;
    bench_init(&b, false);
    b.fs.read_at = failing_read;
    fails_left = 3;
    bench_start(&b);
    bench_turn(&b);
    bench_append(&b, "a.log", "bad\n1\n");
    bench_append(&b, "b.log", "2\n");
    bench_turn(&b);
    bench_expect(&b, "2\n");
    ck_assert_uint_eq(inputs_tally(b.inputs)->unreadable_files, 1);
    bench_turns(&b, 20);
    bench_expect(&b, "bad\n1\n");
    ck_assert_uint_eq(inputs_tally(b.inputs)->unreadable_files, 0);
    bench_clear(&b);
}

static enum err_kind open_error;

static int failing_open(void *ctx, const char *path, struct fs_stat *stat,
                        struct err *err)
{
    struct fs real = fs_real();
    (void)ctx;
    if (open_error != ERR_NONE) {
        err_set(err, open_error, "cannot open '%s': no", path);
        return -1;
    }
    return real.open(real.ctx, path, stat, err);
}

TEST(tail, L25_a_file_that_may_not_be_opened_goes_on_when_it_may)
{
    struct bench b;
    bench_init(&b, false);
    b.fs.open = failing_open;
    bench_start(&b);
    bench_append(&b, "a.log", "1\n");
    bench_turn(&b);
    bench_append(&b, "a.log", "2\n");
    open_error = ERR_DENIED;
    bench_turn(&b);
    bench_restart(&b);
    bench_turns(&b, 3);
    bench_expect(&b, "1\n2\n");
    bench_append(&b, "a.log", "3\n");
    ck_assert_uint_eq(inputs_tally(b.inputs)->unreadable_files, 1);
    open_error = ERR_NONE;
    bench_turns(&b, 70);
    bench_expect(&b, "3\n");
    ck_assert_uint_eq(inputs_tally(b.inputs)->unreadable_files, 0);
    bench_clear(&b);
}

static int list_count;

static bool counting_list(void *ctx, const char *directory,
                          void (*each)(void *each_ctx, const char *name),
                          void *each_ctx, struct err *err)
{
    struct fs real = fs_real();
    (void)ctx;
    list_count++;
    return real.list(real.ctx, directory, each, each_ctx, err);
}

static int open_count, most_open;

static int counting_open(void *ctx, const char *path, struct fs_stat *stat,
                         struct err *err)
{
    struct fs real = fs_real();
    (void)ctx;
    int fd = real.open(real.ctx, path, stat, err);
    open_count += fd >= 0;
    if (open_count > most_open)
        most_open = open_count;
    return fd;
}

static void counting_close(void *ctx, int fd)
{
    struct fs real = fs_real();
    (void)ctx;
    open_count--;
    real.close(real.ctx, fd);
}

TEST(tail, L50_more_files_than_descriptors_lose_nothing)
{
    struct bench b;
    char name[32];
    bench_init(&b, true);
    b.fs.open = counting_open;
    b.fs.close = counting_close;
    bench_start(&b);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 600; i++) {
            snprintf(name, sizeof name, "%d.log", i);
            bench_append(&b, name, "line\n");
        }
        bench_turn(&b);
        ck_assert_uint_eq(b.counted.len, 600 * 5);
        buf_clear(&b.counted);
    }
    ck_assert_int_le(most_open, LIMIT_OPEN_FILES);
    for (int i = 0; i < 600; i++) {
        char rotated[32];
        snprintf(name, sizeof name, "%d.log", i);
        snprintf(rotated, sizeof rotated, "%d.log.1", i);
        bench_append(&b, name, "old\n");
        bench_rename(&b, name, rotated);
        bench_append(&b, name, "new\n");
    }
    bench_turns(&b, 14);
    ck_assert_uint_eq(b.counted.len, 600 * 8);
    ck_assert_uint_eq(inputs_tally(b.inputs)->lost_bytes, 0);
    ck_assert_uint_eq(inputs_tally(b.inputs)->files_watched, 600);
    bench_clear(&b);
    ck_assert_int_eq(open_count, 0);
}

TEST(tail, a_turn_without_hints_between_two_sweeps_looks_at_nothing)
{
    struct bench b;
    bench_init(&b, true);
    b.fs.list = counting_list;
    bench_start(&b);
    bench_append(&b, "a.log", "1\n");
    bench_turn(&b);
    b.configs[0].sweep = HOUR_MS;
    bench_turns(&b, 2);
    int before = list_count;
    bench_turns(&b, 50);
    ck_assert_int_eq(list_count, before);
    ck_assert_int_gt(inputs_wake_at(b.inputs), b.now.mono_ms);
    bench_clear(&b);
}

/* --- sources ----------------------------------------------------- */

TEST(tail, L70_a_file_of_two_sources_belongs_to_the_first)
{
    struct bench b;
    bench_init(&b, true);
    bench_follow(&b, 1, "a.*");
    b.is_attributed = true;
    bench_start(&b);
    bench_append(&b, "a.log", "1\n");
    bench_append(&b, "a.txt", "2\n");
    bench_turn(&b);
    ck_assert_ptr_nonnull(strstr(b.counted.ptr, "app:a.log: 1\n"));
    ck_assert_ptr_nonnull(strstr(b.counted.ptr, "other:a.txt: 2\n"));
    ck_assert_uint_eq(b.blocks, 2);
    bench_clear(&b);
}

STORY(excluded_files_are_not_read)
{
    b->excludes[0].value = SLICE("*debug*");
    b->configs[0].exclude = (struct conf_texts){ b->excludes, 1 };
    bench_append(b, "app-debug.log", "1\n");
    bench_append(b, "app.log", "2\n");
    bench_turn(b);
    bench_expect(b, "2\n");
}

STORY(files_go_on_where_they_were_after_a_reload)
{
    struct conf_blocks blocks = { b->configs, 2 };
    bench_append(b, "a.log", "1\n");
    bench_turn(b);
    bench_append(b, "a.log", "2\n");
    bench_append(b, "old.txt", "old\n");
    struct source_config configs[2] = { b->configs[0], b->configs[0] };
    struct source sources[2] = { b->sources[1], b->sources[0] };
    struct conf_text text = { .value = slice_of(bench_path(b, "*.txt")) };
    configs[0].files = (struct conf_texts){ &text, 1 };
    blocks.items = configs;
    inputs_configure(b->inputs, &(struct inputs_config){ &blocks, sources }, b->now);
    bench_append(b, "old.txt", "new\n");
    bench_turn(b);
    ck_assert_uint_eq(b->counted.len, strlen("1\n2\nnew\n"));
    ck_assert_ptr_nonnull(strstr(b->counted.ptr, "2\n"));
    ck_assert_ptr_nonnull(strstr(b->counted.ptr, "new\n"));
    blocks.items = b->configs;
    blocks.count = 1;
    buf_clear(&b->counted);
    inputs_configure(b->inputs, &(struct inputs_config){ &blocks, b->sources }, b->now);
    bench_append(b, "a.log", "3\n");
    bench_turn(b);
    bench_expect(b, "3\n");
}

TEST(tail, a_renamed_source_goes_on_where_the_old_one_was)
{
    struct bench b;
    bench_init(&b, false);
    bench_start(&b);
    bench_append(&b, "a.log", "1\n");
    bench_turn(&b);
    bench_crash(&b);
    bench_append(&b, "a.log", "2\n");
    b.configs[1].files = b.configs[0].files;
    b.configs[0].files.count = 0;
    b.source_count = 2;
    bench_start(&b);
    bench_turn(&b);
    bench_expect(&b, "1\n2\n");
    bench_clear(&b);
}

TEST(tail, L28_a_folder_made_with_a_file_in_it_is_read)
{
    for (int i = 0; i < 2; i++) {
        struct bench b;
        bench_init(&b, i == 1);
        bench_follow(&b, 0, "logs/*/**/x.log");
        bench_start(&b);
        bench_turn(&b);
        ck_assert_int_eq(mkdir(bench_path(&b, "logs"), 0700), 0);
        bench_turn(&b);
        ck_assert_int_eq(mkdir(bench_path(&b, "logs/web"), 0700), 0);
        bench_append(&b, "logs/web/x.log", "1\n");
        bench_turn(&b);
        ck_assert_int_eq(mkdir(bench_path(&b, "logs/web/deep"), 0700), 0);
        bench_append(&b, "logs/web/deep/x.log", "2\n");
        bench_turn(&b);
        bench_rename(&b, "logs/web", "logs/moved");
        bench_append(&b, "logs/moved/deep/x.log", "3\n");
        bench_turns(&b, 2);
        ck_assert_int_eq(mkdir(bench_path(&b, "logs/web"), 0700), 0);
        bench_append(&b, "logs/web/x.log", "4\n");
        bench_turns(&b, 2);
        bench_expect(&b, "1\n2\n3\n4\n");
        bench_clear(&b);
    }
}

/* --- hints ------------------------------------------------------- */

TEST(tail, L27_hints_alone_find_what_grew_what_is_new_and_what_was_rotated)
{
    struct bench b;
    bench_init(&b, true);
    b.configs[0].sweep = HOUR_MS;
    bench_start(&b);
    bench_turn(&b);
    bench_append(&b, "a.log", "1\n");
    bench_turn(&b);
    bench_expect(&b, "1\n");
    bench_append(&b, "a.log", "2\n");
    bench_turn(&b);
    bench_expect(&b, "2\n");
    bench_append(&b, "a.log", "3\n");
    bench_rename(&b, "a.log", "a.log.1");
    bench_append(&b, "a.log", "4\n");
    bench_append(&b, "a.log.1", "late\n");
    bench_turn(&b);
    bench_expect(&b, "3\nlate\n4\n");
    bench_append(&b, "a.log.1", "later\n");
    bench_turn(&b);
    bench_expect(&b, "later\n");
    bench_clear(&b);
}

TEST(tail, L47_lost_hints_make_everything_be_looked_at)
{
    struct bench b;
    bench_init(&b, true);
    b.configs[0].sweep = HOUR_MS;
    bench_start(&b);
    bench_append(&b, "a.log", "1\n");
    bench_append(&b, "b.log", "1\n");
    bench_turn(&b);
    buf_clear(&b.counted);
    int a = open(bench_path(&b, "a.log"), O_WRONLY | O_APPEND);
    int other = open(bench_path(&b, "b.log"), O_WRONLY | O_APPEND);
    size_t sum = 0;
    for (int i = 0; i < 10000; i++, sum += 4) {
        ck_assert_int_eq(write(a, "2\n", 2), 2);
        ck_assert_int_eq(write(other, "2\n", 2), 2);
    }
    close(a);
    close(other);
    bench_rename(&b, "a.log", "a.log.1");
    bench_append(&b, "a.log", "3\n");
    bench_turns(&b, 3);
    ck_assert_uint_eq(b.counted.len, sum + 2);
    bench_clear(&b);
}
