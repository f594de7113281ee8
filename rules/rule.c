/** The keys of a rule, all rules of a generation, and how a line passes one. */
#include "rules/rule.h"

#include "agent/base/limits.h"
#include "agent/base/map.h"
#include "agent/base/must.h"
#include "agent/base/text.h"
#include "rules/redact.h"
#include "rules/report.h"
#include "rules/rule_fields.h"

/* --- the keys --------------------------------------------------------------------- */

static const struct field sample_fields[] = {
    TEXTS(struct sample_config, match, .doc = "Lines that the rule must match."),
    TEXTS(struct sample_config, no_match,
          .doc = "Lines that look alike and that the rule must not match."),
};

static const struct schema sample_schema = {
    .name = "samples",
    .doc = "The rule's own tests: `tocsin test` runs them.",
    .size = sizeof(struct sample_config),
    .node_offset = offsetof(struct sample_config, node),
    .fields = sample_fields,
    .field_count = sizeof sample_fields / sizeof *sample_fields,
};

static const struct field rule_fields_table[] = {
    TEXT(struct rule_config, name, .is_required = true,
         .doc =
             "The rule's name, once in the whole configuration. It is the label `rule` "
             "of its alerts."),
    TEXTS(struct rule_config, from,
          .doc = "Names of the sources whose lines the rule reads. Default: all but "
                 "`http` and `notify`. A rule that names one of them takes over alerts "
                 "that were posted or handed over: "
                 "its line is their title and text, its fields are their labels and "
                 "annotations. The first such rule that matches describes the alert: "
                 "its labels are added, and where it says severity, summary, "
                 "description or resolve_after, these replace what was posted."),
    TEXTS(struct rule_config, match,
          .doc =
              "One PCRE2 pattern or a list. The first that matches the line gives its "
              "named groups as fields. Without it, 'where' alone decides."),
    TEXTS(struct rule_config, unless,
          .doc = "Patterns of lines that are not meant: one that matches is enough."),
    TEXTS(
        struct rule_config, where,
        .doc =
            "Conditions on fields and labels, all of which must hold: `user!=backup`, "
            "`ms>=500`, `ip in_cidr 10.0.0.0/8`, `user in_file staff.txt`. Operators: "
            "= != =~ !~ < <= > >= in_cidr in_file."),
    TEXTS(
        struct rule_config, by,
        .doc =
            "Fields that tell alerts of the rule apart; each becomes a label. Without "
            "it all lines of a rule and host are one alert."),
    CHOICE(struct rule_config, kind, .def = "match", .choices = kind_names,
           .doc = "When a line that matched is told."),
    TEXT(struct rule_config, severity, .def = "warning",
         .doc = "info, warning or critical; or a template that renders to one of them "
                "(anything else counts as warning)."),
    TEXT(struct rule_config, summary, .def = "'{{line}}'",
         .doc =
             "One line about what is wrong. {{field}} is replaced by a named group, a "
             "label, or line, path, file, source, host, rule, offset."),
    TEXT(struct rule_config, description,
         .doc = "A longer text for the one who reads the mail, with {{fields}}."),
    TEXT(struct rule_config, runbook,
         .doc = "The http or https address of a page that says what to do."),
    TEXT(struct rule_config, resolve_after, .def = "15m",
         .doc =
             "An alert that was not seen for so long is over; `never`: only a person "
             "ends it."),
    PAIRS(struct rule_config, labels,
          .doc = "Labels of the rule's alerts; values may hold {{fields}}."),
    BLOCK(struct rule_config, samples, struct sample_config, .sub = &sample_schema,
          .doc = "The rule's own tests: `tocsin test` runs them."),
};

const struct schema rule_schema = {
    .name = "rule",
    .doc = "Which lines a rule is about, and what its alerts say.",
    .size = sizeof(struct rule_config),
    .node_offset = offsetof(struct rule_config, node),
    .fields = rule_fields_table,
    .field_count = sizeof rule_fields_table / sizeof *rule_fields_table,
};

/* --- all rules -------------------------------------------------------------------- */

static struct place place_of(const struct conf_text *text)
{
    return text->node ? text->node->at : (struct place){ 0 };
}

static void check_names(const struct conf_blocks *configs,
                        struct complaints *complaints)
{
    struct map seen = { 0 };
    const struct rule_config *items = configs->items;
    for (size_t i = 0; i < configs->count; i++) {
        const struct conf_text *name = &items[i].name;
        const struct conf_text *before = map_find(&seen, name->value);
        if (slice_equal(name->value, SLICE(REPORT_RULE)))
            complain(complaints, place_of(name),
                     "'" REPORT_RULE "' is the rule of what the agent has to say about "
                     "itself; give this one another name");
        if (!before && name->value.len > 0)
            map_put(&seen, name->value, (void *)name);
        else if (before && before->node)
            complain(complaints, place_of(name),
                     "the rule name '%.*s' stands in line %u of '%s' already",
                     SLICE_ARG(name->value), before->node->at.line,
                     before->node->at.source ? before->node->at.source->name : "");
    }
    map_free(&seen);
}

static void compile_all(struct rules *rules, const struct conf_blocks *configs,
                        const struct rules_setting *setting, struct arena *arena,
                        struct complaints *complaints)
{
    const struct rule_config *items = configs->items;
    for (size_t i = 0; i < rules->count; i++) {
        size_t errors = complaints->error_count;
        rules->items[i].index = i;
        rule_compile(&rules->items[i], &items[i], setting, arena, complaints);
        if (complaints->error_count == errors)
            rule_warn(&rules->items[i], complaints);
    }
}

struct rules *rules_compile(const struct conf_blocks *configs,
                            const struct rules_setting *setting, struct arena *arena,
                            struct complaints *complaints)
{
    size_t errors = complaints->error_count;
    if (configs->count > LIMIT_RULES) {
        complain(complaints, (struct place){ 0 },
                 "there are %zu rules, but at most %d are allowed", configs->count,
                 LIMIT_RULES);
        return NULL;
    }
    struct rules_setting *own = arena_zalloc(arena, sizeof *own);
    *own = *setting;
    struct rules *rules = arena_zalloc(arena, sizeof *rules);
    rules->setting = own;
    rules->count = configs->count;
    rules->items = arena_zalloc(arena, rules->count * sizeof *rules->items);
    check_names(configs, complaints);
    compile_all(rules, configs, own, arena, complaints);
    if (complaints->error_count == errors)
        return rules;
    rules_free(rules);
    return NULL;
}

void rules_free(struct rules *rules)
{
    for (size_t i = 0; rules && i < rules->count; i++)
        rule_clear(&rules->items[i]);
}

struct slice rules_host(const struct rules *rules)
{
    return rules->setting->host;
}

const struct redactor *rules_redactor(const struct rules *rules)
{
    return rules->setting->redactor;
}

size_t rules_count(const struct rules *rules)
{
    return rules->count;
}

struct rule *rules_get(const struct rules *rules, size_t index)
{
    must(index < rules->count);
    return &rules->items[index];
}

/* --- one rule --------------------------------------------------------------------- */

struct slice rule_name(const struct rule *rule)
{
    return rule->name;
}

int64_t rule_resolve_after(const struct rule *rule)
{
    return rule->resolve_after_ms;
}

struct rule_tally rule_tally(const struct rule *rule)
{
    return (struct rule_tally){
        .tries = rule->cost.tries,
        .ns = rule->cost.ns,
        .hits = rule->cost.hits,
        .limit_hits = rule->cost.limit_hits,
        .odd_severities = rule->odd_severities,
    };
}

uint64_t rules_limit_hits(const struct rules *rules)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < rules->count; i++)
        sum += rules->items[i].cost.limit_hits;
    return sum;
}

bool rule_reads(const struct rule *rule, size_t source_index)
{
    return source_index < rule->setting->source_count && rule->reads[source_index];
}

enum { GIVEN_UP_BYTES = 500 };

/* Its secrets are hidden first: half of a secret is none that could be found. */
void rule_note_given_up(struct rule *rule, struct slice line)
{
    struct arena arena = { 0 };
    if (rule->given_up)
        return;
    struct slice safe = redact_text(rule->setting->redactor, line, &arena);
    if (safe.len > GIVEN_UP_BYTES)
        safe.len = GIVEN_UP_BYTES;
    struct buf text = buf_make(8 * GIVEN_UP_BYTES);
    text_put_clean(&text, safe, false);
    rule->given_up = mem_copy(buf_slice(&text));
    buf_free(&text);
    arena_free(&arena);
}

static void count_given_up(struct rule *rule, const struct scanner *scanner,
                           struct slice line)
{
    rule_cost_in(rule, scanner)->limit_hits++;
    if (scanner->gave_up)
        scanner->gave_up(scanner->ctx, rule, line);
    else
        rule_note_given_up(rule, line);
}

static bool find_match(struct rule *rule, struct scanner *scanner, struct event *event)
{
    event->capture_count = 0;
    if (rule->match.count == 0)
        return true;
    for (size_t i = 0; i < rule->match.count; i++) {
        enum regex_result result =
            regex_match_in(rule->match.items[i], scanner->room, event->line,
                           scanner->captures, &event->capture_count);
        if (result == REGEX_LIMIT)
            count_given_up(rule, scanner, event->line);
        if (result != REGEX_YES)
            continue;
        event->captures = scanner->captures;
        return true;
    }
    return false;
}

/* An exception that PCRE2 gave up on is none: then the line is told. */
static bool is_excepted(struct rule *rule, const struct scanner *scanner,
                        struct slice line)
{
    for (size_t i = 0; i < rule->unless.count; i++) {
        enum regex_result result =
            regex_match_in(rule->unless.items[i], scanner->room, line, NULL, NULL);
        if (result == REGEX_LIMIT)
            count_given_up(rule, scanner, line);
        if (result == REGEX_YES)
            return true;
    }
    return false;
}

static bool where_fits(struct rule *rule, const struct scanner *scanner,
                       const struct event *event)
{
    if (!rule->where)
        return true;
    struct rule_fields fields;
    uint64_t before = regex_room_limit_hits(scanner->room);
    rule_fields_init(&fields, rule, event, &event->source->labels);
    bool fits = where_holds_in(rule->where, rule_fields_find, &fields, scanner->room);
    rule_cost_in(rule, scanner)->limit_hits +=
        regex_room_limit_hits(scanner->room) - before;
    return fits;
}

bool rule_matches(struct rule *rule, struct scanner *scanner, struct event *event)
{
    struct rule_cost *cost = rule_cost_in(rule, scanner);
    cost->tries++;
    if (!find_match(rule, scanner, event) || is_excepted(rule, scanner, event->line) ||
        !where_fits(rule, scanner, event))
        return false;
    cost->hits++;
    return true;
}

bool rule_judge_now(struct rule *rule, const struct event *event, struct arena *arena,
                    struct sighting *sighting)
{
    return rule->kind->judge(rule, event, arena, sighting);
}

bool rule_judge(struct rule *rule, const struct event *event, struct arena *arena,
                struct sighting *sighting)
{
    if (!rule_judge_now(rule, event, arena, sighting))
        return false;
    sighting->summary = arena_slice(arena, sighting->summary);
    sighting->description = arena_slice(arena, sighting->description);
    sighting->sample.line = arena_slice(arena, sighting->sample.line);
    sighting->sample.path = arena_slice(arena, sighting->sample.path);
    return true;
}
