/** Every method but write, truncate and sync is handed through. */
#include "agent/story/full_disk.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "agent/base/mem.h"
#include "agent/base/must.h"

struct full_disk {
    sqlite3_vfs vfs;
    sqlite3_vfs *real;
    bool is_full;
};

/** SQLite allocates this; the real file lies behind it. */
struct disk_file {
    sqlite3_file base;
    struct full_disk *disk;
};

static sqlite3_file *real_of(sqlite3_file *file)
{
    return (sqlite3_file *)(void *)((struct disk_file *)(void *)file + 1);
}

static bool is_full(sqlite3_file *file)
{
    return ((struct disk_file *)(void *)file)->disk->is_full;
}

static int disk_close(sqlite3_file *file)
{
    return real_of(file)->pMethods->xClose(real_of(file));
}

static int disk_read(sqlite3_file *file, void *into, int size, sqlite3_int64 offset)
{
    return real_of(file)->pMethods->xRead(real_of(file), into, size, offset);
}

static int disk_write(sqlite3_file *file, const void *from, int size,
                      sqlite3_int64 offset)
{
    if (is_full(file))
        return SQLITE_FULL;
    return real_of(file)->pMethods->xWrite(real_of(file), from, size, offset);
}

static int disk_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int disk_sync(sqlite3_file *file, int flags)
{
    return real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int disk_file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int disk_lock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int disk_unlock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int disk_check_lock(sqlite3_file *file, int *is_locked)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), is_locked);
}

static int disk_control(sqlite3_file *file, int what, void *argument)
{
    if (is_full(file) && what == SQLITE_FCNTL_SIZE_HINT)
        return SQLITE_FULL;
    return real_of(file)->pMethods->xFileControl(real_of(file), what, argument);
}

static int disk_sector_size(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int disk_characteristics(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = disk_close,
    .xRead = disk_read,
    .xWrite = disk_write,
    .xTruncate = disk_truncate,
    .xSync = disk_sync,
    .xFileSize = disk_file_size,
    .xLock = disk_lock,
    .xUnlock = disk_unlock,
    .xCheckReservedLock = disk_check_lock,
    .xFileControl = disk_control,
    .xSectorSize = disk_sector_size,
    .xDeviceCharacteristics = disk_characteristics,
};

static int disk_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags,
                     int *out_flags)
{
    struct full_disk *disk = vfs->pAppData;
    int code = disk->real->xOpen(disk->real, path, real_of(file), flags, out_flags);
    ((struct disk_file *)(void *)file)->disk = disk;
    file->pMethods = real_of(file)->pMethods ? &methods : NULL;
    return code;
}

struct full_disk *full_disk_create(void)
{
    struct full_disk *disk = mem_zalloc(sizeof *disk);
    disk->real = sqlite3_vfs_find(NULL);
    must(disk->real != NULL);
    /* The other methods do not look at the VFS that they are called with. */
    disk->vfs = *disk->real;
    disk->vfs.pNext = NULL;
    disk->vfs.zName = "story";
    disk->vfs.pAppData = disk;
    disk->vfs.szOsFile = (int)sizeof(struct disk_file) + disk->real->szOsFile;
    disk->vfs.xOpen = disk_open;
    must(sqlite3_vfs_register(&disk->vfs, 0) == SQLITE_OK);
    return disk;
}

void full_disk_free(struct full_disk *disk)
{
    if (!disk)
        return;
    sqlite3_vfs_unregister(&disk->vfs);
    free(disk);
}

const char *full_disk_vfs(const struct full_disk *disk)
{
    return disk->vfs.zName;
}

void full_disk_set(struct full_disk *disk, bool is_full_now)
{
    disk->is_full = is_full_now;
}
