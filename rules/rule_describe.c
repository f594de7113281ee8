/**
 * What a rule says about one event: labels, severity, texts, the line itself. It
 * borrows from the event, from the rule and from the arena: it dies with the first.
 *
 * `rule` and `severity` are set first and never overwritten: routes rely on them.
 */
#include "agent/base/limits.h"
#include "rules/rule_fields.h"

static struct slice render(struct rule *rule, const struct template *template,
                           const struct rule_fields *fields, size_t max_bytes,
                           struct arena *arena)
{
    struct slice text;
    if (template_is_one(template, rule_fields_find, fields, max_bytes, &text))
        return text;
    buf_clear(&rule->text);
    rule->text.max_bytes = max_bytes;
    template_render(template, rule_fields_find, fields, &rule->text);
    return arena_slice(arena, buf_slice(&rule->text));
}

static enum severity judge_severity(struct rule *rule, const struct rule_fields *fields,
                                    struct arena *arena)
{
    enum severity severity = SEVERITY_WARNING;
    struct slice text = render(rule, rule->severity, fields, LIMIT_LABEL_BYTES, arena);
    if (!severity_parse(slice_trim(text), &severity))
        rule->odd_severities++;
    return severity;
}

static bool is_fixed(struct slice name)
{
    return slice_equal(name, SLICE("rule")) || slice_equal(name, SLICE("severity"));
}

/* A label past LIMIT_LABELS is left off; the rule's own were counted when it was
 * compiled, so that only a source with many labels can come so far. */
static void put_label(struct labels *labels, struct arena *arena, struct slice name,
                      struct slice value)
{
    if (!is_fixed(name))
        (void)labels_set(labels, arena, name, value);
}

static void put_source_labels(struct labels *labels, const struct event *event,
                              struct arena *arena)
{
    const struct labels *own = &event->source->labels;
    for (size_t i = 0; i < own->count; i++)
        put_label(labels, arena, own->items[i].name, own->items[i].value);
}

/* A template that renders to nothing leaves the label that the source gave. */
static void put_rule_labels(struct labels *labels, struct rule *rule,
                            const struct rule_fields *fields, struct arena *arena)
{
    for (size_t i = 0; i < rule->label_count; i++) {
        const struct rule_label *label = &rule->labels[i];
        struct slice value =
            render(rule, label->value, fields, LIMIT_LABEL_BYTES, arena);
        if (value.len > 0 || template_is_plain(label->value))
            put_label(labels, arena, label->name, value);
    }
    for (size_t i = 0; i < rule->config->by.count; i++) {
        struct slice name = rule->config->by.items[i].value;
        struct slice value = rule_fields_find(fields, name);
        if (value.len > 0)
            put_label(labels, arena, name, value);
    }
}

static struct sample take_sample(const struct event *event)
{
    struct slice line = event->line;
    if (line.len > LIMIT_SAMPLE_BYTES)
        line.len = LIMIT_SAMPLE_BYTES;
    return (struct sample){ .line = line,
                            .path = event->path,
                            .offset = event->offset,
                            .unix_ms = event->unix_ms };
}

/* @fields sees each label as soon as it is set. */
static enum severity judge_labels(struct rule *rule, const struct event *event,
                                  struct rule_fields *fields, struct labels *labels,
                                  struct arena *arena)
{
    *labels = (struct labels){ 0 };
    fields->labels = &event->source->labels;
    enum severity severity = judge_severity(rule, fields, arena);
    (void)labels_set(labels, arena, SLICE("rule"), rule->name);
    (void)labels_set(labels, arena, SLICE("severity"),
                     slice_of(severity_names[severity]));
    (void)labels_set(labels, arena, SLICE("host"), rule->setting->host);
    fields->labels = labels;
    put_source_labels(labels, event, arena);
    put_rule_labels(labels, rule, fields, arena);
    return severity;
}

/* The labels of most rules are the same for all lines of a source. */
static bool take_memo(struct rule *rule, const struct event *event,
                      struct rule_fields *fields)
{
    struct rule_memo *memo = &rule->memo;
    if (!rule->has_fixed_labels)
        return false;
    if (!memo->source) {
        memo->source = event->source;
        memo->severity = judge_labels(rule, event, fields, &memo->labels, &memo->arena);
    }
    return memo->source == event->source;
}

void rule_describe(struct rule *rule, const struct event *event, struct arena *arena,
                   struct sighting *sighting)
{
    struct rule_fields fields;
    struct labels labels = { 0 };
    rule_fields_init(&fields, rule, event, &event->source->labels);
    bool is_known = take_memo(rule, event, &fields);
    enum severity severity = is_known
                                 ? rule->memo.severity
                                 : judge_labels(rule, event, &fields, &labels, arena);
    if (is_known)
        labels = rule->memo.labels;
    fields.labels = &labels;
    *sighting = (struct sighting){
        .rule = rule,
        .labels = labels,
        .has_lasting_labels = is_known,
        .severity = severity,
        .sample = take_sample(event),
        .count = 1,
        .resolve_after_ms = rule->resolve_after_ms,
        .later = is_known && rule->kind->tells_all ? event->later : 0,
    };
    if (sighting->later > 0)
        return;
    sighting->summary =
        render(rule, rule->summary, &fields, LIMIT_SUMMARY_BYTES, arena);
    sighting->description =
        render(rule, rule->description, &fields, LIMIT_DESCRIPTION_BYTES, arena);
    sighting->runbook = rule->config->runbook.value;
}
