/** Each is one statement or two on an index of its own. */
#include "outputs/outbox_dead.h"

#include "agent/base/limits.h"

enum { FORGET_AT_ONCE = 256 };

/* --- dead letters and fallbacks --------------------------------------------------- */

void outbox_count_dead(struct db *db, struct outbox_dead *dead, struct arena *arena)
{
    *dead = (struct outbox_dead){ 0 };
    struct db_row *row =
        db_query(db, "SELECT count(*), max(settled) FROM outbox WHERE state = 2 AND "
                     "settled > (SELECT until FROM dead_told)");
    if (db_next(row)) {
        dead->count = (uint64_t)db_int(row, 0);
        dead->until_ms = db_int(row, 1);
        db_done(row);
    }
    if (dead->count == 0)
        return;
    row = db_query(db, "SELECT id, reply, advice FROM outbox WHERE state = 2 AND "
                       "settled = ? ORDER BY id DESC LIMIT 1");
    db_bind_int(row, dead->until_ms);
    if (!db_next(row))
        return;
    dead->last_id = db_int(row, 0);
    dead->reply = arena_slice(arena, db_text(row, 1));
    dead->advice = arena_slice(arena, db_text(row, 2));
    db_done(row);
}

uint64_t outbox_count_lying(struct db *db)
{
    uint64_t count = 0;
    struct db_row *row = db_query(db, "SELECT count(*) FROM outbox WHERE state = 2");
    if (db_next(row)) {
        count = (uint64_t)db_int(row, 0);
        db_done(row);
    }
    return count;
}

uint64_t outbox_count_reached(struct db *db, struct slice account, int64_t since_ms)
{
    uint64_t count = 0;
    struct db_row *row =
        db_query(db,
                 "SELECT count(*) FROM outbox JOIN outbox_recipient AS r USING (id) "
                 "WHERE outbox.state > 2 AND outbox.state = 3 AND settled > ? AND "
                 "account = ? AND r.state = 1");
    db_bind_int(row, since_ms);
    db_bind_text(row, account);
    if (db_next(row)) {
        count = (uint64_t)db_int(row, 0);
        db_done(row);
    }
    return count;
}

int64_t outbox_fallback_at(struct db *db)
{
    int64_t at = NEVER_MS;
    struct db_row *row =
        db_query(db, "SELECT min(fallback_at) FROM outbox WHERE fallback_at > 0");
    if (db_next(row)) {
        at = db_int(row, 0) > 0 ? db_int(row, 0) : NEVER_MS;
        db_done(row);
    }
    return at;
}

bool outbox_take_fallback(struct db *db, struct outbox_fallback *fallback,
                          struct now now, struct arena *arena)
{
    *fallback = (struct outbox_fallback){ 0 };
    struct db_row *row = db_query(
        db, "SELECT id, state, fallback, account, created, priority, subject, reason, "
            "event_count, mail_count, line_hash, reply, advice, message_id FROM outbox "
            "WHERE fallback_at > 0 AND fallback_at <= ? ORDER BY fallback_at LIMIT 1");
    db_bind_int(row, now.unix_ms);
    if (!db_next(row))
        return false;
    fallback->id = db_int(row, 0);
    fallback->state = (enum row_state)db_int(row, 1);
    fallback->outputs = arena_slice(arena, db_text(row, 2));
    fallback->account = arena_slice(arena, db_text(row, 3));
    fallback->created_ms = db_int(row, 4);
    fallback->priority = (int)db_int(row, 5);
    fallback->subject = arena_slice(arena, db_text(row, 6));
    fallback->reason = arena_slice(arena, db_text(row, 7));
    fallback->event_count = (uint64_t)db_int(row, 8);
    fallback->mail_count = (uint64_t)db_int(row, 9);
    fallback->line_hash = (uint64_t)db_int(row, 10);
    fallback->reply = arena_slice(arena, db_text(row, 11));
    fallback->advice = arena_slice(arena, db_text(row, 12));
    fallback->message_id = arena_slice(arena, db_text(row, 13));
    db_done(row);
    row = db_query(db, "UPDATE outbox SET fallback_at = 0 WHERE id = ?");
    db_bind_int(row, fallback->id);
    db_run(row);
    return true;
}

void outbox_shorten(struct db *db, int64_t id, struct slice message_id,
                    struct slice bytes)
{
    struct db_row *row =
        db_query(db, "UPDATE outbox SET is_short = 1, size = ?, message_id = ? "
                     "WHERE id = ?");
    db_bind_int(row, (int64_t)bytes.len);
    db_bind_text(row, message_id);
    db_bind_int(row, id);
    db_run(row);
    row = db_query(db, "UPDATE outbox_body SET bytes = ? WHERE id = ?");
    db_bind_blob(row, bytes);
    db_bind_int(row, id);
    db_run(row);
}

/* --- forget ----------------------------------------------------------------------- */

static size_t take_ids(struct db_row *row, int64_t *ids, size_t max)
{
    size_t count = 0;
    while (count < max && db_next(row))
        ids[count++] = db_int(row, 0);
    if (count == max)
        db_done(row);
    return count;
}

static void forget_row(struct db *db, int64_t id)
{
    static const char *const deletes[] = {
        "DELETE FROM outbox WHERE id = ?",
        "DELETE FROM outbox_body WHERE id = ?",
        "DELETE FROM outbox_recipient WHERE id = ?",
    };
    for (size_t i = 0; i < sizeof deletes / sizeof *deletes; i++) {
        struct db_row *row = db_query(db, deletes[i]);
        db_bind_int(row, id);
        db_run(row);
    }
}

static size_t forget_past(struct db *db, struct db_row *counting,
                          const char *oldest_sql, int64_t limit)
{
    int64_t ids[FORGET_AT_ONCE];
    int64_t count = 0;
    if (db_next(counting)) {
        count = db_int(counting, 0);
        db_done(counting);
    }
    if (count <= limit)
        return 0;
    struct db_row *row = db_query(db, oldest_sql);
    db_bind_int(row, count - limit < FORGET_AT_ONCE ? count - limit : FORGET_AT_ONCE);
    size_t found = take_ids(row, ids, FORGET_AT_ONCE);
    for (size_t i = 0; i < found; i++)
        forget_row(db, ids[i]);
    return found;
}

size_t outbox_forget(struct db *db)
{
    forget_past(db, db_query(db, "SELECT count(*) FROM outbox WHERE state > 2"),
                "SELECT id FROM outbox WHERE state > 2 ORDER BY settled LIMIT ?",
                LIMIT_SENT_HISTORY);
    return forget_past(db, db_query(db, "SELECT count(*) FROM outbox WHERE state = 2"),
                       "SELECT id FROM outbox WHERE state = 2 ORDER BY settled LIMIT ?",
                       LIMIT_DEAD_LETTERS);
}
