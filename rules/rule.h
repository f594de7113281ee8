/**
 * A rule: which lines it is about, and what its alerts say. Compiled once a generation.
 * Its kind decides when an event becomes an alert; a kind is one file and one row in
 * kind.c.
 */
#ifndef TOCSIN_RULES_RULE_H
#define TOCSIN_RULES_RULE_H

#include "agent/base/now.h"
#include "agent/base/schema.h"
#include "rules/alert.h"
#include "rules/scanner.h"
#include "rules/where.h"

struct sample_config {
    const struct yaml_node *node;
    struct conf_texts match, no_match;
};

struct rule_config {
    const struct yaml_node *node;
    struct conf_text name;
    struct conf_texts from, match, unless, where, by;
    int kind; /**< index into kind_names */
    struct conf_text severity, summary, description, runbook, resolve_after;
    struct conf_pairs labels;
    struct sample_config *samples;
};
extern const struct schema rule_schema;

struct rule;

/** All rules of a generation. */
struct rules;

/** What rules are compiled against. */
struct rules_setting {
    const struct source *sources;
    size_t source_count;
    struct slice host;                 /**< value of the `host` label */
    const struct where_files *files;   /**< for in_file; NULL: refused */
    const struct redactor *redactor;   /**< NULL: what is built in */
    const struct slice *own_addresses; /**< of whom mails go from and to */
    size_t own_address_count;
};

/** What one rule did since it was compiled, for `status`. */
struct rule_tally {
    uint64_t tries;          /**< lines it was tried on */
    uint64_t ns;             /**< that took, see rules_measure() */
    uint64_t hits;           /**< lines it matched */
    uint64_t limit_hits;     /**< match attempts that PCRE2 gave up at a limit */
    uint64_t odd_severities; /**< severity templates that rendered to none: warning */
};

/** Compile and check: names unique, sources known, patterns, conditions, templates (a
 *  field that no pattern of the rule captures is a warning), severity. All complaints
 *  are made before it gives up.
 *  @configs  of struct rule_config; with @setting borrowed for the life of the rules
 *  @return NULL after an error; otherwise owned by the caller: rules_free(). */
struct rules *rules_compile(const struct conf_blocks *configs,
                            const struct rules_setting *setting, struct arena *arena,
                            struct complaints *complaints);
void rules_free(struct rules *rules);
/** The value of the label `host`. */
struct slice rules_host(const struct rules *rules);
/** What hides secrets; may be NULL. */
const struct redactor *rules_redactor(const struct rules *rules);
size_t rules_count(const struct rules *rules);
struct rule *rules_get(const struct rules *rules, size_t index);
struct slice rule_name(const struct rule *rule);
struct rule_tally rule_tally(const struct rule *rule);
/** The names of all labels that an alert of these rules can have, of which there must
 *  be one at least; in @arena, NULL-terminated. A name may stand there twice. */
const char *const *rules_label_names(const struct rules *rules, struct arena *arena);
/** Do alerts come from outside, whose labels nobody knows before? */
bool rules_have_foreign_alerts(const struct rules *rules);
/** The names of all rules; in @arena, NULL-terminated. */
const char *const *rules_names(const struct rules *rules, struct arena *arena);
/** The limit_hits of all rules. */
uint64_t rules_limit_hits(const struct rules *rules);
/** Quiet for this long: its alerts are over; NEVER_MS: never. */
int64_t rule_resolve_after(const struct rule *rule);
/** Does the rule read the source with this index? */
bool rule_reads(const struct rule *rule, size_t source_index);

/** Would rule @rule see this line (pattern, unless, where; not the kind's state)?
 *  Fills @event's captures, borrowed from @scanner until its next try. */
bool rule_matches(struct rule *rule, struct scanner *scanner, struct event *event);

/** The rule's kind judges @event, which rule_matches() accepted.
 *  @return true and fills *@sighting (in @arena) when this is to be told. */
bool rule_judge(struct rule *rule, const struct event *event, struct arena *arena,
                struct sighting *sighting);

/** The same for who is done with *@sighting before @event dies: it borrows from it. */
bool rule_judge_now(struct rule *rule, const struct event *event, struct arena *arena,
                    struct sighting *sighting);

/** Run `samples:` of all rules: each `match` line must match, each `no_match` must not,
 *  on the labels of the rule's first source. @report gets one call a line.
 *  @return failures */
size_t rules_run_samples(struct rules *rules,
                         void (*report)(void *ctx, const struct rule *rule,
                                        struct slice line, bool wanted, bool passed),
                         void *ctx);

#endif
