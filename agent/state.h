/**
 * The engine's memory in the store: open groups, counts, digests, limits. A piece is a
 * key and bytes that only the engine understands; here they are rows.
 */
#ifndef TOCSIN_AGENT_STATE_H
#define TOCSIN_AGENT_STATE_H

#include "agent/base/db.h"
#include "rules/engine.h"

/** Open `tocsin.db` in @folder (made with mode 0700 when missing), migrated.
 *  Fails as db_open(). */
struct db *state_open(const char *folder, const char *vfs, struct err *err)
    __attribute__((warn_unused_result));

/** Count this start and commit it. @return how many starts this store has seen, this
 * one included; 0 with @err when it cannot be written. */
uint64_t state_count_start(struct db *db, struct err *err);

/** Put every changed piece of @engine into the running transaction. May be repeated. */
void state_save(struct db *db, struct engine *engine, struct now now);

/** Give all pieces back to a fresh @engine. A piece that cannot be read is an error:
 * the store stays as it is, and the agent does not start over in silence. */
bool state_load(struct db *db, struct engine *engine, struct now now, struct err *err)
    __attribute__((warn_unused_result));

#endif
