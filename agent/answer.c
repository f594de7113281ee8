/** What the running agent answers on its control socket: one row a request. */
#include "agent/app_parts.h"
#include <stdlib.h>

#include "agent/trim.h"
#include "rules/rule_cost.h"

static void measure_http(const struct http_tally *http, struct metrics *metrics)
{
    metrics->http_connections = http->connections;
    metrics->http_requests = http->requests;
    metrics->http_accepted = http->accepted;
    metrics->http_refused = http->refused;
    metrics->http_unauthorized = http->unauthorized;
    metrics->http_busy = http->busy;
    metrics->http_malformed = http->malformed;
    metrics->http_expired = http->expired;
    metrics->http_turned_away = http->turned_away;
    metrics->http_alerts = http->alerts;
    metrics->http_odd_fields = http->odd_fields;
    metrics->http_repaired = http->repaired;
    metrics->http_pauses = http->pauses;
}

static void measure_engine(const struct app *app, struct metrics *metrics)
{
    const struct engine_tally *engine = engine_tally(app->engine);
    metrics->lines = engine->lines;
    metrics->bytes = engine->bytes;
    metrics->matches = engine->matches;
    metrics->told = engine->told;
    metrics->open = engine->open;
    metrics->regex_limits = engine->regex_limits;
    metrics->rules_suspended = rules_suspended(app->config->compiled_rules);
    metrics->lines_passed_over = rules_passed_over(app->config->compiled_rules);
    metrics->overflow_keys = engine->overflow_keys;
    metrics->notices_first = engine->notices[NOTICE_FIRST];
    metrics->notices_new = engine->notices[NOTICE_NEW];
    metrics->notices_resolved = engine->notices[NOTICE_RESOLVED];
    metrics->notices_repeat = engine->notices[NOTICE_REPEAT];
    metrics->notices_digest = engine->notices[NOTICE_DIGEST];
    metrics->notices_held = engine->notices[NOTICE_HELD];
    metrics->notices_shutdown = engine->notices[NOTICE_SHUTDOWN];
    metrics->held_mails = engine->held_mails;
    metrics->alerts_left = engine->alerts_left;
    metrics->own_lines = engine->own_lines;
    metrics->groups = engine->groups;
    metrics->alerts = engine->alerts;
    metrics->repeats = engine->repeats;
}

static void measure_inputs(const struct inputs_tally *inputs, struct metrics *metrics)
{
    metrics->files_watched = inputs->files_watched;
    metrics->files_open = inputs->files_open;
    metrics->files_unreadable = inputs->unreadable_files;
    metrics->files_refused = inputs->refused_files;
    metrics->rotations = inputs->rotations;
    metrics->truncations = inputs->truncations;
    metrics->lost_bytes = inputs->lost_bytes;
    metrics->cut_lines = inputs->cut_lines;
    metrics->watch_failures = inputs->watch_failures;
    metrics->watch_overflows = inputs->watch_overflows;
    metrics->journal_entries = inputs->journal_entries;
    metrics->journal_copies = inputs->journal_copies;
    metrics->journal_gaps = inputs->journal_gaps;
    metrics->spool_entries = inputs->spool_entries;
    metrics->spool_refused = inputs->spool_refused;
    metrics->spool_stuck = inputs->spool_stuck;
    metrics->journal_missed = inputs->journal_missed;
    metrics->journal_left_out = inputs->journal_left_out;
}

static void measure_outputs(const struct outputs_tally *outputs,
                            struct metrics *metrics)
{
    metrics->mails_put = outputs->put;
    metrics->mails_sent = outputs->sent;
    metrics->mails_dead = outputs->dead;
    metrics->mails_retried = outputs->retries;
    metrics->mails_in_doubt = outputs->in_doubt;
    metrics->mails_merged = outputs->merged;
    metrics->mails_fallback = outputs->fallbacks;
    metrics->mails_forgotten = outputs->forgotten;
    metrics->mails_waiting = outputs->waiting;
    metrics->recipients_refused = outputs->recipients_refused;
    metrics->connections = outputs->connections;
    metrics->logins = outputs->logins;
}

void app_measure(const struct app *app, struct metrics *metrics)
{
    const struct inputs_tally *inputs = inputs_tally(app->inputs);
    *metrics = (struct metrics){
        .uptime_ms = (uint64_t)(app->now.mono_ms - app->started.mono_ms),
        .turns = app->turns,
        .commits = app->commits,
        .commit_failures = app->commit_failures,
        .reloads = app->reloads,
        .reload_failures = app->reload_failures,
        .longest_turn_ms = app->longest_turn_ms,
        .allocated_bytes = memory_in_use(),
        .store_bytes = db_memory(),
        .log_dropped = app->world.log ? app->world.log->dropped_count : 0,
    };
    measure_engine(app, metrics);
    measure_inputs(inputs, metrics);
    measure_http(&inputs->http, metrics);
    measure_outputs(outputs_tally(app->outputs), metrics);
}

static bool answer_status(struct app *app, struct slice argument, bool json,
                          struct buf *out, struct err *err)
{
    bool is_full = slice_equal(argument, SLICE("full"));
    (void)err;
    if (!json && slice_equal(argument, SLICE("rules"))) {
        rules_describe(app->config->compiled_rules, app->now, FORM_FULL, out);
        return true;
    }
    status_put(app, json ? FORM_JSON : is_full ? FORM_FULL : FORM_BRIEF, out);
    return true;
}

static bool answer_list(struct app *app, struct slice argument, bool json,
                        struct buf *out, struct err *err)
{
    (void)argument;
    return outputs_queue_list(app->outputs, app->now, json, out, err);
}

static bool parse_id(struct slice argument, int64_t *id, struct err *err)
{
    if (slice_to_int(argument, id) && *id > 0)
        return true;
    return err_set(err, ERR_INVALID,
                   "'%.*s' is no mail's number: see `tocsin queue list`",
                   SLICE_ARG(argument));
}

static bool answer_show(struct app *app, struct slice argument, bool json,
                        struct buf *out, struct err *err)
{
    int64_t id;
    return parse_id(argument, &id, err) &&
           outputs_queue_show(app->outputs, id, app->now, json, out, err);
}

static bool answer_raw(struct app *app, struct slice argument, bool json,
                       struct buf *out, struct err *err)
{
    int64_t id;
    (void)json;
    return parse_id(argument, &id, err) &&
           outputs_queue_raw(app->outputs, id, out, err);
}

static bool answer_retry(struct app *app, struct slice argument, bool json,
                         struct buf *out, struct err *err)
{
    int64_t id;
    (void)json;
    if (!parse_id(argument, &id, err) ||
        !outputs_queue_retry(app->outputs, id, app->now, err))
        return false;
    buf_printf(out, "mail %lld is due now\n", (long long)id);
    outputs_queue_hold(app->outputs, id, app->now, out);
    return true;
}

static bool answer_drop(struct app *app, struct slice argument, bool json,
                        struct buf *out, struct err *err)
{
    int64_t id;
    (void)json;
    if (!parse_id(argument, &id, err) ||
        !outputs_queue_drop(app->outputs, id, app->now, err))
        return false;
    buf_printf(out, "mail %lld is dropped and will not be sent\n", (long long)id);
    return true;
}

/* The copy is made behind this turn's commit; the answer leaves only then. */
static bool answer_backup(struct app *app, struct slice argument, bool json,
                          struct buf *out, struct err *err)
{
    (void)json;
    (void)argument;
    if (app->world.vfs)
        return err_set(err, ERR_INVALID, "this store has no file that can be copied");
    struct arena arena = { 0 };
    free(app->backup_path);
    app->backup_path =
        mem_copy_text(arena_printf(&arena, "%.*s/backup.db",
                                   SLICE_ARG(app->config->state_dir.value)));
    buf_puts(out, app->backup_path);
    arena_free(&arena);
    return true;
}

/* For the doctor: recipients of this account's mails in the last 24 hours. */
static bool answer_sent(struct app *app, struct slice argument, bool json,
                        struct buf *out, struct err *err)
{
    (void)json;
    (void)err;
    buf_printf(out, "%llu\n",
               (unsigned long long)outputs_sent_in_a_day(app->outputs, argument,
                                                         app->now));
    return true;
}

static const struct {
    const char *request; /**< "json " may stand before it, one argument behind it */
    bool (*answer)(struct app *app, struct slice argument, bool json, struct buf *out,
                   struct err *err);
    bool writes;
} requests[] = {
    { "status", answer_status, false },    { "queue list", answer_list, false },
    { "queue show", answer_show, false },  { "queue raw", answer_raw, false },
    { "queue retry", answer_retry, true }, { "queue drop", answer_drop, true },
    { "sent", answer_sent, false },        { "backup", answer_backup, true },
};

bool app_answer(struct app *app, struct slice request, struct buf *out, struct err *err)
{
    struct slice rest = slice_trim(request);
    bool json = slice_starts(rest, SLICE("json "));
    if (json)
        rest = slice_make(rest.ptr + 5, rest.len - 5);
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        struct slice name = slice_of(requests[i].request);
        if (!slice_starts(rest, name))
            continue;
        if (requests[i].writes && app_is_held_back(app))
            return err_set(err, ERR_BUSY,
                           "the store cannot be written to: see `tocsin status`, try "
                           "again");
        rest = slice_trim(slice_make(rest.ptr + name.len, rest.len - name.len));
        return requests[i].answer(app, rest, json, out, err);
    }
    return err_set(err, ERR_INVALID, "the agent knows no request '%.*s'",
                   SLICE_ARG(rest));
}
