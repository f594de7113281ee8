/**
 * What rules cost: tries, hits and time, and what is done about one that takes more
 * than its share. rules/ has no clock, so whoever wants times hands one in.
 */
#ifndef TOCSIN_RULES_RULE_COST_H
#define TOCSIN_RULES_RULE_COST_H

#include "agent/base/text.h"
#include "rules/rule.h"

/** Measure from now on. @ticks: nanoseconds that only go on; NULL: do not.
 *  One try in RULE_MEASURE_EVERY is timed and counts for as many, all tries of a rule
 *  behind a slow one. */
void rules_measure(struct rules *rules, uint64_t (*ticks)(void));
enum { RULE_MEASURE_EVERY = 64 };

/** rule_matches(), counted and timed; false for a rule that is suspended. */
bool rule_try(struct rule *rule, struct scanner *scanner, struct event *event);

/** Call once a turn. A rule that took more than half of the time between two looks, at
 *  least RULE_WATCH_MS apart, while lines waited all the time, is suspended for
 *  RULE_SUSPEND_MS; a reload, too, lets it go on.
 *  @is_behind  do lines wait to be read?
 *  @suspended  called for each rule that is suspended now; @percent of a core */
void rules_watch(struct rules *rules, struct now now, bool is_behind,
                 void (*suspended)(void *ctx, const struct rule *rule, int percent),
                 void *ctx);
#define RULE_WATCH_MS (10 * SECOND_MS)
#define RULE_SUSPEND_MS HOUR_MS

/** Call once a turn. Lines on which PCRE2 gave up at its limit did not match: whoever
 *  wrote the rule should know. @gave_up is called once for a rule that did so since the
 *  last call, at most every LIMITS_TELL_MS a rule.
 *  @count  match attempts since it was told last
 *  @line   one of the lines, without secrets and cut */
void rules_watch_limits(struct rules *rules, struct now now,
                        void (*gave_up)(void *ctx, const struct rule *rule,
                                        uint64_t count, struct slice line),
                        void *ctx);
#define LIMITS_TELL_MS (15 * MINUTE_MS)

/** Rules that are suspended now, and lines that were not tried because of that. */
size_t rules_suspended(const struct rules *rules);
uint64_t rules_passed_over(const struct rules *rules);

/** Every rule with its counts; as JSON the objects of an array. */
void rules_describe(const struct rules *rules, struct now now, enum text_form form,
                    struct buf *out);

/** Warn of patterns that are tried on every line, with what that costs on this machine
 *  by @ticks. */
void rules_advise(const struct rules *rules, uint64_t (*ticks)(void),
                  struct complaints *complaints);

#endif
