/** The kernel's file system: what is refused, and what a file is known by. */
#include "agent/base/fs.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

static char *path_in(const char *folder, const char *name)
{
    static char paths[16][PATH_MAX];
    static size_t used;
    ck_assert_uint_lt(used, 16);
    char *path = paths[used++];
    snprintf(path, PATH_MAX, "%s/%s", folder, name);
    return path;
}

static char *file_in(const char *folder, const char *name, const char *text)
{
    char *path = path_in(folder, name);
    FILE *out = fopen(path, "w");
    ck_assert_ptr_nonnull(out);
    fputs(text, out);
    fclose(out);
    return path;
}

static enum err_kind open_fails_with(const char *path)
{
    struct err err = { 0 };
    struct fs_stat stat;
    struct fs fs = fs_real();
    ck_assert_int_eq(fs.open(fs.ctx, path, &stat, &err), -1);
    ck_assert_str_ne(err.text, "");
    return err.kind;
}

TEST(fs, L22_L23_L24_only_regular_files_are_opened_and_nothing_blocks)
{
    const char *folder = unit_test_folder();
    char *fifo = path_in(folder, "fifo");
    ck_assert_int_eq(mkfifo(fifo, 0600), 0);
    char *link = path_in(folder, "zero");
    ck_assert_int_eq(symlink("/dev/zero", link), 0);
    ck_assert_int_eq(open_fails_with(folder), ERR_INVALID);
    ck_assert_int_eq(open_fails_with(fifo), ERR_INVALID);
    ck_assert_int_eq(open_fails_with(link), ERR_INVALID);
    ck_assert_int_eq(open_fails_with(path_in(folder, "none")), ERR_MISSING);
}

TEST(fs, L18_a_dangling_or_looping_link_is_an_error_and_nothing_more)
{
    const char *folder = unit_test_folder();
    char *dangling = path_in(folder, "dangling"), *loop = path_in(folder, "loop");
    ck_assert_int_eq(symlink("nowhere", dangling), 0);
    ck_assert_int_eq(symlink("loop", loop), 0);
    ck_assert_int_eq(open_fails_with(dangling), ERR_MISSING);
    ck_assert_int_eq(open_fails_with(loop), ERR_IO);
}

TEST(fs, an_honest_link_is_followed_through_folders_and_dots)
{
    const char *folder = unit_test_folder();
    char *real = path_in(folder, "real");
    ck_assert_int_eq(mkdir(real, 0700), 0);
    file_in(real, "app.log", "text");
    ck_assert_int_eq(symlink("./real/../real/", path_in(folder, "way")), 0);
    ck_assert_int_eq(symlink("way/app.log", path_in(folder, "app.log")), 0);
    struct err err;
    struct fs_stat stat;
    struct fs fs = fs_real();
    char text[8];
    int fd = fs.open(fs.ctx, path_in(folder, "app.log"), &stat, &err);
    ck_assert_int_ge(fd, 0);
    ck_assert(stat.is_symlink);
    ck_assert_int_eq(fs.read_at(fs.ctx, fd, text, sizeof text, 1, &err), 3);
    ck_assert_mem_eq(text, "ext", 3);
    fs.close(fs.ctx, fd);
}

TEST(fs, L19_a_foreign_link_to_a_file_of_another_user_is_refused)
{
    if (geteuid() != 0)
        SKIP_TEST("L19: only root can make a link that belongs to somebody else");
    const char *folder = unit_test_folder();
    char *own = file_in(folder, "own.log", "fine"), *link = path_in(folder, "link");
    char *shadow = path_in(folder, "shadow");
    ck_assert_int_eq(chown(own, 1234, 1234), 0);
    ck_assert_int_eq(symlink(own, link), 0);
    ck_assert_int_eq(symlink("/etc/passwd", shadow), 0);
    ck_assert_int_eq(lchown(link, 1234, 1234), 0);
    ck_assert_int_eq(lchown(shadow, 1234, 1234), 0);
    struct err err;
    struct fs_stat stat;
    struct fs fs = fs_real();
    ck_assert_int_eq(open_fails_with(shadow), ERR_DENIED);
    int fd = fs.open(fs.ctx, link, &stat, &err);
    ck_assert_int_ge(fd, 0);
    fs.close(fs.ctx, fd);
}

TEST(fs, L13_a_file_made_anew_is_known_to_be_another_one)
{
    struct err err;
    struct fs_stat before, after;
    struct fs fs = fs_real();
    char *path = file_in(unit_test_folder(), "a.log", "same");
    int fd = fs.open(fs.ctx, path, &before, &err);
    fs.close(fs.ctx, fd);
    ck_assert_int_eq(unlink(path), 0);
    FILE *out = fopen(path, "w");
    fputs("same", out);
    fclose(out);
    fd = fs.open(fs.ctx, path, &after, &err);
    fs.close(fs.ctx, fd);
    if (before.generation == 0 && before.birth == 0)
        SKIP_TEST("L13: this file system tells neither generation nor birth time");
    ck_assert(before.inode != after.inode || before.birth != after.birth ||
              before.generation != after.generation);
}

TEST(fs, L06_the_data_behind_a_hole_is_found_at_once)
{
    struct err err;
    struct fs_stat stat;
    struct fs fs = fs_real();
    char *path = file_in(unit_test_folder(), "a.log", "");
    int out = open(path, O_WRONLY);
    off_t size = (off_t)1 << 32;
    ck_assert_int_eq(ftruncate(out, size), 0);
    int fd = fs.open(fs.ctx, path, &stat, &err);
    ck_assert_int_eq(fs.next_data(fs.ctx, fd, 100), size);
    ck_assert_int_eq(pwrite(out, "x\n", 2, size), 2);
    ck_assert_int_eq(fs.next_data(fs.ctx, fd, 100), size);
    ck_assert_int_eq(fs.next_data(fs.ctx, fd, size + 1), size + 1);
    fs.close(fs.ctx, fd);
    close(out);
}

static void count_name(void *ctx, const char *name)
{
    (void)name;
    ++*(int *)ctx;
}

TEST(fs, a_listing_leaves_out_the_two_dots)
{
    int count = 0;
    struct err err;
    struct fs fs = fs_real();
    const char *folder = unit_test_folder();
    file_in(folder, ".hidden", "");
    file_in(folder, "shown", "");
    ck_assert(fs.list(fs.ctx, folder, count_name, &count, &err));
    ck_assert_int_eq(count, 2);
    ck_assert(!fs.list(fs.ctx, path_in(folder, "none"), count_name, &count, &err));
    ck_assert_int_eq(err.kind, ERR_MISSING);
}
