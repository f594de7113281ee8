/** The table of reasons, and the sums in memory and in the store. */
#include "agent/inputs/ledger.h"

#include <stdlib.h>

#include "agent/base/limits.h"
#include "agent/base/mem.h"
#include "agent/base/must.h"
#include "agent/inputs/input.h"

#define ASK_ROTATION                                                        \
    "Rotate less often, keep more generations (logrotate: rotate), or let " \
    "them wait a day before they are compressed (delaycompress)."

const struct ledger_row ledger_table[REASON_COUNT] = {
    [REASON_READ] = { "read", LEDGER_READ, "read", "" },
    [REASON_OLD] = { "old", LEDGER_SKIPPED, "there before the first start", "" },
    [REASON_HOLE] = { "hole", LEDGER_SKIPPED, "holes that were never written", "" },
    [REASON_LONG_LINE] = { "long_line", LEDGER_SKIPPED,
                           "of lines behind their first 64 KiB", "" },
    [REASON_COPY] = { "copy", LEDGER_SKIPPED, "in copies of what was read", "" },
    [REASON_NUL] = { "nul", LEDGER_LOST,
                     "NULs stand where lines were, as a power cut leaves them",
                     "Nothing brings these lines back; where they matter, let their "
                     "program write through to the disk (fsync)." },
    [REASON_TRUNCATED] = { "truncated", LEDGER_LOST,
                           "it was truncated before they were read",
                           "Rotate it by renaming (logrotate: create instead of "
                           "copytruncate), which loses nothing." },
    [REASON_CUT] = { "cut", LEDGER_LOST,
                     "it got shorter and begins as before, so what is left counts as "
                     "read; whether it was written anew instead cannot be told",
                     "Nothing was lost if somebody cut it. Let its program append to "
                     "it "
                     "('>>', not '>'), and rotate it by renaming." },
    [REASON_ROTATED_AWAY] = { "rotated_away", LEDGER_LOST,
                              "it was rotated away or deleted before it was read",
                              ASK_ROTATION },
    [REASON_COMPRESSED] = { "compressed", LEDGER_LOST,
                            "it was rotated and compressed before it was read",
                            "Let tocsin finish it inside the archive ('archives: "
                            "true' at its source), or use delaycompress." },
    [REASON_TOO_MANY_GENERATIONS] = { "too_many_generations", LEDGER_LOST,
                                      "it was rotated more often than generations are "
                                      "followed",
                                      ASK_ROTATION },
    [REASON_ARCHIVE_BROKEN] = { "archive_broken", LEDGER_LOST,
                                "its archive is damaged, or cut short",
                                "Look at the archive (gzip -t, zstd -t): its disk may "
                                "have been full while it was made." },
    [REASON_ARCHIVE_TOO_LARGE] = { "archive_too_large", LEDGER_LOST,
                                   "its archive grows past what is unpacked",
                                   "Look at the archive: so much in so few bytes is "
                                   "rarely a log." },
};

const char inputs_ledger_sql[] =
    "CREATE TABLE input_sums("
    " path BLOB NOT NULL, reason TEXT NOT NULL, bytes INTEGER NOT NULL,"
    " times INTEGER NOT NULL, unknown INTEGER NOT NULL, last_ms INTEGER NOT NULL,"
    " PRIMARY KEY(path, reason)) WITHOUT ROWID;"
    "ALTER TABLE input_files ADD COLUMN gone INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE input_files ADD COLUMN read INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE input_files ADD COLUMN skipped INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE input_files ADD COLUMN lost INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE input_files ADD COLUMN is_packed INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE input_files ADD COLUMN encoding INTEGER NOT NULL DEFAULT 0;"
    /* What was read before there were accounts was read. */
    "UPDATE input_files SET read = offset;";

static const char load_sql[] =
    "SELECT path, reason, bytes, times, unknown, last_ms FROM input_sums";
static const char save_sql[] = "INSERT OR REPLACE INTO input_sums VALUES(?,?,?,?,?,?)";
static const char drop_sql[] = "DELETE FROM input_sums WHERE path = ? AND reason = ?";

/** The losses of one path for one reason. */
struct ledger_entry {
    char *path;
    enum ledger_reason reason;
    struct slice key; /**< the reason as a byte, then the path; owned */
    struct ledger_sum sum;
};

static void free_entry(struct ledger_entry *entry)
{
    free((char *)entry->key.ptr);
    free(entry->path);
    free(entry);
}

static struct slice make_key(const char *path, enum ledger_reason reason)
{
    size_t len = strlen(path);
    char *key = mem_zalloc(len + 1);
    key[0] = (char)reason;
    memcpy(key + 1, path, len);
    return slice_make(key, len + 1);
}

/** The entry whose last loss is the longest ago makes room. */
static void make_room(struct ledgers *ledgers)
{
    size_t at = 0;
    struct ledger_entry *entry, *oldest = NULL;
    if (ledgers->by_path.count < LIMIT_LOSS_ROWS)
        return;
    while ((entry = map_next(&ledgers->by_path, &at)) != NULL) {
        if (!oldest || entry->sum.last_ms < oldest->sum.last_ms)
            oldest = entry;
    }
    must(oldest != NULL);
    map_take(&ledgers->by_path, oldest->key);
    *(struct ledger_entry **)mem_push(ledgers->dropped, ledgers->dropped_count,
                                      ledgers->dropped_capacity) = oldest;
}

static struct ledger_entry *entry_of(struct ledgers *ledgers, const char *path,
                                     enum ledger_reason reason)
{
    struct slice key = make_key(path, reason);
    struct ledger_entry *entry = map_find(&ledgers->by_path, key);
    if (entry) {
        free((char *)key.ptr);
        return entry;
    }
    make_room(ledgers);
    entry = mem_zalloc(sizeof *entry);
    *entry = (struct ledger_entry){ mem_copy_text(path), reason, key, { 0 } };
    map_put(&ledgers->by_path, key, entry);
    return entry;
}

/* --- the store -------------------------------------------------------------------- */

static void forget_losses(struct ledgers *ledgers)
{
    for (size_t i = 0; i < ledgers->loss_count; i++)
        free(ledgers->losses[i].path);
    free(ledgers->losses);
}

void ledgers_clear(struct ledgers *ledgers)
{
    size_t at = 0;
    struct ledger_entry *entry;
    while ((entry = map_next(&ledgers->by_path, &at)) != NULL)
        free_entry(entry);
    map_free(&ledgers->by_path);
    for (size_t i = 0; i < ledgers->dropped_count; i++)
        free_entry(ledgers->dropped[i]);
    free(ledgers->dropped);
    forget_losses(ledgers);
    *ledgers = (struct ledgers){ 0 };
}

static enum ledger_reason reason_named(struct slice name)
{
    size_t reason = 0;
    while (reason < REASON_COUNT &&
           !slice_equal(slice_of(ledger_table[reason].name), name))
        reason++;
    return (enum ledger_reason)reason;
}

void ledgers_load(struct ledgers *ledgers, struct db *db)
{
    ledgers_clear(ledgers);
    struct db_row *row = db_query(db, load_sql);
    while (db_next(row)) {
        enum ledger_reason reason = reason_named(db_text(row, 1));
        struct ledger_sum sum = { .bytes = db_int(row, 2),
                                  .times = db_int(row, 3),
                                  .unknown = db_int(row, 4),
                                  .last_ms = db_int(row, 5) };
        if (reason == REASON_COUNT)
            continue;
        char *path = mem_copy(db_blob(row, 0));
        if (path[0])
            entry_of(ledgers, path, reason)->sum = sum;
        else
            ledgers->sums[reason] = sum;
        free(path);
    }
}

static void save_sum(struct db *db, const char *path, enum ledger_reason reason,
                     struct ledger_sum *sum)
{
    if (!sum->is_dirty)
        return;
    struct db_row *row = db_query(db, save_sql);
    db_bind_blob(row, slice_of(path));
    db_bind_text(row, slice_of(ledger_table[reason].name));
    db_bind_int(row, sum->bytes);
    db_bind_int(row, sum->times);
    db_bind_int(row, sum->unknown);
    db_bind_int(row, sum->last_ms);
    db_run(row);
    sum->is_saved = true;
}

void ledgers_save(struct ledgers *ledgers, struct db *db)
{
    size_t at = 0;
    struct ledger_entry *entry;
    for (int reason = 0; reason < REASON_COUNT; reason++)
        save_sum(db, "", (enum ledger_reason)reason, &ledgers->sums[reason]);
    for (size_t i = 0; i < ledgers->dropped_count; i++) {
        struct db_row *row = db_query(db, drop_sql);
        db_bind_blob(row, slice_of(ledgers->dropped[i]->path));
        db_bind_text(row, slice_of(ledger_table[ledgers->dropped[i]->reason].name));
        db_run(row);
    }
    ledgers->dropped_saved_count = ledgers->dropped_count;
    while ((entry = map_next(&ledgers->by_path, &at)) != NULL)
        save_sum(db, entry->path, entry->reason, &entry->sum);
}

static void sum_committed(struct ledger_sum *sum)
{
    if (sum->is_saved)
        sum->is_saved = sum->is_dirty = false;
}

void ledgers_committed(struct ledgers *ledgers)
{
    size_t at = 0;
    struct ledger_entry *entry;
    for (int reason = 0; reason < REASON_COUNT; reason++)
        sum_committed(&ledgers->sums[reason]);
    while ((entry = map_next(&ledgers->by_path, &at)) != NULL)
        sum_committed(&entry->sum);
    /* Nothing is lost between a save and its commit, so all of them were saved. */
    must(ledgers->dropped_saved_count == ledgers->dropped_count);
    for (size_t i = 0; i < ledgers->dropped_count; i++)
        free_entry(ledgers->dropped[i]);
    ledgers->dropped_count = ledgers->dropped_saved_count = 0;
}

/* --- counting --------------------------------------------------------------------- */

static void put_down(struct ledger *ledger, enum ledger_reason reason, int64_t bytes)
{
    int64_t *const columns[] = { &ledger->read, &ledger->skipped, &ledger->lost };
    *columns[ledger_table[reason].fate] += bytes;
}

void ledgers_count(struct ledgers *ledgers, struct ledger *ledger,
                   enum ledger_reason reason, int64_t bytes)
{
    if (bytes == 0)
        return;
    ledgers->sums[reason].bytes += bytes;
    ledgers->sums[reason].is_dirty = true;
    put_down(ledger, reason, bytes);
}

static void add_loss(struct ledger_sum *sum, int64_t bytes, struct now now)
{
    sum->bytes += bytes > 0 ? bytes : 0;
    sum->unknown += bytes <= 0;
    sum->times++;
    sum->last_ms = now.unix_ms;
    sum->is_dirty = true;
}

static void remember_to_tell(struct ledgers *ledgers, const char *path,
                             enum ledger_reason reason, int64_t bytes)
{
    struct loss *last =
        ledgers->loss_count > 0 ? &ledgers->losses[ledgers->loss_count - 1] : NULL;
    if (last && last->reason == reason && strcmp(last->path, path) == 0) {
        last->bytes = last->bytes > 0 && bytes > 0 ? last->bytes + bytes : 0;
        return;
    }
    struct loss *loss =
        mem_push(ledgers->losses, ledgers->loss_count, ledgers->loss_capacity);
    *loss = (struct loss){ mem_copy_text(path), reason, bytes > 0 ? bytes : 0 };
}

void ledgers_lose(struct ledgers *ledgers, struct ledger *ledger, const char *path,
                  enum ledger_reason reason, int64_t bytes, struct now now)
{
    must(ledger_table[reason].fate == LEDGER_LOST);
    add_loss(&ledgers->sums[reason], bytes, now);
    add_loss(&entry_of(ledgers, path, reason)->sum, bytes, now);
    if (ledger && bytes > 0)
        put_down(ledger, reason, bytes);
    remember_to_tell(ledgers, path, reason, bytes);
}

bool ledgers_take_loss(struct ledgers *ledgers, struct loss *loss)
{
    if (ledgers->loss_count == 0)
        return false;
    *loss = ledgers->losses[--ledgers->loss_count];
    return true;
}

/* --- what people ask -------------------------------------------------------------- */

int64_t ledgers_lost(const struct ledgers *ledgers, const char *path, int64_t *unknown)
{
    int64_t bytes = 0;
    *unknown = 0;
    for (int reason = REASON_NUL; reason < REASON_COUNT; reason++) {
        if (ledgers->by_path.count == 0)
            return 0;
        struct slice key = make_key(path, (enum ledger_reason)reason);
        const struct ledger_entry *entry = map_find(&ledgers->by_path, key);
        free((char *)key.ptr);
        bytes += entry ? entry->sum.bytes : 0;
        *unknown += entry ? entry->sum.unknown : 0;
    }
    return bytes;
}

int64_t ledgers_sum(const struct ledgers *ledgers, enum ledger_fate fate)
{
    int64_t sum = 0;
    for (int reason = 0; reason < REASON_COUNT; reason++) {
        if (ledger_table[reason].fate == fate)
            sum += ledgers->sums[reason].bytes;
    }
    return sum;
}

static void put_reasons(const struct ledgers *ledgers, enum ledger_fate fate,
                        struct buf *out)
{
    for (int reason = 0; reason < REASON_COUNT; reason++) {
        const struct ledger_sum *sum = &ledgers->sums[reason];
        if (ledger_table[reason].fate != fate || (sum->bytes == 0 && sum->times == 0))
            continue;
        buf_printf(out, "    %lld %s: %s", (long long)sum->bytes,
                   fate == LEDGER_LOST ? "lost" : "skipped", ledger_table[reason].what);
        buf_putc(out, '\n');
        if (sum->unknown > 0)
            buf_printf(out, "      and an unknown amount %lld times\n",
                       (long long)sum->unknown);
    }
}

static void put_json_reasons(const struct ledgers *ledgers, enum ledger_fate fate,
                             struct buf *out)
{
    const char *comma = "";
    for (int reason = 0; reason < REASON_COUNT; reason++) {
        const struct ledger_sum *sum = &ledgers->sums[reason];
        if (ledger_table[reason].fate != fate)
            continue;
        buf_printf(out, "%s\"%s\":", comma, ledger_table[reason].name);
        comma = ",";
        if (fate == LEDGER_LOST)
            buf_printf(out, "{\"bytes\":%lld,\"times\":%lld,\"unknown\":%lld}",
                       (long long)sum->bytes, (long long)sum->times,
                       (long long)sum->unknown);
        else
            buf_printf(out, "%lld", (long long)sum->bytes);
    }
}

void ledgers_describe(const struct ledgers *ledgers, int64_t waiting,
                      enum text_form form, struct buf *out)
{
    int64_t read = ledgers_sum(ledgers, LEDGER_READ);
    int64_t skipped = ledgers_sum(ledgers, LEDGER_SKIPPED);
    int64_t lost = ledgers_sum(ledgers, LEDGER_LOST);
    int64_t appeared = read + skipped + lost + waiting;
    if (form == FORM_JSON) {
        buf_printf(out, "\"appeared\":%lld,\"read\":%lld,\"waiting\":%lld",
                   (long long)appeared, (long long)read, (long long)waiting);
        buf_puts(out, ",\"skipped\":{");
        put_json_reasons(ledgers, LEDGER_SKIPPED, out);
        buf_puts(out, "},\"lost\":{");
        put_json_reasons(ledgers, LEDGER_LOST, out);
        buf_putc(out, '}');
        return;
    }
    buf_printf(out, "  since the first start ever %lld bytes appeared:\n",
               (long long)appeared);
    buf_printf(out, "    %lld read, %lld skipped, %lld lost, %lld to go\n",
               (long long)read, (long long)skipped, (long long)lost,
               (long long)waiting);
    put_reasons(ledgers, LEDGER_SKIPPED, out);
    put_reasons(ledgers, LEDGER_LOST, out);
}
