/**
 * What comes in without a line: alerts that others decided on, and what the agent has
 * to say about itself. Both become sightings, and from there on nothing is different.
 */
#include "rules/engine_inside.h"
#include "rules/redact.h"

#define REPORT_RESOLVE_MS HOUR_MS

static void put_label(struct labels *labels, struct engine *engine, const char *name,
                      struct slice value)
{
    (void)labels_set(labels, &engine->arena, slice_of(name), value);
}

/** Without the secrets that others may have written into it. */
static struct slice clean(struct engine *engine, struct slice text)
{
    return redact_text(rules_redactor(engine->rules), text, &engine->arena);
}

/** `rule`, `severity` and `host` are set last and by us: routes rely on them. */
static void put_fixed(struct labels *labels, struct engine *engine, struct slice rule,
                      enum severity severity)
{
    put_label(labels, engine, "rule", rule);
    put_label(labels, engine, "severity", slice_of(severity_names[severity]));
    if (labels_find(labels, SLICE("host")).len == 0)
        put_label(labels, engine, "host", rules_host(engine->rules));
}

void engine_report(struct engine *engine, const struct self_report *report,
                   struct now now)
{
    struct labels labels = { 0 };
    arena_clear(&engine->arena);
    put_label(&labels, engine, "kind", report->kind);
    put_label(&labels, engine, "object", report->object);
    put_fixed(&labels, engine, SLICE(REPORT_RULE), report->severity);
    engine_admit(engine,
                 &(struct sighting){
                     .labels = labels,
                     .severity = report->severity,
                     .summary = report->summary,
                     .description = report->description,
                     .sample = { .line = report->line,
                                 .path = report->object,
                                 .offset = -1,
                                 .unix_ms = now.unix_ms },
                     .count = 1,
                     .resolve_after_ms = REPORT_RESOLVE_MS,
                 },
                 now);
}

void engine_receive(struct engine *engine, const struct incoming *incoming,
                    struct now now)
{
    struct labels labels = { 0 };
    const struct labels *sent = &incoming->labels;
    struct slice name = labels_find(sent, SLICE("alertname"));
    arena_clear(&engine->arena);
    for (size_t i = 0; i < sent->count; i++)
        (void)labels_set(&labels, &engine->arena, sent->items[i].name,
                         clean(engine, sent->items[i].value));
    put_fixed(&labels, engine, name.len > 0 ? name : incoming->source->name,
              incoming->severity);
    engine_admit(engine,
                 &(struct sighting){
                     .labels = labels,
                     .severity = incoming->severity,
                     .summary = clean(engine, incoming->title),
                     .description = clean(engine, incoming->body),
                     .runbook = incoming->link,
                     .sample = { .offset = -1, .unix_ms = incoming->starts_unix_ms },
                     .count = 1,
                     .resolve_after_ms = incoming->resolve_after_ms,
                 },
                 now);
}
