/** Each file is its visible bytes and a list of what undoes the writes since the last
 *  sync: syncs are frequent and only forget, cuts are rare and make what is durable. */
#include "power.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/mem.h"
#include "agent/base/must.h"

enum { POWER_FILES = 8, SECTOR_BYTES = 512, NAME_BYTES = 256 };

struct bytes {
    unsigned char *ptr;
    size_t len, capacity; /* nothing, and some bytes: they belong to another disk */
};

/** A write that is not synced, or a truncation to @offset. */
struct change {
    size_t offset, len;
    bool is_truncation;
    size_t old_file_len;    /* before it */
    size_t old_at, old_len; /* in the file's old bytes: what it replaced */
    size_t new_at;          /* at a cut: what it wrote */
};

struct power_file {
    char name[NAME_BYTES];
    bool exists;
    struct bytes visible, old;
    struct change *changes;
    size_t change_count, change_capacity;
};

struct power {
    sqlite3_vfs vfs;
    struct power_file files[POWER_FILES];
    bool is_full, is_lying, is_dead;
    int64_t life;     /* operations until death; negative: no end */
    int64_t patience; /* operations until one fails; negative: none does */
    bool is_broken;   /* and how */
    bool has_failed;
    void (*on_death)(void *ctx);
    void *ctx;
    void (*on_write)(void *ctx, const void *bytes, size_t len);
    void *write_ctx;
    uint64_t operations;
};

struct handle {
    sqlite3_file base;
    struct power *power;
    struct power_file *file;
};

/* --- bytes ------------------------------------------------------------------------ */

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/** Room for @len bytes that are its own. */
static void reserve(struct bytes *bytes, size_t len)
{
    const unsigned char *borrowed = bytes->capacity == 0 ? bytes->ptr : NULL;
    if (len <= bytes->capacity)
        return;
    bytes->capacity = len * 2;
    bytes->ptr = mem_grow(borrowed ? NULL : bytes->ptr, bytes->capacity, 1);
    if (borrowed)
        memcpy(bytes->ptr, borrowed, smaller(bytes->len, len));
}

static void free_bytes(struct bytes *bytes)
{
    if (bytes->capacity > 0)
        free(bytes->ptr);
}

static void resize(struct bytes *bytes, size_t len)
{
    reserve(bytes, len);
    if (len > bytes->len)
        memset(bytes->ptr + bytes->len, 0, len - bytes->len);
    bytes->len = len;
}

static void apply(struct bytes *bytes, size_t offset, const void *data, size_t len)
{
    if (offset > bytes->len)
        resize(bytes, offset);
    if (len == 0)
        return;
    reserve(bytes, bytes->len > offset + len ? bytes->len : offset + len);
    memcpy(bytes->ptr + offset, data, len);
    if (offset + len > bytes->len)
        bytes->len = offset + len;
}

/** @return where the copy begins in @to. */
static size_t append(struct bytes *to, const struct bytes *from, size_t at, size_t len)
{
    size_t begin = to->len;
    if (len > 0)
        apply(to, begin, from->ptr + at, len);
    return begin;
}

static void forget_changes(struct power_file *file)
{
    file->change_count = file->old.len = 0;
}

/* --- one process ------------------------------------------------------------------ */

/** May this operation still reach the disk? */
static bool lives(struct power *power)
{
    if (power->is_dead)
        return false;
    power->operations++;
    if (power->life >= 0 && power->life-- == 0) {
        power->is_dead = true;
        if (power->on_death)
            power->on_death(power->ctx);
    }
    return !power->is_dead;
}

/** Does this operation fail, although the process lives? @return SQLite's code. */
static int fate(struct power *power, int broken, int full)
{
    if (!lives(power))
        return broken;
    if (power->patience >= 0 && power->patience-- == 0) {
        power->has_failed = true;
        return power->is_broken ? broken : full;
    }
    return SQLITE_OK;
}

/** Note what undoes a change of @file from @offset on: @replaced bytes come back. */
static struct change *note_change(struct power_file *file, size_t offset, size_t len,
                                  size_t replaced)
{
    struct change *change =
        mem_push(file->changes, file->change_count, file->change_capacity);
    *change = (struct change){ .offset = offset,
                               .len = len,
                               .old_file_len = file->visible.len,
                               .old_at = file->old.len,
                               .old_len = replaced };
    append(&file->old, &file->visible, offset, replaced);
    return change;
}

static void write_file(struct power_file *file, size_t offset, const void *data,
                       size_t len)
{
    size_t have = file->visible.len > offset ? file->visible.len - offset : 0;
    note_change(file, offset, len, smaller(have, len));
    apply(&file->visible, offset, data, len);
}

static void truncate_file(struct power_file *file, size_t size)
{
    size_t have = file->visible.len > size ? file->visible.len - size : 0;
    note_change(file, size, 0, have)->is_truncation = true;
    resize(&file->visible, size);
}

static int do_close(sqlite3_file *base)
{
    (void)base;
    return SQLITE_OK;
}

static int do_read(sqlite3_file *base, void *into, int size, sqlite3_int64 offset)
{
    const struct bytes *bytes = &((struct handle *)(void *)base)->file->visible;
    size_t at = (size_t)offset, want = (size_t)size;
    size_t have = at < bytes->len ? bytes->len - at : 0;
    size_t count = have < want ? have : want;
    if (count > 0)
        memcpy(into, bytes->ptr + at, count);
    memset((char *)into + count, 0, want - count);
    return count == want ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int do_write(sqlite3_file *base, const void *from, int size,
                    sqlite3_int64 offset)
{
    struct handle *handle = (void *)base;
    int code = fate(handle->power, SQLITE_IOERR_WRITE, SQLITE_FULL);
    if (code != SQLITE_OK)
        return code;
    if (handle->power->is_full)
        return SQLITE_FULL;
    if (handle->power->on_write)
        handle->power->on_write(handle->power->write_ctx, from, (size_t)size);
    write_file(handle->file, (size_t)offset, from, (size_t)size);
    return SQLITE_OK;
}

static int do_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    struct handle *handle = (void *)base;
    int code = fate(handle->power, SQLITE_IOERR_TRUNCATE, SQLITE_IOERR_TRUNCATE);
    if (code != SQLITE_OK)
        return code;
    truncate_file(handle->file, (size_t)size);
    return SQLITE_OK;
}

static int do_sync(sqlite3_file *base, int flags)
{
    struct handle *handle = (void *)base;
    (void)flags;
    int code = fate(handle->power, SQLITE_IOERR_FSYNC, SQLITE_FULL);
    if (code != SQLITE_OK)
        return code;
    if (!handle->power->is_lying)
        forget_changes(handle->file);
    return SQLITE_OK;
}

static int do_size(sqlite3_file *base, sqlite3_int64 *size)
{
    *size = (sqlite3_int64)((struct handle *)(void *)base)->file->visible.len;
    return SQLITE_OK;
}

static int do_lock(sqlite3_file *base, int level)
{
    (void)base;
    (void)level;
    return SQLITE_OK;
}

static int do_check_lock(sqlite3_file *base, int *is_locked)
{
    (void)base;
    *is_locked = 0;
    return SQLITE_OK;
}

static int do_control(sqlite3_file *base, int what, void *argument)
{
    struct handle *handle = (void *)base;
    (void)argument;
    if (handle->power->is_full && what == SQLITE_FCNTL_SIZE_HINT)
        return SQLITE_FULL;
    return SQLITE_NOTFOUND;
}

static int do_sector_size(sqlite3_file *base)
{
    (void)base;
    return SECTOR_BYTES;
}

static int do_characteristics(sqlite3_file *base)
{
    (void)base;
    return 0;
}

static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = do_close,
    .xRead = do_read,
    .xWrite = do_write,
    .xTruncate = do_truncate,
    .xSync = do_sync,
    .xFileSize = do_size,
    .xLock = do_lock,
    .xUnlock = do_lock,
    .xCheckReservedLock = do_check_lock,
    .xFileControl = do_control,
    .xSectorSize = do_sector_size,
    .xDeviceCharacteristics = do_characteristics,
};

/* --- files ------------------------------------------------------------------------ */

static struct power_file *file_named(struct power *power, const char *name)
{
    for (size_t i = 0; i < POWER_FILES; i++) {
        struct power_file *file = &power->files[i];
        if (file->name[0] == '\0' && strlen(name) < NAME_BYTES)
            memcpy(file->name, name, strlen(name) + 1);
        if (strcmp(file->name, name) == 0)
            return file;
    }
    must(false);
    return NULL;
}

static int do_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags,
                   int *out_flags)
{
    struct power *power = vfs->pAppData;
    struct handle *handle = (void *)base;
    must(name != NULL);
    *handle = (struct handle){ .power = power, .file = file_named(power, name) };
    if (!handle->file->exists && power->is_dead)
        return SQLITE_CANTOPEN;
    handle->file->exists = true;
    base->pMethods = &methods;
    if (out_flags)
        *out_flags = flags;
    return SQLITE_OK;
}

static void drop_file(struct power_file *file)
{
    forget_changes(file);
    file->exists = false;
    file->visible.len = 0;
}

/* The folder is taken for synced: a name that is gone stays gone. */
static int do_delete(sqlite3_vfs *vfs, const char *name, int wants_sync)
{
    struct power *power = vfs->pAppData;
    (void)wants_sync;
    if (!lives(power))
        return SQLITE_IOERR_DELETE;
    drop_file(file_named(power, name));
    return SQLITE_OK;
}

static int do_access(sqlite3_vfs *vfs, const char *name, int flags, int *answer)
{
    (void)flags;
    *answer = file_named(vfs->pAppData, name)->exists;
    return SQLITE_OK;
}

static int do_full_path(sqlite3_vfs *vfs, const char *name, int size, char *out)
{
    (void)vfs;
    must((size_t)size > strlen(name));
    memcpy(out, name, strlen(name) + 1);
    return SQLITE_OK;
}

struct power *power_create(const char *name)
{
    struct power *power = mem_zalloc(sizeof *power);
    const sqlite3_vfs *real = sqlite3_vfs_find(NULL);
    must(real != NULL);
    power->vfs = *real;
    power->vfs.pNext = NULL;
    power->vfs.zName = name;
    power->vfs.pAppData = power;
    power->vfs.szOsFile = (int)sizeof(struct handle);
    power->vfs.xOpen = do_open;
    power->vfs.xDelete = do_delete;
    power->vfs.xAccess = do_access;
    power->vfs.xFullPathname = do_full_path;
    power->life = power->patience = -1;
    must(sqlite3_vfs_register(&power->vfs, 0) == SQLITE_OK);
    return power;
}

struct power *power_copy(const struct power *power, const char *name)
{
    struct power *other = power_create(name);
    for (size_t i = 0; i < POWER_FILES; i++) {
        const struct power_file *file = &power->files[i];
        memcpy(other->files[i].name, file->name, sizeof file->name);
        other->files[i].exists = file->exists;
        other->files[i].visible =
            (struct bytes){ .ptr = file->visible.ptr, .len = file->visible.len };
    }
    return other;
}

void power_put_file(struct power *power, const struct power *from, const char *name)
{
    for (size_t i = 0; i < POWER_FILES; i++) {
        const struct bytes *bytes = &from->files[i].visible;
        if (strcmp(from->files[i].name, name) != 0)
            continue;
        struct power_file *file = file_named(power, name);
        file->exists = true;
        apply(&file->visible, 0, bytes->ptr, bytes->len);
    }
}

void power_free(struct power *power)
{
    if (!power)
        return;
    sqlite3_vfs_unregister(&power->vfs);
    for (size_t i = 0; i < POWER_FILES; i++) {
        free(power->files[i].changes);
        free_bytes(&power->files[i].visible);
        free_bytes(&power->files[i].old);
    }
    free(power);
}

const char *power_vfs(const struct power *power)
{
    return power->vfs.zName;
}

bool power_store(const struct power *power, char *path, size_t size)
{
    for (size_t i = 0; i < POWER_FILES; i++) {
        const struct power_file *file = &power->files[i];
        size_t len = strlen(file->name);
        if (!file->exists || len < 3 || strcmp(file->name + len - 3, ".db") != 0)
            continue;
        must(len < size);
        memcpy(path, file->name, len + 1);
        return true;
    }
    return false;
}

void power_set_full(struct power *power, bool is_full)
{
    power->is_full = is_full;
}

void power_set_lying(struct power *power, bool is_lying)
{
    power->is_lying = is_lying;
}

void power_fail_after(struct power *power, int64_t count, bool is_broken)
{
    power->patience = count;
    power->is_broken = is_broken;
}

bool power_has_failed(const struct power *power)
{
    return power->has_failed;
}

void power_die_after(struct power *power, int64_t count)
{
    power->life = count;
}

void power_on_death(struct power *power, void (*on_death)(void *ctx), void *ctx)
{
    power->on_death = on_death;
    power->ctx = ctx;
}

void power_on_write(struct power *power,
                    void (*on_write)(void *ctx, const void *bytes, size_t len),
                    void *ctx)
{
    power->on_write = on_write;
    power->write_ctx = ctx;
}

bool power_is_dead(const struct power *power)
{
    return power->is_dead;
}

void power_freeze(struct power *power)
{
    power->is_dead = true;
}

void power_restart(struct power *power)
{
    power->is_dead = power->has_failed = false;
    power->life = power->patience = -1;
}

/* --- the cut ---------------------------------------------------------------------- */

/** Back to what is durable, the last change first. What each wrote is what lies there
 *  when all later ones are undone; it is kept in @fresh. */
static void undo_changes(struct power_file *file, struct bytes *fresh)
{
    for (size_t i = file->change_count; i > 0; i--) {
        struct change *change = &file->changes[i - 1];
        change->new_at = append(fresh, &file->visible, change->offset, change->len);
        resize(&file->visible, change->old_file_len);
        if (change->old_len > 0)
            apply(&file->visible, change->offset, file->old.ptr + change->old_at,
                  change->old_len);
    }
}

/** Some sectors of it got there. */
static void tear(struct power_file *file, const struct change *change,
                 const unsigned char *data, struct rng *rng)
{
    for (size_t at = 0; at < change->len; at += SECTOR_BYTES) {
        if (rng_next(rng) & 1)
            apply(&file->visible, change->offset + at, data + at,
                  smaller(change->len - at, SECTOR_BYTES));
    }
}

static void cut_file(struct power_file *file, struct rng *rng)
{
    struct bytes fresh = { 0 };
    uint64_t mode = rng_next(rng) % 4; /* none, all, some whole, some torn */
    undo_changes(file, &fresh);
    for (size_t i = 0; i < file->change_count; i++) {
        const struct change *change = &file->changes[i];
        bool is_kept = mode == 1 || (mode >= 2 && (rng_next(rng) & 1));
        if (is_kept && change->is_truncation)
            resize(&file->visible, change->offset);
        else if (is_kept && mode == 3)
            tear(file, change, fresh.ptr + change->new_at, rng);
        else if (is_kept)
            apply(&file->visible, change->offset, fresh.ptr + change->new_at,
                  change->len);
    }
    forget_changes(file);
    free_bytes(&fresh);
}

void power_cut(struct power *power, struct rng *rng)
{
    for (size_t i = 0; i < POWER_FILES; i++)
        if (power->files[i].exists)
            cut_file(&power->files[i], rng);
    power_restart(power);
}

uint64_t power_operations(const struct power *power)
{
    return power->operations;
}
