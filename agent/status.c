/** `tocsin status`: how the agent is, in words first, then every number. */
#include "agent/app_parts.h"
#include "agent/base/text.h"
#include "agent/sandbox.h"
#include "build.h"
#include "outputs/remote.h"
#include "rules/rule_cost.h"

static void put_heading(struct buf *out, const char *name)
{
    buf_printf(out, "\n%s\n", name);
}

static void put_head(const struct app *app, const struct metrics *metrics,
                     struct buf *out)
{
    buf_puts(out, "tocsin " PACKAGE_VERSION " on ");
    text_put_clean(out, app->config->host_name, false);
    buf_puts(out, ", running for ");
    text_put_duration(out, (int64_t)(metrics->uptime_ms - metrics->uptime_ms % 1000));
    if (app->write_retry_ms != 0)
        buf_puts(out, "\nTHE STORE CANNOT BE WRITTEN TO: nothing is read until it can");
    buf_putc(out, '\n');
}

static void put_sums(const struct app *app, const struct metrics *metrics,
                     struct buf *out)
{
    int64_t oldest_ms = outputs_tally(app->outputs)->oldest_ms;
    put_heading(out, "SINCE THE START");
    buf_puts(out, "  ");
    text_put_count(out, metrics->lines, "line", "lines");
    buf_printf(out, " read, %llu matched, %llu told, %llu not told yet\n  ",
               (unsigned long long)metrics->matches, (unsigned long long)metrics->told,
               (unsigned long long)metrics->open);
    text_put_count(out, metrics->mails_put, "mail", "mails");
    buf_printf(out, " written, %llu sent, %llu given up, %llu waiting",
               (unsigned long long)metrics->mails_sent,
               (unsigned long long)metrics->mails_dead,
               (unsigned long long)metrics->mails_waiting);
    if (metrics->mails_waiting > 0 && app->now.unix_ms > oldest_ms && oldest_ms > 0) {
        int64_t age_ms = app->now.unix_ms - oldest_ms;
        buf_puts(out, " (the oldest for ");
        text_put_duration(out, age_ms - age_ms % 1000);
        buf_putc(out, ')');
    }
    buf_putc(out, '\n');
}

/** Counters that are zero while all is well. */
static void put_troubles(const struct metrics *metrics, struct buf *out)
{
    bool is_first = true;
    for (size_t i = 0; i < metric_count; i++) {
        uint64_t value = metric_value(metrics, &metric_table[i]);
        if (!metric_table[i].is_trouble || value == 0)
            continue;
        if (is_first)
            put_heading(out, "WORTH A LOOK");
        is_first = false;
        buf_printf(out, "  %llu  %s\n", (unsigned long long)value,
                   metric_table[i].help);
    }
}

static void put_words(const struct app *app, const struct metrics *metrics,
                      enum text_form form, struct buf *out)
{
    put_head(app, metrics, out);
    if (app->world.sandbox)
        sandbox_describe(app->world.sandbox, form, out);
    if (app->world.sender)
        links_remote_describe(app->world.sender, app->now, form, out);
    put_heading(out, "ACCOUNTS");
    outputs_describe(app->outputs, app->now, form, out);
    put_heading(out, "FILES");
    inputs_describe(app->inputs, form, out);
    inputs_describe_sums(app->inputs, form, out);
    put_heading(out, "OPEN GROUPS");
    size_t before = out->len;
    engine_describe(app->engine, app->now, form, out);
    if (out->len == before)
        buf_puts(out, "  none\n");
    put_sums(app, metrics, out);
    put_troubles(metrics, out);
    if (form == FORM_FULL) {
        put_heading(out, "COUNTERS");
        metrics_put(metrics, out);
    }
}

void status_put(const struct app *app, enum text_form form, struct buf *out)
{
    struct metrics metrics;
    app_measure(app, &metrics);
    if (form != FORM_JSON) {
        put_words(app, &metrics, form, out);
        return;
    }
    buf_putc(out, '{');
    metrics_put_json(&metrics, out);
    if (app->world.sandbox) {
        buf_putc(out, ',');
        sandbox_describe(app->world.sandbox, form, out);
    }
    if (app->world.sender) {
        buf_putc(out, ',');
        links_remote_describe(app->world.sender, app->now, form, out);
    }
    buf_puts(out, ",\"accounts\":[");
    outputs_describe(app->outputs, app->now, form, out);
    buf_puts(out, "],\"files\":[");
    inputs_describe(app->inputs, form, out);
    buf_puts(out, "],\"file_bytes\":{");
    inputs_describe_sums(app->inputs, form, out);
    buf_puts(out, "},\"open_groups\":[");
    engine_describe(app->engine, app->now, form, out);
    buf_puts(out, "],\"rules\":[");
    rules_describe(app->config->compiled_rules, app->now, form, out);
    buf_puts(out, "]}\n");
}
