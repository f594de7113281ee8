/** Are the fields that a rule's texts name there at all? */
#ifndef TOCSIN_RULES_RULE_NAMES_H
#define TOCSIN_RULES_RULE_NAMES_H

#include "rules/rule_parts.h"

/** Complain of names in `by` that not every matching line can have; warn of names in
 *  templates and conditions that no line can have. @rule compiled without a mistake. */
void rule_check_names(const struct rule *rule, struct complaints *complaints);

#endif
