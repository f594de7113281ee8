/**
 * The store: one SQLite file, one connection, one transaction a turn. Opened with
 * locking_mode=EXCLUSIVE, WAL and synchronous=FULL: what was committed survives a power
 * cut, and a second instance is refused at once. (Measured: shared/facts/libraries.md
 * 1.8.)
 *
 * Nothing here aborts on a full disk: a write that fails marks the turn as failed, and
 * db_commit() then rolls back and says so.
 */
#ifndef TOCSIN_BASE_DB_H
#define TOCSIN_BASE_DB_H

#include "agent/base/buf.h"
#include "agent/base/err.h"
#include "agent/base/slice.h"

struct db;

/** One step of the schema. Steps are only ever added at the end. */
struct db_migration {
    const char *sql;
};

/** Open or create @path and bring it to the newest schema, each step in one
 *  transaction.
 *  @vfs  name of an SQLite VFS, NULL for the default
 *  Fails: ERR_BUSY (another instance holds it), ERR_DAMAGED (not a database, or not
 *  the one that was stored), ERR_BROKEN (newer schema, no regular file), ERR_FULL,
 *  ERR_DENIED, ERR_IO. The directory must exist. File mode is 0600. */
struct db *db_open(const char *path, const char *vfs,
                   const struct db_migration *migrations, size_t migration_count,
                   struct err *err) __attribute__((warn_unused_result));
void db_close(struct db *db);

/** Begin the turn's transaction, if it has not begun. Every statement that writes calls
 *  it itself, so that a turn without writes commits nothing. */
void db_begin(struct db *db);
/** True when something was written since the last commit. */
bool db_is_dirty(const struct db *db);
/** Make the turn durable. On false everything of this turn is rolled back. */
bool db_commit(struct db *db, struct err *err) __attribute__((warn_unused_result));
void db_rollback(struct db *db);
/** Nothing is urgent now: write the WAL back into the database if it is worth it. Takes
 * a few milliseconds then, and nothing otherwise. */
void db_tidy(struct db *db);

/** Forget pages that were only read or written lately; they are read again when they
 *  are needed. */
void db_trim(struct db *db);
/** Bytes that SQLite has allocated in this process, most of them pages it keeps. */
uint64_t db_memory(void);

/** A statement by its SQL text, prepared once and cached by the address of @sql. */
struct db_row; /* a running statement */
struct db_row *db_query(struct db *db, const char *sql);

/** Bind the next parameter, in order. */
void db_bind_int(struct db_row *row, int64_t value);
void db_bind_text(struct db_row *row, struct slice text);
void db_bind_blob(struct db_row *row, struct slice bytes);
void db_bind_null(struct db_row *row);

/** Step to the next row. @return false at the end or on error; then the statement is
 *  reset and the db_row is no longer to be used. */
bool db_next(struct db_row *row);
/** Stop before the end. */
void db_done(struct db_row *row);
/** Run a statement that returns no row (INSERT, UPDATE, DELETE); begins the
 *  transaction. A failure is remembered and makes db_commit() fail. */
void db_run(struct db_row *row);
int64_t db_last_id(const struct db *db);
int64_t db_changed_count(const struct db *db);

/** Columns of the current row; slices are good until the next db_next(). */
int64_t db_int(struct db_row *row, int column);
struct slice db_text(struct db_row *row, int column);
struct slice db_blob(struct db_row *row, int column);

/** The first error since the last commit or rollback, ERR_NONE when all is well. */
const struct err *db_error(const struct db *db);

/** "SQLite 3.40.1". */
void db_put_version(struct buf *out);

#endif
