/**
 * A template with a name that nothing captures still gives a mail, so it is a warning;
 * in `by` it would throw all alerts of the rule together, so there it is an error.
 */
#include "rules/rule_names.h"

#include <stdlib.h>

#include "rules/report.h"
#include "rules/rule_fields.h"

static bool has_source_label(const struct rule *rule, struct slice name)
{
    const struct rules_setting *setting = rule->setting;
    for (size_t i = 0; i < setting->source_count; i++)
        if (rule->reads[i] && labels_find(&setting->sources[i].labels, name).len > 0)
            return true;
    return false;
}

/** Does it read records, whose fields nobody knows before? */
static bool has_open_fields(const struct rule *rule)
{
    const struct rules_setting *setting = rule->setting;
    for (size_t i = 0; i < setting->source_count; i++)
        if (rule->reads[i] && setting->sources[i].has_fields)
            return true;
    return false;
}

static bool is_label(const struct rule *rule, struct slice name)
{
    for (size_t i = 0; i < rule->label_count; i++)
        if (slice_equal(rule->labels[i].name, name))
            return true;
    return slice_equal(name, SLICE("severity")) || has_source_label(rule, name);
}

static bool is_built_in(struct slice name)
{
    for (size_t i = 0; rule_field_names[i]; i++)
        if (slice_equal(name, slice_of(rule_field_names[i])))
            return true;
    return false;
}

static size_t count_capturing(const struct rule *rule, struct slice name)
{
    size_t count = 0;
    for (size_t i = 0; i < rule->match.count; i++)
        count += regex_names(rule->match.items[i], name);
    return count;
}

/* --- did you mean ----------------------------------------------------------------- */

struct choices {
    const char **items;
    size_t count, capacity;
    struct arena *arena;
};

static void add_choice(struct choices *choices, struct slice name)
{
    const char *text = arena_text(choices->arena, name);
    *mem_push(choices->items, choices->count, choices->capacity) = text;
}

static void add_all_choices(struct choices *choices, const struct rule *rule)
{
    for (size_t i = 0; i < rule->match.count; i++)
        for (size_t j = 0; j < regex_name_count(rule->match.items[i]); j++)
            add_choice(choices, regex_name_at(rule->match.items[i], j));
    for (size_t i = 0; i < rule->label_count; i++)
        add_choice(choices, rule->labels[i].name);
    for (size_t i = 0; i < rule->setting->source_count; i++)
        for (size_t j = 0; j < rule->setting->sources[i].labels.count; j++)
            add_choice(choices, rule->setting->sources[i].labels.items[j].name);
    for (size_t i = 0; rule_field_names[i]; i++)
        add_choice(choices, slice_of(rule_field_names[i]));
}

static const char *near_field(const struct rule *rule, struct slice name,
                              struct arena *arena)
{
    struct choices choices = { .arena = arena };
    add_all_choices(&choices, rule);
    (void)mem_push(choices.items, choices.count, choices.capacity);
    const char *text = did_you_mean(arena, name, choices.items);
    free(choices.items);
    return text;
}

static void add_labels(struct choices *choices, const struct labels *labels)
{
    for (size_t i = 0; i < labels->count; i++)
        add_choice(choices, labels->items[i].name);
}

const char *const *rules_label_names(const struct rules *rules, struct arena *arena)
{
    struct choices choices = { .arena = arena };
    const struct rules_setting *setting = rules->setting;
    add_choice(&choices, SLICE("rule"));
    add_choice(&choices, SLICE("host"));
    add_choice(&choices, SLICE("severity"));
    add_choice(&choices, SLICE("kind")); /* of the agent's own reports */
    add_choice(&choices, SLICE("object"));
    for (size_t i = 0; i < setting->source_count; i++)
        add_labels(&choices, &setting->sources[i].labels);
    for (size_t i = 0; i < rules->count; i++) {
        const struct rule *rule = &rules->items[i];
        for (size_t k = 0; k < rule->label_count; k++)
            add_choice(&choices, rule->labels[k].name);
        for (size_t k = 0; k < rule->config->by.count; k++)
            add_choice(&choices, rule->config->by.items[k].value);
    }
    const char **names = arena_zalloc(arena, (choices.count + 1) * sizeof *names);
    memcpy(names, choices.items, choices.count * sizeof *names);
    free(choices.items);
    return names;
}

bool rules_have_foreign_alerts(const struct rules *rules)
{
    const struct rules_setting *setting = rules->setting;
    for (size_t i = 0; i < setting->source_count; i++)
        if (setting->sources[i].brings_alerts)
            return true;
    return false;
}

const char *const *rules_names(const struct rules *rules, struct arena *arena)
{
    const char **names = arena_zalloc(arena, (rules->count + 2) * sizeof *names);
    for (size_t i = 0; i < rules->count; i++)
        names[i] = arena_text(arena, rules->items[i].name);
    names[rules->count] = REPORT_RULE;
    return names;
}

/* --- the checks ------------------------------------------------------------------- */

struct name_check {
    const struct rule *rule;
    struct complaints *complaints;
};

static void warn_of_unknown(void *ctx, struct slice name, struct place at)
{
    const struct name_check *check = ctx;
    const struct rule *rule = check->rule;
    if (is_built_in(name) || is_label(rule, name) || count_capturing(rule, name) > 0)
        return;
    complain_softly(
        check->complaints, at,
        "'%.*s' is always empty: no pattern of rule '%.*s' captures it and no "
        "label has this name%s",
        SLICE_ARG(name), SLICE_ARG(rule->name),
        near_field(rule, name, check->complaints->arena));
}

static size_t find_not_capturing(const struct rule *rule, struct slice name)
{
    size_t i = 0;
    while (regex_names(rule->match.items[i], name))
        i++;
    return i;
}

static void check_by(const struct rule *rule, const struct conf_text *by,
                     struct complaints *complaints)
{
    struct slice name = by->value;
    struct place at = by->node ? by->node->at : (struct place){ 0 };
    size_t capturing = count_capturing(rule, name);
    if (capturing == rule->match.count || is_built_in(name) || is_label(rule, name))
        return;
    if (capturing == 0)
        complain(complaints, at,
                 "'by' names '%.*s', but no pattern of rule '%.*s' captures it and no "
                 "label has this name%s",
                 SLICE_ARG(name), SLICE_ARG(rule->name),
                 near_field(rule, name, complaints->arena));
    else
        complain(
            complaints, at,
            "'by' names '%.*s', but pattern %zu of rule '%.*s' does not capture it; "
            "add '(?<%.*s>...)' there",
            SLICE_ARG(name), find_not_capturing(rule, name) + 1, SLICE_ARG(rule->name),
            SLICE_ARG(name));
}

void rule_check_names(const struct rule *rule, struct complaints *complaints)
{
    struct name_check check = { rule, complaints };
    if (has_open_fields(rule))
        return;
    for (size_t i = 0; i < rule->config->by.count; i++)
        check_by(rule, &rule->config->by.items[i], complaints);
    where_names(rule->where, warn_of_unknown, &check);
    template_names(rule->severity, warn_of_unknown, &check);
    template_names(rule->summary, warn_of_unknown, &check);
    template_names(rule->description, warn_of_unknown, &check);
    for (size_t i = 0; i < rule->label_count; i++)
        template_names(rule->labels[i].value, warn_of_unknown, &check);
}
