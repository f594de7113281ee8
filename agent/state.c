/** Pieces of the engine's memory as rows of one table. */
#include "agent/state.h"

#include <errno.h>
#include <sys/stat.h>

#include "agent/base/mem.h"
#include "agent/inputs/input.h"
#include "outputs/output.h"

static const char state_schema_sql[] =
    "CREATE TABLE piece (key TEXT PRIMARY KEY, bytes BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE start (count INTEGER NOT NULL);"
    "INSERT INTO start VALUES (0);";

struct db *state_open(const char *folder, const char *vfs, struct err *err)
{
    const struct db_migration migrations[] = {
        { state_schema_sql },        { inputs_schema_sql }, { outputs_schema_sql },
        { inputs_ledger_sql },       { inputs_places_sql }, { journal_schema_sql },
        { outputs_more_schema_sql },
    };
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        err_set_errno(err, "the state folder '%s' cannot be made", folder);
        return NULL;
    }
    struct arena arena = { 0 };
    struct db *db = db_open(arena_printf(&arena, "%s/tocsin.db", folder), vfs,
                            migrations, sizeof migrations / sizeof *migrations, err);
    arena_free(&arena);
    return db;
}

uint64_t state_count_start(struct db *db, struct err *err)
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
