/**
 * The fields of an event, by name, for conditions and templates: captures first, then
 * fields of the record, then labels, then what every line has.
 */
#ifndef TOCSIN_RULES_RULE_FIELDS_H
#define TOCSIN_RULES_RULE_FIELDS_H

#include "rules/rule_parts.h"

struct rule_fields {
    const struct rule *rule;
    const struct event *event;
    const struct labels *labels; /**< that are known so far */
    char digits[20];             /**< of the offset, once it was asked for */
};

/** @labels is looked at again in every look-up, so it may grow meanwhile. */
void rule_fields_init(struct rule_fields *fields, const struct rule *rule,
                      const struct event *event, const struct labels *labels);

/** The value of @name in @fields (a struct rule_fields that is no constant), or the
 *  empty slice. */
struct slice rule_fields_find(const void *fields, struct slice name);

/** What every line has; NULL-terminated. */
extern const char *const rule_field_names[];

#endif
