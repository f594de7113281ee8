/**
 * What comes in without a line: alerts that others decided on, and what the agent has
 * to say about itself. Both become sightings, and from there on nothing is different.
 */
#include "agent/base/text.h"
#include "rules/engine_inside.h"
#include "rules/redact.h"
#include "rules/rule_parts.h"

#define REPORT_RESOLVE_MS HOUR_MS

static void put_label(struct labels *labels, const char *name, struct slice value)
{
    if (value.len > 0)
        (void)labels_put(labels, slice_of(name), value);
}

/** An array for labels that are put one by one. */
static struct labels begin_labels(struct engine *engine)
{
    return (struct labels){
        arena_zalloc(&engine->arena, LIMIT_LABELS * sizeof(struct label)), 0
    };
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
    put_label(labels, "rule", rule);
    put_label(labels, "severity", slice_of(severity_names[severity]));
    if (labels_find(labels, SLICE("host")).len == 0)
        put_label(labels, "host", rules_host(engine->rules));
}

void engine_report(struct engine *engine, const struct self_report *report,
                   struct now now)
{
    arena_clear(&engine->arena);
    struct labels labels = begin_labels(engine);
    put_label(&labels, "kind", report->kind);
    put_label(&labels, "object", report->object);
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

/* --- from outside ----------------------------------------------------------------- */

/** An alert from outside on its way. */
struct receiving {
    struct engine *engine;
    const struct incoming *incoming;
    struct now now;
    struct sighting sighting;
    const struct rule *rule; /**< took it over; or NULL */
    struct labels by_rule;   /**< what the rule says of it */
    uint64_t suspects;       /**< bits of the texts below that may hold secrets */
};

enum { SUMMARY, DESCRIPTION, LINKS, FIRST_LABEL }; /* two texts each */
_Static_assert(FIRST_LABEL + 2 * LIMIT_POSTED_LABELS <= REDACT_LINES,
               "one look is enough");

static bool is_suspect(const struct receiving *receiving, size_t text)
{
    return receiving->suspects >> text & 1;
}

/** As in a line of a log, so that a name that says so makes a secret of the value. */
static struct slice name_with_sign(struct receiving *receiving, struct slice name)
{
    char *bytes = arena_zalloc(&receiving->engine->arena, name.len + 1);
    memcpy(bytes, name.ptr, name.len);
    bytes[name.len] = '=';
    return slice_make(bytes, name.len + 1);
}

/** How many of the labels that were sent are kept: what the rule says and what is ours
 *  has room behind them. */
static size_t kept_labels(const struct receiving *receiving)
{
    size_t sent = receiving->incoming->labels.count, taken = receiving->by_rule.count;
    size_t most = taken < LIMIT_POSTED_LABELS ? LIMIT_POSTED_LABELS - taken : 0;
    return sent < most ? sent : most;
}

static void find_suspects(struct receiving *receiving)
{
    const struct sighting *sighting = &receiving->sighting;
    struct slice texts[REDACT_LINES] = { [SUMMARY] = sighting->summary,
                                         [DESCRIPTION] = sighting->description,
                                         [LINKS] = sighting->links };
    size_t count = FIRST_LABEL, kept = kept_labels(receiving);
    for (size_t i = 0; i < kept; i++) {
        const struct label *label = &receiving->incoming->labels.items[i];
        texts[count++] = name_with_sign(receiving, label->name);
        texts[count++] = label->value;
    }
    receiving->suspects = engine_suspects(receiving->engine, texts, count);
}

/** With a mark where it is too long to be kept. */
static struct slice fit(struct engine *engine, struct slice text, size_t max_bytes)
{
    static const struct slice mark = { " [cut]", 6 };
    if (text.len <= max_bytes)
        return text;
    text = text_cut(text, max_bytes - mark.len);
    char *bytes = arena_zalloc(&engine->arena, text.len + mark.len);
    memcpy(bytes, text.ptr, text.len);
    memcpy(bytes + text.len, mark.ptr, mark.len);
    return slice_make(bytes, text.len + mark.len);
}

static void clean_texts(struct receiving *receiving)
{
    struct engine *engine = receiving->engine;
    struct sighting *sighting = &receiving->sighting;
    if (is_suspect(receiving, SUMMARY))
        sighting->summary = clean(engine, sighting->summary);
    if (is_suspect(receiving, DESCRIPTION))
        sighting->description = clean(engine, sighting->description);
    sighting->summary = fit(engine, sighting->summary, LIMIT_SUMMARY_BYTES);
    sighting->description = fit(engine, sighting->description, LIMIT_DESCRIPTION_BYTES);
    sighting->links = redact_links(rules_redactor(engine->rules), sighting->links,
                                   is_suspect(receiving, LINKS), &engine->arena);
}

static struct labels clean_labels(struct receiving *receiving)
{
    struct engine *engine = receiving->engine;
    struct labels own = begin_labels(engine);
    own.count = kept_labels(receiving);
    for (size_t i = 0, at = FIRST_LABEL; i < own.count; i++, at += 2) {
        struct label label = receiving->incoming->labels.items[i];
        if (is_suspect(receiving, at) || is_suspect(receiving, at + 1))
            label.value = redact_field(rules_redactor(engine->rules), label.name,
                                       label.value, &engine->arena);
        own.items[i] = label;
    }
    return own;
}

static bool was_written(const struct conf_text *text)
{
    return text->node != NULL;
}

/** What the rule's author wrote says more than what was posted; defaults do not. */
static void let_rule_describe(struct receiving *receiving, struct rule *rule,
                              const struct event *event)
{
    const struct rule_config *config = rule->config;
    struct sighting *sighting = &receiving->sighting, by_rule;
    rule_describe(rule, event, &receiving->engine->arena, &by_rule);
    receiving->rule = rule;
    receiving->by_rule = by_rule.labels;
    if (was_written(&config->severity))
        sighting->severity = by_rule.severity;
    if (was_written(&config->summary))
        sighting->summary = by_rule.summary;
    if (was_written(&config->description))
        sighting->description = by_rule.description;
    if (was_written(&config->resolve_after))
        sighting->resolve_after_ms = by_rule.resolve_after_ms;
    sighting->runbook = by_rule.runbook;
}

/** Title and body, as the one line that rules look at. */
static struct slice record_of(struct receiving *receiving)
{
    struct slice title = receiving->incoming->title, body = receiving->incoming->body;
    char *bytes = arena_zalloc(&receiving->engine->arena, title.len + body.len + 1);
    if (title.len > 0)
        memcpy(bytes, title.ptr, title.len);
    bytes[title.len] = '\n';
    if (body.len > 0)
        memcpy(bytes + title.len + 1, body.ptr, body.len);
    return slice_make(bytes, body.len > 0 ? title.len + 1 + body.len : title.len);
}

static void ask_rules(struct receiving *receiving)
{
    const struct incoming *incoming = receiving->incoming;
    struct event event = { .source = incoming->source,
                           .offset = -1,
                           .line = record_of(receiving),
                           .fields = incoming->fields,
                           .field_count = incoming->field_count,
                           .unix_ms = receiving->now.unix_ms };
    struct rule *rule = matcher_first(receiving->engine->matcher, &event);
    if (!rule)
        return;
    redact_event(rules_redactor(receiving->engine->rules), &event,
                 &receiving->engine->arena);
    let_rule_describe(receiving, rule, &event);
}

/** A moment that was posted: never in the future, and not before there was time. */
static int64_t sane_moment(int64_t unix_ms, struct now now)
{
    return unix_ms > 0 && unix_ms < now.unix_ms ? unix_ms : now.unix_ms;
}

/** Nothing ends before it began: then it is over since we hear of it. */
static int64_t sane_end(const struct incoming *incoming, struct now now)
{
    int64_t ends_ms = incoming->ends_unix_ms;
    return ends_ms < incoming->starts_unix_ms ? now.unix_ms : sane_moment(ends_ms, now);
}

static void describe(struct receiving *receiving)
{
    const struct incoming *incoming = receiving->incoming;
    struct now now = receiving->now;
    receiving->sighting = (struct sighting){
        .severity = incoming->severity,
        .summary = incoming->title,
        .description = incoming->body,
        .links = incoming->links,
        .sample = { .offset = -1, .unix_ms = now.unix_ms },
        .count = 1,
        .resolve_after_ms = incoming->resolve_after_ms,
        .fingerprint = incoming->fingerprint,
        .occurrence = incoming->occurrence,
        .is_news = incoming->is_news,
        .began_unix_ms = sane_moment(incoming->starts_unix_ms, now),
        .ended_unix_ms = incoming->is_resolved ? sane_end(incoming, now) : 0,
    };
    if (receiving->sighting.fingerprint == 0)
        receiving->sighting.fingerprint = labels_hash(&incoming->labels) | 1;
    dedup_expect(&receiving->engine->dedup, receiving->sighting.fingerprint);
    ask_rules(receiving);
    /* Here, because what is said again is kept as well. */
    find_suspects(receiving);
    clean_texts(receiving);
}

/** What it is called where no rule took it over, without secrets, as @labels are. */
static struct slice name_of(struct receiving *receiving, const struct labels *labels)
{
    const struct incoming *incoming = receiving->incoming;
    struct slice name = labels_find(labels, SLICE("alertname"));
    if (name.len > 0)
        return name;
    name = incoming->title.len > 0 ? incoming->title : incoming->source->name;
    return clean(receiving->engine, name);
}

/** What was sent, and what the rule says over it; last what routes rely on. */
static void put_labels(struct receiving *receiving)
{
    struct engine *engine = receiving->engine;
    const struct labels *by_rule = &receiving->by_rule;
    struct labels labels = clean_labels(receiving);
    struct slice name = name_of(receiving, &labels);
    for (size_t i = 0; i < by_rule->count; i++) {
        if (!slice_equal(by_rule->items[i].name, SLICE("host")))
            (void)labels_put(&labels, by_rule->items[i].name, by_rule->items[i].value);
    }
    put_fixed(&labels, engine, receiving->rule ? receiving->rule->name : name,
              receiving->sighting.severity);
    receiving->sighting.labels = labels;
}

static void admit(struct receiving *receiving, uint64_t count)
{
    struct sighting *sighting = &receiving->sighting;
    sighting->count = count;
    put_labels(receiving);
    engine_admit(receiving->engine, &receiving->sighting, receiving->now);
}

/** The same time of firing as @known? An earlier begin is: Alertmanager moves it
 *  backwards when a second Prometheus knows more. */
static bool is_same(uint64_t occurrence, uint64_t known)
{
    bool are_times = !((occurrence | known) & OCCURRENCE_IS_HASH);
    return occurrence == known || (are_times && occurrence < known);
}

/** @return whether any of its alerts was not over before. */
static bool end_all(struct receiving *receiving, struct alert *alert)
{
    bool is_news = false;
    const struct sighting *sighting = &receiving->sighting;
    bool says_nothing = receiving->incoming->is_untitled && !receiving->rule;
    struct slice summary = says_nothing ? SLICE("") : sighting->summary;
    for (; alert; alert = dedup_next(&receiving->engine->dedup, alert)) {
        if (alert->ended_unix_ms != 0)
            continue;
        is_news = true;
        group_end(alert, summary, sighting->ended_unix_ms, receiving->now);
        schedule_news(receiving->engine, alert->group, receiving->now);
    }
    return is_news;
}

static bool refresh_all(struct receiving *receiving, struct alert *alert)
{
    bool is_known = false;
    for (; alert; alert = dedup_next(&receiving->engine->dedup, alert)) {
        if (!alert_is_firing(alert, receiving->now.mono_ms) ||
            !is_same(receiving->sighting.occurrence, alert->occurrence))
            continue;
        is_known = true;
        group_refresh(alert, &receiving->sighting, receiving->now);
    }
    return is_known;
}

static void count_all(struct receiving *receiving, struct alert *alert)
{
    struct engine *engine = receiving->engine;
    for (; alert; alert = dedup_next(&receiving->engine->dedup, alert)) {
        group_count_again(alert, &receiving->sighting, receiving->now);
        tally_counted(engine, alert, receiving->sighting.count);
        if (!alert->is_told)
            schedule_news(engine, alert->group, receiving->now);
    }
}

/** Word of an alert that is open on one route at least. */
static void receive_known(struct receiving *receiving, struct alert *first)
{
    if (receiving->incoming->is_resolved) {
        if (end_all(receiving, first))
            admit(receiving, 0);
        else
            receiving->engine->tally->repeats++;
    } else if (refresh_all(receiving, first)) {
        receiving->engine->tally->repeats++;
    } else {
        count_all(receiving, first);
        admit(receiving, 1);
    }
}

/** Word of one that is not open, but was told not long ago. */
static void receive_recalled(struct receiving *receiving, struct dedup_entry *entry)
{
    const struct sighting *sighting = &receiving->sighting;
    bool is_over = receiving->incoming->is_resolved;
    if (is_over == entry->is_over &&
        (is_over || is_same(sighting->occurrence, entry->occurrence))) {
        receiving->engine->tally->repeats++;
        return;
    }
    if (!is_over) {
        admit(receiving, 1);
        return;
    }
    dedup_remember(&receiving->engine->dedup, entry->fingerprint, sighting->occurrence,
                   true, 0);
    admit(receiving, 0);
}

void engine_receive(struct engine *engine, const struct incoming *incoming,
                    struct now now)
{
    struct receiving receiving = { engine, incoming, now };
    engine->dedup.now = now;
    arena_clear(&engine->arena);
    describe(&receiving);
    uint64_t fingerprint = receiving.sighting.fingerprint;
    struct alert *first = dedup_find(&engine->dedup, fingerprint);
    struct dedup_entry *entry = dedup_recall(&engine->dedup, fingerprint);
    if (first)
        receive_known(&receiving, first);
    else if (entry)
        receive_recalled(&receiving, entry);
    else
        admit(&receiving, 1);
}
