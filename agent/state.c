/** Sheets of the engine's memory as rows of one table. */
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

/* What stands in `piece` is put onto sheets when it is loaded. */
static const char state_sheets_sql[] =
    "CREATE TABLE sheet (number INTEGER PRIMARY KEY, bytes BLOB NOT NULL);";

static struct db *open_store(const struct state_place *place, struct err *err)
{
    const struct db_migration migrations[] = {
        { state_schema_sql },        { inputs_schema_sql }, { outputs_schema_sql },
        { inputs_ledger_sql },       { inputs_places_sql }, { journal_schema_sql },
        { outputs_more_schema_sql }, { state_sheets_sql },  { spool_schema_sql },
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

/* --- the engine's sheets ---------------------------------------------------------- */

static void save_sheet(void *ctx, uint32_t sheet, struct slice bytes)
{
    static const char forget_sql[] = "DELETE FROM sheet WHERE number = ?";
    static const char keep_sql[] = "REPLACE INTO sheet VALUES (?, ?)";
    struct db_row *row = db_query(ctx, bytes.len == 0 ? forget_sql : keep_sql);
    db_bind_int(row, sheet);
    if (bytes.len > 0)
        db_bind_blob(row, bytes);
    db_run(row);
}

void state_save(struct db *db, struct engine *engine, struct now now)
{
    engine_save(engine, now, save_sheet, db);
}

static bool load_sheets(struct db *db, struct engine *engine, struct now now,
                        struct err *err)
{
    struct db_row *row =
        db_query(db, "SELECT number, bytes FROM sheet ORDER BY number");
    while (db_next(row)) {
        if (!engine_restore(engine, (uint64_t)db_int(row, 0), db_blob(row, 1), now,
                            err)) {
            db_done(row);
            return false;
        }
    }
    return true;
}

/** Of an older version: a row each. */
static bool load_pieces(struct db *db, struct engine *engine, struct now now,
                        struct err *err, size_t *count)
{
    struct db_row *row = db_query(db, "SELECT key, bytes FROM piece ORDER BY key");
    for (*count = 0; db_next(row); ++*count) {
        if (!engine_restore_piece(engine, db_text(row, 0), db_blob(row, 1), now, err)) {
            db_done(row);
            return false;
        }
    }
    return true;
}

/** At once, or what is gone would be told again from its old row. */
static bool convert(struct db *db, struct engine *engine, struct now now,
                    struct err *err)
{
    state_save(db, engine, now);
    db_run(db_query(db, "DELETE FROM piece"));
    if (!db_commit(db, err))
        return false;
    engine_saved(engine);
    return true;
}

bool state_load(struct db *db, struct engine *engine, struct now now, struct err *err)
{
    size_t old_count;
    if (!load_sheets(db, engine, now, err) ||
        !load_pieces(db, engine, now, err, &old_count))
        return false;
    if (db_error(db)->kind == ERR_NONE)
        return old_count == 0 || convert(db, engine, now, err);
    *err = *db_error(db);
    return false;
}
