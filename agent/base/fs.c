/**
 * The kernel's file system behind the seam. A path without symbolic links, which is
 * nearly every path, costs one openat2(2); where there are links, the path is walked
 * piece by piece with descriptors, so that nobody can swap a link between the check and
 * the open.
 */
#include "agent/base/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum {
    OPEN_FLAGS = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
    MAX_LINKS = 40, /* as the kernel: path_resolution(7) */
};

static bool stat_fill(int dir, const char *path, int flags, struct fs_stat *stat)
{
    struct statx x;
    if (statx(dir, path, flags, STATX_BASIC_STATS | STATX_BTIME, &x) != 0)
        return false;
    *stat = (struct fs_stat){
        .device = makedev(x.stx_dev_major, x.stx_dev_minor),
        .inode = x.stx_ino,
        .size_bytes = (int64_t)x.stx_size,
        .modified_ns = x.stx_mtime.tv_sec * INT64_C(1000000000) + x.stx_mtime.tv_nsec,
        .owner_uid = x.stx_uid,
        .is_regular = S_ISREG(x.stx_mode),
        .is_directory = S_ISDIR(x.stx_mode),
    };
    if (x.stx_mask & STATX_BTIME)
        stat->birth =
            (uint64_t)x.stx_btime.tv_sec * UINT64_C(1000000000) + x.stx_btime.tv_nsec;
    return true;
}

static bool real_stat(void *ctx, const char *path, struct fs_stat *stat,
                      struct err *err)
{
    (void)ctx;
    if (!stat_fill(AT_FDCWD, path, 0, stat))
        return err_set_errno(err, "cannot look at '%s'", path);
    return true;
}

static bool real_fstat(void *ctx, int fd, struct fs_stat *stat, struct err *err)
{
    (void)ctx;
    if (!stat_fill(fd, "", AT_EMPTY_PATH, stat))
        return err_set_errno(err, "cannot look at an open file");
    long version = 0;
    if (stat->is_regular && ioctl(fd, FS_IOC_GETVERSION, &version) == 0)
        stat->generation = (uint32_t)version;
    return true;
}

/** A path on its way to its end. */
struct walk {
    int dir;
    char rest[2 * PATH_MAX]; /* what is still to be walked */
    char name[NAME_MAX + 1]; /* the piece at hand */
    int link_count;
    bool has_foreign_link; /* a link that belongs neither to root nor to us */
    bool has_more_owners;  /* ... and another one of another user */
    uint32_t link_uid;
};

static void walk_enter(struct walk *walk, int dir)
{
    if (walk->dir >= 0)
        close(walk->dir);
    walk->dir = dir;
}

static bool walk_to_root(struct walk *walk)
{
    walk_enter(walk, open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    return walk->dir >= 0;
}

/** Cut the next piece off the rest. @return false when nothing is left. */
static bool walk_next(struct walk *walk)
{
    char *from = walk->rest + strspn(walk->rest, "/");
    size_t len = strcspn(from, "/");
    if (len == 0)
        return false;
    if (len > NAME_MAX)
        len = NAME_MAX;
    memcpy(walk->name, from, len);
    walk->name[len] = '\0';
    from += len;
    memmove(walk->rest, from, strlen(from) + 1);
    return true;
}

static void walk_note_owner(struct walk *walk, uint32_t uid)
{
    if (uid == 0 || uid == geteuid())
        return;
    if (walk->has_foreign_link && walk->link_uid != uid)
        walk->has_more_owners = true;
    walk->has_foreign_link = true;
    walk->link_uid = uid;
}

/** Put what the link @fd says before the rest. */
static bool walk_follow(struct walk *walk, int fd, uint32_t uid)
{
    char joined[2 * PATH_MAX];
    char target[PATH_MAX];
    ssize_t len = readlinkat(fd, "", target, sizeof target - 1);
    if (len < 0)
        return false;
    target[len] = '\0';
    errno = ELOOP;
    if (++walk->link_count > MAX_LINKS)
        return false;
    walk_note_owner(walk, uid);
    int need = snprintf(joined, sizeof joined, "%s/%s", target, walk->rest);
    errno = ENAMETOOLONG;
    if (need < 0 || (size_t)need >= sizeof joined)
        return false;
    memcpy(walk->rest, joined, (size_t)need + 1);
    return target[0] != '/' || walk_to_root(walk);
}

/** One piece further: into a directory, along a link. @return false with errno. */
static bool walk_step(struct walk *walk)
{
    struct fs_stat stat;
    int fd = openat(walk->dir, walk->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return false;
    struct stat plain;
    if (fstat(fd, &plain) == 0 && S_ISLNK(plain.st_mode)) {
        bool ok = walk_follow(walk, fd, plain.st_uid);
        int why = errno;
        close(fd);
        errno = why;
        return ok;
    }
    bool is_last = walk->rest[strspn(walk->rest, "/")] == '\0';
    if (is_last && stat_fill(fd, "", AT_EMPTY_PATH, &stat) && !stat.is_directory) {
        close(fd);
        fd = openat(walk->dir, walk->name, OPEN_FLAGS | O_NOFOLLOW);
        if (fd < 0)
            return false;
    }
    walk_enter(walk, fd);
    return true;
}

static int walk_open(const char *path, struct walk *walk)
{
    *walk = (struct walk){ .dir = -1 };
    errno = ENAMETOOLONG;
    if (strlen(path) >= PATH_MAX)
        return -1;
    memcpy(walk->rest, path, strlen(path) + 1);
    int start = path[0] == '/' ? open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)
                               : open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    walk_enter(walk, start);
    bool ok = start >= 0;
    while (ok && walk_next(walk))
        ok = walk_step(walk);
    if (!ok) {
        int why = errno;
        walk_enter(walk, -1);
        errno = why;
    }
    return walk->dir;
}

/** May the links on the way be trusted with a file of @owner_uid? */
static bool links_are_honest(const struct walk *walk, uint32_t owner_uid)
{
    return !walk->has_foreign_link ||
           (!walk->has_more_owners && walk->link_uid == owner_uid);
}

static int open_plain(const char *path)
{
    struct open_how how = { .flags = OPEN_FLAGS, .resolve = RESOLVE_NO_SYMLINKS };
    return (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
}

static bool open_is_allowed(const char *path, const struct walk *walk,
                            const struct fs_stat *stat, struct err *err)
{
    if (!stat->is_regular)
        return err_set(err, ERR_INVALID, "'%s' is not a regular file", path);
    if (!links_are_honest(walk, stat->owner_uid))
        return err_set(
            err, ERR_DENIED,
            "'%s' leads through a symbolic link of user %u to a file of user "
            "%u and is not followed",
            path, walk->link_uid, stat->owner_uid);
    return true;
}

static int real_open(void *ctx, const char *path, struct fs_stat *stat, struct err *err)
{
    struct walk walk = { .dir = -1 };
    /* Looked at before, because opening a FIFO or a device can already do something. */
    if (!real_stat(ctx, path, stat, err) || !open_is_allowed(path, &walk, stat, err))
        return -1;
    int fd = open_plain(path);
    bool is_symlink = fd < 0;
    if (fd < 0)
        fd = walk_open(path, &walk);
    if (fd < 0) {
        err_set_errno(err, "cannot open '%s'", path);
        return -1;
    }
    if (!real_fstat(ctx, fd, stat, err) || !open_is_allowed(path, &walk, stat, err)) {
        close(fd);
        return -1;
    }
    stat->is_symlink = is_symlink && walk.link_count > 0;
    return fd;
}

static void real_close(void *ctx, int fd)
{
    (void)ctx;
    close(fd);
}

static ssize_t real_read_at(void *ctx, int fd, void *into, size_t size, int64_t offset,
                            struct err *err)
{
    (void)ctx;
    ssize_t got;
    do {
        got = pread(fd, into, size, offset);
    } while (got < 0 && errno == EINTR);
    if (got < 0)
        err_set_errno(err, "cannot read");
    return got;
}

static int64_t real_next_data(void *ctx, int fd, int64_t offset)
{
    struct fs_stat stat;
    (void)ctx;
    off_t at = lseek(fd, offset, SEEK_DATA);
    if (at >= 0)
        return at;
    if (errno != ENXIO || !stat_fill(fd, "", AT_EMPTY_PATH, &stat))
        return offset;
    return stat.size_bytes > offset ? stat.size_bytes : offset;
}

/* What the kernel says of a deleted file does not lead to it. */
static bool real_where(void *ctx, int fd, char *into, size_t size)
{
    char link[64];
    struct fs_stat mine, its;
    (void)ctx;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, into, size - 1);
    if (len <= 0 || (size_t)len >= size - 1)
        return false;
    into[len] = '\0';
    return into[0] == '/' && stat_fill(fd, "", AT_EMPTY_PATH, &mine) &&
           stat_fill(AT_FDCWD, into, 0, &its) && mine.device == its.device &&
           mine.inode == its.inode;
}

static bool is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static bool real_list(void *ctx, const char *directory,
                      void (*each)(void *each_ctx, const char *name), void *each_ctx,
                      struct err *err)
{
    struct dirent *entry;
    (void)ctx;
    DIR *dir = opendir(directory);
    if (!dir)
        return err_set_errno(err, "cannot list '%s'", directory);
    while ((errno = 0, entry = readdir(dir)) != NULL) {
        if (!is_dots(entry->d_name))
            each(each_ctx, entry->d_name);
    }
    bool ok = errno == 0;
    if (!ok)
        err_set_errno(err, "cannot list '%s' to its end", directory);
    closedir(dir);
    return ok;
}

static bool real_remove(void *ctx, const char *path, struct err *err)
{
    (void)ctx;
    return unlink(path) == 0 || errno == ENOENT ||
           err_set_errno(err, "'%s' cannot be removed", path);
}

struct fs fs_real(void)
{
    return (struct fs){ .open = real_open,
                        .close = real_close,
                        .fstat = real_fstat,
                        .stat = real_stat,
                        .read_at = real_read_at,
                        .next_data = real_next_data,
                        .where = real_where,
                        .list = real_list,
                        .remove = real_remove };
}
