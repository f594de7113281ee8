/** Generations that were compressed before they were read (shared/facts/faults.md L09,
 *  L11). */
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/base/limits.h"
#include "agent/inputs/unpack.h"
#include "bench.h"

static const struct packer {
    const char *program, *ending;
} gzip = { "gzip", ".gz" }, zstd = { "zstd", ".zst" };

static bool can_pack(const struct packer *packer)
{
    char path[64];
    snprintf(path, sizeof path, "/usr/bin/%s", packer->program);
    return unpack_knows(slice_of(packer->ending)) &&
           (access(path, X_OK) == 0 || access(path + 4, X_OK) == 0);
}

/** As logrotate does: the archive takes the place of the file. */
static void pack(struct bench *b, const struct packer *packer, const char *name)
{
    int status;
    pid_t pid;
    extern char **environ;
    char program[8], options[] = "-qf", path[PATH_MAX];
    char *argv[] = { program, options, path, NULL };
    snprintf(program, sizeof program, "%s", packer->program);
    snprintf(path, sizeof path, "%s", bench_path(b, name));
    ck_assert_int_eq(posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ), 0);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    if (packer == &zstd)
        bench_remove(b, name);
}

static void with_archives(const struct packer *packer,
                          void (*story)(struct bench *b, const struct packer *packer))
{
    if (!can_pack(packer))
        SKIP_TEST("the program or the library of the archive is not there");
    for (int i = 0; i < 2; i++) {
        struct bench b;
        bench_init(&b, i == 1);
        b.configs[0].archives = true;
        bench_start(&b);
        bench_turn(&b);
        story(&b, packer);
        bench_clear(&b);
    }
}

#define ARCHIVE_STORY(name)                                                 \
    static void name##_story(struct bench *b, const struct packer *packer); \
    TEST(archives, name##_gzip)                                             \
    {                                                                       \
        with_archives(&gzip, name##_story);                                 \
    }                                                                       \
    TEST(archives, name##_zstd)                                             \
    {                                                                       \
        with_archives(&zstd, name##_story);                                 \
    }                                                                       \
    static void name##_story(struct bench *b, const struct packer *packer)

static const char *in_archive(const struct packer *packer, int age)
{
    static char names[8][32];
    snprintf(names[age], sizeof names[age], "a.log.%d%s", age, packer->ending);
    return names[age];
}

ARCHIVE_STORY(L09_what_was_compressed_while_down_is_finished_in_its_archive)
{
    bench_append(b, "a.log", "one\ntwo\n");
    bench_turn(b);
    bench_crash(b);
    bench_append(b, "a.log", "three\n");
    bench_rename(b, "a.log", "a.log.1");
    pack(b, packer, "a.log.1");
    bench_append(b, "a.log", "four\n");
    bench_start(b);
    bench_turns(b, 13);
    bench_expect(b, "one\ntwo\nthree\nfour\n");
    ck_assert_str_eq(bench_text(&b->reported), "");
    ck_assert_int_eq(bench_sum(b, "read"), 19);
    ck_assert_int_eq(bench_sum(b, "appeared"), 19);
    bench_restart(b);
    bench_turns(b, 2);
    bench_expect(b, "");
}

ARCHIVE_STORY(L11_generations_in_archives_are_read_oldest_first)
{
    bench_append(b, "a.log", "one\n");
    bench_turn(b);
    bench_crash(b);
    bench_append(b, "a.log", "two\n");
    bench_rename(b, "a.log", "a.log.3");
    pack(b, packer, "a.log.3");
    bench_append(b, "a.log", "three\n");
    bench_rename(b, "a.log", "a.log.2");
    pack(b, packer, "a.log.2");
    bench_append(b, "a.log", "four\n");
    bench_rename(b, "a.log", "a.log.1");
    bench_append(b, "a.log", "five\n");
    bench_start(b);
    bench_turns(b, 13);
    bench_expect(b, "one\ntwo\nthree\nfour\nfive\n");
    ck_assert_str_eq(bench_text(&b->reported), "");
}

/** More than a turn unpacks, with numbered lines. @return its length. */
static int64_t write_much(struct bench *b, const char *name, int first, int count)
{
    int64_t sum = 0;
    FILE *out = fopen(bench_path(b, name), "a");
    ck_assert_ptr_nonnull(out);
    for (int i = first; i < first + count; i++)
        sum += fprintf(out, "%08d %064d\n", i, i);
    fclose(out);
    return sum;
}

static int count_lines(struct bench *b)
{
    int count = 0;
    struct slice rest = buf_slice(&b->counted), line;
    while (slice_next(&rest, '\n', &line)) {
        int64_t number = -1;
        ck_assert(slice_to_int(slice_make(line.ptr, 8), &number));
        ck_assert_int_eq(number, count);
        count++;
    }
    return count;
}

ARCHIVE_STORY(L09_a_large_archive_is_read_over_turns_and_crashes_each_line_once)
{
    const int first = 100000, all = 300000; /* 7 MB, 22 MB */
    write_much(b, "a.log", 0, first);
    bench_turn(b);
    bench_crash(b);
    write_much(b, "a.log", first, all - first);
    bench_rename(b, "a.log", "a.log.1");
    pack(b, packer, "a.log.1");
    bench_append(b, "a.log", "");
    for (int i = 0; i < 4; i++) {
        bench_start(b);
        bench_glance(b);
        bench_glance(b);
        ck_assert(bench_commit(b));
        bench_glance(b);
        bench_crash(b);
    }
    bench_start(b);
    bench_turns(b, 13);
    ck_assert_int_eq(count_lines(b), all);
    ck_assert_str_eq(bench_text(&b->reported), "");
}

ARCHIVE_STORY(an_archive_that_moves_on_while_it_is_unread_is_found_again)
{
    bench_append(b, "a.log", "one\n");
    bench_turn(b);
    bench_crash(b);
    bench_append(b, "a.log", "two\n");
    bench_rename(b, "a.log", "a.log.1");
    pack(b, packer, "a.log.1");
    bench_append(b, "a.log", "three\n");
    bench_start(b);
    bench_crash(b);
    char name[32];
    snprintf(name, sizeof name, "%s", in_archive(packer, 1));
    bench_rename(b, name, in_archive(packer, 2));
    bench_rename(b, "a.log", "a.log.1");
    bench_append(b, "a.log", "four\n");
    bench_start(b);
    bench_turns(b, 13);
    bench_expect(b, "one\ntwo\nthree\nfour\n");
}

ARCHIVE_STORY(an_archive_of_older_lines_is_not_read)
{
    const struct timespec times[2] = { { .tv_sec = 1600000000 },
                                       { .tv_sec = 1600000000 } };
    bench_append(b, "a.log", "one\ntwo\n");
    bench_turn(b);
    bench_crash(b);
    bench_append(b, "a.log.1", "another\n");
    pack(b, packer, "a.log.1");
    ck_assert_int_eq(utimensat(AT_FDCWD, bench_path(b, in_archive(packer, 1)), times,
                               0),
                     0);
    bench_remove(b, "a.log");
    bench_append(b, "a.log", "three\n");
    bench_start(b);
    bench_turns(b, 13);
    bench_expect(b, "one\ntwo\nthree\n");
    ck_assert_ptr_nonnull(strstr(bench_text(&b->reported), "lost-rotated-away"));
}

ARCHIVE_STORY(an_archive_that_is_cut_short_gives_what_it_has_and_is_a_loss)
{
    const int all = 100000;
    struct stat stat_before;
    write_much(b, "a.log", 0, 10);
    bench_turn(b);
    bench_crash(b);
    write_much(b, "a.log", 10, all - 10);
    bench_rename(b, "a.log", "a.log.1");
    pack(b, packer, "a.log.1");
    ck_assert_int_eq(stat(bench_path(b, in_archive(packer, 1)), &stat_before), 0);
    bench_truncate(b, in_archive(packer, 1), stat_before.st_size / 2);
    bench_append(b, "a.log", "");
    /* Behind the time in which it may still be written. */
    b->now.unix_ms = (int64_t)stat_before.st_mtime * 1000 + HOUR_MS;
    bench_start(b);
    bench_turns(b, 13);
    int count = count_lines(b);
    ck_assert_int_gt(count, 10);
    ck_assert_int_lt(count, all);
    ck_assert_ptr_nonnull(strstr(bench_text(&b->reported), "lost-archive-broken"));
    bench_append(b, "a.log", "next\n");
    buf_clear(&b->counted);
    bench_turn(b);
    bench_expect(b, "next\n");
}

ARCHIVE_STORY(an_archive_that_is_still_written_is_waited_for)
{
    bench_append(b, "a.log", "one\n");
    bench_turn(b);
    bench_crash(b);
    write_much(b, "a.log", 0, 100000);
    bench_rename(b, "a.log", "a.log.1");
    pack(b, packer, "a.log.1");
    bench_copy(b, in_archive(packer, 1), "whole");
    struct stat now;
    ck_assert_int_eq(stat(bench_path(b, "whole"), &now), 0);
    bench_truncate(b, in_archive(packer, 1), now.st_size / 2);
    b->now.unix_ms = (int64_t)now.st_mtime * 1000;
    bench_append(b, "a.log", "end\n");
    bench_start(b);
    bench_turns(b, 5);
    bench_copy(b, "whole", in_archive(packer, 1));
    bench_turns(b, 30);
    ck_assert_str_eq(bench_text(&b->reported), "");
    ck_assert_int_eq(bench_sum(b, "read"), 4 + 4 + 100000 * 74);
}

ARCHIVE_STORY(L09_without_archives_the_loss_is_told_with_its_size)
{
    b->configs[0].archives = false;
    bench_append(b, "a.log", "one\ntwo\n");
    bench_turn(b);
    bench_crash(b);
    bench_append(b, "a.log", "three\n");
    bench_rename(b, "a.log", "a.log.1");
    pack(b, packer, "a.log.1");
    bench_append(b, "a.log", "four\n");
    bench_start(b);
    bench_turns(b, 13);
    bench_expect(b, "one\ntwo\nfour\n");
    ck_assert_ptr_nonnull(strstr(bench_text(&b->reported), "lost-compressed"));
    ck_assert_int_eq(bench_sum(b, "compressed\":{\"bytes"), 6);
}

ARCHIVE_STORY(what_was_read_to_its_end_before_it_was_compressed_is_no_loss)
{
    b->configs[0].archives = false;
    bench_append(b, "a.log", "one\n");
    bench_turn(b);
    bench_rename(b, "a.log", "a.log.1");
    bench_append(b, "a.log", "two\n");
    bench_turn(b);
    bench_crash(b);
    pack(b, packer, "a.log.1");
    bench_start(b);
    bench_turns(b, 13);
    bench_expect(b, "one\ntwo\n");
    ck_assert_str_eq(bench_text(&b->reported), "");
}

/** Two rotations between two looks: what lay between is in an archive already. */
static void rotate_twice(struct bench *b, const struct packer *packer)
{
    bench_append(b, "a.log", "one\n");
    bench_turn(b);
    bench_rename(b, "a.log", "a.log.1");
    pack(b, packer, "a.log.1");
    bench_append(b, "a.log", "two\n");
    bench_rename(b, "a.log", "a.log.1");
    pack(b, packer, "a.log.1");
    bench_append(b, "a.log", "three\n");
    bench_turns(b, 13);
}

ARCHIVE_STORY(L09_a_generation_that_nobody_saw_is_read_in_its_archive)
{
    rotate_twice(b, packer);
    bench_expect(b, "one\ntwo\nthree\n");
    ck_assert_str_eq(bench_text(&b->reported), "");
}

ARCHIVE_STORY(L09_a_generation_that_nobody_saw_is_a_loss_without_archives)
{
    b->configs[0].archives = false;
    rotate_twice(b, packer);
    bench_expect(b, "one\nthree\n");
    ck_assert_ptr_nonnull(strstr(bench_text(&b->reported), "lost-compressed"));
}

/* --- the stream alone ------------------------------------------------------------- */

static struct unpack *open_archive(struct bench *b, const struct fs *fs,
                                   const char *name, int *fd)
{
    *fd = open(bench_path(b, name), O_RDONLY);
    ck_assert_int_ge(*fd, 0);
    struct unpack *unpack = unpack_open(fs, *fd, slice_of(name));
    unpack_allow(unpack, 1 << 30);
    return unpack;
}

static void a_bomb(struct bench *b, const struct packer *packer)
{
    int fd;
    char byte;
    struct err err;
    struct fs fs = fs_real();
    bench_append(b, "bomb", "");
    bench_truncate(b, "bomb", 512 << 20);
    pack(b, packer, "bomb");
    char name[16];
    snprintf(name, sizeof name, "bomb%s", packer->ending);
    struct unpack *unpack = open_archive(b, &fs, name, &fd);
    ck_assert_int_eq(unpack_read_at(unpack, &byte, 1, 500 << 20, &err), -1);
    ck_assert_int_eq(err.kind, ERR_FULL);
    unpack_close(unpack);
    close(fd);
}

TEST(archives, a_bomb_is_given_up)
{
    struct bench b;
    if (!can_pack(&zstd))
        SKIP_TEST("zstd, whose archives can grow past all bounds, is not there");
    bench_init(&b, true);
    a_bomb(&b, &zstd);
    bench_clear(&b);
}

static void expect_failure(struct bench *b, const char *name, enum err_kind kind)
{
    int fd;
    char bytes[64];
    struct err err = { 0 };
    struct fs fs = fs_real();
    struct unpack *unpack = open_archive(b, &fs, name, &fd);
    ck_assert_int_eq(unpack_read_at(unpack, bytes, sizeof bytes, 0, &err), -1);
    ck_assert_int_eq(err.kind, kind);
    unpack_close(unpack);
    close(fd);
}

TEST(archives, what_is_no_archive_is_refused)
{
    struct bench b;
    if (!can_pack(&gzip))
        SKIP_TEST("gzip or zlib is not there");
    bench_init(&b, true);
    bench_append(&b, "text.gz",
                 "this is no archive at all, but it has the name of one");
    bench_append(&b, "empty.gz", "");
    expect_failure(&b, "text.gz", ERR_INVALID);
    expect_failure(&b, "empty.gz", ERR_INVALID);
    bench_clear(&b);
}

TEST(archives, looking_back_begins_anew_and_gives_the_same_bytes)
{
    int fd;
    struct bench b;
    struct err err;
    struct fs fs = fs_real();
    char far_away[17] = "", near[17] = "";
    if (!can_pack(&gzip))
        SKIP_TEST("gzip or zlib is not there");
    bench_init(&b, true);
    write_much(&b, "a", 0, 50000);
    pack(&b, &gzip, "a");
    struct unpack *unpack = open_archive(&b, &fs, "a.gz", &fd);
    ck_assert_int_eq(unpack_read_at(unpack, near, 16, 74 * 2, &err), 16);
    ck_assert_int_eq(unpack_read_at(unpack, far_away, 16, 74 * 40000, &err), 16);
    ck_assert_str_eq(near, "00000002 0000000");
    ck_assert_str_eq(far_away, "00040000 0000000");
    ck_assert_int_eq(unpack_read_at(unpack, near, 16, 74 * 3, &err), 16);
    ck_assert_str_eq(near, "00000003 0000000");
    unpack_allow(unpack, 1000);
    ck_assert_int_eq(unpack_read_at(unpack, near, 16, 74 * 40000, &err), -1);
    ck_assert_int_eq(err.kind, ERR_BUSY);
    unpack_close(unpack);
    close(fd);
    bench_clear(&b);
}
