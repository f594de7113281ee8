/**
 * The door of outputs: notices become mails in the outbox, the courier takes them on.
 * What is counted is staged beside the transaction and taken over when it is durable,
 * so that a turn can be repeated.
 */
#include "outputs/output.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/hash.h"
#include "agent/base/limits.h"
#include "agent/base/must.h"
#include "outputs/compiled.h"
#include "outputs/compose.h"
#include "outputs/courier.h"
#include "outputs/fallback.h"
#include "outputs/outbox_dead.h"
#include "outputs/outbox_fold.h"
#include "outputs/queue.h"
#include "outputs/told.h"

enum { FORGET_EVERY = 64 };

/** A round is what happens between two commits. */
enum round {
    ROUND_NONE,
    ROUND_OPEN,    /**< something was put or changed */
    ROUND_WRITTEN, /**< a round that begins now follows a failed commit */
};

struct outputs {
    struct outputs_world world;
    const struct outputs_config *config;
    struct courier *courier;
    struct zone *zone;
    char *host;
    enum round round;
    struct outputs_tally tally, staged;
    bool needs_reconcile; /* rows may stand for outputs or accounts that are gone */
    bool has_written;
    int64_t fallback_ms; /* mono: when a fallback is due */
    struct buf trouble;  /* what this round's mails say of mails that did not come */
    int64_t tells_ms;    /* see outbox_entry; both are made by the round's first mail */
    bool has_trouble;
    uint64_t forget_count; /* settled rows since the history was cut */
    struct now now;        /* of the last call that was given one */
};

/* --- rounds ----------------------------------------------------------------------- */

static void begin_round(struct outputs *outputs, struct now now)
{
    outputs->now = now;
    if (outputs->round == ROUND_OPEN)
        return;
    courier_undo(outputs->courier);
    courier_follow_clock(outputs->courier, now);
    outputs->has_trouble = false;
    outputs->staged = outputs->tally;
    outputs->round = ROUND_OPEN;
}

static void use_config(struct outputs *outputs, const struct outputs_config *config,
                       struct now now)
{
    size_t count = 0;
    struct arena arena = { 0 };
    struct lane_spec *specs =
        arena_zalloc(&arena,
                     (config->account_count + config->output_count) * sizeof *specs);
    for (size_t i = 0; i < config->account_count; i++)
        specs[count++] = (struct lane_spec){ .key = config->accounts[i].name,
                                             .account = &config->accounts[i] };
    for (size_t i = 0; i < config->output_count; i++)
        if (!config->outputs[i].account)
            specs[count++] =
                (struct lane_spec){ .key = config->outputs[i].lane,
                                    .maildir = config->outputs[i].maildir };
    outputs->config = config;
    outputs->needs_reconcile = true;
    courier_configure(outputs->courier, specs, count, now);
    arena_free(&arena);
}

static void look_into_outbox(struct outputs *outputs, struct now now)
{
    int64_t at = outbox_fallback_at(outputs->world.db);
    outputs->tally.oldest_ms = outbox_oldest_ms(outputs->world.db);
    outputs->fallback_ms =
        at == NEVER_MS ? NEVER_MS
                       : now.mono_ms + (at > now.unix_ms ? at - now.unix_ms : 0);
}

struct outputs *outputs_create(const struct outputs_world *world,
                               const struct outputs_config *config, struct now now)
{
    struct outputs *outputs = mem_zalloc(sizeof *outputs);
    outputs->host = mem_copy(world->host);
    outputs->world = *world;
    outputs->world.host = slice_of(outputs->host);
    outputs->zone = zone_local();
    outputs->now = now;
    outputs->tally.waiting = outbox_count(world->db);
    outputs->trouble = buf_make(TOLD_BYTES);
    look_into_outbox(outputs, now);
    outputs->courier = courier_create(&outputs->world, &outputs->tally);
    use_config(outputs, config, now);
    return outputs;
}

void outputs_free(struct outputs *outputs)
{
    if (!outputs)
        return;
    courier_free(outputs->courier);
    zone_free(outputs->zone);
    buf_free(&outputs->trouble);
    free(outputs->host);
    free(outputs);
}

void outputs_configure(struct outputs *outputs, const struct outputs_config *config,
                       struct now now)
{
    outputs->now = now;
    use_config(outputs, config, now);
}

/* --- put -------------------------------------------------------------------------- */

static struct mail_profile profile_of(const struct outputs *outputs,
                                      const struct output *output)
{
    return (struct mail_profile){
        .output = output->name,
        .from = output->from,
        .from_name = output->from_name,
        .to = output->to,
        .to_count = output->to_count,
        .host = outputs->world.host,
        .id_domain = outputs->world.host,
        .zone = outputs->zone,
    };
}

struct mail_put {
    const struct output *output;
    const struct notice *notice;
    int64_t created_ms;
    uint64_t mail_count;
    struct slice fallback; /* names parted by blanks */
    int64_t fallback_at_ms;
};

/* Once a round: ten thousand dead letters are counted by a walk over them. */
static void look_for_trouble(struct outputs *outputs, struct now now)
{
    if (outputs->has_trouble)
        return;
    buf_clear(&outputs->trouble);
    outputs->tells_ms = told_put_dead(outputs->world.db, &outputs->trouble);
    courier_put_trouble(outputs->courier, now, &outputs->trouble);
    told_put_clock(&outputs->trouble, now);
    outputs->has_trouble = true;
}

/* A digest is where people look after things: it counts what still lies there. */
static struct slice trouble_for(struct outputs *outputs, const struct notice *notice,
                                struct now now, struct arena *arena)
{
    struct buf text = buf_make(TOLD_BYTES);
    look_for_trouble(outputs, now);
    if (notice->reason == NOTICE_DIGEST)
        told_put_lying(outputs->world.db, &text);
    buf_put(&text, text_cut(buf_slice(&outputs->trouble), TOLD_BYTES - text.len));
    struct slice trouble = arena_slice(arena, buf_slice(&text));
    buf_free(&text);
    return trouble;
}

static void put_mail(struct outputs *outputs, const struct mail_put *put,
                     struct now now, struct arena *arena)
{
    struct mail_profile profile = profile_of(outputs, put->output);
    profile.trouble = trouble_for(outputs, put->notice, now, arena);
    const struct message message = compose_message(put->notice, &profile, now, arena);
    const struct outbox_entry entry = {
        .message = &message,
        .account = put->output->lane,
        .created_ms = put->created_ms,
        .mail_count = put->mail_count,
        .line_hash = put->notice->line_hash_sum,
        .tells_ms = outputs->tells_ms,
        .fallback = put->fallback,
        .fallback_at_ms = put->fallback_at_ms,
    };
    outbox_put(outputs->world.db, &entry);
    outputs->staged.waiting++;
    courier_call(outputs->courier, put->output->lane, now);
}

/* What the mails were about, the newest first, and how much each told. */
static struct notice_alert *alerts_of(const struct outbox_fold *fold, struct now now,
                                      struct arena *arena)
{
    struct notice_alert *alerts = arena_zalloc(arena, fold->count * sizeof *alerts);
    for (size_t i = 0; i < fold->count; i++) {
        const struct outbox_folded *one = &fold->items[fold->count - 1 - i];
        alerts[i] = (struct notice_alert){ .severity = SEVERITY_WARNING,
                                           .is_firing = true,
                                           .summary = one->subject,
                                           .new_count = one->event_count,
                                           .total_count = one->event_count,
                                           .first_unix_ms = one->created_ms,
                                           .last_unix_ms = now.unix_ms };
    }
    return alerts;
}

/* The mail that tells others instead of them. Its thread is made of theirs, so a
 * repeated turn makes the same mail. */
static void put_merged(struct outputs *outputs, const struct output *output,
                       const struct outbox_fold *fold, struct now now,
                       struct arena *arena)
{
    struct notice notice = {
        .reason = NOTICE_HELD,
        .route = output->name,
        .severity = SEVERITY_WARNING,
        .title = SLICE("merged mails"),
        .alerts = alerts_of(fold, now, arena),
        .alert_count = fold->count,
        .new_count = fold->event_count,
        .held_mails = fold->mail_count,
        .since_unix_ms = fold->created_ms,
        .line_hash_sum = fold->line_hash,
    };
    const int64_t ids[] = { fold->items[0].id, fold->items[1].id, fold->created_ms };
    snprintf(notice.thread, sizeof notice.thread, "%016" PRIx64 "%016" PRIx64,
             hash_bytes(slice_make((const char *)ids, sizeof ids)), fold->line_hash);
    const struct mail_put put = {
        output,           &notice,        fold->created_ms,
        fold->mail_count, fold->fallback, fold->fallback_at_ms
    };
    put_mail(outputs, &put, now, arena);
}

/* Too many wait: in the whole outbox, or for an account that takes none just now and
 * would hand out thousands when it does again. Critical mails stay as they are until
 * the outbox is twice as full as it may be. */
static bool is_crowded(const struct outputs *outputs, struct outbox_wanted *wanted,
                       struct now now)
{
    if (outputs->staged.waiting >= 2 * LIMIT_OUTBOX_ROWS)
        wanted->priority_end = PRIORITY_CRITICAL + 1;
    return outputs->staged.waiting >= LIMIT_OUTBOX_ROWS ||
           (courier_is_held(outputs->courier, wanted->account, now) &&
            outbox_has_many(outputs->world.db, wanted, LIMIT_HELD_MAILS));
}

static void make_room(struct outputs *outputs, const struct output *output,
                      struct now now, struct arena *arena)
{
    struct outbox_fold fold;
    struct db *db = outputs->world.db;
    struct outbox_wanted wanted = { output->lane, output->name, PRIORITY_CRITICAL };
    if (!is_crowded(outputs, &wanted, now) ||
        !outbox_find_fold(db, &wanted, &fold, arena))
        return;
    for (size_t i = 0; i < fold.count; i++)
        if (outbox_move(db, fold.items[i].id, EVENT_MERGE,
                        SLICE("merged into a later mail"), now))
            outputs->staged.waiting--;
    outputs->staged.merged += fold.count;
    put_merged(outputs, output, &fold, now, arena);
}

static struct slice fallback_names(const struct notice *notice, struct arena *arena)
{
    struct buf names = buf_make(64 * 1024);
    for (size_t i = 0; i < notice->fallback_count; i++) {
        buf_puts(&names, i > 0 ? " " : "");
        buf_put(&names, notice->fallback[i].value);
    }
    struct slice copy = arena_slice(arena, buf_slice(&names));
    buf_free(&names);
    return copy;
}

void outputs_put(struct outputs *outputs, const struct notice *notice, struct now now,
                 struct arena *arena)
{
    begin_round(outputs, now);
    struct slice fallback = fallback_names(notice, arena);
    for (size_t i = 0; i < notice->to_count; i++) {
        const struct output *output =
            outputs_config_find(outputs->config, notice->to[i].value);
        must(output != NULL); /* routes_compile() knows the names */
        make_room(outputs, output, now, arena);
        const struct mail_put put = {
            output, notice,   now.unix_ms,
            1,      fallback, now.unix_ms + notice->fallback_after_ms
        };
        put_mail(outputs, &put, now, arena);
        outputs->staged.put++;
    }
}

/* --- write ------------------------------------------------------------------------ */

static void reconcile_output(struct outputs *outputs, struct slice name, struct now now)
{
    struct arena arena = { 0 };
    const struct output *output = outputs_config_find(outputs->config, name);
    if (output) {
        outbox_reassign(outputs->world.db, name, output->lane);
        courier_call(outputs->courier, output->lane, now);
    } else {
        const char *advice =
            arena_printf(&arena,
                         "the output '%.*s' is not in the configuration any more",
                         SLICE_ARG(name));
        int64_t count =
            outbox_expire_output(outputs->world.db, name, slice_of(advice), now);
        outputs->staged.dead += (uint64_t)count;
        outputs->staged.waiting -= (uint64_t)count;
    }
    arena_free(&arena);
}

/* Each name that waiting rows stand for, one after the other in order of names. */
static void reconcile(struct outputs *outputs, struct now now)
{
    struct arena arena = { 0 };
    struct slice name = SLICE("");
    struct db *db = outputs->world.db;
    for (;;) {
        struct db_row *row =
            db_query(db, "SELECT min(output) FROM outbox WHERE state = 0 "
                         "AND output > ?");
        db_bind_text(row, name);
        if (!db_next(row))
            break;
        name = arena_slice(&arena, db_text(row, 0));
        db_done(row);
        if (name.len == 0)
            break;
        reconcile_output(outputs, name, now);
    }
    arena_free(&arena);
}

static void note_fallback(void *ctx, const struct fallback_put *put)
{
    struct outputs *outputs = ctx;
    outputs->staged.waiting++;
    outputs->staged.fallbacks++;
    log_warning(outputs->world.log, "mail %lld is told by its fallback '%.*s'",
                (long long)put->id, SLICE_ARG(put->output->name));
    courier_call(outputs->courier, put->output->lane, outputs->now);
}

void outputs_write(struct outputs *outputs, struct now now)
{
    begin_round(outputs, now);
    uint64_t settled = outputs->staged.sent + outputs->staged.dead;
    courier_recover(outputs->courier, &outputs->staged, now);
    if (outputs->needs_reconcile)
        reconcile(outputs, now);
    if (now.mono_ms >= outputs->fallback_ms)
        fallback_write(outputs->world.db, outputs->config, now, note_fallback, outputs);
    courier_write(outputs->courier, &outputs->staged, now);
    outputs->forget_count += outputs->staged.sent + outputs->staged.dead - settled;
    if (outputs->forget_count >= FORGET_EVERY) {
        outputs->staged.forgotten += outbox_forget(outputs->world.db);
        outputs->forget_count = 0;
    }
    outputs->round = ROUND_WRITTEN;
    outputs->has_written = db_is_dirty(outputs->world.db);
}

void outputs_committed(struct outputs *outputs, struct now now)
{
    outputs->now = now;
    if (outputs->round == ROUND_WRITTEN)
        outputs->tally = outputs->staged;
    outputs->round = ROUND_NONE;
    outputs->needs_reconcile = false;
    if (outputs->has_written || now.mono_ms >= outputs->fallback_ms)
        look_into_outbox(outputs, now);
    courier_committed(outputs->courier, outputs->has_written, now);
    outputs->has_written = false;
}

/* --- pump ------------------------------------------------------------------------- */

void outputs_pump(struct outputs *outputs, struct now now)
{
    outputs->now = now;
    if (courier_pump(outputs->courier, now))
        outputs->needs_reconcile = true;
}

int64_t outputs_wake_at(const struct outputs *outputs)
{
    if (outputs->needs_reconcile || outputs->round == ROUND_OPEN ||
        courier_wants_write(outputs->courier, outputs->now))
        return outputs->now.mono_ms;
    return earlier_ms(outputs->fallback_ms,
                      courier_wake_at(outputs->courier, outputs->now));
}

bool outputs_stop(struct outputs *outputs, struct now now)
{
    outputs->now = now;
    return courier_stop(outputs->courier, now);
}

const struct outputs_tally *outputs_tally(const struct outputs *outputs)
{
    return &outputs->tally;
}

void outputs_describe(const struct outputs *outputs, struct now now,
                      enum text_form form, struct buf *out)
{
    courier_describe(outputs->courier, now, form, out);
    if (form == FORM_JSON)
        return;
    struct buf dead = buf_make(TOLD_BYTES);
    told_put_dead(outputs->world.db, &dead);
    if (dead.len > 0)
        buf_printf(out, "  %s", dead.ptr);
    buf_free(&dead);
}

uint64_t outputs_sent_in_a_day(struct outputs *outputs, struct slice account,
                               struct now now)
{
    return outbox_count_reached(outputs->world.db, account, now.unix_ms - DAY_MS);
}

/* --- queue commands --------------------------------------------------------------- */

bool outputs_queue_list(struct outputs *outputs, struct now now, bool json,
                        struct buf *out, struct err *err)
{
    (void)err;
    queue_put_list(outputs->world.db, now, json, out);
    return true;
}

bool outputs_queue_show(struct outputs *outputs, int64_t id, struct now now, bool json,
                        struct buf *out, struct err *err)
{
    return queue_put_row(outputs->world.db, id, now, json, out, err);
}

bool outputs_queue_raw(struct outputs *outputs, int64_t id, struct buf *out,
                       struct err *err)
{
    return queue_put_raw(outputs->world.db, id, out, err);
}

void outputs_queue_hold(struct outputs *outputs, int64_t id, struct now now,
                        struct buf *out)
{
    queue_put_hold(outputs->world.db, id, now, out);
}

/* Find the row and check that a person may move it by @on. */
static bool find_movable(struct outputs *outputs, int64_t id, enum row_event on,
                         enum row_state *state, struct err *err)
{
    if (!outbox_find(outputs->world.db, id, state))
        return err_set(err, ERR_MISSING,
                       "there is no mail '%lld'; see 'tocsin queue list'",
                       (long long)id);
    if (*state == ROW_HANDING_OVER)
        return err_set(err, ERR_BUSY, "mail '%lld' is being handed over just now",
                       (long long)id);
    if (!row_may_move(*state, on))
        return err_set(err, ERR_INVALID, "mail '%lld' is %s already", (long long)id,
                       row_state_name(*state));
    return true;
}

static const struct output *output_of(struct outputs *outputs, int64_t id,
                                      struct err *err)
{
    struct arena arena = { 0 };
    struct outbox_job job;
    const struct output *output = NULL;
    if (!outbox_load(outputs->world.db, id, &job, &arena))
        err_set(err, ERR_IO, "mail '%lld' cannot be read", (long long)id);
    else if (!(output = outputs_config_find(outputs->config, job.output)))
        err_set(err, ERR_INVALID,
                "the output '%.*s' of mail '%lld' is not in the configuration any more",
                SLICE_ARG(job.output), (long long)id);
    arena_free(&arena);
    return output;
}

bool outputs_queue_retry(struct outputs *outputs, int64_t id, struct now now,
                         struct err *err)
{
    enum row_state state;
    if (!find_movable(outputs, id, EVENT_RETRY, &state, err))
        return false;
    const struct output *output = output_of(outputs, id, err);
    if (!output)
        return false;
    begin_round(outputs, now);
    outbox_move(outputs->world.db, id, EVENT_RETRY, SLICE(""), now);
    outbox_reassign(outputs->world.db, output->name, output->lane);
    outputs->staged.waiting += state == ROW_DEAD;
    courier_lift(outputs->courier, output->lane, now);
    courier_call(outputs->courier, output->lane, now);
    return true;
}

bool outputs_queue_drop(struct outputs *outputs, int64_t id, struct now now,
                        struct err *err)
{
    enum row_state state;
    if (!find_movable(outputs, id, EVENT_DROP, &state, err))
        return false;
    begin_round(outputs, now);
    outbox_move(outputs->world.db, id, EVENT_DROP, SLICE("dropped by 'queue drop'"),
                now);
    outputs->staged.waiting -= state == ROW_WAITING;
    return true;
}
