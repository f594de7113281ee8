/**
 * All rules against a block of lines: calls back for each (rule, line) that matches, in
 * the order of lines, then of rules. The one place where the speed of reading is
 * decided.
 */
#ifndef TOCSIN_RULES_MATCHER_H
#define TOCSIN_RULES_MATCHER_H

#include "rules/gate.h"
#include "rules/rule.h"

struct matcher;

struct matcher *matcher_create(struct rules *rules, size_t source_count);
/** The same with the gate at @level, which is there: all find the same. */
struct matcher *matcher_create_at(struct rules *rules, size_t source_count,
                                  enum gate_level level);
void matcher_free(struct matcher *matcher);

/** Scan @block. @return the number of lines in it (an unterminated last one included),
 *  or 1 for a record.
 *  @found's event is good during the call only. */
uint64_t
matcher_scan(struct matcher *matcher, const struct block *block, int64_t unix_ms,
             void (*found)(void *ctx, struct rule *rule, const struct event *event),
             void *ctx);

/** The first rule that reads @event's source and matches it; NULL: none does. Fills the
 *  event's captures, which are good until the next call. */
struct rule *matcher_first(struct matcher *matcher, struct event *event);

#endif
