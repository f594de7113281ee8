/** The mails of a Maildir: each is a file at once, or goes again later. */
#include "outputs/lane_inside.h"
#include "outputs/maildir.h"

enum { MAILDIR_JITTER_PERCENT = 25 };

static void judge_file(struct lane *lane, bool ok, const struct err *err,
                       struct now now)
{
    struct smtp_reply reply =
        reply_of_network(PHASE_DOT, slice_of(ok ? "" : err->text));
    struct judgement judgement = { .event = EVENT_ACCEPT,
                                   .reply = &reply,
                                   .advice = "" };
    if (!ok) {
        int64_t wait =
            rng_jitter(&lane->world->rng, backoff_ms(lane->job.attempts, HOUR_MS),
                       MAILDIR_JITTER_PERCENT);
        bool is_late = !lane_is_early(lane, now) &&
                       now.unix_ms - lane->job.created_ms > GIVE_UP_MS;
        judgement.event = is_late ? EVENT_EXPIRE : EVENT_POSTPONE;
        judgement.next_at_ms = now.unix_ms + wait;
        judgement.is_attempt = true;
        judgement.advice =
            "the maildir cannot be written: check that the folder above it "
            "exists and who may write there";
    }
    lane_set_result(lane, &judgement);
}

void lane_pump_maildir(struct lane *lane, struct now now)
{
    struct err err = { 0 };
    if (lane->claim == 0)
        return;
    if (!lane_load_job(lane)) {
        lane_give_back(lane, EVENT_POSTPONE, SLICE("the store could not be read"), now);
        return;
    }
    const struct maildir_mail mail = { .id = lane->job.id,
                                       .created_ms = lane->job.created_ms,
                                       .host = lane->world->host,
                                       .bytes = lane->job.bytes };
    const struct link_ops *ops = lane->connection.ops;
    bool ok = ops->keep ? ops->keep(ops->ctx, lane->maildir, mail.bytes)
                        : maildir_put(lane->maildir, &mail, &err);
    lane->job.recipient_count = 0;
    judge_file(lane, ok, &err, now);
}
