/** The queue as text and as JSON. All text of a row is cleaned once more on its way
 *  out. */
#include "outputs/queue.h"

#include "agent/base/limits.h"
#include "agent/base/text.h"
#include "agent/base/unmime.h"
#include "agent/base/zone.h"
#include "outputs/outbox.h"

/* Columns of every query here, in this order. */
#define ROW_COLUMNS                                                               \
    "id, output, account, state, priority, created, next_at, settled, attempts, " \
    "doubts, "                                                                    \
    "message_id, subject, reason, event_count, mail_count, sender, size, reply, " \
    "advice, (SELECT until FROM account_hold AS h "                               \
    "WHERE h.account = outbox.account)"
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
    AT_HELD,
};

static const char *const priority_names[] = { "digest", "normal", "critical" };

/* --- JSON ------------------------------------------------------------------------- */

static void put_json_row(struct buf *out, struct db_row *row)
{
    static const struct {
        const char *name;
        enum row_column column;
        bool is_text;
    } fields[] = {
        { "output", AT_OUTPUT, true },         { "account", AT_ACCOUNT, true },
        { "created_ms", AT_CREATED, false },   { "next_ms", AT_NEXT, false },
        { "held_until_ms", AT_HELD, false },   { "settled_ms", AT_SETTLED, false },
        { "attempts", AT_ATTEMPTS, false },    { "doubts", AT_DOUBTS, false },
        { "message_id", AT_MESSAGE_ID, true }, { "subject", AT_SUBJECT, true },
        { "reason", AT_REASON, true },         { "events", AT_EVENTS, false },
        { "mails", AT_MAILS, false },          { "from", AT_SENDER, true },
        { "bytes", AT_SIZE, false },           { "reply", AT_REPLY, true },
        { "advice", AT_ADVICE, true },
    };
    buf_printf(out, "{\"id\":%lld,\"state\":\"%s\",\"priority\":\"%s\"",
               (long long)db_int(row, AT_ID),
               row_state_name((enum row_state)db_int(row, AT_STATE)),
               priority_names[db_int(row, AT_PRIORITY)]);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        buf_printf(out, ",\"%s\":", fields[i].name);
        if (fields[i].is_text)
            text_put_json(out, db_text(row, fields[i].column));
        else
            buf_printf(out, "%lld", (long long)db_int(row, fields[i].column));
    }
}

/* --- text ------------------------------------------------------------------------- */

static void put_age(struct buf *out, int64_t ms)
{
    text_put_duration(out, ms > 0 ? ms - ms % SECOND_MS : 0);
}

static void put_indented(struct buf *out, const char *name, struct slice text)
{
    if (text.len == 0)
        return;
    buf_printf(out, "    %s: ", name);
    text_put_clean(out, text, false);
    buf_putc(out, '\n');
}

/** ", next try in 9s": what a row that waits is waiting for. */
static void put_wait(struct buf *out, struct db_row *row, struct now now)
{
    int64_t held_ms = db_int(row, AT_HELD) - now.unix_ms;
    int64_t next_ms = db_int(row, AT_NEXT) - now.unix_ms;
    if ((enum row_state)db_int(row, AT_STATE) != ROW_WAITING)
        return;
    if (held_ms > 0) {
        buf_puts(out, ", account '");
        text_put_clean(out, db_text(row, AT_ACCOUNT), false);
        buf_puts(out, "' is held for ");
        put_age(out, held_ms);
    } else if (next_ms > 0) {
        buf_puts(out, ", next try in ");
        put_age(out, next_ms);
    } else {
        buf_puts(out, ", due now");
    }
}

static void put_tries(struct buf *out, struct db_row *row, struct now now)
{
    uint64_t attempts = (uint64_t)db_int(row, AT_ATTEMPTS);
    if (attempts == 0)
        buf_puts(out, "not tried yet");
    else
        text_put_count(out, attempts, "try", "tries");
    put_wait(out, row, now);
    buf_putc(out, '\n');
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
    put_tries(out, row, now);
    put_indented(out, "reply", db_text(row, AT_REPLY));
    put_indented(out, "advice", db_text(row, AT_ADVICE));
}

/* --- why an account waits --------------------------------------------------------- */

static void put_hold(struct buf *out, struct db_row *row, struct now now)
{
    buf_puts(out, "account '");
    text_put_clean(out, db_text(row, 0), false);
    buf_puts(out, "' is held for ");
    put_age(out, db_int(row, 1) - now.unix_ms);
    buf_puts(out, ":\n");
    put_indented(out, "reply", db_text(row, 2));
    put_indented(out, "advice", db_text(row, 3));
}

static void put_holds(struct db *db, struct now now, struct buf *out)
{
    struct db_row *row =
        db_query(db, "SELECT account, until, reply, advice FROM account_hold "
                     "WHERE until > ? ORDER BY account");
    db_bind_int(row, now.unix_ms);
    while (db_next(row))
        put_hold(out, row, now);
}

void queue_put_hold(struct db *db, int64_t id, struct now now, struct buf *out)
{
    struct db_row *row =
        db_query(db, "SELECT h.account, h.until, h.reply, h.advice FROM outbox AS o "
                     "JOIN account_hold AS h ON h.account = o.account "
                     "WHERE o.id = ? AND o.state = 0 AND h.until > ?");
    db_bind_int(row, id);
    db_bind_int(row, now.unix_ms);
    while (db_next(row))
        put_hold(out, row, now);
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
    put_holds(db, now, out);
    if (count == 0)
        buf_puts(out, "no mail is waiting and none is dead\n");
    else if (count > shown)
        buf_printf(out, "and %lld more\n", (long long)(count - shown));
}

/* --- show ------------------------------------------------------------------------- */

static const char *const recipient_states[] = { "waiting", "delivered", "dead" };

static struct db_row *query_recipients(struct db *db, int64_t id)
{
    struct db_row *row =
        db_query(db, "SELECT address, state FROM outbox_recipient WHERE "
                     "id = ? ORDER BY place");
    db_bind_int(row, id);
    return row;
}

static void put_json_recipients(struct db *db, int64_t id, struct buf *out)
{
    const char *between = "";
    struct db_row *row = query_recipients(db, id);
    buf_puts(out, ",\"recipients\":[");
    while (db_next(row)) {
        buf_printf(out, "%s{\"address\":", between);
        text_put_json(out, db_text(row, 0));
        buf_printf(out, ",\"state\":\"%s\"}", recipient_states[db_int(row, 1)]);
        between = ",";
    }
    buf_puts(out, "]}\n");
}

static void put_name(struct buf *out, const char *name)
{
    buf_printf(out, "%-9s ", name);
}

static void put_field(struct buf *out, const char *name, struct slice text)
{
    if (text.len == 0)
        return;
    put_name(out, name);
    text_put_clean(out, text, false);
    buf_putc(out, '\n');
}

static void put_recipients(struct db *db, int64_t id, struct buf *out)
{
    struct db_row *row = query_recipients(db, id);
    while (db_next(row)) {
        put_name(out, "To");
        text_put_clean(out, db_text(row, 0), false);
        buf_printf(out, " (%s)\n", recipient_states[db_int(row, 1)]);
    }
}

static void put_moment(struct buf *out, const char *name, int64_t unix_ms,
                       struct now now)
{
    struct zone *zone = zone_local();
    put_name(out, name);
    text_put_time(out, unix_ms, zone_offset_s(zone, unix_ms));
    buf_puts(out, ", ");
    put_age(out, now.unix_ms - unix_ms);
    buf_puts(out, " ago\n");
    zone_free(zone);
}

/** What the mail is and how far it has come. */
static void put_fields(struct buf *out, struct db_row *row, struct now now)
{
    enum row_state state = (enum row_state)db_int(row, AT_STATE);
    bool is_settled = state >= ROW_DEAD && db_int(row, AT_SETTLED) > 0;
    put_field(out, "Subject", db_text(row, AT_SUBJECT));
    put_field(out, "From", db_text(row, AT_SENDER));
    put_name(out, "Output");
    text_put_clean(out, db_text(row, AT_OUTPUT), false);
    buf_puts(out, ", by account ");
    text_put_clean(out, db_text(row, AT_ACCOUNT), false);
    buf_putc(out, '\n');
    put_moment(out, "Written", db_int(row, AT_CREATED), now);
    put_name(out, "Because");
    text_put_clean(out, db_text(row, AT_REASON), false);
    buf_printf(out, ", %s, ", priority_names[db_int(row, AT_PRIORITY)]);
    text_put_count(out, (uint64_t)db_int(row, AT_EVENTS), "event", "events");
    buf_printf(out, "\nState     %s, ", row_state_name(state));
    put_tries(out, row, now);
    if (is_settled)
        put_moment(out, "Since", db_int(row, AT_SETTLED), now);
    put_field(out, "Reply", db_text(row, AT_REPLY));
    put_field(out, "Advice", db_text(row, AT_ADVICE));
    put_field(out, "Message", db_text(row, AT_MESSAGE_ID));
}

bool queue_put_raw(struct db *db, int64_t id, struct buf *out, struct err *err)
{
    struct db_row *row = db_query(db, "SELECT bytes FROM outbox_body WHERE id = ?");
    db_bind_int(row, id);
    if (!db_next(row))
        return err_set(err, ERR_MISSING,
                       "there are no bytes of a mail '%lld': mails that are sent or "
                       "dropped are not kept",
                       (long long)id);
    buf_put(out, db_blob(row, 0));
    db_done(row);
    return true;
}

static void put_body(struct db *db, int64_t id, struct buf *out)
{
    struct buf raw = buf_make(LIMIT_MAIL_BYTES), text = buf_make(LIMIT_MAIL_BYTES);
    struct err err = { 0 };
    buf_putc(out, '\n');
    if (queue_put_raw(db, id, &raw, &err)) {
        unmime_text(buf_slice(&raw), &text);
        text_put_clean(out, buf_slice(&text), true);
    } else {
        buf_puts(out, "(The text of mails that are sent or dropped is not kept.)\n");
    }
    buf_free(&text);
    buf_free(&raw);
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
    if (json)
        put_json_row(out, row);
    else
        put_fields(out, row, now);
    db_done(row);
    if (json) {
        put_json_recipients(db, id, out);
        return true;
    }
    put_recipients(db, id, out);
    queue_put_hold(db, id, now, out);
    put_body(db, id, out);
    return true;
}
