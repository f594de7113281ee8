/**
 * The engine's memory in the store: open groups, counts, digests, limits. A sheet is a
 * number and bytes that only the engine understands; here it is a row.
 */
#ifndef TOCSIN_AGENT_STATE_H
#define TOCSIN_AGENT_STATE_H

#include "agent/base/db.h"
#include "agent/state_dir.h"
#include "rules/engine.h"

/** How the store is opened. */
struct state_place {
    const char *folder;
    const char *vfs;         /**< of SQLite; NULL: the kernel's files */
    bool stops_when_damaged; /**< instead of setting it aside */
};

/** Open `tocsin.db` in the folder (made with mode 0700 when missing), migrated. A store
 *  that is damaged is moved away and a new one begun, unless it is to stop: that, and
 *  a store that is gone, is put into @news. Fails as db_open(). */
struct db *state_open(const struct state_place *place, struct now now,
                      struct state_news *news, struct err *err)
    __attribute__((warn_unused_result));

/** Count this start, this clean end or this copy, and commit it. @return how many the
 *  store has seen, this one included; 0 with @err when it cannot be written. */
uint64_t state_count(struct db *db, struct err *err);

/** Write a copy of all that is committed to @path: whole, durable, mode 0600; what lies
 *  there is replaced. No transaction may be open. Fails: ERR_FULL, ERR_DENIED, ERR_IO.
 */
bool state_backup(struct db *db, const char *path, struct err *err)
    __attribute__((warn_unused_result));

/** A burst leaves pages that nothing needs: cut a bounded piece off the file when there
 *  are many. For quiet turns. */
void state_give_back(struct db *db);

/** The size of the database, without what waits in the WAL. */
uint64_t state_size_bytes(struct db *db);

/** Put every changed sheet of @engine into the running transaction. May be repeated. */
void state_save(struct db *db, struct engine *engine, struct now now);

/** Give all sheets back to a fresh @engine. One that cannot be read is an error:
 * the store stays as it is, and the agent does not start over in silence. */
bool state_load(struct db *db, struct engine *engine, struct now now, struct err *err)
    __attribute__((warn_unused_result));

#endif
