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

/** Scan @block, in the thread that owns the rules.
 *  @return the number of lines in it (an unterminated last one included), or 1 for a
 *  record.
 *  @found's event is good during the call only. */
uint64_t
matcher_scan(struct matcher *matcher, const struct block *block, int64_t unix_ms,
             void (*found)(void *ctx, struct rule *rule, const struct event *event),
             void *ctx);

/* --- the same in parts, for who has several threads ------------------------------ */

/** Would matcher_prepare() make a new gate? Then nobody may look meanwhile. */
bool matcher_is_due(const struct matcher *matcher, const struct block *block);
/** To be called once for each block, in their order, by the thread that owns the rules:
 *  what is rare in the log is learned from it. */
void matcher_prepare(struct matcher *matcher, const struct block *block);

/** What a thread does with what it finds. */
struct look {
    int64_t unix_ms;
    void (*found)(void *ctx, struct rule *rule, const struct event *event);
    bool (*is_full)(void *ctx); /**< asked before each line; NULL: it never is */
    void *ctx;
};

/** As matcher_scan(), in any thread; each has its own @scanner. When it is_full(), no
 *  more is looked for, but all lines are counted.
 *  @end  set to where to go on: the begin of a line, or all of the block */
uint64_t matcher_look(const struct matcher *matcher, struct scanner *scanner,
                      const struct block *block, const struct look *look, size_t *end);

/** That of the thread which owns the rules. */
struct scanner *matcher_scanner(const struct matcher *matcher);

/** The first rule that reads @event's source and matches it; NULL: none does. Fills the
 *  event's captures, which are good until the next call. */
struct rule *matcher_first(struct matcher *matcher, struct event *event);

#endif
