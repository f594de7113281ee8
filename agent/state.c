/** Pieces of the engine's memory as rows of one table. */
#include "agent/state.h"

#include <fcntl.h>
#include <unistd.h>

#include "agent/base/mem.h"
#include "agent/inputs/input.h"
#include "outputs/output.h"

static const char state_schema_sql[] =
    "CREATE TABLE piece (key TEXT PRIMARY KEY, bytes BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE start (count INTEGER NOT NULL);"
    "INSERT INTO start VALUES (0);";

static struct db *open_store(const struct state_place *place, struct err *err)
{
    const struct db_migration migrations[] = {
        { state_schema_sql },        { inputs_schema_sql }, { outputs_schema_sql },
        { inputs_ledger_sql },       { inputs_places_sql }, { journal_schema_sql },
        { outputs_more_schema_sql },
    };
    struct arena arena = { 0 };
    struct db *db =
        db_open(arena_printf(&arena, "%s/tocsin.db", place->folder), place->vfs,
                migrations, sizeof migrations / sizeof *migrations, err);
    arena_free(&arena);
    return db;
}

struct db *state_open(const struct state_place *place, struct now now,
                      struct state_news *news, struct err *err)
{
    if (!state_dir_make(place->folder, err))
        return NULL;
    if (place->vfs) /* there may be no files of the kernel */
        return open_store(place, err);
    if (!state_dir_look(place->folder, now, news, err))
        return NULL;
    struct db *db = open_store(place, err);
    if (db || err->kind != ERR_DAMAGED || place->stops_when_damaged)
        return db;
    struct err damage = *err;
    if (!state_dir_set_aside(place->folder, damage.text, now, news, err))
        return NULL;
    return open_store(place, err);
}

uint64_t state_count(struct db *db, struct err *err)
{
    uint64_t count = 0;
    db_run(db_query(db, "UPDATE start SET count = count + 1"));
    struct db_row *row = db_query(db, "SELECT count FROM start");
    if (db_next(row)) {
        count = (uint64_t)db_int(row, 0);
        db_done(row);
    }
    return db_commit(db, err) ? count : 0;
}

/* --- the file of the store -------------------------------------------------------- */

enum { FREE_PAGES = 1024 };

static int64_t ask_number(struct db *db, const char *sql)
{
    int64_t number = 0;
    struct db_row *row = db_query(db, sql);
    if (db_next(row)) {
        number = db_int(row, 0);
        db_done(row);
    }
    return number;
}

bool state_give_back(struct db *db)
{
    if (db_is_dirty(db))
        return true;
    if (ask_number(db, "PRAGMA freelist_count") <= FREE_PAGES)
        return false;
    struct db_row *row = db_query(db, "PRAGMA incremental_vacuum(256)");
    while (db_next(row))
        continue;
    return true;
}

uint64_t state_size_bytes(struct db *db)
{
    return (uint64_t)ask_number(db, "PRAGMA page_count") *
           (uint64_t)ask_number(db, "PRAGMA page_size");
}

/** SQLite would make it by the umask, and does not sync it. */
static bool make_copy(struct db *db, const char *path, int fd, struct err *err)
{
    struct db_row *row = db_query(db, "VACUUM INTO ?");
    db_bind_text(row, slice_of(path));
    while (db_next(row))
        continue;
    if (db_error(db)->kind != ERR_NONE) {
        *err = *db_error(db);
        db_rollback(db);
        return false;
    }
    return fsync(fd) == 0 || err_set_errno(err, "the copy '%s' cannot be synced", path);
}

bool state_backup(struct db *db, const char *path, struct err *err)
{
    (void)unlink(path);
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_set_errno(err, "the copy '%s' cannot be made", path);
    bool ok = make_copy(db, path, fd, err);
    close(fd);
    if (!ok)
        (void)unlink(path);
    return ok;
}

/* --- the engine's pieces ---------------------------------------------------------- */

static void save_piece(void *ctx, struct slice key, struct slice bytes)
{
    struct db *db = ctx;
    struct db_row *row;
    if (bytes.len == 0) {
        row = db_query(db, "DELETE FROM piece WHERE key = ?");
        db_bind_text(row, key);
    } else {
        row = db_query(db, "INSERT INTO piece VALUES (?, ?)"
                           " ON CONFLICT (key) DO UPDATE SET bytes = excluded.bytes");
        db_bind_text(row, key);
        db_bind_blob(row, bytes);
    }
    db_run(row);
}

void state_save(struct db *db, struct engine *engine, struct now now)
{
    engine_save(engine, now, save_piece, db);
}

bool state_load(struct db *db, struct engine *engine, struct now now, struct err *err)
{
    struct db_row *row = db_query(db, "SELECT key, bytes FROM piece ORDER BY key");
    while (db_next(row)) {
        if (!engine_restore(engine, db_text(row, 0), db_blob(row, 1), now, err)) {
            db_done(row);
            return false;
        }
    }
    if (db_error(db)->kind == ERR_NONE)
        return true;
    *err = *db_error(db);
    return false;
}
