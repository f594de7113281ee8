/** Each of a rule's patterns may be the one that matches, so each has literals. */
#include "rules/rule_literals.h"

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

bool rule_literals(const struct rule *rule, const struct rarity *rarity,
                   struct arena *arena, struct literals *literals)
{
    const struct conf_texts *patterns = &rule->config->match;
    struct literals all = { 0 };
    for (size_t i = 0; i < patterns->count; i++) {
        struct literals own;
        if (!literals_of_pattern(patterns->items[i].value, rarity, arena, &own))
            return false;
        all = join(arena, &all, &own);
    }
    *literals = all;
    return all.count > 0;
}
