/**
 * Each of a rule's patterns may be the one that matches, so each has literals. What a
 * condition wants of a part of the line stands in the line, too; of two sets that must
 * both be met the cheaper one is taken.
 */
#include "rules/rule_literals.h"

#include "rules/rule_fields.h"
#include "rules/rule_parts.h"

static struct literals join(struct arena *arena, const struct literals *a,
                            const struct literals *b)
{
    size_t count = a->count + b->count;
    struct literals both = { arena_zalloc(arena, count * sizeof *both.items), count };
    if (a->count > 0)
        memcpy(both.items, a->items, a->count * sizeof *a->items);
    memcpy(both.items + a->count, b->items, b->count * sizeof *b->items);
    return both;
}

/* --- conditions ------------------------------------------------------------------- */

/* Might a source that @rule reads give @name a value that is no part of the line? */
static bool may_come_from_elsewhere(const struct rule *rule, struct slice name)
{
    const struct rules_setting *setting = rule->setting;
    for (size_t i = 0; i < setting->source_count; i++) {
        const struct source *source = &setting->sources[i];
        if (rule->reads[i] &&
            (source->has_fields || labels_find(&source->labels, name).len > 0))
            return true;
    }
    for (size_t i = 0; rule_field_names[i]; i++)
        if (slice_equal(name, slice_of(rule_field_names[i])))
            return !slice_equal(name, SLICE("line"));
    return false;
}

/* The cheapest set so far of one pattern. */
struct choice {
    const struct rule *rule;
    const struct regex *regex;
    const struct rarity *rarity;
    struct literals set;
    double cost;
};

static void consider(struct choice *choice, const struct literals *set)
{
    double cost = literals_cost(set, choice->rarity);
    if (choice->set.count > 0 && cost >= choice->cost)
        return;
    choice->set = *set;
    choice->cost = cost;
}

static void consider_condition(void *ctx, struct slice name, const struct literals *set)
{
    struct choice *choice = ctx;
    bool is_of_line =
        slice_equal(name, SLICE("line")) || regex_names(choice->regex, name);
    if (is_of_line && !may_come_from_elsewhere(choice->rule, name))
        consider(choice, set);
}

/* --- the whole -------------------------------------------------------------------- */

bool rule_pattern_literals(const struct rule *rule, size_t index,
                           const struct rarity *rarity, struct arena *arena,
                           struct literals *literals)
{
    struct choice choice = { .rule = rule,
                             .regex = rule->match.items[index],
                             .rarity = rarity };
    struct literals own;
    struct slice pattern = rule->config->match.items[index].value;
    if (literals_of_pattern(pattern, rarity, arena, &own))
        consider(&choice, &own);
    where_literals(rule->where, rarity, arena, consider_condition, &choice);
    *literals = choice.set;
    return choice.set.count > 0;
}

bool rule_literals(const struct rule *rule, const struct rarity *rarity,
                   struct arena *arena, struct literals *literals)
{
    struct literals all = { 0 };
    for (size_t i = 0; i < rule->match.count; i++) {
        struct literals own;
        if (!rule_pattern_literals(rule, i, rarity, arena, &own))
            return false;
        all = join(arena, &all, &own);
    }
    *literals = all;
    return all.count > 0;
}

bool rule_shape(const struct rule *rule, struct shape *shape)
{
    return rule->match.count == 1 &&
           shape_of_pattern(rule->config->match.items[0].value, shape);
}
