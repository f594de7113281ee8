/**
 * Cuts the power under the store, in memory and by thousands:
 *
 *     cuts [--lying] COUNT SEED
 *
 * A round opens the store (now and then a new one, so that it is created and migrated),
 * writes transactions, and dies at an operation of the disk that chance picks: in a
 * commit, a checkpoint, at the start or in a migration. Then the power is cut: of what
 * was not synced nothing, all, or any part gets there, in any order, torn at sectors.
 *
 * A transaction writes three rows of one number. After the cut the three must be equal
 * (neither a position without its count nor the other way round), and not less than
 * what was confirmed. Before that, the power is cut once at each operation of a first
 * start. With --lying syncs do nothing: the control, which must fail.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/base/db.h"
#include "agent/base/must.h"
#include "agent/state.h"
#include "tests/sim/power.h"

enum { ROWS = 3, MOST_TURNS = 60, FAT_BYTES = 30000 };

struct cuts {
    struct power *power;
    struct rng rng;
    uint64_t number, confirmed;
    uint64_t at_start, in_checkpoint, in_commit, idle; /* where it died */
    uint64_t corrupt, lost, torn;
};

static const char folder[] = "/tmp/tocsin-cuts";

static void put(struct db *db, int row, uint64_t number, size_t fat)
{
    static char bytes[FAT_BYTES];
    int len = snprintf(bytes, sizeof bytes, "%" PRIu64, number);
    memset(bytes + len, ' ', sizeof bytes - (size_t)len);
    struct db_row *insert = db_query(db, "REPLACE INTO sheet VALUES (?, ?)");
    db_bind_int(insert, row);
    db_bind_blob(insert, slice_make(bytes, (size_t)len + fat));
    db_run(insert);
}

/** @return false when the three rows do not agree. */
static bool get(struct db *db, uint64_t *number)
{
    uint64_t values[ROWS] = { 0 };
    size_t count = 0;
    struct db_row *row = db_query(db, "SELECT bytes FROM sheet ORDER BY number");
    while (db_next(row)) {
        char text[32] = "";
        struct slice bytes = db_blob(row, 0);
        memcpy(text, bytes.ptr, bytes.len < 31 ? bytes.len : 31);
        must(count < ROWS);
        values[count++] = strtoull(text, NULL, 10);
    }
    *number = values[0];
    return (count == 0 || count == ROWS) && values[0] == values[1] &&
           values[1] == values[2];
}

/** Transactions until the disk is dead. @return whether it died in a commit. */
static bool work(struct cuts *cuts, struct db *db)
{
    for (uint64_t i = rng_next(&cuts->rng) % MOST_TURNS; i > 0; i--) {
        struct err err = { 0 };
        size_t fat = rng_next(&cuts->rng) % (FAT_BYTES - 32);
        cuts->number++;
        for (int row = 0; row < ROWS; row++)
            put(db, row, cuts->number, fat);
        if (!db_commit(db, &err))
            return true;
        if (power_is_dead(cuts->power))
            return true;
        cuts->confirmed = cuts->number;
        if (i % 4 == 0)
            db_tidy(db);
        if (power_is_dead(cuts->power)) {
            cuts->in_checkpoint++;
            return false;
        }
    }
    cuts->idle++;
    return false;
}

static struct db *open_store(struct cuts *cuts)
{
    const struct state_place place = { .folder = folder,
                                       .vfs = power_vfs(cuts->power),
                                       .stops_when_damaged = true };
    const struct now now = { 1000, INT64_C(1795750000000) };
    struct state_news news = { 0 };
    struct err err = { 0 };
    return state_open(&place, now, &news, &err);
}

/** Work until the disk is dead, @operations from now, and cut the power. */
static void die_within(struct cuts *cuts, uint64_t operations)
{
    power_die_after(cuts->power, (int64_t)operations);
    struct db *db = open_store(cuts);
    if (!db || power_is_dead(cuts->power))
        cuts->at_start++;
    else if (work(cuts, db))
        cuts->in_commit++;
    power_freeze(cuts->power);
    db_close(db);
    power_restart(cuts->power);
    power_cut(cuts->power, &cuts->rng);
}

static void die(struct cuts *cuts)
{
    static const uint64_t spans[] = { 12, 120, 1200, 3600 };
    uint64_t span = spans[rng_next(&cuts->rng) % (sizeof spans / sizeof *spans)];
    die_within(cuts, rng_next(&cuts->rng) % span);
}

/** @return false when the store is no use any more. */
static bool look(struct cuts *cuts)
{
    uint64_t found = 0;
    struct db *db = open_store(cuts);
    if (!db) {
        cuts->corrupt++;
        return false;
    }
    bool is_whole = get(db, &found);
    cuts->torn += !is_whole;
    cuts->lost += is_whole && found < cuts->confirmed;
    cuts->number = cuts->confirmed = found;
    db_close(db);
    return is_whole;
}

static void renew(struct cuts *cuts, bool is_lying)
{
    power_free(cuts->power);
    cuts->power = power_create("cuts");
    power_set_lying(cuts->power, is_lying);
    cuts->number = cuts->confirmed = 0;
}

/** At each operation of creating and migrating a store. @return how many there are. */
static uint64_t cut_each_start(struct cuts *cuts, bool is_lying)
{
    for (uint64_t i = 0;; i++) {
        uint64_t before = cuts->at_start;
        renew(cuts, is_lying);
        die_within(cuts, i);
        (void)look(cuts);
        if (cuts->at_start == before)
            return i;
    }
}

int main(int argc, char **argv)
{
    struct cuts cuts = { 0 };
    bool is_lying = argc == 4 && strcmp(argv[1], "--lying") == 0;
    if (argc != (is_lying ? 4 : 3)) {
        fprintf(stderr, "usage: see the head of tests/e2e/cuts.c\n");
        return 64;
    }
    uint64_t count = strtoull(argv[argc - 2], NULL, 10);
    uint64_t seed = strtoull(argv[argc - 1], NULL, 10);
    (void)mkdir(folder, 0700); /* the store itself is in memory */
    rng_seed(&cuts.rng, seed);
    uint64_t starts = cut_each_start(&cuts, is_lying);
    renew(&cuts, is_lying);
    for (uint64_t i = 0; i < count; i++) {
        die(&cuts);
        if (!look(&cuts) || rng_next(&cuts.rng) % 8 == 0)
            renew(&cuts, is_lying);
    }
    power_free(cuts.power);
    printf("%" PRIu64 " operations of a first start, with a power cut at each; %" PRIu64
           " cuts from seed %" PRIu64 "; of all %" PRIu64
           " at a start, in creating or migrating, %" PRIu64 " in a commit, %" PRIu64
           " in a checkpoint, %" PRIu64 " while idle; corrupt %" PRIu64
           ", half a transaction %" PRIu64 ", confirmed and lost %" PRIu64 "\n",
           starts, count, seed, cuts.at_start, cuts.in_commit, cuts.in_checkpoint,
           cuts.idle, cuts.corrupt, cuts.torn, cuts.lost);
    return cuts.corrupt + cuts.torn + cuts.lost > 0;
}
