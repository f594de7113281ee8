/** The queue as text and as JSON. All text of a row is cleaned once more on its way
 *  out. */
#include "outputs/queue.h"

#include "agent/base/limits.h"
#include "agent/base/text.h"
#include "outputs/outbox.h"

/* Columns of every query here, in this order. */
#define ROW_COLUMNS                                                               \
    "id, output, account, state, priority, created, next_at, settled, attempts, " \
    "doubts, "                                                                    \
    "message_id, subject, reason, event_count, mail_count, sender, size, reply, " \
    "advice"
enum row_column {
    AT_ID,
    AT_OUTPUT,
    AT_ACCOUNT,
    AT_STATE,
    AT_PRIORITY,
    AT_CREATED,
    AT_NEXT,
    AT_SETTLED,
    AT_ATTEMPTS,
    AT_DOUBTS,
    AT_MESSAGE_ID,
    AT_SUBJECT,
    AT_REASON,
    AT_EVENTS,
    AT_MAILS,
    AT_SENDER,
    AT_SIZE,
    AT_REPLY,
    AT_ADVICE,
};

static const char *const priority_names[] = { "digest", "normal", "critical" };

/* --- JSON ------------------------------------------------------------------------- */

static void put_json_text(struct buf *out, struct slice text)
{
    struct buf clean = buf_make(LIMIT_CONTROL_REPLY);
    text_put_clean(&clean, text, false);
    buf_putc(out, '"');
    for (size_t i = 0; i < clean.len; i++) {
        if (clean.ptr[i] == '"' || clean.ptr[i] == '\\')
            buf_putc(out, '\\');
        buf_putc(out, clean.ptr[i]);
    }
    buf_putc(out, '"');
    buf_free(&clean);
}

static void put_json_row(struct buf *out, struct db_row *row)
{
    static const struct {
        const char *name;
        enum row_column column;
        bool is_text;
    } fields[] = {
        { "output", AT_OUTPUT, true },       { "account", AT_ACCOUNT, true },
        { "created_ms", AT_CREATED, false }, { "next_ms", AT_NEXT, false },
        { "settled_ms", AT_SETTLED, false }, { "attempts", AT_ATTEMPTS, false },
        { "doubts", AT_DOUBTS, false },      { "message_id", AT_MESSAGE_ID, true },
        { "subject", AT_SUBJECT, true },     { "reason", AT_REASON, true },
        { "events", AT_EVENTS, false },      { "mails", AT_MAILS, false },
        { "from", AT_SENDER, true },         { "bytes", AT_SIZE, false },
        { "reply", AT_REPLY, true },         { "advice", AT_ADVICE, true },
    };
    buf_printf(out, "{\"id\":%lld,\"state\":\"%s\",\"priority\":\"%s\"",
               (long long)db_int(row, AT_ID),
               row_state_name((enum row_state)db_int(row, AT_STATE)),
               priority_names[db_int(row, AT_PRIORITY)]);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        buf_printf(out, ",\"%s\":", fields[i].name);
        if (fields[i].is_text)
            put_json_text(out, db_text(row, fields[i].column));
        else
            buf_printf(out, "%lld", (long long)db_int(row, fields[i].column));
    }
}

/* --- text ------------------------------------------------------------------------- */

static void put_age(struct buf *out, int64_t ms)
{
    text_put_duration(out, ms > 0 ? ms : 0);
}

static void put_reply_lines(struct buf *out, struct db_row *row)
{
    struct slice reply = db_text(row, AT_REPLY);
    struct slice advice = db_text(row, AT_ADVICE);
    if (reply.len > 0) {
        buf_puts(out, "    reply: ");
        text_put_clean(out, reply, false);
        buf_putc(out, '\n');
    }
    if (advice.len > 0) {
        buf_puts(out, "    advice: ");
        text_put_clean(out, advice, false);
        buf_putc(out, '\n');
    }
}

static void put_text_row(struct buf *out, struct db_row *row, struct now now)
{
    enum row_state state = (enum row_state)db_int(row, AT_STATE);
    buf_printf(out, "%lld  %s  ", (long long)db_int(row, AT_ID), row_state_name(state));
    text_put_clean(out, db_text(row, AT_OUTPUT), false);
    buf_puts(out, "  ");
    text_put_clean(out, db_text(row, AT_SUBJECT), false);
    buf_puts(out, "\n    written ");
    put_age(out, now.unix_ms - db_int(row, AT_CREATED));
    buf_puts(out, " ago, ");
    text_put_count(out, (uint64_t)db_int(row, AT_EVENTS), "event", "events");
    buf_puts(out, ", ");
    text_put_count(out, (uint64_t)db_int(row, AT_ATTEMPTS), "attempt", "attempts");
    if (state == ROW_WAITING) {
        buf_puts(out, ", next try in ");
        put_age(out, db_int(row, AT_NEXT) - now.unix_ms);
    }
    buf_putc(out, '\n');
    put_reply_lines(out, row);
}

/* --- list ------------------------------------------------------------------------- */

static void put_row(struct buf *out, struct db_row *row, struct now now, bool json)
{
    if (json) {
        put_json_row(out, row);
        buf_puts(out, "}\n");
    } else {
        put_text_row(out, row, now);
    }
}

static int64_t count_listed(struct db *db)
{
    int64_t count = 0;
    struct db_row *row =
        db_query(db, "SELECT (SELECT count(*) FROM outbox WHERE state < 2) "
                     "+ (SELECT count(*) FROM outbox WHERE state = 2)");
    if (db_next(row)) {
        count = db_int(row, 0);
        db_done(row);
    }
    return count;
}

void queue_put_list(struct db *db, struct now now, bool json, struct buf *out)
{
    int64_t shown = 0;
    int64_t count = count_listed(db);
    struct db_row *row =
        db_query(db, "SELECT " ROW_COLUMNS " FROM outbox WHERE state < 2 "
                     "OR state = 2 ORDER BY created, id LIMIT ?");
    db_bind_int(row, LIMIT_QUEUE_LIST);
    while (db_next(row)) {
        put_row(out, row, now, json);
        shown++;
    }
    if (json)
        return;
    if (count == 0)
        buf_puts(out, "no mail is waiting and none is dead\n");
    else if (count > shown)
        buf_printf(out, "and %lld more\n", (long long)(count - shown));
}

/* --- show ------------------------------------------------------------------------- */

static void put_recipients(struct db *db, int64_t id, bool json, struct buf *out)
{
    static const char *const states[] = { "waiting", "delivered", "dead" };
    const char *between = "";
    struct db_row *row =
        db_query(db, "SELECT address, state FROM outbox_recipient WHERE "
                     "id = ? ORDER BY place");
    db_bind_int(row, id);
    if (json)
        buf_puts(out, ",\"recipients\":[");
    while (db_next(row)) {
        const char *state = states[db_int(row, 1)];
        buf_puts(out, json ? between : "    to: ");
        if (json) {
            buf_puts(out, "{\"address\":");
            put_json_text(out, db_text(row, 0));
            buf_printf(out, ",\"state\":\"%s\"}", state);
        } else {
            text_put_clean(out, db_text(row, 0), false);
            buf_printf(out, " (%s)\n", state);
        }
        between = ",";
    }
    if (json)
        buf_puts(out, "]}\n");
}

static void put_body(struct db *db, int64_t id, struct buf *out)
{
    struct db_row *row = db_query(db, "SELECT bytes FROM outbox_body WHERE id = ?");
    db_bind_int(row, id);
    if (!db_next(row))
        return;
    struct slice line, rest = db_blob(row, 0);
    buf_putc(out, '\n');
    while (slice_next(&rest, '\n', &line)) {
        text_put_clean(out, slice_trim(line), false);
        buf_putc(out, '\n');
    }
    db_done(row);
}

bool queue_put_row(struct db *db, int64_t id, struct now now, bool json,
                   struct buf *out, struct err *err)
{
    struct db_row *row =
        db_query(db, "SELECT " ROW_COLUMNS " FROM outbox WHERE id = ?");
    db_bind_int(row, id);
    if (!db_next(row))
        return err_set(err, ERR_MISSING,
                       "there is no mail '%lld'; see 'tocsin queue list'",
                       (long long)id);
    if (json) {
        put_json_row(out, row);
    } else {
        put_text_row(out, row, now);
        buf_puts(out, "    message id: ");
        text_put_clean(out, db_text(row, AT_MESSAGE_ID), false);
        buf_putc(out, '\n');
    }
    db_done(row);
    put_recipients(db, id, json, out);
    if (!json)
        put_body(db, id, out);
    return true;
}
