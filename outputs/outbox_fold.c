/** Single mails first, the oldest of them; critical ones as far as the caller says. */
#include "outputs/outbox_fold.h"

static void add_to_fold(struct db_row *row, struct outbox_fold *fold,
                        struct arena *arena)
{
    struct outbox_folded *one = &fold->items[fold->count++];
    one->id = db_int(row, 0);
    one->created_ms = db_int(row, 1);
    one->event_count = (uint64_t)db_int(row, 3);
    one->subject = arena_slice(arena, db_text(row, 5));
    if (fold->count == 1 || one->created_ms < fold->created_ms)
        fold->created_ms = one->created_ms;
    fold->mail_count += (uint64_t)db_int(row, 2);
    fold->event_count += one->event_count;
    fold->line_hash += (uint64_t)db_int(row, 4);
    int64_t fallback_ms = db_int(row, 7);
    if (fallback_ms > 0 &&
        (fold->fallback_at_ms == 0 || fallback_ms < fold->fallback_at_ms)) {
        fold->fallback_at_ms = fallback_ms;
        fold->fallback = arena_slice(arena, db_text(row, 6));
    }
}

static void find_fold(struct db *db, const struct outbox_wanted *wanted,
                      int64_t mails_max, struct outbox_fold *fold, struct arena *arena)
{
    *fold = (struct outbox_fold){ 0 };
    for (int priority = 0; priority < wanted->priority_end; priority++) {
        struct db_row *row = db_query(
            db, "SELECT id, created, mail_count, event_count, line_hash, subject, "
                "fallback, fallback_at FROM outbox WHERE state = 0 AND account = ? AND "
                "priority = ? AND output = ? AND mail_count <= ? "
                "ORDER BY next_at, id LIMIT ?");
        db_bind_text(row, wanted->account);
        db_bind_int(row, priority);
        db_bind_text(row, wanted->output);
        db_bind_int(row, mails_max);
        db_bind_int(row, (int64_t)(LIMIT_FOLD - fold->count));
        while (db_next(row))
            add_to_fold(row, fold, arena);
    }
}

/* Mails that are merged already say less the second time, so single ones first. */
bool outbox_find_fold(struct db *db, const struct outbox_wanted *wanted,
                      struct outbox_fold *fold, struct arena *arena)
{
    find_fold(db, wanted, 1, fold, arena);
    if (fold->count < 2)
        find_fold(db, wanted, INT64_MAX, fold, arena);
    return fold->count >= 2;
}

bool outbox_has_many(struct db *db, const struct outbox_wanted *wanted, size_t count)
{
    size_t found = 0;
    for (int priority = 0; priority < wanted->priority_end; priority++) {
        struct db_row *row =
            db_query(db,
                     "SELECT count(*) FROM (SELECT 1 FROM outbox WHERE state = 0 AND "
                     "account = ? AND priority = ? AND output = ? AND mail_count = 1 "
                     "LIMIT ?)");
        db_bind_text(row, wanted->account);
        db_bind_int(row, priority);
        db_bind_text(row, wanted->output);
        db_bind_int(row, (int64_t)count);
        if (db_next(row)) {
            found += (size_t)db_int(row, 0);
            db_done(row);
        }
    }
    return found >= count;
}
