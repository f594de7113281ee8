/** From a row that is stuck to rows of other outputs. */
#include "outputs/fallback.h"

#include "agent/base/limits.h"
#include "agent/base/text.h"
#include "outputs/outbox_dead.h"
#include "outputs/recast.h"

enum { NOTE_BYTES = 8192 };

struct falling {
    struct db *db;
    const struct outputs_config *config;
    struct now now;
    struct arena *arena;
    const struct outbox_fallback *fallback;
    struct slice bytes;
};

static void put_note(const struct falling *falling, struct buf *note)
{
    const struct outbox_fallback *fallback = falling->fallback;
    int64_t age_ms = falling->now.unix_ms - fallback->created_ms;
    buf_puts(note, "This mail was written for account '");
    text_put_clean(note, fallback->account, false);
    if (fallback->state == ROW_DEAD) {
        buf_puts(note, "', which gave it up");
    } else {
        buf_puts(note, "', which has not sent it for ");
        text_put_duration(note, age_ms - age_ms % SECOND_MS);
    }
    if (fallback->reply.len > 0)
        buf_puts(note, ".\nReply: ");
    text_put_clean(note, fallback->reply, false);
    if (fallback->advice.len > 0)
        buf_puts(note, "\nWhat to do: ");
    text_put_clean(note, fallback->advice, false);
    buf_puts(note, "\n\n");
}

static void put_copy(const struct falling *falling, const struct output *output)
{
    const struct outbox_fallback *fallback = falling->fallback;
    struct buf note = buf_make(NOTE_BYTES);
    put_note(falling, &note);
    const struct recast how = {
        .note = buf_slice(&note),
        .text_max = LIMIT_MAIL_TEXT_BYTES,
        .message_id = recast_id(fallback->message_id, output->name, falling->arena),
        .to = output->to,
        .to_count = output->to_count,
        .from = output->from,
        .from_name = output->from_name,
    };
    const struct message message = {
        .output = output->name,
        .message_id = how.message_id,
        .subject = fallback->subject,
        .from = output->from,
        .recipients = output->to,
        .recipient_count = output->to_count,
        .bytes = recast_mail(falling->bytes, &how, falling->arena),
        .priority = fallback->priority,
        .reason = fallback->reason,
        .event_count = fallback->event_count,
    };
    const struct outbox_entry entry = { .message = &message,
                                        .account = output->lane,
                                        .created_ms = falling->now.unix_ms,
                                        .mail_count = fallback->mail_count,
                                        .line_hash = fallback->line_hash };
    outbox_put(falling->db, &entry);
    buf_free(&note);
}

/* @return false when none is due any more. */
static bool take_one(struct falling *falling,
                     void (*tell)(void *ctx, const struct fallback_put *put), void *ctx)
{
    struct outbox_fallback fallback;
    struct outbox_job job;
    struct slice name;
    if (!outbox_take_fallback(falling->db, &fallback, falling->now, falling->arena))
        return false;
    if (fallback.state > ROW_DEAD ||
        !outbox_load(falling->db, fallback.id, &job, falling->arena))
        return true;
    falling->fallback = &fallback;
    falling->bytes = job.bytes;
    while (slice_next(&fallback.outputs, ' ', &name)) {
        const struct output *output = outputs_config_find(falling->config, name);
        if (!output)
            continue;
        const struct fallback_put put = { output, fallback.id };
        put_copy(falling, output);
        tell(ctx, &put);
    }
    return true;
}

void fallback_write(struct db *db, const struct outputs_config *config, struct now now,
                    void (*tell)(void *ctx, const struct fallback_put *put), void *ctx)
{
    struct arena arena = { 0 };
    struct falling falling = {
        .db = db, .config = config, .now = now, .arena = &arena
    };
    for (int i = 0; i < LIMIT_TURN_FALLBACKS && take_one(&falling, tell, ctx); i++)
        arena_clear(&arena);
    arena_free(&arena);
}
