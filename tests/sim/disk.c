/** Names, inodes and descriptors in small arrays: a simulated log folder is small. */
#include "disk.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/base/mem.h"
#include "agent/base/must.h"
#include "notify.h"

enum { FIRST_DESCRIPTOR = 1000, DEVICE = 7, FOLDER_INODE = 1 };

/* --- inodes ----------------------------------------------------------------------- */

static void release(struct disk *disk, struct disk_file *file)
{
    if (file->names > 0 || file->openings > 0)
        return;
    must(disk->free_count < sizeof disk->free_inodes / sizeof *disk->free_inodes);
    disk->free_inodes[disk->free_count++] = file->inode;
    disk->forget(file->owner);
    buf_free(&file->bytes);
    free(file);
}

static uint64_t next_inode(struct disk *disk)
{
    if (disk->free_count > 0)
        return disk->free_inodes[--disk->free_count];
    return ++disk->last_inode;
}

static void tell(const struct disk *disk, enum disk_event event, const char *name)
{
    if (disk->notify)
        notify_tell(disk->notify, event, name);
}

/** Nobody is told of a file that has no name any more. */
static void tell_modified(const struct disk *disk, const struct disk_file *file)
{
    for (size_t i = 0; i < disk->entry_count; i++) {
        if (disk->entries[i].file == file)
            tell(disk, DISK_MODIFIED, disk->entries[i].name);
    }
}

static void touch(struct disk *disk, struct disk_file *file)
{
    file->modified_ns = ++disk->ticks;
}

static size_t entry_of(const struct disk *disk, const char *name)
{
    size_t i = 0;
    while (i < disk->entry_count && strcmp(disk->entries[i].name, name) != 0)
        i++;
    return i;
}

struct disk_file *disk_find(const struct disk *disk, const char *name)
{
    size_t i = entry_of(disk, name);
    return i < disk->entry_count ? disk->entries[i].file : NULL;
}

static void put_entry(struct disk *disk, const char *name, struct disk_file *file)
{
    must(disk->entry_count < DISK_FILES && strlen(name) < DISK_NAME_BYTES);
    snprintf(disk->entries[disk->entry_count].name, DISK_NAME_BYTES, "%s", name);
    disk->entries[disk->entry_count++].file = file;
    file->names++;
    disk->folder_ns = ++disk->ticks;
}

static struct disk_file *take_entry(struct disk *disk, const char *name)
{
    size_t i = entry_of(disk, name);
    must(i < disk->entry_count);
    struct disk_file *file = disk->entries[i].file;
    disk->entries[i] = disk->entries[--disk->entry_count];
    file->names--;
    disk->folder_ns = ++disk->ticks;
    return file;
}

struct disk_file *disk_make(struct disk *disk, const char *name)
{
    struct disk_file *file = mem_zalloc(sizeof *file);
    must(!disk_find(disk, name));
    file->inode = next_inode(disk);
    file->generation = ++disk->last_generation;
    file->birth = (uint64_t)++disk->ticks;
    file->bytes = buf_make(64 << 20);
    touch(disk, file);
    file->durable_ns = file->modified_ns;
    put_entry(disk, name, file);
    tell(disk, DISK_CREATED, name);
    return file;
}

void disk_append(struct disk *disk, struct disk_file *file, struct slice bytes)
{
    buf_put(&file->bytes, bytes);
    must(!file->bytes.overflowed);
    file->written_bytes += bytes.len;
    touch(disk, file);
    tell_modified(disk, file);
}

void disk_truncate(struct disk *disk, struct disk_file *file, size_t size)
{
    must(size <= file->bytes.len);
    file->bytes.len = size;
    touch(disk, file);
    if (file->durable_bytes > size)
        file->durable_bytes = size;
    file->durable_ns = file->modified_ns; /* the journal of the file system has it */
    tell_modified(disk, file);
}

void disk_rename(struct disk *disk, const char *from, const char *to)
{
    if (disk_find(disk, to))
        disk_remove(disk, to);
    struct disk_file *file = take_entry(disk, from);
    put_entry(disk, to, file);
    tell(disk, DISK_LEFT, from);
    tell(disk, DISK_ARRIVED, to);
}

void disk_remove(struct disk *disk, const char *name)
{
    release(disk, take_entry(disk, name));
    tell(disk, DISK_DELETED, name);
}

void disk_sync(struct disk *disk)
{
    for (size_t i = 0; i < disk->entry_count; i++) {
        struct disk_file *file = disk->entries[i].file;
        file->durable_bytes = file->bytes.len;
        file->durable_ns = file->modified_ns;
    }
}

void disk_close_all(struct disk *disk)
{
    if (disk->notify)
        notify_close(disk->notify);
    for (size_t i = 0; i < sizeof disk->open / sizeof *disk->open; i++) {
        struct disk_file *file = mem_take(&disk->open[i]);
        if (!file)
            continue;
        file->openings--;
        release(disk, file);
    }
}

void disk_init(struct disk *disk, enum disk_style style, void (*forget)(void *owner))
{
    *disk = (struct disk){ .style = style,
                           .folder = "/log",
                           .forget = forget,
                           .last_inode = FOLDER_INODE,
                           .ticks = 1000 };
}

void disk_clear(struct disk *disk)
{
    disk_close_all(disk);
    while (disk->entry_count > 0)
        disk_remove(disk, disk->entries[0].name);
}

/* --- the seam --------------------------------------------------------------------- */

static void fill(const struct disk *disk, const struct disk_file *file,
                 struct fs_stat *stat)
{
    *stat = (struct fs_stat){
        .device = DEVICE,
        .inode = file->inode,
        .birth = disk->style == DISK_PLAIN ? 0 : file->birth,
        .size_bytes = (int64_t)file->bytes.len,
        .modified_ns = file->modified_ns,
        .is_regular = true,
    };
}

/** The name below the folder, or NULL. */
static const char *name_below(const struct disk *disk, const char *path)
{
    size_t len = strlen(disk->folder);
    if (strncmp(path, disk->folder, len) != 0 || path[len] != '/')
        return NULL;
    return path + len + 1;
}

static bool is_folder(const struct disk *disk, const char *path)
{
    size_t len = strlen(disk->folder);
    return strcmp(path, "/") == 0 ||
           (strncmp(path, disk->folder, len) == 0 &&
            (path[len] == '\0' || strcmp(path + len, "/") == 0));
}

static struct disk_file *look_up(const struct disk *disk, const char *path,
                                 struct err *err)
{
    const char *name = name_below(disk, path);
    struct disk_file *file = name ? disk_find(disk, name) : NULL;
    if (!file)
        err_set(err, ERR_MISSING, "there is no '%s'", path);
    return file;
}

static bool sim_stat(void *ctx, const char *path, struct fs_stat *stat, struct err *err)
{
    struct disk *disk = ctx;
    if (is_folder(disk, path)) {
        *stat = (struct fs_stat){ .device = DEVICE,
                                  .inode = FOLDER_INODE,
                                  .birth = 1,
                                  .modified_ns = disk->folder_ns,
                                  .is_directory = true };
        return true;
    }
    struct disk_file *file = look_up(disk, path, err);
    if (file)
        fill(disk, file, stat);
    return file != NULL;
}

static struct disk_file *opened(const struct disk *disk, int fd)
{
    must(fd >= FIRST_DESCRIPTOR && disk->open[fd - FIRST_DESCRIPTOR]);
    return disk->open[fd - FIRST_DESCRIPTOR];
}

static bool sim_fstat(void *ctx, int fd, struct fs_stat *stat, struct err *err)
{
    struct disk *disk = ctx;
    if (fd < FIRST_DESCRIPTOR) /* our own output, which is no file here */
        return err_set(err, ERR_IO, "cannot look at an open file");
    fill(disk, opened(disk, fd), stat);
    if (disk->style == DISK_EXT4)
        stat->generation = opened(disk, fd)->generation;
    return true;
}

static int sim_open(void *ctx, const char *path, struct fs_stat *stat, struct err *err)
{
    struct disk *disk = ctx;
    struct disk_file *file = look_up(disk, path, err);
    if (!file)
        return -1;
    size_t i = 0;
    while (i < sizeof disk->open / sizeof *disk->open && disk->open[i])
        i++;
    must(i < sizeof disk->open / sizeof *disk->open);
    disk->open[i] = file;
    file->openings++;
    sim_fstat(ctx, (int)i + FIRST_DESCRIPTOR, stat, err);
    return (int)i + FIRST_DESCRIPTOR;
}

static void sim_close(void *ctx, int fd)
{
    struct disk *disk = ctx;
    struct disk_file *file = opened(disk, fd);
    disk->open[fd - FIRST_DESCRIPTOR] = NULL;
    file->openings--;
    release(disk, file);
}

static ssize_t sim_read_at(void *ctx, int fd, void *into, size_t size, int64_t offset,
                           struct err *err)
{
    struct disk *disk = ctx;
    const struct disk_file *file = opened(disk, fd);
    if (disk->errors_left > 0) {
        disk->errors_left--;
        err_set(err, ERR_IO, "cannot read: Input/output error");
        return -1;
    }
    if ((uint64_t)offset >= file->bytes.len)
        return 0;
    size_t left = file->bytes.len - (size_t)offset;
    size_t count = left < size ? left : size;
    memcpy(into, file->bytes.ptr + offset, count);
    return (ssize_t)count;
}

static int64_t sim_next_data(void *ctx, int fd, int64_t offset)
{
    (void)ctx;
    (void)fd;
    return offset;
}

static bool sim_list(void *ctx, const char *directory,
                     void (*each)(void *each_ctx, const char *name), void *each_ctx,
                     struct err *err)
{
    struct disk *disk = ctx;
    if (!is_folder(disk, directory))
        return err_set(err, ERR_MISSING, "there is no '%s'", directory);
    for (size_t i = 0; i < disk->entry_count; i++)
        each(each_ctx, disk->entries[i].name);
    return true;
}

struct fs disk_fs(struct disk *disk)
{
    return (struct fs){ .open = sim_open,
                        .close = sim_close,
                        .fstat = sim_fstat,
                        .stat = sim_stat,
                        .read_at = sim_read_at,
                        .next_data = sim_next_data,
                        .list = sim_list,
                        .watch = &notify_watch,
                        .ctx = disk };
}
