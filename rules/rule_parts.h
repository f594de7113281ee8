/**
 * A compiled rule from the inside, for the files that compile it, match with it and
 * judge by it. Outside of rules/ only rule.h is known.
 */
#ifndef TOCSIN_RULES_RULE_PARTS_H
#define TOCSIN_RULES_RULE_PARTS_H

#include "rules/kind.h"
#include "rules/regex.h"
#include "rules/template.h"
#include "rules/where.h"

struct regexes {
    struct regex **items;
    size_t count;
};

/** A label that the rule sets. */
struct rule_label {
    struct slice name;
    const struct template *value;
};

/** What a rule whose labels are the same for all lines says about those of the source
 *  that it saw first. */
struct rule_memo {
    const struct source *source;
    struct labels labels;
    enum severity severity;
    struct arena arena;
};

/** What it is judged by whether the rule matches what its own mails cause. */
struct rule_feedback {
    uint64_t lines, seen_lines;     /**< about our own mails */
    uint64_t near, far;             /**< of them, close behind a mail and not */
    uint64_t first_mail, last_mail; /**< their numbers, since it was judged last */
    uint32_t looks;                 /**< that saw mails and lines behind them */
    int64_t held_until_ms;          /**< mono: until then its alerts share a group */
};

struct rule {
    const struct rule_config *config;
    const struct rules_setting *setting;
    struct slice name;
    bool *reads; /**< by source index */
    struct regexes match, unless;
    struct where *where;
    const struct template *severity, *summary, *description;
    struct rule_label *labels;
    size_t label_count;
    bool has_fixed_labels; /**< no field of a line is in them */
    struct rule_memo memo;
    struct buf text; /**< to render into */
    int64_t resolve_after_ms;
    const struct rule_kind *kind;
    size_t index; /**< its place among the rules */
    struct rule_cost cost;
    uint64_t odd_severities;
    uint64_t (*ticks)(void); /**< see rules_measure() */
    uint64_t watched_ns;     /**< what it had cost when the watch began */
    bool is_suspended;
    int64_t suspended_until_ms; /**< mono */
    struct rule_feedback feedback;
    uint64_t told_limit_hits; /**< see rules_watch_limits() */
    int64_t tell_limits_ms;   /**< mono: not earlier than then */
    char *given_up;           /**< a line on which PCRE2 gave up; clean; NULL: none */
};

struct rules {
    const struct rules_setting *setting;
    struct rule *items;
    size_t count;
    bool is_watching;        /**< since watched_from_ms lines have waited */
    int64_t watched_from_ms; /**< mono */
    size_t suspended_count;
    uint64_t own_mail_lines, own_mail_lines_seen; /**< of all rules */
    uint64_t mails_seen;                          /**< by rules_watch_feedback() */
    int64_t mail_at_ms;                           /**< mono, when it saw the last one */
};

/** Where @scanner counts what @rule costs. */
static inline struct rule_cost *rule_cost_in(struct rule *rule,
                                             const struct scanner *scanner)
{
    return scanner->costs ? &scanner->costs[rule->index] : &rule->cost;
}

/** Keep one line on which PCRE2 gave up, for rules_watch_limits(). */
void rule_note_given_up(struct rule *rule, struct slice line);

/** Compile @config into the zeroed @rule; complains of all its mistakes. What was
 *  compiled is there even then, for rule_clear(). */
void rule_compile(struct rule *rule, const struct rule_config *config,
                  const struct rules_setting *setting, struct arena *arena,
                  struct complaints *complaints);
void rule_clear(struct rule *rule);

/** Warn of what can be seen only in a rule that compiled without a mistake. */
void rule_warn(const struct rule *rule, struct complaints *complaints);

/** Fill *@sighting with what the rule says about one event; it borrows from @event and
 *  @arena. */
void rule_describe(struct rule *rule, const struct event *event, struct arena *arena,
                   struct sighting *sighting);

#endif
