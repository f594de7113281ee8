/**
 * The file system of a simulated world, where logs are: one folder, in memory, behind
 * the seam of agent/base/fs.h. A file has what is visible and how much of it a power
 * cut leaves. Inode numbers are used again at once, as ext4 does.
 */
#ifndef TOCSIN_TESTS_SIM_DISK_H
#define TOCSIN_TESTS_SIM_DISK_H

#include "agent/base/buf.h"
#include "agent/base/fs.h"
#include "agent/base/rng.h"

enum { DISK_FILES = 64, DISK_NAME_BYTES = 64 };

/** What the file system tells of an inode besides its number. */
enum disk_style {
    DISK_EXT4,  /**< birth and generation */
    DISK_TMPFS, /**< birth */
    DISK_PLAIN, /**< neither, as overlay and network file systems */
    DISK_STYLES,
};

/** What is told of a name in the folder. */
enum disk_event {
    DISK_MODIFIED,
    DISK_CREATED,
    DISK_LEFT,
    DISK_ARRIVED,
    DISK_DELETED,
};

struct notify;

struct disk_file {
    uint64_t inode, birth, generation;
    struct buf bytes;
    size_t durable_bytes;            /**< what a power cut leaves */
    uint64_t written_bytes;          /**< that ever were in it, cut ones too */
    int64_t modified_ns, durable_ns; /**< of the last change, and of the last synced */
    int names, openings;             /**< without both it is no more */
    void *owner;                     /**< what the model knows of it */
};

struct disk {
    enum disk_style style;
    const char *folder; /**< the path of the one folder */
    struct {
        char name[DISK_NAME_BYTES];
        struct disk_file *file;
    } entries[DISK_FILES];
    size_t entry_count;
    struct disk_file *open[DISK_FILES * 2]; /**< by descriptor */
    uint64_t free_inodes[DISK_FILES * 4];
    size_t free_count;
    uint64_t last_inode, last_generation;
    int64_t ticks;               /**< the clock of birth and modification */
    int64_t folder_ns;           /**< when a name came or went last */
    void (*forget)(void *owner); /**< the file is no more */
    int errors_left;             /**< reads that fail with EIO */
    struct notify *notify;       /**< who is told; NULL: nobody */
};

void disk_init(struct disk *disk, enum disk_style style, void (*forget)(void *owner));
void disk_clear(struct disk *disk);
struct fs disk_fs(struct disk *disk);

/** The file of that name in the folder, or NULL. */
struct disk_file *disk_find(const struct disk *disk, const char *name);
/** A new, empty file; there is none of that name. */
struct disk_file *disk_make(struct disk *disk, const char *name);
void disk_append(struct disk *disk, struct disk_file *file, struct slice bytes);
void disk_truncate(struct disk *disk, struct disk_file *file, size_t size);
/** What was @to is no more. */
void disk_rename(struct disk *disk, const char *from, const char *to);
void disk_remove(struct disk *disk, const char *name);

/** The process is gone: all its descriptors are closed. */
void disk_close_all(struct disk *disk);
/** Everything written so far survives a power cut. */
void disk_sync(struct disk *disk);

#endif
