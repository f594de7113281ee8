/** The sweep over very many files: the calm ones take turns, and none is left out. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"

enum { FILES = 600, SHARES = 3 }; /* one for each 250 files, begun ones as well */

static int looks;

static bool counted_stat(void *ctx, const char *path, struct fs_stat *stat,
                         struct err *err)
{
    looks++;
    return fs_real().stat(ctx, path, stat, err);
}

/** Of source "other" when @index is even, else of "app". */
static const char *file_name(char *into, size_t size, int index)
{
    snprintf(into, size, "%d.%s", index, index % 2 == 0 ? "other" : "log");
    return into;
}

static void init(struct bench *b)
{
    bench_init(b, true);
    bench_follow(b, 1, "*.other");
    b->fs.stat = counted_stat;
}

/** FILES files with a line each, read, and then silent for longer than a minute. */
static void grow_calm(struct bench *b)
{
    char name[32];
    int other_turns = (int)(b->configs[1].sweep / SECOND_MS);
    bench_start(b);
    for (int i = 0; i < FILES; i++)
        bench_append(b, file_name(name, sizeof name, i), "1\n");
    bench_turns(b, 62 + 2 * other_turns);
    buf_clear(&b->counted);
}

/** Write into file @index what inotify does not tell. */
static void write_unseen(struct bench *b, int index)
{
    char name[32];
    int fd = open(bench_path(b, file_name(name, sizeof name, index)), O_RDWR);
    char *bytes = mmap(NULL, 2, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ck_assert(bytes != MAP_FAILED);
    bench_tick(b);
    memcpy(bytes, "2\n", 2);
    ck_assert_int_eq(msync(bytes, 2, MS_SYNC), 0);
    munmap(bytes, 2);
    close(fd);
}

/** A file that was rewritten in place is read again from its beginning: once each. */
static void expect_all_found(struct bench *b, int files)
{
    ck_assert_msg(b->counted.len == (size_t)files * 2, "%zu of %d files: %s",
                  b->counted.len / 2, files, bench_text(&b->counted));
}

TEST(tail, L46_in_a_round_of_sweeps_each_calm_file_is_looked_at_once)
{
    struct bench b;
    init(&b);
    grow_calm(&b);
    looks = 0;
    bench_turns(&b, SHARES);
    ck_assert_int_ge(looks, FILES);
    ck_assert_int_lt(looks, FILES + 50); /* and the folder, and the paths of sources */
    for (int i = 0; i < FILES; i += 25)
        write_unseen(&b, i);
    bench_turns(&b, SHARES);
    expect_all_found(&b, FILES / 25);
    bench_clear(&b);
}

TEST(tail,
     L46_a_calm_file_is_looked_at_too_where_its_source_sweeps_in_step_with_the_turns)
{
    struct bench b;
    init(&b);
    b.configs[1].sweep = SHARES * SECOND_MS;
    grow_calm(&b);
    for (int i = 0; i < FILES; i += 25)
        write_unseen(&b, i);
    bench_turns(&b, 2 * SHARES);
    expect_all_found(&b, FILES / 25);
    bench_clear(&b);
}

TEST(tail, L46_a_calm_file_is_found_by_its_event_at_once)
{
    struct bench b;
    init(&b);
    grow_calm(&b);
    for (int i = 0; i < FILES; i += 25) {
        char name[32];
        bench_append(&b, file_name(name, sizeof name, i), "2\n");
    }
    bench_step(&b); /* no time passes: nothing is due */
    bench_commit(&b);
    expect_all_found(&b, FILES / 25);
    bench_clear(&b);
}

TEST(tail, L27_a_folder_that_is_not_there_costs_no_look_at_what_lies_elsewhere)
{
    struct bench b;
    init(&b);
    struct conf_text patterns[] = {
        b.patterns[0], { .value = slice_of(bench_path(&b, "new/*.log")) }
    };
    b.configs[0].files = (struct conf_texts){ patterns, 2 };
    grow_calm(&b);
    looks = 0;
    bench_turns(&b, SHARES);
    ck_assert_int_lt(looks, FILES + 50);
    ck_assert_int_eq(mkdir(bench_path(&b, "new"), 0700), 0);
    bench_append(&b, "new/1.log", "1\n");
    bench_turn(&b);
    bench_expect(&b, "1\n");
    bench_append(&b, "new/1.log", "2\n");
    bench_step(&b); /* it is watched by now */
    bench_commit(&b);
    bench_expect(&b, "2\n");
    bench_clear(&b);
}
