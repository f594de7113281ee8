/** The store: SQLite with a cache of statements, and errors that wait for the
 *  commit. */
#include "agent/base/db.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/statvfs.h>

#include "agent/base/db_file.h"
#include "agent/base/map.h"
#include "agent/base/mem.h"
#include "agent/base/must.h"
#include "agent/base/plant.h"

struct db_row {
    struct db *db;
    const char *sql;         /* its address is the key in the cache */
    sqlite3_stmt *statement; /* NULL: could not be prepared, every use fails quietly */
    int bound_count;
    bool is_busy;
};

struct db {
    sqlite3 *handle;
    char *path;
    struct map rows;
    struct db_row unprepared;
    struct err error;
    bool has_begun;
    int wal_pages;          /* in the WAL and not in the database yet */
    int64_t reserved_pages; /* the store's file is at least so long */
    bool has_little_room;
};

/* A checkpoint in a busy turn would delay a mail, so it waits for a quiet one; past the
 * second figure it waits no more. (4 KiB pages.) */
enum { TIDY_PAGES = 200, CHECKPOINT_PAGES = 2000 };

/* The store never grows past 2 GiB: then it is as if the disk were full. */
#define MAX_PAGES "524288"

/* With less room than this on its disk, the WAL is kept as short as it was made at the
 * start: what changes without making the store longer always fits there. */
#define LITTLE_ROOM_BYTES (64u * 1024 * 1024)
#define ROOMY_WAL "16777216"
enum { PAGE_BYTES = 4096, WAL_BYTES = 1024 * 1024, WAL_SHARE = 16 };

static bool is_space_errno(int code)
{
    return code == ENOSPC || code == EDQUOT || code == EFBIG;
}

/** A write past RLIMIT_FSIZE fails with EFBIG, but SQLite does not keep the number. */
static bool is_past_file_limit(int code)
{
    struct rlimit limit;
    return code == SQLITE_IOERR_WRITE && getrlimit(RLIMIT_FSIZE, &limit) == 0 &&
           limit.rlim_cur != RLIM_INFINITY;
}

static enum err_kind kind_of_failure(sqlite3 *handle, int code)
{
    int system_code = sqlite3_system_errno(handle);
    if (code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC) {
        /* After a failed fsync the kernel may have thrown the pages away, and a second
         * one can succeed all the same: only a new start reads what is really there. */
        return is_space_errno(system_code) ? ERR_FULL : ERR_BROKEN;
    }
    switch (code & 0xff) {
    case SQLITE_FULL:
    case SQLITE_NOMEM:
        return ERR_FULL;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERR_BUSY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return ERR_DAMAGED;
    case SQLITE_PERM:
    case SQLITE_READONLY:
        return ERR_DENIED;
    case SQLITE_CANTOPEN:
        return system_code == EACCES || system_code == EPERM ? ERR_DENIED : ERR_IO;
    default:
        return is_space_errno(system_code) || is_past_file_limit(code) ? ERR_FULL
                                                                       : ERR_IO;
    }
}

static bool failure(const struct db *db, int code, struct err *err)
{
    enum err_kind kind = kind_of_failure(db->handle, code);
    if (kind == ERR_BUSY)
        return err_set(err, ERR_BUSY, "another tocsin is running on '%s'", db->path);
    if (kind == ERR_FULL)
        return err_set(err, ERR_FULL, "no space left to write the store '%s': %s",
                       db->path, sqlite3_errstr(code));
    if (kind == ERR_BROKEN || kind == ERR_DAMAGED)
        return err_set(err, kind, "the store '%s' cannot be used: %s", db->path,
                       sqlite3_errmsg(db->handle));
    return err_set(err, kind, "the store '%s' cannot be read or written: %s", db->path,
                   sqlite3_errmsg(db->handle));
}

/* The first error of a turn is the cause, later ones only follow from it. */
static void remember(struct db *db, int code)
{
    if (db->error.kind == ERR_NONE)
        failure(db, code, &db->error);
}

const struct err *db_error(const struct db *db)
{
    return &db->error;
}

static bool run_text(struct db *db, const char *sql, struct err *err)
{
    int code = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
    return code == SQLITE_OK || failure(db, code, err);
}

/* locking_mode comes first: with it WAL needs no shared memory file, and the first
 * access takes the lock that keeps a second instance out. */
static bool apply_pragmas(struct db *db, struct err *err)
{
    const char *const pragmas[] = {
        "PRAGMA locking_mode=EXCLUSIVE",
        "PRAGMA auto_vacuum=INCREMENTAL", /* of a new file only */
        "PRAGMA mmap_size=0",
        "PRAGMA foreign_keys=OFF",
        "PRAGMA temp_store=MEMORY",
        "PRAGMA trusted_schema=OFF",
        "PRAGMA cell_size_check=ON",
        "PRAGMA max_page_count=" MAX_PAGES,
        "PRAGMA journal_size_limit=" ROOMY_WAL,
        "PRAGMA journal_mode=WAL",
        planted(PLANT_COMMIT_UNSYNCED) ? "PRAGMA synchronous=NORMAL"
                                       : "PRAGMA synchronous=FULL",
        "BEGIN EXCLUSIVE",
        "COMMIT",
    };
    sqlite3_busy_timeout(db->handle, 0);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    for (size_t i = 0; i < sizeof pragmas / sizeof *pragmas; i++)
        if (!run_text(db, pragmas[i], err))
            return false;
    return true;
}

static bool check_integrity(struct db *db, struct err *err)
{
    sqlite3_stmt *statement = NULL;
    int code =
        sqlite3_prepare_v2(db->handle, "PRAGMA quick_check(1)", -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    bool ok = code == SQLITE_ROW;
    const char *answer = ok ? (const char *)sqlite3_column_text(statement, 0) : "";
    if (!ok)
        failure(db, code, err);
    else if (!answer || strcmp(answer, "ok") != 0)
        ok = err_set(err, ERR_DAMAGED, "the store '%s' is damaged (%.200s)", db->path,
                     answer ? answer : "no answer");
    sqlite3_finalize(statement);
    return ok;
}

static bool read_version(struct db *db, int64_t *version, struct err *err)
{
    sqlite3_stmt *statement = NULL;
    int code =
        sqlite3_prepare_v2(db->handle, "PRAGMA user_version", -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code != SQLITE_ROW)
        failure(db, code, err);
    else
        *version = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return code == SQLITE_ROW;
}

static bool migrate_step(struct db *db, const char *sql, size_t version,
                         struct err *err)
{
    char set_version[64];
    snprintf(set_version, sizeof set_version, "PRAGMA user_version=%zu", version);
    bool ok = run_text(db, "BEGIN IMMEDIATE", err) && run_text(db, sql, err) &&
              run_text(db, set_version, err) && run_text(db, "COMMIT", err);
    if (!ok && !sqlite3_get_autocommit(db->handle))
        sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
    return ok;
}

static bool migrate(struct db *db, const struct db_migration *steps, size_t count,
                    struct err *err)
{
    int64_t version = 0;
    if (!read_version(db, &version, err))
        return false;
    if (version < 0 || (uint64_t)version > count)
        return err_set(err, ERR_BROKEN,
                       "the store '%s' has schema %lld, this tocsin knows only up to "
                       "%zu; start the newer tocsin that wrote it",
                       db->path, (long long)version, count);
    for (size_t i = (size_t)version; i < count; i++)
        if (!migrate_step(db, steps[i].sql, i + 1, err))
            return false;
    return true;
}

static int on_wal_grown(void *ctx, sqlite3 *handle, const char *name, int pages)
{
    struct db *db = ctx;
    (void)handle;
    (void)name;
    db->wal_pages = pages; /* a checkpoint is not allowed inside of the commit */
    return SQLITE_OK;
}

static void checkpoint(struct db *db)
{
    int code = sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_PASSIVE,
                                         NULL, NULL);
    db->wal_pages = 0;
    db->reserved_pages = 0; /* It cuts what the store does not need. */
    /* On a full disk the WAL just stays; a sync that failed must stop the agent. */
    if (code != SQLITE_OK && kind_of_failure(db->handle, code) == ERR_BROKEN)
        remember(db, code);
}

static uint64_t find_room(const struct db *db)
{
    struct statvfs disk;
    if (statvfs(db->path, &disk) != 0)
        return 0;
    return (uint64_t)disk.f_bavail * disk.f_frsize;
}

/** Other programs fill the disk and make room on it, too. */
static void look_for_room(struct db *db)
{
    bool has_little_room = find_room(db) < LITTLE_ROOM_BYTES;
    if (has_little_room == db->has_little_room)
        return;
    char sql[64];
    snprintf(sql, sizeof sql, "PRAGMA journal_size_limit=%s",
             has_little_room ? "1048576" : ROOMY_WAL);
    if (sqlite3_exec(db->handle, sql, NULL, NULL, NULL) == SQLITE_OK)
        db->has_little_room = has_little_room;
}

/** A new page needs room in the WAL at the commit, and in the store at the checkpoint.
 *  A commit that took the last room would be the last one: the WAL could not be emptied
 *  any more, and nothing could ever leave. So the store takes its room first, and
 *  whatever was committed fits into it. */
static void reserve(struct db *db)
{
    struct db_row *row = db_query(db, "PRAGMA page_count");
    int64_t pages = db_next(row) ? db_int(row, 0) : 0;
    db_done(row);
    sqlite3_int64 bytes = pages * PAGE_BYTES;
    if (pages <= db->reserved_pages)
        return;
    errno = 0;
    int code = sqlite3_file_control(db->handle, NULL, SQLITE_FCNTL_SIZE_HINT, &bytes);
    if (code == SQLITE_OK || code == SQLITE_NOTFOUND) /* this VFS has no such thing */
        db->reserved_pages = pages;
    else
        remember(db, errno == 0 || is_space_errno(errno) ? SQLITE_FULL : code);
}

static bool is_wal_shorter(const struct db *db, uint64_t than)
{
    sqlite3_file *wal = NULL;
    sqlite3_int64 bytes = 0;
    sqlite3_file_control(db->handle, NULL, SQLITE_FCNTL_JOURNAL_POINTER, &wal);
    return !wal || !wal->pMethods ||
           wal->pMethods->xFileSize(wal, &bytes) != SQLITE_OK || (uint64_t)bytes < than;
}

/** Make the WAL as long as it gets between two checkpoints: it is written over from its
 * begin afterwards, and an fdatasync that need not store a new length takes about two
 * thirds of the time (0.28 against 0.45 ms here). One that a killed process left is
 * long already. What cannot be made is done without, but no sync may fail. A small disk
 * gives it a share. */
static bool lengthen_wal(struct db *db, struct err *err)
{
    char fill[64];
    const char *const steps[] = {
        "DROP TABLE IF EXISTS filler",
        "CREATE TABLE filler (bytes BLOB)",
        fill,
        "DROP TABLE filler",
    };
    int code = SQLITE_OK;
    uint64_t room = find_room(db) / WAL_SHARE;
    uint64_t bytes = room < WAL_BYTES ? room : WAL_BYTES;
    size_t count = is_wal_shorter(db, bytes) ? sizeof steps / sizeof *steps : 1;
    snprintf(fill, sizeof fill, "INSERT INTO filler VALUES (zeroblob(%llu))",
             (unsigned long long)bytes);
    for (size_t i = 0; code == SQLITE_OK && i < count; i++)
        code = sqlite3_exec(db->handle, steps[i], NULL, NULL, NULL);
    if (code != SQLITE_OK && kind_of_failure(db->handle, code) == ERR_BROKEN)
        return failure(db, code, err);
    db_tidy(db);
    return true;
}

static bool open_handle(struct db *db, const char *vfs, struct err *err)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
                SQLITE_OPEN_EXRESCODE;
    int code = sqlite3_open_v2(db->path, &db->handle, flags, vfs);
    mem_there(db->handle);
    return code == SQLITE_OK || failure(db, code, err);
}

struct db *db_open(const char *path, const char *vfs,
                   const struct db_migration *migrations, size_t migration_count,
                   struct err *err)
{
    /* Behind another VFS there may be no file of the kernel at all. */
    if (!vfs && !db_file_make(path, err))
        return NULL;
    struct db *db = mem_zalloc(sizeof *db);
    db->path = mem_copy_text(path);
    db->unprepared.db = db;
    if (open_handle(db, vfs, err) && apply_pragmas(db, err) &&
        check_integrity(db, err) && migrate(db, migrations, migration_count, err)) {
        sqlite3_wal_hook(db->handle, on_wal_grown, db);
        int chunk = PAGE_BYTES;
        sqlite3_file_control(db->handle, NULL, SQLITE_FCNTL_CHUNK_SIZE, &chunk);
        /* SQLite does not look at how its own sync of the folder ended. */
        if (lengthen_wal(db, err) && (vfs || db_file_sync_folder(path, err)))
            return db;
    }
    db_close(db);
    return NULL;
}

void db_close(struct db *db)
{
    if (!db)
        return;
    size_t at = 0;
    for (struct db_row *row; (row = map_next(&db->rows, &at));) {
        sqlite3_finalize(row->statement);
        free(row);
    }
    map_free(&db->rows);
    db_rollback(db);
    must(sqlite3_close(db->handle) == SQLITE_OK);
    free(db->path);
    free(db);
}

/* --- transactions ----------------------------------------------------------------- */

/** Each turn runs them, so they are compiled once. */
static void step(struct db *db, const char *sql)
{
    struct db_row *row = db_query(db, sql);
    int code = row->statement ? sqlite3_step(row->statement) : SQLITE_DONE;
    if (code != SQLITE_DONE)
        remember(db, code);
    db_done(row);
}

void db_begin(struct db *db)
{
    if (db->has_begun || db->error.kind != ERR_NONE)
        return;
    look_for_room(db);
    step(db, "BEGIN IMMEDIATE");
    db->has_begun = true;
}

bool db_is_dirty(const struct db *db)
{
    return db->has_begun || db->error.kind != ERR_NONE;
}

void db_rollback(struct db *db)
{
    /* SQLite has rolled back itself after some errors. */
    if (!sqlite3_get_autocommit(db->handle))
        sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
    db->has_begun = false;
    db->error = (struct err){ 0 };
}

bool db_commit(struct db *db, struct err *err)
{
    if (db->has_begun)
        reserve(db);
    if (db->error.kind == ERR_NONE && db->has_begun)
        step(db, "COMMIT");
    if (db->error.kind == ERR_NONE) {
        db->has_begun = false;
        if (db->wal_pages >= (db->has_little_room ? 1 : CHECKPOINT_PAGES))
            checkpoint(db);
        return true;
    }
    *err = db->error;
    db_rollback(db);
    if (err->kind == ERR_FULL) /* The next commit can begin the WAL anew. */
        checkpoint(db);
    if (db->error.kind != ERR_NONE) /* a sync that failed in it */
        *err = db->error;
    return false;
}

uint64_t db_memory(void)
{
    return (uint64_t)sqlite3_memory_used();
}

void db_trim(struct db *db)
{
    sqlite3_db_release_memory(db->handle);
}

void db_tidy(struct db *db)
{
    if (!db->has_begun && db->wal_pages >= TIDY_PAGES)
        checkpoint(db);
}

/* --- statements ------------------------------------------------------------------- */

static struct slice key_of(const char *const *sql)
{
    return slice_make((const char *)sql, sizeof *sql);
}

static struct db_row *row_create(struct db *db, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT,
                                  &statement, NULL);
    must(code != SQLITE_ERROR); /* the SQL itself is wrong */
    if (code != SQLITE_OK) {
        remember(db, code);
        return &db->unprepared;
    }
    struct db_row *row = mem_zalloc(sizeof *row);
    *row = (struct db_row){ .db = db, .sql = sql, .statement = statement };
    map_put(&db->rows, key_of(&row->sql), row);
    return row;
}

struct db_row *db_query(struct db *db, const char *sql)
{
    struct db_row *row = map_find(&db->rows, key_of(&sql));
    if (!row)
        row = row_create(db, sql);
    must(!row->is_busy);
    row->is_busy = row->statement != NULL;
    row->bound_count = 0;
    return row;
}

static void bound(struct db_row *row, int code)
{
    if (code != SQLITE_OK) {
        must((code & 0xff) != SQLITE_RANGE && (code & 0xff) != SQLITE_MISUSE);
        remember(row->db, code);
    }
}

void db_bind_int(struct db_row *row, int64_t value)
{
    if (row->statement)
        bound(row, sqlite3_bind_int64(row->statement, ++row->bound_count, value));
}

void db_bind_text(struct db_row *row, struct slice text)
{
    if (row->statement)
        bound(row, sqlite3_bind_text64(row->statement, ++row->bound_count,
                                       text.ptr ? text.ptr : "", text.len,
                                       SQLITE_TRANSIENT, SQLITE_UTF8));
}

void db_bind_blob(struct db_row *row, struct slice bytes)
{
    if (row->statement)
        bound(row, sqlite3_bind_blob64(row->statement, ++row->bound_count,
                                       bytes.ptr ? bytes.ptr : "", bytes.len,
                                       SQLITE_TRANSIENT));
}

void db_bind_null(struct db_row *row)
{
    if (row->statement)
        bound(row, sqlite3_bind_null(row->statement, ++row->bound_count));
}

void db_done(struct db_row *row)
{
    if (!row->statement)
        return;
    sqlite3_reset(row->statement);
    sqlite3_clear_bindings(row->statement);
    row->is_busy = false;
}

bool db_next(struct db_row *row)
{
    if (!row->statement)
        return false;
    must(row->is_busy);
    int code = sqlite3_step(row->statement);
    if (code == SQLITE_ROW)
        return true;
    if (code != SQLITE_DONE)
        remember(row->db, code);
    db_done(row);
    return false;
}

void db_run(struct db_row *row)
{
    struct db *db = row->db;
    db_begin(db);
    /* After a failure SQLite may have left the transaction, and a further statement
     * would be a commit of its own. */
    if (row->statement && db->error.kind == ERR_NONE) {
        int code = sqlite3_step(row->statement);
        if (code != SQLITE_DONE && code != SQLITE_ROW)
            remember(db, code);
    }
    db_done(row);
}

int64_t db_last_id(const struct db *db)
{
    return sqlite3_last_insert_rowid(db->handle);
}

int64_t db_changed_count(const struct db *db)
{
    return sqlite3_changes64(db->handle);
}

int64_t db_int(struct db_row *row, int column)
{
    return sqlite3_column_int64(row->statement, column);
}

struct slice db_text(struct db_row *row, int column)
{
    const char *text = (const char *)sqlite3_column_text(row->statement, column);
    int len = sqlite3_column_bytes(row->statement, column);
    return slice_make(text ? text : "", text ? (size_t)len : 0);
}

struct slice db_blob(struct db_row *row, int column)
{
    const char *bytes = sqlite3_column_blob(row->statement, column);
    int len = sqlite3_column_bytes(row->statement, column);
    return slice_make(bytes ? bytes : "", bytes ? (size_t)len : 0);
}

void db_put_version(struct buf *out)
{
    buf_printf(out, "SQLite %s", sqlite3_libversion());
}
