/** What the log says of a mail, and `tocsin status` of an account. */
#include "agent/base/text.h"
#include "outputs/lane_inside.h"
#include "outputs/told.h"

enum { REFUSED_BYTES = 1024 };
#define COMPLAIN_AGAIN_MS (6 * HOUR_MS)

/* --- the log ---------------------------------------------------------------------- */

static void put_refused(const struct lane *lane, struct buf *out)
{
    for (size_t i = 0; i < lane->job.recipient_count; i++) {
        if (lane->states[i] != RECIPIENT_DEAD)
            continue;
        buf_puts(out, out->len > 0 ? ", " : "");
        buf_put(out, lane->job.recipients[i]);
    }
}

static void log_refused(const struct lane *lane, long long id, const char *reply)
{
    struct buf who = buf_make(REFUSED_BYTES);
    put_refused(lane, &who);
    log_warning(lane->world->log, "mail %lld: refused for %s: %s: %.*s", id,
                who.len > 0 ? who.ptr : "nobody", reply,
                SLICE_ARG(lane->settlement.advice));
    buf_free(&who);
}

void lane_log_result(const struct lane *lane)
{
    const struct outbox_settlement *settlement = &lane->settlement;
    struct log_sink *log = lane->world->log;
    long long id = (long long)settlement->id;
    const char *reply = lane->reply.len > 0 ? lane->reply.ptr : "";
    if (settlement->event == EVENT_ACCEPT)
        log_info(log, "mail %lld for output '%.*s' is sent", id,
                 SLICE_ARG(lane->job.output));
    else if (settlement->event == EVENT_POSTPONE || settlement->event == EVENT_DOUBT)
        log_warning(log, "mail %lld goes again later: %s", id, reply);
    else
        log_error(log, "mail %lld for output '%.*s' is given up: %s: %.*s", id,
                  SLICE_ARG(lane->job.output), reply, SLICE_ARG(settlement->advice));
    if (lane->refused_count > 0)
        log_refused(lane, id, reply);
}

void lane_log_complaint(struct lane *lane, struct now now)
{
    const struct link_complaint *complaint = &lane->connection.complaint;
    if (complaint->text[0] == '\0' || now.mono_ms < lane->complain_at_ms)
        return;
    lane->complain_at_ms = now.mono_ms + COMPLAIN_AGAIN_MS;
    log_warning(lane->world->log, "account '%.*s': %s: %s", SLICE_ARG(lane->key),
                complaint->text, complaint->remedy);
}

/* --- status ----------------------------------------------------------------------- */

/* A server that has a bad time is no news; it would stand in every mail. */
void lane_put_trouble(const struct lane *lane, struct now now, struct buf *out)
{
    enum trouble trouble = lane->hold.trouble;
    if (now.mono_ms >= lane->hold.until_ms || trouble == TROUBLE_SERVER ||
        trouble == TROUBLE_STALE)
        return;
    told_put_account(out, lane->key, lane->hold.reply, lane->hold.advice);
}

static void describe_hold(const struct lane *lane, struct now now, struct buf *out)
{
    int64_t left_ms = lane->hold.until_ms - now.mono_ms;
    bool wants_person = trouble_wants_person(lane->hold.trouble);
    buf_puts(out,
             wants_person ? "STOPPED until you act, tried again in " : "held for ");
    text_put_duration(out, left_ms - left_ms % SECOND_MS);
    if (lane->hold.wants_secret)
        buf_puts(out, wants_person ? ", or when the password file changes"
                                   : ", or until the password file changes");
    buf_puts(out, "\n    reply: ");
    text_put_clean(out, slice_of(lane->hold.reply), false);
    buf_puts(out, "\n    advice: ");
    text_put_clean(out, slice_of(lane->hold.advice), false);
    buf_putc(out, '\n');
}

static void describe_as_json(const struct lane *lane, struct now now, struct buf *out)
{
    bool is_held = now.mono_ms < lane->hold.until_ms;
    text_put_comma(out);
    buf_puts(out, "{\"name\":");
    text_put_json(out, lane->key);
    buf_puts(out, ",\"to\":");
    text_put_json(out, lane->is_maildir ? lane->maildir : lane->account.host);
    buf_printf(out, ",\"state\":\"%s\",\"held_until_ms\":%lld,\"reply\":",
               !is_held                                   ? "ready"
               : trouble_wants_person(lane->hold.trouble) ? "stopped"
                                                          : "held",
               is_held ? (long long)lane->hold.until_unix_ms : 0LL);
    text_put_json(out, is_held ? slice_of(lane->hold.reply) : SLICE(""));
    buf_puts(out, ",\"advice\":");
    text_put_json(out, is_held ? slice_of(lane->hold.advice) : SLICE(""));
    buf_puts(out, ",\"complaint\":");
    text_put_json(out, slice_of(lane->connection.complaint.text));
    buf_putc(out, '}');
}

/* Nobody sees it while all mails go; it is told before it costs one. */
static void describe_complaint(const struct lane *lane, struct buf *out)
{
    if (lane->connection.complaint.text[0] == '\0')
        return;
    buf_puts(out, "    warning: ");
    text_put_clean(out, slice_of(lane->connection.complaint.text), false);
    buf_puts(out, "\n    advice: ");
    text_put_clean(out, slice_of(lane->connection.complaint.remedy), false);
    buf_putc(out, '\n');
}

void lane_describe(const struct lane *lane, struct now now, enum text_form form,
                   struct buf *out)
{
    static const char *const states[] = { "no connection", "connecting", "connected" };
    if (form == FORM_JSON) {
        describe_as_json(lane, now, out);
        return;
    }
    buf_puts(out, "  ");
    text_put_clean(out, lane->key, false);
    if (lane->is_maildir)
        buf_printf(out, " (%.*s): ", SLICE_ARG(lane->maildir));
    else if (lane->account.url_file.len > 0)
        buf_printf(out, " (%.*s): ", SLICE_ARG(lane->account.url_file));
    else
        buf_printf(out, " (%.*s:%d): ", SLICE_ARG(lane->account.host),
                   lane->account.port);
    if (now.mono_ms < lane->hold.until_ms)
        describe_hold(lane, now, out);
    else
        buf_printf(out, "ready%s%s\n", lane->is_maildir ? "" : ", ",
                   lane->is_maildir ? "" : states[lane->connection.state]);
    describe_complaint(lane, out);
}
