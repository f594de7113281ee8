/**
 * An older store with rows in it is brought to the newest schema, in memory, and the
 * process dies once at each operation of the disk, by a kill or by a power cut:
 *
 *     migrations SEED
 *
 * What lies there afterwards is one whole schema, the old or one of the newer, with
 * every row; and the next start finishes. The three steps add a column and fill it, move
 * all rows to another table, and write each of them again.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/db.h"
#include "agent/base/must.h"
#include "tests/sim/power.h"

enum { VERSIONS = 4, ROWS = 400 };

static const struct db_migration steps[VERSIONS] = {
    { "CREATE TABLE old (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL);" },
    { "ALTER TABLE old ADD COLUMN weight INTEGER NOT NULL DEFAULT 0;"
      "UPDATE old SET weight = id;" },
    { "CREATE TABLE fresh (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL, weight "
      "INTEGER);"
      "INSERT INTO fresh SELECT id, bytes, 2 * weight FROM old; DROP TABLE old;" },
    { "UPDATE fresh SET weight = weight + id;" },
};

/* What weight and id of each row must have to do with each other in each version. */
static const char *const counts[VERSIONS + 1] = {
    NULL,
    "SELECT count(*) FROM old WHERE length(bytes) = 100 + id",
    "SELECT count(*) FROM old WHERE length(bytes) = 100 + id AND weight = id",
    "SELECT count(*) FROM fresh WHERE length(bytes) = 100 + id AND weight = 2 * id",
    "SELECT count(*) FROM fresh WHERE length(bytes) = 100 + id AND weight = 3 * id",
};

static struct db *open_as(const struct power *power, size_t version, struct err *err)
{
    return db_open("/tmp/tocsin-migrations.db", power_vfs(power), steps, version, err);
}

/** @return a disk with a store of the first version. */
static struct power *make_old(void)
{
    struct err err = { 0 };
    struct power *power = power_create("migrations");
    struct db *db = open_as(power, 1, &err);
    must(db);
    for (int64_t id = 1; id <= ROWS; id++) {
        struct db_row *row = db_query(db, "INSERT INTO old VALUES (?, zeroblob(?))");
        db_bind_int(row, id);
        db_bind_int(row, 100 + id);
        db_run(row);
    }
    must(db_commit(db, &err));
    db_close(db);
    return power;
}

/** @return whether all operations of the migration were let through. */
static bool die_at(struct power *power, uint64_t operation, bool is_cut,
                   struct rng *rng)
{
    struct err err = { 0 };
    power_die_after(power, (int64_t)operation);
    struct db *db = open_as(power, VERSIONS, &err);
    bool is_through = !power_is_dead(power);
    power_freeze(power);
    db_close(db);
    power_restart(power);
    if (is_cut)
        power_cut(power, rng);
    return is_through;
}

/** @return its version, and 0 when it is none: what it is not asked to migrate to, a
 *  store of that version or an older one does not get. */
static size_t version_of(const struct power *power)
{
    for (size_t version = 1; version <= VERSIONS; version++) {
        struct err err = { 0 };
        struct db *db = open_as(power, version, &err);
        if (!db && err.kind == ERR_BROKEN)
            continue; /* it is newer */
        int64_t count = 0;
        struct db_row *row = db ? db_query(db, counts[version]) : NULL;
        if (row && db_next(row)) {
            count = db_int(row, 0);
            db_done(row);
        }
        db_close(db);
        return count == ROWS ? version : 0;
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct rng rng;
    uint64_t seen[VERSIONS + 1] = { 0 }, unfinished = 0, tried = 0;
    bool is_through = false;
    rng_seed(&rng, argc == 2 ? strtoull(argv[1], NULL, 10) : 1);
    for (uint64_t i = 0; !is_through; i++) {
        for (int is_cut = 0; is_cut < 2; is_cut++, tried++) {
            struct power *power = make_old();
            is_through = die_at(power, i, is_cut, &rng);
            seen[version_of(power)]++;
            struct err err = { 0 };
            struct db *db = open_as(power, VERSIONS, &err);
            db_close(db);
            unfinished += version_of(power) != VERSIONS;
            power_free(power);
        }
    }
    printf("%" PRIu64
           " deaths while an older schema is migrated, tried at each operation "
           "twice: left in between %" PRIu64 ", not finished by the next start %" PRIu64
           "; schema 1 %" PRIu64 ", 2 %" PRIu64 ", 3 %" PRIu64 ", 4 %" PRIu64 "\n",
           tried, seen[0], unfinished, seen[1], seen[2], seen[3], seen[4]);
    return seen[0] + unfinished > 0 || seen[1] == 0 || seen[VERSIONS] == 0;
}
