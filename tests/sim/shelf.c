/** SQL on a copy of the disk. What an alert counts stands on a sheet, what a mail
 *  tells in its row of the outbox. */
#include "shelf.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "agent/base/mem.h"
#include "agent/base/must.h"
#include "outputs/outbox.h"
#include "outputs/row.h"
#include "rules/group_store.h"
#include "sim.h"

enum { DOUBTS_TO_GIVE_UP = 2 };
#define GIVE_UP_AGE_MS (5 * DAY_MS)

/** One look. */
struct shelf {
    struct sim *sim;
    struct power *copy;
    sqlite3 *db;
    struct model_total total; /**< of open alerts and of all mails there are */
    struct map rows;          /**< Message-IDs of the outbox; the keys are owned */
    uint64_t read, lost;      /**< bytes of all logs */
    bool is_end;              /**< of the life */
};

static struct slice text_of(sqlite3_stmt *statement, int column)
{
    const void *bytes = sqlite3_column_blob(statement, column);
    return slice_make(bytes ? bytes : "",
                      (size_t)sqlite3_column_bytes(statement, column));
}

/** Call @each with every row of @sql. */
static void query(struct shelf *shelf, const char *sql,
                  void (*each)(struct shelf *shelf, sqlite3_stmt *row))
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(shelf->db, sql, -1, &statement, NULL);
    while (code == SQLITE_OK || code == SQLITE_ROW) {
        code = sqlite3_step(statement);
        if (code == SQLITE_ROW)
            each(shelf, statement);
    }
    if (code != SQLITE_DONE)
        sim_fail(shelf->sim, "the store that is left cannot be read: %s",
                 sqlite3_errmsg(shelf->db));
    sqlite3_finalize(statement);
}

/* --- what is in it ---------------------------------------------------------------- */

static void take_integrity(struct shelf *shelf, sqlite3_stmt *row)
{
    if (!slice_equal(text_of(row, 0), SLICE("ok")))
        sim_fail(shelf->sim, "the store that is left is damaged: %.*s",
                 SLICE_ARG(text_of(row, 0)));
}

static bool is_own_alert(const struct alert *alert)
{
    struct arena arena = { 0 };
    struct labels labels = alert_labels(alert, &arena);
    bool is_own = slice_equal(labels_find(&labels, SLICE("rule")), SLICE("tocsin"));
    arena_free(&arena);
    return is_own;
}

/** @return whether an alert stood there. */
static bool take_alert(struct shelf *shelf, struct record_in *in)
{
    struct arena arena = { 0 };
    struct slice home;
    bool is_other;
    struct alert *alert = alert_load(in, shelf->sim->now, &arena, &home, &is_other);
    if (alert && !is_own_alert(alert)) {
        shelf->total.count += alert->new_count;
        shelf->total.sum += alert->line_hash_sum;
    }
    bool is_good = alert != NULL;
    alert_free(alert);
    arena_free(&arena);
    return is_good;
}

/** What else stands on a sheet: numbers and texts. */
static void skip(struct record_in *in, const char *what)
{
    for (; *what; what++) {
        if (*what == 'n')
            (void)record_get(in);
        else
            (void)record_get_text(in);
    }
}

static void take_sheet(struct shelf *shelf, sqlite3_stmt *row)
{
    static const char *const others[] = {
        [PIECE_ROUTE] = "nnnnnnn", [PIECE_GROUP] = "tnnntnnnnnt", [PIECE_DEDUP] = "nnnn"
    };
    struct slice bytes = text_of(row, 0);
    struct arena texts = { 0 };
    struct record_in in = { .rest = slice_make(bytes.ptr + 1, bytes.len - 1),
                            .arena = &texts };
    while (in.rest.len > 0 && !in.failed) {
        record_in_begin(&in);
        uint64_t kind = record_get(&in);
        (void)record_get_text(&in); /* the route */
        if (kind > PIECE_DEDUP || (kind == PIECE_ALERT && !take_alert(shelf, &in)))
            in.failed = true;
        else if (kind != PIECE_ALERT)
            skip(&in, others[kind]);
    }
    if (in.failed)
        sim_fail(shelf->sim, "a stored sheet cannot be read");
    arena_free(&texts);
}

/** A dead letter is one that nobody can decide, or that waited for five days. */
static void check_dead(struct shelf *shelf, sqlite3_stmt *row)
{
    int64_t age_ms = sqlite3_column_int64(row, 5) - sqlite3_column_int64(row, 6);
    if (sqlite3_column_int(row, 1) == ROW_DEAD &&
        sqlite3_column_int(row, 4) < DOUBTS_TO_GIVE_UP && age_ms < GIVE_UP_AGE_MS)
        sim_fail(shelf->sim, "mail %.*s is given up: %.*s", SLICE_ARG(text_of(row, 0)),
                 SLICE_ARG(text_of(row, 8)));
}

/** What is called sent was accepted, and is what was stored. */
static void check_sent(struct shelf *shelf, sqlite3_stmt *row,
                       const struct letter *letter)
{
    if (!letter && sqlite3_column_int(row, 1) == ROW_SENT)
        sim_fail(shelf->sim, "%.*s is called sent, and the server never took it",
                 SLICE_ARG(text_of(row, 0)));
    if (letter && (letter->count != (uint64_t)sqlite3_column_int64(row, 2) ||
                   letter->sum != (uint64_t)sqlite3_column_int64(row, 3)))
        sim_fail(shelf->sim, "%.*s tells something else than its row",
                 SLICE_ARG(text_of(row, 0)));
}

static void take_recipient(struct shelf *shelf, sqlite3_stmt *row)
{
    bool is_sent = sqlite3_column_int(row, 1) == ROW_SENT;
    int state = sqlite3_column_int(row, 3);
    const struct letter *letter = mails_find(&shelf->sim->mails, text_of(row, 0));
    for (int i = 0; i < MAILS_PEOPLE; i++) {
        if (!slice_equal(text_of(row, 2), slice_of(mails_people[i])))
            continue;
        bool has_it = letter && letter->copies[i] > 0;
        if ((state == RECIPIENT_DELIVERED && !has_it) ||
            (is_sent && state != RECIPIENT_DELIVERED))
            sim_fail(shelf->sim, "%s %s %.*s", mails_people[i],
                     has_it ? "is not said to have got" : "never got",
                     SLICE_ARG(text_of(row, 0)));
    }
}

static void take_mail(struct shelf *shelf, sqlite3_stmt *row)
{
    struct slice id = text_of(row, 0);
    const struct letter *letter = mails_find(&shelf->sim->mails, id);
    struct slice route = mails_header(text_of(row, 7), "X-Tocsin-Route");
    char *key = mem_copy(id);
    if (map_put(&shelf->rows, slice_of(key), key))
        sim_fail(shelf->sim, "two mails are called %.*s", SLICE_ARG(id));
    check_dead(shelf, row);
    check_sent(shelf, row, letter);
    if (letter ? letter->is_own : slice_equal(route, SLICE("self")))
        return;
    shelf->total.count += (uint64_t)sqlite3_column_int64(row, 2);
    shelf->total.sum += (uint64_t)sqlite3_column_int64(row, 3);
}

static const char sheets_sql[] = "SELECT bytes FROM sheet";
static const char mails_sql[] =
    "SELECT message_id, state, event_count, line_hash, doubts, settled, created, bytes,"
    " reply FROM outbox LEFT JOIN outbox_body USING (id)";

static const char recipients_sql[] =
    "SELECT message_id, outbox.state, address, r.state FROM outbox"
    " JOIN outbox_recipient AS r USING (id)";

/** No byte of a mail leaves before its commit. A store that was full makes room by
 *  forgetting what was sent. */
static void check_letters(struct shelf *shelf)
{
    const struct letter *letter;
    for (size_t at = 0; (letter = map_next(&shelf->sim->mails.letters, &at));) {
        struct slice id = mails_header(letter->bytes, "Message-ID");
        if (map_find(&shelf->rows, id))
            continue;
        if (!shelf->sim->was_full)
            sim_fail(shelf->sim, "the store has forgotten %.*s, which was sent",
                     SLICE_ARG(id));
        shelf->total.count += letter->is_own ? 0 : letter->count;
        shelf->total.sum += letter->is_own ? 0 : letter->sum;
    }
}

static void check_total(struct shelf *shelf, bool is_end)
{
    struct sim *sim = shelf->sim;
    struct buf why = buf_make(1000);
    enum model_answer answer =
        is_end ? model_explains(&sim->model, shelf->total, &why)
               : model_explains_now(&sim->model, shelf->total, &why);
    if (answer == MODEL_CONTRADICTED)
        sim_fail(sim, "in the store %s: %s", is_end ? "at the end" : "after a crash",
                 why.ptr);
    sim->is_undecided |= is_end && answer == MODEL_UNDECIDED;
    buf_free(&why);
}

/* --- accounts --------------------------------------------------------------------- */

/* Of a generation appeared = read + skipped + lost + waiting. What waits lies behind
 * the offset, so that the offset, and what was cut off, has to be accounted for. */
static const char accounts_sql[] =
    "SELECT path, gone + CASE WHEN wants_end THEN 0 ELSE offset END,"
    " read + skipped + lost, inode, birth, offset, is_rotated = 3 FROM input_files";
static const char sums_sql[] =
    "SELECT reason = 'read', bytes FROM input_sums WHERE path = x'' AND reason IN"
    " ('read', 'nul', 'truncated', 'cut', 'rotated_away', 'too_many_generations')";

/** The file of the folder that the row is about, where numbers are not used twice. */
static const struct disk_file *file_of(const struct disk *disk, sqlite3_stmt *row)
{
    for (size_t i = 0; i < disk->entry_count; i++) {
        const struct disk_file *file = disk->entries[i].file;
        if (disk->style != DISK_PLAIN &&
            file->inode == (uint64_t)sqlite3_column_int64(row, 3) &&
            file->birth == (uint64_t)sqlite3_column_int64(row, 4))
            return file;
    }
    return NULL;
}

/** Behind its last whole line. */
static int64_t lines_end(const struct disk_file *file)
{
    const char *begin = file->bytes.ptr;
    const char *last = begin ? memrchr(begin, '\n', file->bytes.len) : NULL;
    return last ? last + 1 - begin : 0;
}

/** What is behind us was there, and at the end no line lies before us. An elder is read
 *  to its end and let go: its row says for good what it held then, which a later power
 *  cut may take from the file. Whatever is followed has to know of such a cut. */
static void check_file(struct shelf *shelf, sqlite3_stmt *row, int64_t behind)
{
    const struct disk_file *file = file_of(&shelf->sim->disk, row);
    int64_t offset = sqlite3_column_int64(row, 5);
    bool is_elder = sqlite3_column_int(row, 6);
    if (!file)
        return;
    if (behind > (int64_t)file->written_bytes)
        sim_fail(shelf->sim, "of %.*s %lld bytes are behind us, and %llu were written",
                 SLICE_ARG(text_of(row, 0)), (long long)behind,
                 (unsigned long long)file->written_bytes);
    if (shelf->is_end &&
        (offset < lines_end(file) || (offset > (int64_t)file->bytes.len && !is_elder)))
        sim_fail(shelf->sim, "of %.*s %lld bytes are read at the end, of %zu",
                 SLICE_ARG(text_of(row, 0)), (long long)offset, file->bytes.len);
}

static void take_account(struct shelf *shelf, sqlite3_stmt *row)
{
    int64_t behind = sqlite3_column_int64(row, 1), told = sqlite3_column_int64(row, 2);
    if (behind != told)
        sim_fail(shelf->sim, "of %.*s %lld bytes are behind us, and accounted for %lld",
                 SLICE_ARG(text_of(row, 0)), (long long)behind, (long long)told);
    check_file(shelf, row, behind);
}

static void take_sum(struct shelf *shelf, sqlite3_stmt *row)
{
    bool is_read = sqlite3_column_int(row, 0);
    *(is_read ? &shelf->read : &shelf->lost) += (uint64_t)sqlite3_column_int64(row, 1);
}

/** Of lines that no rule matches the sums of hashes say nothing, those of bytes do:
 *  each was read or lost at most once, and at the end read, unless it may be lost. */
static void check_sums(struct shelf *shelf, bool is_end)
{
    const struct model *model = &shelf->sim->model;
    if (shelf->read + shelf->lost > model->bytes)
        sim_fail(shelf->sim, "%llu bytes were read, %llu lost, and %llu written",
                 (unsigned long long)shelf->read, (unsigned long long)shelf->lost,
                 (unsigned long long)model->bytes);
    if (is_end && shelf->read + model->doubtful_bytes < model->bytes)
        sim_fail(shelf->sim, "of %llu bytes %llu were read, and only %llu may be lost",
                 (unsigned long long)model->bytes, (unsigned long long)shelf->read,
                 (unsigned long long)model->doubtful_bytes);
}

/* --- the look --------------------------------------------------------------------- */

static bool open_copy(struct shelf *shelf)
{
    char path[256];
    if (!power_store(shelf->sim->power, path, sizeof path))
        return false;
    shelf->copy = power_copy(shelf->sim->power, "shelf");
    must(sqlite3_open_v2(path, &shelf->db, SQLITE_OPEN_READWRITE,
                         power_vfs(shelf->copy)) == SQLITE_OK);
    /* Nobody needs what a checkpoint would make of the copy. */
    sqlite3_db_config(shelf->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    return true;
}

static bool has_schema(struct shelf *shelf)
{
    sqlite3_stmt *statement = NULL;
    bool has_it =
        sqlite3_prepare_v2(shelf->db, mails_sql, -1, &statement, NULL) == SQLITE_OK;
    sqlite3_finalize(statement);
    return has_it;
}

static void ignore(struct shelf *shelf, sqlite3_stmt *row)
{
    (void)shelf;
    (void)row;
}

void shelf_check(struct sim *sim, bool is_end)
{
    void *key;
    struct shelf shelf = { .sim = sim, .is_end = is_end };
    if (!open_copy(&shelf))
        return;
    query(&shelf, "PRAGMA locking_mode=EXCLUSIVE", ignore);
    query(&shelf, "PRAGMA integrity_check", take_integrity);
    /* A first start can end before its schema is there. */
    if (sim->failure.len == 0 && has_schema(&shelf)) {
        query(&shelf, sheets_sql, take_sheet);
        query(&shelf, mails_sql, take_mail);
        query(&shelf, recipients_sql, take_recipient);
        check_letters(&shelf);
        check_total(&shelf, false);
        if (is_end && sim->failure.len == 0)
            check_total(&shelf, true);
        query(&shelf, accounts_sql, take_account);
        query(&shelf, sums_sql, take_sum);
        check_sums(&shelf, is_end);
    }
    sqlite3_close(shelf.db);
    power_free(shelf.copy);
    for (size_t at = 0; (key = map_next(&shelf.rows, &at));)
        free(key);
    map_free(&shelf.rows);
}
