/** Landlock and seccomp. Each test is a process of its own and may give things up. */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/base/landlock.h"
#include "agent/base/seccomp.h"
#include "agent/sandbox_calls.h"
#include "test.h"

static char path[4200];

static const char *in(const char *folder, const char *name)
{
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static const char *file_with(const char *folder, const char *name)
{
    FILE *out = fopen(in(folder, name), "w");
    ck_assert_ptr_nonnull(out);
    fputs("x", out);
    fclose(out);
    return path;
}

static int opens(const char *name, int flags)
{
    int fd = open(name, flags, 0600);
    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

static void shut_around(const char *folder, unsigned rights)
{
    struct landlock fence;
    struct err err = { 0 };
    ck_assert_msg(landlock_begin(&fence, true, &err), "%s", err.text);
    ck_assert_msg(landlock_allow(&fence, folder, rights, &err), "%s", err.text);
    ck_assert_msg(landlock_shut(&fence, &err), "%s", err.text);
    landlock_clear(&fence);
}

TEST(fences, outside_of_the_fence_nothing_is_opened_and_inside_only_what_is_allowed)
{
    const char *inside = unit_test_folder(), *outside = unit_test_folder();
    if (landlock_abi() == 0)
        SKIP_TEST("this kernel has no Landlock");
    file_with(inside, "a");
    file_with(outside, "b");
    shut_around(inside, LANDLOCK_READ);
    ck_assert_int_eq(opens(in(inside, "a"), O_RDONLY), 0);
    ck_assert_int_eq(opens(in(inside, "a"), O_WRONLY), EACCES);
    ck_assert_int_eq(opens(in(inside, "new"), O_WRONLY | O_CREAT), EACCES);
    ck_assert_int_eq(opens(in(outside, "b"), O_RDONLY), EACCES);
    ck_assert_int_eq(opens(outside, O_RDONLY | O_DIRECTORY), EACCES);
}

TEST(fences, where_writing_is_allowed_files_are_made_changed_moved_and_removed)
{
    const char *inside = unit_test_folder();
    char from[4200], to[4200];
    if (landlock_abi() < 2)
        SKIP_TEST("this kernel's Landlock does not let files move between folders");
    shut_around(inside, LANDLOCK_WRITE);
    ck_assert_int_eq(mkdir(in(inside, "tmp"), 0700), 0);
    ck_assert_int_eq(mkdir(in(inside, "new"), 0700), 0);
    snprintf(from, sizeof from, "%s", file_with(inside, "tmp/mail"));
    snprintf(to, sizeof to, "%s", in(inside, "new/mail"));
    ck_assert_int_eq(rename(from, to), 0);
    ck_assert_int_eq(truncate(to, 0), 0);
    ck_assert_int_eq(unlink(to), 0);
}

TEST(fences, a_path_that_is_not_there_gets_no_rule)
{
    struct landlock fence;
    struct err err = { 0 };
    if (landlock_abi() == 0)
        SKIP_TEST("this kernel has no Landlock");
    ck_assert(landlock_begin(&fence, true, &err));
    ck_assert(!landlock_allow(&fence, "/nowhere/at/all", LANDLOCK_READ, &err));
    ck_assert_int_eq(err.kind, ERR_MISSING);
    landlock_clear(&fence);
}

TEST(fences, a_call_that_is_not_on_the_list_fails_and_one_from_the_future_is_unknown)
{
    struct seccomp_row rows[SECCOMP_ROWS_MAX];
    struct err err = { 0 };
    if (!seccomp_is_there())
        SKIP_TEST("this kernel has no seccomp filter");
    ck_assert_msg(seccomp_shut(rows, sandbox_calls_of(SANDBOX_AGENT, false, rows),
                               &err),
                  "%s", err.text);
    ck_assert_int_eq(fork(), -1);
    ck_assert_int_eq(errno, EPERM);
    ck_assert_int_eq(syscall(SYS_execve, "/bin/true", NULL, NULL), -1);
    ck_assert_int_eq(errno, EPERM);
    ck_assert_int_eq(syscall(SECCOMP_LAST_KNOWN + 1), -1);
    ck_assert_int_eq(errno, ENOSYS);
    ck_assert_int_gt(getpid(), 0);
}

TEST(fences, a_call_is_judged_by_its_argument_and_other_rows_go_on_behind_it)
{
    static const struct seccomp_row rows[] = {
        { SYS_socket, 0, UINT32_MAX, AF_UNIX },
        { SYS_socket, 1, 0xf, SOCK_DGRAM },
        { SYS_write, 0, 0, 0 },
        { SYS_close, 0, 0, 0 },
        { SYS_exit_group, 0, 0, 0 },
        { SYS_openat, 0, 0, 0 },
        { SYS_newfstatat, 0, 0, 0 },
        { SYS_futex, 0, 0, 0 },
        { SYS_getpid, 0, 0, 0 },
        { SYS_kill, 0, 0, 0 },
        { SYS_munmap, 0, 0, 0 },
        { SYS_mmap, 0, 0, 0 },
        { SYS_fstat, 0, 0, 0 },
        { SYS_lseek, 0, 0, 0 },
        { SYS_fcntl, 0, 0, 0 },
        { SYS_rt_sigprocmask, 0, 0, 0 },
    };
    struct err err = { 0 };
    if (!seccomp_is_there())
        SKIP_TEST("this kernel has no seccomp filter");
    ck_assert(seccomp_shut(rows, sizeof rows / sizeof *rows, &err));
    ck_assert_int_ge(socket(AF_UNIX, SOCK_STREAM, 0), 0);
    ck_assert_int_ge(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), 0);
    ck_assert_int_eq(socket(AF_INET, SOCK_STREAM, 0), -1);
    ck_assert_int_eq(errno, EPERM);
}
