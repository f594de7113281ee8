/**
 * One lane. The decision worth knowing: a row is claimed only when a connection is open
 * and idle, so a crash during a login leaves no mail in doubt.
 */
#include "outputs/lane.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/base/must.h"
#include "agent/base/plant.h"
#include "agent/base/text.h"
#include "agent/base/unmime.h"
#include "outputs/lane_inside.h"
#include "outputs/outbox_dead.h"
#include "outputs/recast.h"

enum {
    LOGIN_BURST = 3,
    SHORT_TEXT_BYTES = 4096,
    SHORT_NOTE_BYTES = 4096,
    SHORT_ID_BYTES = 512,
};
#define STOP_GRACE_MS (4 * SECOND_MS)
#define IDLE_CLOSE_MS (30 * SECOND_MS)
#define CONNECTION_MAX_MS (10 * MINUTE_MS)
#define LOGIN_PACE_MS MINUTE_MS
/* A host that was off for a week has no network yet when it boots: what is old is tried
 * for a while before it is given up. */
#define EARLY_MS HOUR_MS

static const struct verdict unknown_failure = {
    .outcome = OUTCOME_LATER,
    .scope = SCOPE_NETWORK,
    .advice = "the login failed: the reply says why",
};

/* --- life ------------------------------------------------------------------------- */

static void copy_spec(struct lane *lane, const struct lane_spec *spec)
{
    struct arena fresh = { 0 };
    lane->key = arena_slice(&fresh, spec->key);
    lane->maildir = arena_slice(&fresh, spec->maildir);
    lane->is_maildir = spec->account == NULL;
    lane->account = (struct account){ 0 };
    if (spec->account)
        lane->account = account_copy(spec->account, &fresh);
    arena_free(&lane->memory);
    lane->memory = fresh;
}

struct lane *lane_create(struct lane_world *world, const struct lane_spec *spec,
                         const struct link_ops *links, const struct wakes *wakes,
                         struct now now)
{
    struct lane *lane = mem_zalloc(sizeof *lane);
    lane->world = world;
    lane->connection.ops = links;
    lane->connection.wakes = wakes;
    lane->reply = buf_make(2 * LIMIT_REPLY_TEXT_BYTES);
    lane->began_ms = now.mono_ms;
    copy_spec(lane, spec);
    hold_load(&lane->hold, world->db, lane->key, now);
    return lane;
}

void lane_free(struct lane *lane)
{
    if (!lane)
        return;
    connection_free(&lane->connection);
    buf_free(&lane->reply);
    arena_free(&lane->job_memory);
    arena_free(&lane->memory);
    free(lane);
}

void lane_configure(struct lane *lane, const struct lane_spec *spec)
{
    bool is_same = spec->account ? account_is_same(spec->account, &lane->account)
                                 : slice_equal(spec->maildir, lane->maildir);
    lane->is_gone = false;
    if (!is_same) {
        /* A person changed the account, so what was wrong with it may be right now. */
        hold_end(&lane->hold);
        lane->is_outdated = lane->connection.state != CONNECTION_CLOSED;
    }
    copy_spec(lane, spec);
}

/* --- logins ----------------------------------------------------------------------- */

/* At most one login a minute in the long run, three at once after a quiet time: Gmail
 * answers too many logins by 454 (facts: gmail.md 2, "login rate"). */
static int64_t login_at(const struct lane *lane)
{
    int64_t paced = lane->login_pace_ms - (LOGIN_BURST - 1) * LOGIN_PACE_MS;
    return paced > lane->login_after_ms ? paced : lane->login_after_ms;
}

static void count_login(struct lane *lane, struct now now)
{
    if (lane->account.user.len == 0)
        return; /* a server without a login counts none */
    if (lane->login_pace_ms < now.mono_ms)
        lane->login_pace_ms = now.mono_ms;
    lane->login_pace_ms += LOGIN_PACE_MS;
}

static bool is_held(struct lane *lane, struct now now)
{
    return hold_is_on(&lane->hold, lane->account.password_file, now);
}

static bool wants_login(struct lane *lane, struct now now)
{
    return !lane->world->is_stopping && !lane->is_gone && lane->claim == 0 &&
           !lane->has_result && lane->due_ms <= now.mono_ms &&
           now.mono_ms >= login_at(lane) && !is_held(lane, now);
}

static void tell_hold(const struct lane *lane, struct now now)
{
    struct buf span = buf_make(64);
    text_put_duration(&span, lane->hold.until_unix_ms - now.unix_ms);
    bool wants_person = trouble_wants_person(lane->hold.trouble);
    log_line(lane->world->log, wants_person ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING,
             "account '%.*s' (%.*s:%d) waits for %s and mails are kept: %s: %s",
             SLICE_ARG(lane->key), SLICE_ARG(lane->account.host), lane->account.port,
             span.ptr, lane->hold.reply, lane->hold.advice);
    buf_free(&span);
}

static void fail_login(struct lane *lane, struct now now)
{
    const struct smtp_reply *reply = &lane->connection.failure;
    const struct verdict *verdict = verdict_of(reply);
    if (verdict->scope != SCOPE_ACCOUNT && verdict->scope != SCOPE_NETWORK)
        verdict = &unknown_failure;
    if (reply->phase == PHASE_AUTH)
        lane->login_after_ms = now.mono_ms + LOGIN_PACE_MS;
    hold_begin(&lane->hold, verdict, reply, lane->account.password_file, now,
               &lane->world->rng);
    lane->connection.has_failed = false;
    tell_hold(lane, now);
}

/* A connection that ends early by itself is followed by no hurried login. */
static void note_end(struct lane *lane, struct now now)
{
    const struct connection *connection = &lane->connection;
    lane->is_outdated = false;
    if (connection->is_broken && now.mono_ms - connection->opened_ms < LOGIN_PACE_MS)
        lane->login_after_ms = connection->opened_ms + LOGIN_PACE_MS;
}

static void take_login(struct lane *lane, struct now now)
{
    lane->world->tally->logins++;
    if (lane->connection.complaint.text[0] == '\0')
        lane->complain_at_ms = 0;
    lane_log_complaint(lane, now);
}

static void step_session(struct lane *lane, struct now now)
{
    struct connection *connection = &lane->connection;
    if (connection->state == CONNECTION_CLOSED && wants_login(lane, now)) {
        connection_open(connection, &lane->account, now);
        count_login(lane, now);
        lane->world->tally->connections++;
    }
    enum connection_state before = connection->state;
    connection_step(connection, now);
    if (connection->has_failed) {
        fail_login(lane, now);
        lane_log_complaint(lane, now);
        return;
    }
    if (before == CONNECTION_OPENING && connection->state != CONNECTION_OPENING)
        take_login(lane, now);
    if (before != CONNECTION_CLOSED && connection->state == CONNECTION_CLOSED)
        note_end(lane, now);
}

/* --- outcomes --------------------------------------------------------------------- */

void lane_set_result(struct lane *lane, const struct judgement *judgement)
{
    lane->settlement = (struct outbox_settlement){
        .id = lane->claim,
        .event = judgement->event,
        .next_at_ms = judgement->next_at_ms,
        .is_attempt = judgement->is_attempt,
        .is_counted = lane->is_counted,
        .part = judgement->part,
        .advice = slice_of(judgement->advice),
        .places = lane->job.places,
        .recipient_states = lane->states,
        .recipient_count = lane->job.recipient_count,
    };
    lane->refused_count = judgement->refused_count;
    lane->wants_short = judgement->wants_short;
    buf_clear(&lane->reply);
    reply_put(&lane->reply, judgement->reply);
    lane->settlement.reply = buf_slice(&lane->reply);
    lane->has_result = true;
    lane->is_under_way = lane->is_counted = false;
    lane->claim = 0;
}

void lane_give_back(struct lane *lane, enum row_event event, struct slice why,
                    struct now now)
{
    const struct smtp_reply reply = reply_of_network(PHASE_MAIL, why);
    const struct judgement judgement = { .event = event,
                                         .next_at_ms = now.unix_ms,
                                         .reply = &reply,
                                         .advice = "",
                                         .part = lane->job.id == lane->claim
                                                     ? lane->job.part
                                                     : 0 };
    lane->job = (struct outbox_job){ .id = lane->claim };
    lane_set_result(lane, &judgement);
}

bool lane_is_early(const struct lane *lane, struct now now)
{
    return now.mono_ms - lane->began_ms < EARLY_MS;
}

static void take_result(struct lane *lane, struct now now)
{
    const struct dialog_result *result = &lane->connection.dialog.result;
    const struct attempt attempt = { .job = &lane->job,
                                     .result = result,
                                     .is_early = lane_is_early(lane, now),
                                     .is_reused = lane->connection.mail_count > 1,
                                     .doubt_wait_ms = lane->account.doubt_wait_ms };
    const struct judgement judgement =
        judge(&attempt, now, &lane->world->rng, lane->states);
    if (judgement.hold) {
        hold_begin(&lane->hold, judgement.hold, judgement.hold_reply,
                   lane->account.password_file, now, &lane->world->rng);
        tell_hold(lane, now);
    } else if (result->is_accepted) {
        hold_end(&lane->hold);
    }
    lane->connection.used_ms = now.mono_ms;
    lane_set_result(lane, &judgement);
}

bool lane_load_job(struct lane *lane)
{
    arena_clear(&lane->job_memory);
    if (!outbox_load(lane->world->db, lane->claim, &lane->job, &lane->job_memory))
        return false;
    if (planted(PLANT_ID_PER_ATTEMPT) && lane->job.attempts > 0)
        plant_forge(lane->job.bytes.ptr, lane->job.bytes.len, "\nMessage-ID: <");
    return true;
}

/* --- a mail server ---------------------------------------------------------------- */

static bool is_too_large(const struct lane *lane)
{
    int64_t size_max = lane->connection.dialog.offer.size_max;
    return size_max > 0 && (int64_t)lane->job.bytes.len > size_max &&
           !lane->job.is_short;
}

/* The server said beforehand what it takes: it is not asked to refuse. */
static void ask_for_short(struct lane *lane, struct now now)
{
    struct smtp_reply reply = reply_of_network(PHASE_MAIL, SLICE("SIZE"));
    snprintf(reply.text, sizeof reply.text,
             "the server takes %lld bytes a mail, not %zu",
             (long long)lane->connection.dialog.offer.size_max, lane->job.bytes.len);
    const struct judgement judgement = { .event = EVENT_POSTPONE,
                                         .next_at_ms = now.unix_ms,
                                         .reply = &reply,
                                         .advice = "",
                                         .part = lane->job.part,
                                         .wants_short = true };
    for (size_t i = 0; i < lane->job.recipient_count; i++)
        lane->states[i] = RECIPIENT_WAITING;
    lane_set_result(lane, &judgement);
}

static void start_claim(struct lane *lane, struct now now)
{
    if (lane->claim == 0 || lane->is_under_way)
        return;
    if (!connection_is_idle(&lane->connection)) {
        lane_give_back(lane, EVENT_POSTPONE, SLICE("the idle connection was closed"),
                       now);
        return;
    }
    if (!lane_load_job(lane)) {
        lane_give_back(lane, EVENT_POSTPONE, SLICE("the store could not be read"), now);
        return;
    }
    if (lane->job.recipient_count == 0) {
        lane_give_back(lane, EVENT_EXPIRE, SLICE("no recipient is left"), now);
        return;
    }
    if (is_too_large(lane)) {
        ask_for_short(lane, now);
        return;
    }
    const struct dialog_mail mail = { .from = lane->job.from,
                                      .recipients = lane->job.recipients,
                                      .recipient_count = lane->job.recipient_count,
                                      .bytes = lane->job.bytes,
                                      .waits = lane->job.doubts > 0 };
    lane->is_under_way = true;
    connection_start(&lane->connection, &mail, now);
    if (lane->connection.state == CONNECTION_CLOSED)
        note_end(lane, now);
}

static bool is_used_up(const struct lane *lane, struct now now)
{
    return lane->is_outdated || lane->connection.mail_count >= LIMIT_CONNECTION_MAILS ||
           now.mono_ms - lane->connection.opened_ms >= CONNECTION_MAX_MS;
}

static bool wants_end(struct lane *lane, struct now now)
{
    return lane->world->is_stopping || lane->is_gone || is_used_up(lane, now) ||
           now.mono_ms - lane->connection.used_ms >= IDLE_CLOSE_MS ||
           is_held(lane, now);
}

static void end_when_done(struct lane *lane, struct now now)
{
    if (lane->claim != 0 || lane->connection.state == CONNECTION_CLOSED)
        return;
    if (lane->connection.state == CONNECTION_OPENING &&
        (lane->world->is_stopping || lane->is_gone || lane->is_outdated))
        connection_close(&lane->connection);
    else if (connection_is_idle(&lane->connection) && wants_end(lane, now))
        connection_end(&lane->connection, now);
    if (lane->connection.state == CONNECTION_CLOSED)
        note_end(lane, now);
}

/* A mail of which no text has left is not waited for: it would be in doubt after the
 * end, and goes again untouched so. */
static void stop_in_time(struct lane *lane, struct now now)
{
    const struct dialog *dialog = &lane->connection.dialog;
    if (!lane->world->is_stopping || !lane->is_under_way ||
        dialog->phase >= PHASE_BODY || dialog->result.is_ready ||
        now.mono_ms - lane->world->stopping_ms < STOP_GRACE_MS)
        return;
    connection_close(&lane->connection);
    lane_give_back(lane, EVENT_POSTPONE, SLICE("tocsin ended before the mail left"),
                   now);
    note_end(lane, now);
}

static void pump_mail(struct lane *lane, struct now now)
{
    step_session(lane, now);
    start_claim(lane, now);
    stop_in_time(lane, now);
    if (lane->is_under_way && lane->connection.dialog.result.is_ready)
        take_result(lane, now);
    end_when_done(lane, now);
}

/* --- pump ------------------------------------------------------------------------ */

void lane_pump(struct lane *lane, struct now now)
{
    if (lane->is_maildir)
        lane_pump_maildir(lane, now);
    else
        pump_mail(lane, now);
}

/* --- the transaction -------------------------------------------------------------- */

static void count_result(const struct lane *lane, struct outputs_tally *staged)
{
    enum row_event event = lane->settlement.event;
    bool is_final =
        event == EVENT_ACCEPT || event == EVENT_REFUSE || event == EVENT_EXPIRE;
    staged->sent += event == EVENT_ACCEPT;
    staged->dead += is_final && event != EVENT_ACCEPT;
    staged->waiting -= is_final;
    staged->retries += event == EVENT_POSTPONE && lane->settlement.is_attempt;
    staged->in_doubt += event == EVENT_DOUBT;
    staged->recipients_refused += lane->refused_count;
}

/* While an account is held nothing of it is tried, so its old rows are given up
 * here. */
static void write_hold(struct lane *lane, struct outputs_tally *staged, struct now now)
{
    hold_save(&lane->hold, lane->world->db, lane->key);
    lane->given_up = 0;
    if (lane->hold.failures == 0 || lane_is_early(lane, now))
        return;
    int64_t count = outbox_expire(lane->world->db, lane->key, now.unix_ms - GIVE_UP_MS,
                                  slice_of(lane->hold.advice), now);
    staged->dead += (uint64_t)count;
    staged->waiting -= (uint64_t)count;
    lane->given_up = count;
}

/* The text stays in its log; what matters is that something arrives. */
static void shorten(struct lane *lane)
{
    struct arena arena = { 0 };
    struct outbox_job job;
    struct buf id = buf_make(SHORT_ID_BYTES), note = buf_make(SHORT_NOTE_BYTES);
    if (outbox_load(lane->world->db, lane->settlement.id, &job, &arena)) {
        unmime_header(job.bytes, "Message-ID", &id);
        buf_printf(&note, "The mail was too large for the server and is cut here: %s\n",
                   lane->reply.ptr);
        const struct recast how = {
            .note = buf_slice(&note),
            .text_max = SHORT_TEXT_BYTES,
            .message_id = recast_id(buf_slice(&id), SLICE("short"), &arena),
        };
        outbox_shorten(lane->world->db, job.id, how.message_id,
                       recast_mail(job.bytes, &how, &arena));
    }
    buf_free(&note);
    buf_free(&id);
    arena_free(&arena);
}

static bool may_claim(struct lane *lane, struct now now)
{
    if (lane->world->is_stopping || lane->is_gone || lane->claim != 0 ||
        lane->due_ms > now.mono_ms)
        return false;
    if (lane->is_maildir)
        return true;
    return connection_is_idle(&lane->connection) && !is_used_up(lane, now) &&
           !is_held(lane, now);
}

/* Of a first attempt that a crash ended nobody knows how far it came, and it counts as
 * in doubt: so one commit is enough to store a mail and to send it. Of each later one
 * the doubt is durable before its text leaves, so that no number of kills before that
 * gives up a mail. */
static bool wants_count(const struct lane *lane)
{
    return lane->is_under_way && dialog_is_waiting(&lane->connection.dialog);
}

void lane_write(struct lane *lane, struct outputs_tally *staged, struct now now)
{
    struct db *db = lane->world->db;
    /* First, because a look at the secret can end the hold that is stored below. */
    bool wants_claim = may_claim(lane, now);
    if (lane->has_result) {
        outbox_settle(db, &lane->settlement, now);
        if (lane->wants_short)
            shorten(lane);
        count_result(lane, staged);
    }
    if (lane->hold.is_dirty)
        write_hold(lane, staged, now);
    if (lane->needs_heal)
        outbox_heal_clock(db, lane->key, now);
    lane->count_staged = wants_count(lane);
    if (lane->count_staged)
        outbox_count_doubt(db, lane->claim, lane->job.doubts);
    if (wants_claim)
        lane->claim_staged = outbox_claim(db, lane->key, now);
}

void lane_undo(struct lane *lane)
{
    lane->claim_staged = 0;
    lane->count_staged = false;
}

static void look_for_due(struct lane *lane, struct now now)
{
    int64_t due = outbox_due_at(lane->world->db, lane->key);
    lane->needs_heal = due != NEVER_MS && due > now.unix_ms + 2 * DAY_MS;
    if (due == NEVER_MS)
        lane->due_ms = NEVER_MS;
    else
        lane->due_ms = now.mono_ms + (due > now.unix_ms ? due - now.unix_ms : 0);
}

void lane_committed(struct lane *lane, bool has_written, struct now now)
{
    if (lane->has_result)
        lane_log_result(lane);
    if (lane->given_up > 0)
        log_error(lane->world->log,
                  "%lld mails of account '%.*s' are given up, they waited for 5 days: "
                  "%s: see `tocsin queue list`",
                  (long long)lane->given_up, SLICE_ARG(lane->key), lane->hold.advice);
    lane->given_up = 0;
    lane->has_result = false;
    lane->hold.is_dirty = false;
    if (lane->claim_staged != 0)
        lane->claim = lane->claim_staged;
    lane->claim_staged = 0;
    if (lane->count_staged) {
        lane->is_counted = true;
        dialog_release(&lane->connection.dialog);
    }
    lane->count_staged = false;
    /* Also when the row that was due is not there: it was rolled back or dropped. */
    if (has_written || (lane->due_ms <= now.mono_ms && lane->claim == 0))
        look_for_due(lane, now);
}

/* --- when, and what --------------------------------------------------------------- */

static bool is_claimable(const struct lane *lane, struct now now)
{
    return !lane->world->is_stopping && !lane->is_gone && lane->claim == 0 &&
           lane->due_ms <= now.mono_ms &&
           (lane->is_maildir ||
            (connection_is_idle(&lane->connection) && !is_used_up(lane, now) &&
             now.mono_ms >= lane->hold.until_ms));
}

bool lane_wants_write(const struct lane *lane, struct now now)
{
    return lane->has_result || lane->hold.is_dirty || lane->needs_heal ||
           wants_count(lane) || is_claimable(lane, now);
}

static int64_t wake_of_login(const struct lane *lane, struct now now)
{
    int64_t at = lane->due_ms;
    int64_t login = login_at(lane);
    if (lane->world->is_stopping || lane->is_gone || at == NEVER_MS)
        return NEVER_MS;
    if (at < login)
        at = login;
    if (now.mono_ms < lane->hold.until_ms && at < hold_wake_at(&lane->hold))
        at = hold_wake_at(&lane->hold);
    return at;
}

int64_t lane_wake_at(const struct lane *lane, struct now now)
{
    const struct connection *connection = &lane->connection;
    if (lane->claim != 0 && !lane->is_under_way)
        return now.mono_ms;
    if (lane->is_maildir)
        return lane->is_gone || lane->world->is_stopping ? NEVER_MS : lane->due_ms;
    if (connection->state == CONNECTION_CLOSED)
        return lane->has_result ? NEVER_MS : wake_of_login(lane, now);
    int64_t at = connection_wake_at(connection);
    if (lane->is_under_way && lane->world->is_stopping &&
        connection->dialog.phase < PHASE_BODY)
        at = earlier_ms(at, lane->world->stopping_ms + STOP_GRACE_MS);
    bool is_opening = connection->state == CONNECTION_OPENING;
    if (lane->is_under_way || !(is_opening || connection_is_idle(connection)))
        return at;
    if (lane->world->is_stopping || lane->is_gone)
        return now.mono_ms; /* to say QUIT, or to give up the login */
    if (is_opening)
        return at;
    at = earlier_ms(at, lane->due_ms > now.mono_ms ? lane->due_ms : NEVER_MS);
    return earlier_ms(at, connection->used_ms + IDLE_CLOSE_MS);
}

void lane_lift(struct lane *lane, struct now now)
{
    hold_lift(&lane->hold, now);
}

bool lane_is_quiet(const struct lane *lane)
{
    return lane->connection.state == CONNECTION_CLOSED && lane->claim == 0 &&
           !lane->has_result && !lane->hold.is_dirty;
}
