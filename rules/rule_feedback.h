/**
 * Rules that feed themselves: each mail makes the mail server write a line, the rule
 * matches it, and that makes a mail. It shows when the last mails were each followed by
 * a line that names one of our own addresses, and hardly any such line came otherwise.
 *
 * What is done about it costs no line: for an hour all alerts of the rule share the
 * group "(other)" of their route, which makes a mail each group_interval, however many
 * keys there are.
 */
#ifndef TOCSIN_RULES_RULE_FEEDBACK_H
#define TOCSIN_RULES_RULE_FEEDBACK_H

#include "rules/rule.h"

/** Count for @rule that it matched @line, if that names one of our addresses. */
void rule_note_own_mail(struct rules *rules, struct rule *rule, struct slice line);

/** Do all alerts of @rule share a group at @now? */
bool rule_is_crowded(const struct rule *rule, struct now now);

/** Call once a turn. @mails  that were handed over so far
 *  @found  called for each rule that is found to feed itself now */
void rules_watch_feedback(struct rules *rules, uint64_t mails, struct now now,
                          void (*found)(void *ctx, const struct rule *rule), void *ctx);

/** Mails after which a rule is judged; a line is near within so long behind one. */
#define FEEDBACK_MAILS 10
#define FEEDBACK_NEAR_MS (10 * SECOND_MS)
#define FEEDBACK_HOLD_MS HOUR_MS

#endif
