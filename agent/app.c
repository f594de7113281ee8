/**
 * The turn. Everything that tocsin does happens in app_turn(), in the order in which
 * an event walks the road; the rest of this file is the way to a new configuration and
 * to the end. app_build.c puts the parts together.
 *
 * The one decision worth knowing: when the write step fails (disk full), its notices
 * are kept and it is tried again before anything more is read. So nothing is confirmed
 * that is not durable, and the inputs feel back-pressure by not being read.
 */
#include "agent/app_parts.h"

#include <stdlib.h>

#include "agent/base/plant.h"
#include "agent/reports.h"
#include "agent/trim.h"
#include "outputs/outbox_shed.h"

enum {
    WRITE_RETRY_MS = 1000,
    QUIET_MS = 10,
    BACKLOG_COMMIT_MS = 1000,
    TURN_READ_NS = 10 * 1000 * 1000,
    POSITIONS_WAIT_MS = 5 * 1000,
    FIRST_TRIM_MS = 2 * 1000,
    TRIM_WAIT_MS = 60 * 1000,
    STOP_WAIT_MS = 10 * 1000,
    FINISH_WAIT_MS = 60 * 1000,
};

/* --- the turn ------------------------ */

static void feed_block(void *ctx, const struct block *block)
{
    struct app *app = ctx;
    if (app->crew)
        crew_feed(app->crew, block, app->now);
    else
        engine_feed(app->engine, block, app->now);
}

static char *lend_room(void *ctx, size_t bytes)
{
    struct app *app = ctx;
    return app->crew ? crew_room(app->crew, bytes) : NULL;
}

static void feed_alert(void *ctx, const struct incoming *incoming)
{
    struct app *app = ctx;
    crew_finish(app->crew, app->now);
    engine_receive(app->engine, incoming, app->now);
}

static void feed_report(void *ctx, const struct self_report *report)
{
    struct app *app = ctx;
    crew_finish(app->crew, app->now);
    engine_report(app->engine, report, app->now);
}

/** A turn that reads for longer makes mails and questions wait. */
static bool is_time_up(void *ctx)
{
    const struct app *app = ctx;
    return app->world.clock.ticks &&
           app->world.clock.ticks() - app->turn_ticks > TURN_READ_NS;
}

static void read_inputs(struct app *app)
{
    app->has_more_input = false;
    if (app->world.clock.ticks)
        app->turn_ticks = app->world.clock.ticks();
    if (app->phase > APP_FINISHING) {
        inputs_refuse(app->inputs, app->now);
        return;
    }
    const struct intake intake = { .block = feed_block,
                                   .alert = feed_alert,
                                   .report = feed_report,
                                   .ctx = app,
                                   .is_enough = is_time_up,
                                   .room = lend_room };
    const struct inputs_tally *tally = inputs_tally(app->inputs);
    uint64_t before = tally->bytes_read + tally->marks;
    app->has_more_input = inputs_read(app->inputs, app->now, &intake);
    crew_finish(app->crew, app->now);
    if (tally->bytes_read + tally->marks != before)
        app->positions_due_ms =
            earlier_ms(app->positions_due_ms, app->now.mono_ms + POSITIONS_WAIT_MS);
}

struct webhook_reply app_post(struct app *app, const struct webhook_request *request)
{
    const struct intake intake = {
        .block = feed_block, .alert = feed_alert, .report = feed_report, .ctx = app
    };
    const struct inputs_config inputs = config_inputs(app->config);
    struct webhook_request whole = *request;
    struct arena scratch = { 0 };
    if (!app->config->http)
        return (struct webhook_reply){ 404, "there is no block 'http'" };
    if (app_is_held_back(app) || app->phase > APP_FINISHING)
        return (struct webhook_reply){ 503, "nothing can be stored" };
    whole.source = inputs.http_source;
    whole.config = app->config->http->generic;
    whole.resolve_after_ms = app->config->http->resolve_after;
    whole.now_unix_ms = app->now.unix_ms;
    struct webhook_reply reply = webhook_take(&whole, &intake, &scratch);
    crew_finish(app->crew, app->now);
    arena_free(&scratch);
    return reply;
}

static void collect_due(struct app *app)
{
    reports_look(app);
    if (app->now.mono_ms - app->started.mono_ms >= app->config->settle)
        engine_tick(app->engine, app->now, &app->notices);
    if (app->phase == APP_FINISHING && !app->is_flushed && inputs_at_end(app->inputs)) {
        engine_flush(app->engine, app->now, &app->notices);
        app->is_flushed = true;
        app->deadline_ms = app->now.mono_ms + FINISH_WAIT_MS;
    }
}

static bool answer_control(void *ctx, struct slice request, struct buf *out,
                           struct err *err)
{
    return app_answer(ctx, request, out, err);
}

/** Lines that matched nothing have no consequences: read again after a crash, they
 * match nothing again. So positions alone are no reason to commit, but every few
 * seconds. */
static bool is_worth_a_commit(const struct app *app)
{
    return db_is_dirty(app->db) || app->phase >= APP_STOPPING ||
           inputs_wants_commit(app->inputs) ||
           app->now.mono_ms >= app->positions_due_ms;
}

/** Everything that this turn decided, in one transaction. Without anything to write
 * there is none. */
static bool write_turn(struct app *app, struct err *err)
{
    arena_clear(&app->mails);
    if (planted(PLANT_OFFSET_FIRST)) {
        inputs_save(app->inputs, app->now);
        if (!db_commit(app->db, err))
            return false;
    }
    for (size_t i = 0; i < app->notices.count; i++)
        outputs_put(app->outputs, &app->notices.items[i], app->now, &app->mails);
    outputs_write(app->outputs, app->now);
    state_save(app->db, app->engine, app->now);
    if (!is_worth_a_commit(app))
        return true;
    if (planted(PLANT_COUNTERS_FIRST) && !db_commit(app->db, err))
        return false;
    inputs_save(app->inputs, app->now);
    app->has_saved_positions = true;
    if (!db_is_dirty(app->db))
        return true;
    app->commits++;
    return db_commit(app->db, err);
}

/** Count and note what changes which store is the newest: a copy, a clean end. */
static bool count_store(struct app *app, struct err *err)
{
    uint64_t count = state_count(app->db, err);
    if (count != 0 && !app->world.vfs)
        state_dir_note(arena_text(&app->turn, app->config->state_dir.value), count,
                       app->now, NULL);
    return count != 0;
}

/** The copy is older than this store from here on. */
static void make_backup(struct app *app)
{
    struct err err = { 0 };
    if (!state_backup(app->db, app->backup_path, &err) || !count_store(app, &err))
        control_refuse(app->control, &err);
    free(app->backup_path);
    app->backup_path = NULL;
}

/** The back arrow to the inputs: what was read counts now. */
static void confirm(struct app *app)
{
    if (app->write_retry_ms != 0)
        log_info(app->world.log, "the store can be written to again: reading goes on");
    app->write_retry_ms = 0;
    app->is_full = false;
    app->committed_ms = app->now.mono_ms;
    engine_saved(app->engine);
    if (app->has_saved_positions) {
        inputs_committed(app->inputs);
        app->positions_due_ms = NEVER_MS;
    }
    app->has_saved_positions = false;
    outputs_committed(app->outputs, app->now);
    if (app->backup_path)
        make_backup(app);
    control_write(app->control);
    app->notices.count = 0;
    arena_clear(&app->turn);
}

/** A full disk heals; a store that lost or broke what it was given does not. */
static bool can_heal(const struct err *err)
{
    return err->kind == ERR_FULL || err->kind == ERR_BUSY || err->kind == ERR_DENIED;
}

static void hold_back(struct app *app, const struct err *err)
{
    app->commit_failures++;
    app->is_full = err->kind == ERR_FULL;
    if (planted(PLANT_FULL_FORGETS))
        app->notices.count = 0;
    free(mem_take(&app->backup_path));
    inputs_refuse(app->inputs, app->now);
    if (!can_heal(err)) {
        control_refuse(app->control, err);
        control_write(app->control);
        log_error(app->world.log, "%s: stopping, the store recovers at the next start",
                  err->text);
        app->failure = *err;
        app->phase = APP_STOPPED;
        return;
    }
    if (app->write_retry_ms == 0)
        log_error(app->world.log,
                  "%s: nothing is read and nothing is lost until it can be written",
                  err->text);
    app->write_retry_ms = app->now.mono_ms + WRITE_RETRY_MS;
    control_again(app->control, answer_control, app);
    control_read(app->control, answer_control, app);
    control_write(app->control);
}

/** A full store has room again when mails leave it. So the outbox alone is written in a
 * transaction of its own, which fits where the held back turn does not; that turn waits
 * as it is. */
static void drain(struct app *app)
{
    struct err err = { 0 };
    if (app->phase == APP_STOPPING) /* no further mail is begun */
        (void)outputs_stop(app->outputs, app->now);
    /* Each second try: the room for forgetting itself can be what is missing. */
    if (app->commit_failures % 2 == 0)
        (void)outbox_shed(app->db);
    outputs_write(app->outputs, app->now);
    bool is_written = db_commit(app->db, &err);
    if (is_written)
        outputs_committed(app->outputs, app->now);
    else if (err.kind != ERR_FULL)
        hold_back(app, &err);
    app->drain_ms = is_written ? app->now.mono_ms : app->write_retry_ms;
}

/** Memory that the start or a burst needed is given back once it is over. */
static void trim(struct app *app)
{
    int64_t since_ms = app->trimmed_ms > 0 ? app->trimmed_ms : app->started.mono_ms;
    int64_t wait_ms = app->trimmed_ms > 0 ? TRIM_WAIT_MS : FIRST_TRIM_MS;
    if (!app->world.trims_memory || app->trimmed_commits == app->commits ||
        app->now.mono_ms - since_ms < wait_ms)
        return;
    app->trimmed_ms = app->now.mono_ms;
    app->trimmed_commits = app->commits;
    crew_rest(app->crew);
    db_trim(app->db);
    trim_memory();
}

/** House-keeping waits for a turn after which nothing is to be done soon. */
static void tidy_up(struct app *app)
{
    /* Behind the end nobody would look at how it went; closing the store tidies it. */
    if (app->phase == APP_STOPPED || app_wake_at(app) <= app->now.mono_ms + QUIET_MS)
        return;
    /* No commit, no new free pages. */
    if (app->given_back_commits != app->commits && !state_give_back(app->db))
        app->given_back_commits = app->commits;
    db_tidy(app->db);
    trim(app);
}

/** While a backlog is read, a commit in each turn would cost more than the reading.
 * What waits for it waits a moment longer; nothing is confirmed meanwhile, so a crash
 * only reads it again. Where neither a mail nor a person waits, there is time. */
static bool can_wait_for_commit(const struct app *app)
{
    bool is_awaited = db_is_dirty(app->db) || control_has_answers(app->control);
    int64_t wait_ms = is_awaited ? COMMIT_WAIT_MS : BACKLOG_COMMIT_MS;
    return app->has_more_input && app->notices.count == 0 && !app->next_config &&
           !inputs_wants_commit(app->inputs) &&
           app->now.mono_ms < app->committed_ms + wait_ms;
}

static void take_next_config(struct app *app);
static void advance_phase(struct app *app);

void app_turn(struct app *app)
{
    struct err err = { 0 };
    app->now = clock_read(&app->world.clock);
    app->turns++;
    if (app->write_retry_ms == 0) {
        read_inputs(app);
        collect_due(app);
        control_read(app->control, answer_control, app);
    }
    if (app->now.mono_ms >= app->write_retry_ms && !can_wait_for_commit(app)) {
        if (write_turn(app, &err) && state_files_are_there(&app->state_files, &err))
            confirm(app);
        else
            hold_back(app, &err);
    }
    if (app->is_full && app->now.mono_ms >= app->drain_ms)
        drain(app);
    outputs_pump(app->outputs, app->now);
    if (app->write_retry_ms == 0) {
        take_next_config(app);
        advance_phase(app);
        tidy_up(app);
    } else if (app->phase == APP_STOPPING && app->now.mono_ms >= app->deadline_ms) {
        app->phase = APP_STOPPED; /* The disk stays full: as after a kill -9. */
    }
}

void app_turn_took(struct app *app, int64_t ms)
{
    if (ms > 0 && (uint64_t)ms > app->longest_turn_ms)
        app->longest_turn_ms = (uint64_t)ms;
}

uint64_t app_moves(const struct app *app)
{
    const struct inputs_tally *inputs = inputs_tally(app->inputs);
    const struct outputs_tally *outputs = outputs_tally(app->outputs);
    return inputs->bytes_read + inputs->marks + inputs->journal_entries +
           inputs->http.requests + outputs->connections + outputs->logins +
           app->commits + app->commit_failures;
}

static int64_t held_back_until(const struct app *app)
{
    int64_t at = app->write_retry_ms;
    if (app->phase == APP_STOPPING)
        at = earlier_ms(at, app->deadline_ms);
    if (app->is_full)
        at = earlier_ms(at, later_ms(outputs_wake_at(app->outputs), app->drain_ms));
    return at;
}

int64_t app_wake_at(const struct app *app)
{
    if (app->write_retry_ms != 0)
        return held_back_until(app);
    if (app->has_more_input || app->next_config)
        return app->now.mono_ms;
    int64_t wake_at = outputs_wake_at(app->outputs);
    if (app->phase >= APP_FINISHING && app->deadline_ms != 0)
        wake_at = earlier_ms(wake_at, app->deadline_ms);
    if (app->phase > APP_FINISHING)
        return wake_at;
    int64_t settled = app->started.mono_ms + app->config->settle;
    int64_t due = engine_wake_at(app->engine);
    wake_at = earlier_ms(wake_at, due < settled ? settled : due);
    wake_at = earlier_ms(wake_at, app->positions_due_ms);
    return earlier_ms(wake_at, inputs_wake_at(app->inputs));
}

bool app_is_held_back(const struct app *app)
{
    return app->write_retry_ms != 0;
}

/* --- reload and end ------------------------ */

/** The new generation takes its state from the store, as after a restart: one way back
 *  for both, and the turn has just committed everything. */
static void take_next_config(struct app *app)
{
    struct err err = { 0 };
    if (!app->next_config)
        return;
    struct config *config = mem_take(&app->next_config);
    struct engine *engine = app_make_engine(app, config, &err);
    if (!engine) {
        app->reload_failures++;
        log_error(app->world.log, "the new configuration is not taken: %s", err.text);
        config_free(config);
        return;
    }
    engine_count_on(engine, app->engine);
    crew_free(app->crew);
    engine_free(app->engine);
    app->engine = engine;
    app->crew = app_make_crew(app, config);
    const struct inputs_config inputs = config_inputs(config);
    inputs_configure(app->inputs, &inputs, app->now);
    outputs_configure(app->outputs, config->compiled_outputs, app->now);
    app->positions_due_ms = app->now.mono_ms; /* of sources that are new */
    config_free(app->config);
    app->config = config;
    app->reloads++;
    log_info(app->world.log, "the new configuration is in force");
}

/** Is there nothing left that sending could do now? */
static bool is_sent(const struct app *app)
{
    return outputs_tally(app->outputs)->waiting == 0 ||
           app->now.mono_ms >= app->deadline_ms;
}

static void advance_phase(struct app *app)
{
    if (app->phase == APP_FINISHING && app->is_flushed && is_sent(app))
        app_stop(app);
    if (app->phase != APP_STOPPING)
        return;
    if (!outputs_stop(app->outputs, app->now) && app->now.mono_ms < app->deadline_ms)
        return;
    struct err err = { 0 };
    if (!count_store(app, &err)) /* then a restored copy may not be noticed */
        log_warning(app->world.log, "%s", err.text);
    if (err.kind != ERR_NONE && !can_heal(&err))
        app->failure = err;
    app->phase = APP_STOPPED;
}

void app_reload(struct app *app, struct config *config)
{
    config_free(app->next_config);
    app->next_config = config;
}

void app_refuse_reload(struct app *app)
{
    reports_refused_config(app);
}

bool app_takes_reload(struct app *app)
{
    return inputs_takes_reload(app->inputs);
}

void app_stop(struct app *app)
{
    if (app->phase >= APP_STOPPING)
        return;
    app->phase = APP_STOPPING;
    app->deadline_ms = clock_read(&app->world.clock).mono_ms + STOP_WAIT_MS;
}

void app_finish(struct app *app)
{
    if (app->phase == APP_RUNNING)
        app->phase = APP_FINISHING;
}

bool app_is_stopped(const struct app *app)
{
    return app->phase == APP_STOPPED;
}

const struct err *app_failure(const struct app *app)
{
    return &app->failure;
}

const struct config *app_config(const struct app *app)
{
    return app->config;
}
