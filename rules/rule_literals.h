/** Which literals a rule's lines must hold. */
#ifndef TOCSIN_RULES_RULE_LITERALS_H
#define TOCSIN_RULES_RULE_LITERALS_H

#include "rules/literals.h"
#include "rules/rule.h"
#include "rules/shapes.h"

/** The cheapest set of literals of which one stands in each line that @rule matches;
 *  @arena holds it.
 *  @return false when there is none: see rule_shape() */
bool rule_literals(const struct rule *rule, const struct rarity *rarity,
                   struct arena *arena, struct literals *literals);

/** The same for those that its pattern @index matches; its conditions count, too. */
bool rule_pattern_literals(const struct rule *rule, size_t index,
                           const struct rarity *rarity, struct arena *arena,
                           struct literals *literals);

/** For a rule without literals: the shape that each line has that it matches.
 *  @return false when none is known */
bool rule_shape(const struct rule *rule, struct shape *shape);

#endif
