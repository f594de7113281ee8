/**
 * The seam to the file system of watched logs. Everything that inputs know of files
 * comes through here, so that a simulated world can stand behind it.
 */
#ifndef TOCSIN_BASE_FS_H
#define TOCSIN_BASE_FS_H

#include <sys/types.h>

#include "agent/base/err.h"
#include "agent/base/slice.h"

struct fs_stat {
    uint64_t device, inode;
    uint64_t birth;      /**< birth time in ns since 1970; 0 = unknown */
    uint64_t generation; /**< of the inode; 0 = unknown, as it always is by stat() */
    int64_t size_bytes;
    int64_t modified_ns; /**< a hint that content changed, never a proof; 0 = unknown */
    uint32_t owner_uid;
    bool is_regular, is_directory;
    bool is_symlink; /**< open(): the path led through a symbolic link */
};

/** What inotify(7) does, for a world that has none: each as the call of that name. */
struct fs_watch {
    int (*open)(void *ctx); /**< @return a descriptor, or -1 */
    void (*close)(void *ctx, int fd);
    int (*add)(void *ctx, int fd, const char *path, uint32_t events);
    void (*remove)(void *ctx, int fd, int watch);
    ssize_t (*read)(void *ctx, int fd, void *into, size_t size);
};

struct fs {
    /** Open a regular file for reading: never blocks, refuses everything else
     *  (ERR_INVALID), and refuses a symbolic link of another user than root that leads
     *  to a file which does not belong to that user (ERR_DENIED): whoever can write
     *  into a log folder must not make tocsin mail /etc/shadow. @return a descriptor,
     *  or -1. */
    int (*open)(void *ctx, const char *path, struct fs_stat *stat, struct err *err);
    void (*close)(void *ctx, int fd);
    bool (*fstat)(void *ctx, int fd, struct fs_stat *stat, struct err *err);
    /** Of the path itself, symbolic links followed. */
    bool (*stat)(void *ctx, const char *path, struct fs_stat *stat, struct err *err);
    /** As pread(2), EINTR apart. @return bytes read, 0 at the end, -1 on error. */
    ssize_t (*read_at)(void *ctx, int fd, void *into, size_t size, int64_t offset,
                       struct err *err);
    /** The next byte of data at or behind @offset (SEEK_DATA); the size when only a
     *  hole is left; @offset itself where the file system cannot tell. */
    int64_t (*next_data)(void *ctx, int fd, int64_t offset);
    /** The path of an open file, free of symbolic links, @size bytes with its NUL.
     *  @return false when it was deleted, or cannot be told. */
    bool (*where)(void *ctx, int fd, char *into, size_t size);
    /** Call @each for every entry but "." and "..", in no order. */
    bool (*list)(void *ctx, const char *directory,
                 void (*each)(void *each_ctx, const char *name), void *each_ctx,
                 struct err *err);
    /** Remove a file. @return true when nothing is there any more. */
    bool (*remove)(void *ctx, const char *path, struct err *err);
    const struct fs_watch *watch; /**< NULL: the kernel's inotify */
    void *ctx;
};

/** The kernel's file system. */
struct fs fs_real(void);

#endif
