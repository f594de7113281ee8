/**
 * A kind decides when an event that a rule matched is to be told. A new kind is one
 * file, kind_<name>.c, and one row in kind.c; the schema's choices come from there.
 */
#ifndef TOCSIN_RULES_KIND_H
#define TOCSIN_RULES_KIND_H

#include "rules/rule.h"

struct rule_kind {
    const char *doc; /**< one sentence for the man page */
    bool tells_all;  /**< judge() is always true: each event is a sighting */
    /** See rule_judge(). */
    bool (*judge)(struct rule *rule, const struct event *event, struct arena *arena,
                  struct sighting *sighting);
};

/** The names, NULL-terminated: choices of the key `kind`. */
extern const char *const kind_names[];

/** The kind whose name is kind_names[@index]. */
const struct rule_kind *kind_get(int index);

#endif
