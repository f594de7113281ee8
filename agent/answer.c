/** What the running agent answers on its control socket: one row a request. */
#include "agent/app_parts.h"
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

void app_measure(const struct app *app, struct metrics *metrics)
{
    const struct engine_tally *engine = engine_tally(app->engine);
    const struct inputs_tally *inputs = inputs_tally(app->inputs);
    const struct outputs_tally *outputs = outputs_tally(app->outputs);
    *metrics = (struct metrics){
        .uptime_ms = (uint64_t)(app->now.mono_ms - app->started.mono_ms),
        .turns = app->turns,
        .commits = app->commits,
        .commit_failures = app->commit_failures,
        .reloads = app->reloads,
        .reload_failures = app->reload_failures,
        .longest_turn_ms = app->longest_turn_ms,
        .lines = engine->lines,
        .bytes = engine->bytes,
        .matches = engine->matches,
        .told = engine->told,
        .open = engine->open,
        .regex_limits = engine->regex_limits,
        .rules_suspended = rules_suspended(app->config->compiled_rules),
        .lines_passed_over = rules_passed_over(app->config->compiled_rules),
        .overflow_keys = engine->overflow_keys,
        .notices_first = engine->notices[NOTICE_FIRST],
        .notices_new = engine->notices[NOTICE_NEW],
        .notices_resolved = engine->notices[NOTICE_RESOLVED],
        .notices_repeat = engine->notices[NOTICE_REPEAT],
        .notices_digest = engine->notices[NOTICE_DIGEST],
        .notices_held = engine->notices[NOTICE_HELD],
        .notices_shutdown = engine->notices[NOTICE_SHUTDOWN],
        .held_mails = engine->held_mails,
        .alerts_left = engine->alerts_left,
        .groups = engine->groups,
        .alerts = engine->alerts,
        .files_watched = inputs->files_watched,
        .files_open = inputs->files_open,
        .files_unreadable = inputs->unreadable_files,
        .files_refused = inputs->refused_files,
        .rotations = inputs->rotations,
        .truncations = inputs->truncations,
        .lost_bytes = inputs->lost_bytes,
        .cut_lines = inputs->cut_lines,
        .watch_failures = inputs->watch_failures,
        .watch_overflows = inputs->watch_overflows,
        .repeats = engine->repeats,
        .journal_entries = inputs->journal_entries,
        .journal_gaps = inputs->journal_gaps,
        .journal_missed = inputs->journal_missed,
        .journal_left_out = inputs->journal_left_out,
        .mails_put = outputs->put,
        .mails_sent = outputs->sent,
        .mails_dead = outputs->dead,
        .mails_retried = outputs->retries,
        .mails_in_doubt = outputs->in_doubt,
        .mails_merged = outputs->merged,
        .mails_fallback = outputs->fallbacks,
        .mails_forgotten = outputs->forgotten,
        .mails_waiting = outputs->waiting,
        .recipients_refused = outputs->recipients_refused,
        .connections = outputs->connections,
        .logins = outputs->logins,
        .log_dropped = app->world.log ? app->world.log->dropped_count : 0,
    };
    measure_http(&inputs->http, metrics);
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
} requests[] = {
    { "status", answer_status },     { "queue list", answer_list },
    { "queue show", answer_show },   { "queue raw", answer_raw },
    { "queue retry", answer_retry }, { "queue drop", answer_drop },
    { "sent", answer_sent },
};

bool app_answer(struct app *app, struct slice request, struct buf *out, struct err *err)
{
    struct slice rest = slice_trim(request);
    bool json = slice_starts(rest, SLICE("json "));
    if (json)
        rest = slice_make(rest.ptr + 5, rest.len - 5);
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        struct slice name = slice_of(requests[i].request);
        if (slice_starts(rest, name)) {
            rest = slice_trim(slice_make(rest.ptr + name.len, rest.len - name.len));
            return requests[i].answer(app, rest, json, out, err);
        }
    }
    return err_set(err, ERR_INVALID, "the agent knows no request '%.*s'",
                   SLICE_ARG(rest));
}
