/** Which literals a rule's lines must hold. */
#ifndef TOCSIN_RULES_RULE_LITERALS_H
#define TOCSIN_RULES_RULE_LITERALS_H

#include "rules/literals.h"
#include "rules/rule.h"

/** The cheapest set of literals of which one stands in each line that @rule matches;
 *  @arena holds it.
 *  @return false when there is none: the rule is to be tried on every line. */
bool rule_literals(const struct rule *rule, const struct rarity *rarity,
                   struct arena *arena, struct literals *literals);

/** The same for those that its pattern @index matches; its conditions count, too. */
bool rule_pattern_literals(const struct rule *rule, size_t index,
                           const struct rarity *rarity, struct arena *arena,
                           struct literals *literals);

#endif
