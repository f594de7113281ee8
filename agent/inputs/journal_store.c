/** Where reading stands in journals, a row a source. */
#include "agent/inputs/journal.h"

#define KEEP_ROWS_MS (30 * DAY_MS)

const char journal_schema_sql[] =
    "CREATE TABLE input_journals(source TEXT PRIMARY KEY, cursor TEXT NOT NULL,"
    " boot TEXT NOT NULL, unix_us INTEGER NOT NULL, saved_ms INTEGER NOT NULL)"
    " WITHOUT ROWID;";

static const char load_sql[] =
    "SELECT cursor, boot, unix_us FROM input_journals WHERE source = ?";
static const char save_sql[] =
    "INSERT OR REPLACE INTO input_journals VALUES(?,?,?,?,?)";
static const char used_sql[] =
    "UPDATE input_journals SET saved_ms = ? WHERE source = ? AND saved_ms < ?";
static const char old_sql[] = "SELECT 1 FROM input_journals WHERE saved_ms < ?";
static const char drop_sql[] = "DELETE FROM input_journals WHERE saved_ms < ?";

static void take_text(char *into, size_t size, struct slice text)
{
    size_t len = text.len < size ? text.len : size - 1;
    if (len > 0)
        memcpy(into, text.ptr, len);
    into[len] = '\0';
}

void journal_load(struct journal_input *input, struct journal_follow *follow)
{
    struct journal_place *place = &follow->place;
    struct db_row *row = db_query(input->world->db, load_sql);
    db_bind_text(row, slice_of(follow->name));
    if (!db_next(row))
        return;
    take_text(place->cursor, sizeof place->cursor, db_text(row, 0));
    take_text(place->boot, sizeof place->boot, db_text(row, 1));
    place->unix_us = db_int(row, 2);
    follow->has_place = true;
    db_done(row);
}

static bool has_old(struct journal_input *input, int64_t before_ms)
{
    struct db_row *row = db_query(input->world->db, old_sql);
    db_bind_int(row, before_ms);
    if (!db_next(row))
        return false;
    db_done(row);
    return true;
}

/** A source can be quiet for longer: what is wanted now counts as new. */
void journal_forget_old(struct journal_input *input)
{
    int64_t before_ms = input->now.unix_ms - KEEP_ROWS_MS;
    if (!has_old(input, before_ms))
        return;
    for (size_t i = 0; i < input->follow_count; i++) {
        struct db_row *row = db_query(input->world->db, used_sql);
        db_bind_int(row, input->now.unix_ms);
        db_bind_text(row, slice_of(input->follows[i].name));
        db_bind_int(row, before_ms);
        db_run(row);
    }
    struct db_row *row = db_query(input->world->db, drop_sql);
    db_bind_int(row, before_ms);
    db_run(row);
}

void journal_save(struct journal_input *input, struct journal_follow *follow,
                  struct now now)
{
    struct db_row *row = db_query(input->world->db, save_sql);
    db_bind_text(row, slice_of(follow->name));
    db_bind_text(row, slice_of(follow->place.cursor));
    db_bind_text(row, slice_of(follow->place.boot));
    db_bind_int(row, follow->place.unix_us);
    db_bind_int(row, now.unix_ms);
    db_run(row);
    follow->is_saved = true;
}
