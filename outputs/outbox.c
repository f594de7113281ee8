/** The outbox in SQL. States are written as numbers so that partial indexes apply. */
#include "outputs/outbox.h"

#include "agent/base/limits.h"
#include "agent/base/plant.h"
#include "outputs/output.h"

const char outputs_schema_sql[] =
    "CREATE TABLE outbox (id INTEGER PRIMARY KEY, output TEXT NOT NULL, account TEXT "
    "NOT "
    "NULL, state INTEGER NOT NULL, priority INTEGER NOT NULL, created INTEGER NOT "
    "NULL, "
    "next_at INTEGER NOT NULL, settled INTEGER NOT NULL DEFAULT 0, attempts INTEGER "
    "NOT "
    "NULL DEFAULT 0, doubts INTEGER NOT NULL DEFAULT 0, message_id TEXT NOT NULL, "
    "subject "
    "TEXT NOT NULL, reason TEXT NOT NULL, event_count INTEGER NOT NULL, mail_count "
    "INTEGER "
    "NOT NULL, line_hash INTEGER NOT NULL, sender TEXT NOT NULL, size INTEGER NOT "
    "NULL, "
    "reply TEXT NOT NULL DEFAULT '', advice TEXT NOT NULL DEFAULT '');"
    "CREATE INDEX outbox_due ON outbox (account, priority, next_at, id) WHERE state = "
    "0;"
    "CREATE INDEX outbox_open ON outbox (created) WHERE state < 2;"
    "CREATE INDEX outbox_dead ON outbox (settled) WHERE state = 2;"
    "CREATE INDEX outbox_history ON outbox (settled) WHERE state > 2;"
    "CREATE TABLE outbox_body (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL);"
    "CREATE TABLE outbox_recipient (id INTEGER NOT NULL, place INTEGER NOT NULL, "
    "address "
    "TEXT NOT NULL, state INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (id, place)) WITHOUT "
    "ROWID;"
    "CREATE TABLE account_hold (account TEXT PRIMARY KEY, until INTEGER NOT NULL, "
    "failures "
    "INTEGER NOT NULL, reply TEXT NOT NULL, advice TEXT NOT NULL, wants_secret INTEGER "
    "NOT "
    "NULL, secret INTEGER NOT NULL) WITHOUT ROWID;";

const char outputs_more_schema_sql[] =
    "ALTER TABLE outbox ADD COLUMN part INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE outbox ADD COLUMN is_short INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE outbox ADD COLUMN tells INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE outbox ADD COLUMN fallback TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE outbox ADD COLUMN fallback_at INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX outbox_fallback ON outbox (fallback_at) WHERE fallback_at > 0;"
    "ALTER TABLE account_hold ADD COLUMN trouble INTEGER NOT NULL DEFAULT 0;"
    "CREATE TABLE dead_told (until INTEGER NOT NULL);"
    "INSERT INTO dead_told VALUES (0);";

/* --- put -------------------------------------------------------------------------- */

static void put_row(struct db *db, const struct outbox_entry *entry)
{
    const struct message *message = entry->message;
    struct db_row *row = db_query(
        db, "INSERT INTO outbox (output, account, state, priority, created, next_at, "
            "message_id, subject, reason, event_count, mail_count, line_hash, sender, "
            "size, tells, fallback, fallback_at) "
            "VALUES (?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    db_bind_text(row, message->output);
    db_bind_text(row, entry->account);
    db_bind_int(row, message->priority);
    db_bind_int(row, entry->created_ms);
    db_bind_int(row, entry->created_ms);
    db_bind_text(row, message->message_id);
    db_bind_text(row, message->subject);
    db_bind_text(row, message->reason);
    db_bind_int(row, (int64_t)message->event_count);
    db_bind_int(row, (int64_t)entry->mail_count);
    db_bind_int(row, (int64_t)entry->line_hash);
    db_bind_text(row, message->from);
    db_bind_int(row, (int64_t)message->bytes.len);
    db_bind_int(row, entry->tells_ms);
    db_bind_text(row, entry->fallback);
    db_bind_int(row, entry->fallback.len > 0 ? entry->fallback_at_ms : 0);
    db_run(row);
}

int64_t outbox_put(struct db *db, const struct outbox_entry *entry)
{
    put_row(db, entry);
    int64_t id = db_last_id(db);
    struct db_row *row =
        db_query(db, "INSERT INTO outbox_body (id, bytes) VALUES (?, ?)");
    db_bind_int(row, id);
    db_bind_blob(row, entry->message->bytes);
    db_run(row);
    for (size_t i = 0; i < entry->message->recipient_count; i++) {
        row = db_query(
            db, "INSERT INTO outbox_recipient (id, place, address) VALUES (?, ?, ?)");
        db_bind_int(row, id);
        db_bind_int(row, (int64_t)i);
        db_bind_text(row, entry->message->recipients[i]);
        db_run(row);
    }
    return id;
}

/* --- claim ------------------------------------------------------------------------ */

static int64_t find_due(struct db *db, struct slice account, int priority,
                        struct now now)
{
    int64_t id = 0;
    struct db_row *row = db_query(
        db, "SELECT id FROM outbox WHERE state = 0 AND account = ? AND priority = ? "
            "AND next_at <= ? ORDER BY next_at, id LIMIT 1");
    db_bind_text(row, account);
    db_bind_int(row, priority);
    db_bind_int(row, now.unix_ms);
    if (db_next(row)) {
        id = db_int(row, 0);
        db_done(row);
    }
    return id;
}

/* @return false when the row was in another state, or the turn has failed already. */
static bool set_state(struct db *db, int64_t id, enum row_state from, enum row_state to)
{
    struct db_row *row =
        db_query(db, "UPDATE outbox SET state = ? WHERE id = ? AND state = ?");
    db_bind_int(row, to);
    db_bind_int(row, id);
    db_bind_int(row, from);
    db_run(row);
    return db_error(db)->kind == ERR_NONE && db_changed_count(db) == 1;
}

int64_t outbox_claim(struct db *db, struct slice account, struct now now)
{
    int64_t id = 0;
    for (int priority = PRIORITY_CRITICAL; priority >= 0 && id == 0; priority--)
        id = find_due(db, account, priority, now);
    if (id == 0)
        return 0;
    enum row_state to = row_move(ROW_WAITING, EVENT_CLAIM);
    return set_state(db, id, ROW_WAITING, to) ? id : 0;
}

int64_t outbox_due_at(struct db *db, struct slice account)
{
    int64_t due = NEVER_MS;
    for (int priority = 0; priority <= PRIORITY_CRITICAL; priority++) {
        struct db_row *row =
            db_query(db,
                     "SELECT next_at FROM outbox WHERE state = 0 AND account = ? AND "
                     "priority = ? ORDER BY next_at LIMIT 1");
        db_bind_text(row, account);
        db_bind_int(row, priority);
        if (db_next(row)) {
            due = earlier_ms(due, db_int(row, 0));
            db_done(row);
        }
    }
    return due;
}

void outbox_shift_clock(struct db *db, int64_t step_ms)
{
    struct db_row *row =
        db_query(db,
                 "UPDATE outbox SET created = created + ?1, next_at = next_at + ?1, "
                 "fallback_at = fallback_at + ?1 * (fallback_at > 0) "
                 "WHERE state < 2");
    db_bind_int(row, step_ms);
    db_run(row);
}

void outbox_heal_clock(struct db *db, struct slice account, struct now now)
{
    struct db_row *row =
        db_query(db, "UPDATE outbox SET next_at = ? WHERE state = 0 AND "
                     "account = ? AND next_at > ?");
    db_bind_int(row, now.unix_ms);
    db_bind_text(row, account);
    db_bind_int(row, now.unix_ms + 2 * DAY_MS);
    db_run(row);
}

/* --- load ------------------------------------------------------------------------- */

static bool load_row(struct db *db, struct outbox_job *job, struct arena *arena)
{
    struct db_row *row =
        db_query(db,
                 "SELECT output, account, sender, created, attempts, doubts, bytes, "
                 "part, is_short FROM outbox JOIN outbox_body USING (id) WHERE id = ?");
    db_bind_int(row, job->id);
    if (!db_next(row))
        return false;
    job->output = arena_slice(arena, db_text(row, 0));
    job->account = arena_slice(arena, db_text(row, 1));
    job->from = arena_slice(arena, db_text(row, 2));
    job->created_ms = db_int(row, 3);
    job->attempts = db_int(row, 4);
    job->doubts = db_int(row, 5);
    job->bytes = arena_slice(arena, db_blob(row, 6));
    job->part = (size_t)db_int(row, 7);
    job->is_short = db_int(row, 8) != 0;
    db_done(row);
    return true;
}

static void load_recipients(struct db *db, struct outbox_job *job, struct arena *arena)
{
    struct slice *addresses = arena_zalloc(arena, LIMIT_RECIPIENTS * sizeof *addresses);
    int64_t *places = arena_zalloc(arena, LIMIT_RECIPIENTS * sizeof *places);
    size_t most =
        job->part > 0 && job->part < LIMIT_RECIPIENTS ? job->part : LIMIT_RECIPIENTS;
    struct db_row *row =
        db_query(db, "SELECT place, address, state FROM outbox_recipient "
                     "WHERE id = ? ORDER BY place");
    db_bind_int(row, job->id);
    while (db_next(row)) {
        enum recipient_state state = (enum recipient_state)db_int(row, 2);
        job->delivered_count += state == RECIPIENT_DELIVERED;
        if (state != RECIPIENT_WAITING)
            continue;
        if (job->recipient_count == most) {
            job->rest_count++;
            continue;
        }
        places[job->recipient_count] = db_int(row, 0);
        addresses[job->recipient_count++] = arena_slice(arena, db_text(row, 1));
    }
    job->recipients = addresses;
    job->places = places;
}

bool outbox_load(struct db *db, int64_t id, struct outbox_job *job, struct arena *arena)
{
    *job = (struct outbox_job){ .id = id };
    if (!load_row(db, job, arena))
        return false;
    load_recipients(db, job, arena);
    return db_error(db)->kind == ERR_NONE;
}

/* --- settle ----------------------------------------------------------------------- */

static void drop_body(struct db *db, int64_t id)
{
    struct db_row *row = db_query(db, "DELETE FROM outbox_body WHERE id = ?");
    db_bind_int(row, id);
    db_run(row);
}

/* What this mail says of dead letters has arrived. */
static void note_told(struct db *db, int64_t id)
{
    struct db_row *row =
        db_query(db, "UPDATE dead_told SET until = max(until, (SELECT tells FROM "
                     "outbox WHERE id = ?))");
    db_bind_int(row, id);
    db_run(row);
}

/* A dead letter waits for nothing any more. */
static void hurry_fallback(struct db *db, int64_t id, struct now now)
{
    struct db_row *row =
        db_query(db,
                 "UPDATE outbox SET fallback_at = min(fallback_at, ?) WHERE id = ?");
    db_bind_int(row, now.unix_ms);
    db_bind_int(row, id);
    db_run(row);
}

static void settle_recipients(struct db *db, const struct outbox_settlement *settlement)
{
    for (size_t i = 0; i < settlement->recipient_count; i++) {
        if (settlement->recipient_states[i] == RECIPIENT_WAITING)
            continue;
        struct db_row *row = db_query(
            db, "UPDATE outbox_recipient SET state = ? WHERE id = ? AND place = ?");
        db_bind_int(row, settlement->recipient_states[i]);
        db_bind_int(row, settlement->id);
        db_bind_int(row, settlement->places[i]);
        db_run(row);
    }
}

void outbox_count_doubt(struct db *db, int64_t id, int64_t doubts)
{
    struct db_row *row =
        db_query(db, "UPDATE outbox SET doubts = ? WHERE id = ? AND state = 1");
    db_bind_int(row, doubts + 1);
    db_bind_int(row, id);
    db_run(row);
}

void outbox_settle(struct db *db, const struct outbox_settlement *settlement,
                   struct now now)
{
    enum row_state to = row_move(ROW_HANDING_OVER, settlement->event);
    struct db_row *row =
        db_query(db,
                 "UPDATE outbox SET state = ?, next_at = ?, settled = ?, attempts = "
                 "attempts + ?, doubts = doubts + ?, part = ?, reply = ?, "
                 "advice = ? WHERE id = ? AND state = 1");
    db_bind_int(row, to);
    db_bind_int(row, settlement->next_at_ms);
    db_bind_int(row, now.unix_ms);
    db_bind_int(row, settlement->is_attempt);
    db_bind_int(row, (settlement->event == EVENT_DOUBT) - settlement->is_counted);
    db_bind_int(row, (int64_t)settlement->part);
    db_bind_text(row, settlement->reply);
    db_bind_text(row, settlement->advice);
    db_bind_int(row, settlement->id);
    db_run(row);
    if (!planted(PLANT_RECIPIENT_UNSTORED) || to == ROW_SENT)
        settle_recipients(db, settlement);
    if (to == ROW_SENT) {
        note_told(db, settlement->id);
        drop_body(db, settlement->id);
    } else if (to == ROW_DEAD) {
        hurry_fallback(db, settlement->id, now);
    }
}

bool outbox_find(struct db *db, int64_t id, enum row_state *state)
{
    struct db_row *row = db_query(db, "SELECT state FROM outbox WHERE id = ?");
    db_bind_int(row, id);
    if (!db_next(row))
        return false;
    *state = (enum row_state)db_int(row, 0);
    db_done(row);
    return true;
}

/* A person's retry is a new life: the clock of giving up starts anew, and recipients
 * that were given up get their chance. */
static void revive(struct db *db, int64_t id, struct now now)
{
    struct db_row *row = db_query(
        db, "UPDATE outbox SET next_at = ?, created = ?, attempts = 0, doubts = 0, "
            "part = 0 WHERE id = ?");
    db_bind_int(row, now.unix_ms);
    db_bind_int(row, now.unix_ms);
    db_bind_int(row, id);
    db_run(row);
    row = db_query(db,
                   "UPDATE outbox_recipient SET state = 0 WHERE id = ? AND state = 2");
    db_bind_int(row, id);
    db_run(row);
}

bool outbox_move(struct db *db, int64_t id, enum row_event on, struct slice advice,
                 struct now now)
{
    enum row_state from;
    if (!outbox_find(db, id, &from) || !row_may_move(from, on))
        return false;
    enum row_state to = row_move(from, on);
    set_state(db, id, from, to);
    struct db_row *row =
        db_query(db, "UPDATE outbox SET settled = ?, advice = ? WHERE id = ?");
    db_bind_int(row, now.unix_ms);
    db_bind_text(row, advice);
    db_bind_int(row, id);
    db_run(row);
    if (on == EVENT_RETRY)
        revive(db, id, now);
    if (to == ROW_CANCELLED)
        drop_body(db, id);
    return true;
}

static int64_t changed(const struct db *db)
{
    return db_error(db)->kind == ERR_NONE ? db_changed_count(db) : 0;
}

int64_t outbox_expire(struct db *db, struct slice account, int64_t before_ms,
                      struct slice advice, struct now now)
{
    struct db_row *row = db_query(
        db, "UPDATE outbox SET state = 2, settled = ?1, advice = ?2, fallback_at = "
            "min(fallback_at, ?1) WHERE state = 0 AND account = ?3 AND created < "
            "?4");
    db_bind_int(row, now.unix_ms);
    db_bind_text(row, advice);
    db_bind_text(row, account);
    db_bind_int(row, before_ms);
    db_run(row);
    return changed(db);
}

int64_t outbox_expire_output(struct db *db, struct slice output, struct slice advice,
                             struct now now)
{
    struct db_row *row = db_query(
        db, "UPDATE outbox SET state = 2, settled = ?1, advice = ?2, fallback_at = "
            "min(fallback_at, ?1) WHERE state = 0 AND output = ?3");
    db_bind_int(row, now.unix_ms);
    db_bind_text(row, advice);
    db_bind_text(row, output);
    db_run(row);
    return changed(db);
}

void outbox_reassign(struct db *db, struct slice output, struct slice account)
{
    struct db_row *row = db_query(db, "UPDATE outbox SET account = ?1 WHERE state = 0 "
                                      "AND output = ?2 AND account <> ?1");
    db_bind_text(row, account);
    db_bind_text(row, output);
    db_run(row);
}

/* --- look ------------------------------------------------------------------------- */

static size_t take_ids(struct db_row *row, int64_t *ids, size_t max)
{
    size_t count = 0;
    while (count < max && db_next(row))
        ids[count++] = db_int(row, 0);
    if (count == max)
        db_done(row);
    return count;
}

size_t outbox_handing_over(struct db *db, int64_t *ids, size_t max)
{
    return take_ids(db_query(db, "SELECT id FROM outbox WHERE state < 2 AND state = 1"),
                    ids, max);
}

uint64_t outbox_count(struct db *db)
{
    uint64_t count = 0;
    struct db_row *row = db_query(db, "SELECT count(*) FROM outbox WHERE state < 2");
    if (db_next(row)) {
        count = (uint64_t)db_int(row, 0);
        db_done(row);
    }
    return count;
}

int64_t outbox_oldest_ms(struct db *db)
{
    int64_t created_ms = 0;
    struct db_row *row =
        db_query(db,
                 "SELECT created FROM outbox WHERE state < 2 ORDER BY created LIMIT 1");
    if (db_next(row)) {
        created_ms = db_int(row, 0);
        db_done(row);
    }
    return created_ms;
}
