/** Patterns that match more than can be looked at. */
#include "agent/inputs/scan.h"

#include "agent/base/limits.h"
#include "bench.h"

/* A folder of as many files as one wants. */
struct crowd {
    int names;
    uint64_t files, folders;
};

static bool list(void *ctx, const char *directory,
                 void (*each)(void *each_ctx, const char *name), void *each_ctx,
                 struct err *err)
{
    const struct crowd *crowd = ctx;
    char name[32];
    (void)directory;
    (void)err;
    for (int i = 0; i < crowd->names; i++) {
        snprintf(name, sizeof name, "%d.log", i);
        each(each_ctx, name);
    }
    return true;
}

static bool stat_nothing(void *ctx, const char *path, struct fs_stat *stat,
                         struct err *err)
{
    (void)ctx;
    (void)path;
    *stat = (struct fs_stat){ .is_regular = true };
    (void)err;
    return true;
}

static void see_folder(void *ctx, const char *path)
{
    struct crowd *crowd = ctx;
    (void)path;
    crowd->folders++;
}

static void see_file(void *ctx, const char *path)
{
    struct crowd *crowd = ctx;
    (void)path;
    crowd->files++;
}

static bool walk(struct crowd *crowd, const char *pattern)
{
    const struct fs fs = { .list = list, .stat = stat_nothing, .ctx = crowd };
    const struct scan_visitor visitor = { see_folder, see_file, crowd };
    return scan_walk(&fs, slice_of(pattern), &visitor);
}

TEST(scan, C19_a_million_names_are_looked_at_and_not_one_more)
{
    struct crowd crowd = { .names = LIMIT_SCAN_ENTRIES };
    ck_assert(walk(&crowd, "/var/log/*.log"));
    ck_assert_uint_eq(crowd.files, LIMIT_SCAN_ENTRIES);
    crowd = (struct crowd){ .names = LIMIT_SCAN_ENTRIES + 500000 };
    ck_assert(!walk(&crowd, "/var/log/*.log"));
    ck_assert_uint_eq(crowd.files, LIMIT_SCAN_ENTRIES);
    ck_assert_uint_eq(crowd.folders, 1);
    crowd = (struct crowd){ .names = LIMIT_SCAN_ENTRIES + 500000 };
    ck_assert(!walk(&crowd, "/**"));
    ck_assert_uint_le(crowd.files, LIMIT_SCAN_ENTRIES);
}

/* Two more files than are followed, and again at the next look. */
TEST(scan, C19_files_past_the_bound_are_one_line_of_the_log_with_their_count)
{
    struct bench b;
    char name[32];
    bench_init(&b, false);
    for (int i = 0; i < LIMIT_WATCHED_FILES + 2; i++) {
        snprintf(name, sizeof name, "%d.log", i);
        bench_append(&b, name, "");
    }
    bench_start(&b);
    bench_turn(&b);
    const struct inputs_tally *tally = inputs_tally(b.inputs);
    ck_assert_uint_eq(tally->files_watched, LIMIT_WATCHED_FILES);
    ck_assert_uint_eq(tally->refused_files, 2);
    bench_append(&b, "more.log", "line\n");
    bench_turns(&b, 3);
    ck_assert_uint_eq(inputs_tally(b.inputs)->refused_files, 3);
    const char *told = strstr(bench_text(&b.told), "10000 files are followed already, "
                                                   "and 2 more match");
    ck_assert_msg(told != NULL, "%s", bench_text(&b.told));
    ck_assert_msg(!strstr(told + 20, "are followed already"), "%s",
                  bench_text(&b.told));
    bench_clear(&b);
}
