/** Time is sampled, because reading a clock costs as much as trying a rule. */
#include "rules/rule_cost.h"

#include <stdlib.h>

#include "agent/base/limits.h"
#include "rules/rule_literals.h"
#include "rules/rule_parts.h"

enum {
    SLOW_NS = 20 * 1000, /* of one try: from here on the clock costs nothing */
    SLOW_TRIES = 1024,   /* that are timed one by one behind a slow one */
    MILLISECOND_NS = 1000 * 1000,
    MAX_PERCENT = 50 /* of a core */
};

void rules_measure(struct rules *rules, uint64_t (*ticks)(void))
{
    for (size_t i = 0; i < rules->count; i++)
        rules->items[i].ticks = ticks;
}

static bool try_timed(struct rule *rule, struct scanner *scanner, struct event *event)
{
    struct rule_cost *cost = rule_cost_in(rule, scanner);
    uint64_t begin = rule->ticks();
    bool matches = rule_matches(rule, scanner, event);
    uint64_t took = rule->ticks() - begin;
    bool stands_for_many = cost->timed_left == 0 && took < SLOW_NS;
    cost->ns += stands_for_many ? took * RULE_MEASURE_EVERY : took;
    cost->timed_left -= cost->timed_left > 0;
    if (took >= SLOW_NS)
        cost->timed_left = SLOW_TRIES;
    return matches;
}

bool rule_try(struct rule *rule, struct scanner *scanner, struct event *event)
{
    struct rule_cost *cost = rule_cost_in(rule, scanner);
    if (rule->is_suspended) {
        cost->passed_over++;
        return false;
    }
    bool is_timed = cost->timed_left > 0 || cost->untimed == 0;
    cost->untimed = (cost->untimed + 1) % RULE_MEASURE_EVERY;
    if (rule->ticks && is_timed)
        return try_timed(rule, scanner, event);
    return rule_matches(rule, scanner, event);
}

/* --- suspending ------------------------------------------------------------------- */

static void begin_watch(struct rules *rules, struct now now)
{
    rules->is_watching = true;
    rules->watched_from_ms = now.mono_ms;
    for (size_t i = 0; i < rules->count; i++)
        rules->items[i].watched_ns = rules->items[i].cost.ns;
}

static void lift(struct rules *rules, struct now now)
{
    for (size_t i = 0; i < rules->count; i++) {
        struct rule *rule = &rules->items[i];
        if (rule->is_suspended && now.mono_ms >= rule->suspended_until_ms) {
            rule->is_suspended = false;
            rules->suspended_count--;
        }
    }
}

void rules_watch(struct rules *rules, struct now now, bool is_behind,
                 void (*suspended)(void *ctx, const struct rule *rule, int percent),
                 void *ctx)
{
    if (rules->suspended_count > 0)
        lift(rules, now);
    if (!is_behind || !rules->is_watching) {
        rules->is_watching = false;
        if (is_behind)
            begin_watch(rules, now);
        return;
    }
    int64_t span_ms = now.mono_ms - rules->watched_from_ms;
    if (span_ms < RULE_WATCH_MS)
        return;
    for (size_t i = 0; i < rules->count; i++) {
        struct rule *rule = &rules->items[i];
        uint64_t spent_ms = (rule->cost.ns - rule->watched_ns) / MILLISECOND_NS;
        int percent = (int)(spent_ms * 100 / (uint64_t)span_ms);
        if (rule->is_suspended || percent <= MAX_PERCENT)
            continue;
        rule->is_suspended = true;
        rule->suspended_until_ms = now.mono_ms + RULE_SUSPEND_MS;
        rules->suspended_count++;
        suspended(ctx, rule, percent);
    }
    begin_watch(rules, now);
}

void rules_watch_limits(struct rules *rules, struct now now,
                        void (*gave_up)(void *ctx, const struct rule *rule,
                                        uint64_t count, struct slice line),
                        void *ctx)
{
    for (size_t i = 0; i < rules->count; i++) {
        struct rule *rule = &rules->items[i];
        if (!rule->given_up || now.mono_ms < rule->tell_limits_ms)
            continue;
        uint64_t hits = rule_tally(rule).limit_hits;
        gave_up(ctx, rule, hits - rule->told_limit_hits, slice_of(rule->given_up));
        rule->told_limit_hits = hits;
        rule->tell_limits_ms = now.mono_ms + LIMITS_TELL_MS;
        free(rule->given_up);
        rule->given_up = NULL;
    }
}

size_t rules_suspended(const struct rules *rules)
{
    return rules->suspended_count;
}

uint64_t rules_passed_over(const struct rules *rules)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < rules->count; i++)
        sum += rules->items[i].cost.passed_over;
    return sum;
}

/* --- what people ask -------------------------------------------------------------- */

static bool has_literal(const struct rule *rule)
{
    struct arena arena = { 0 };
    struct literals literals;
    bool has = rule_literals(rule, NULL, &arena, &literals);
    arena_free(&arena);
    return has;
}

static void describe(const struct rule *rule, struct now now, struct buf *out)
{
    buf_puts(out, "  ");
    text_put_clean(out, rule->name, false);
    buf_puts(out, ": ");
    text_put_count(out, rule->cost.tries, "line", "lines");
    buf_printf(out, " tried, %llu matched", (unsigned long long)rule->cost.hits);
    if (rule->ticks && rule->cost.tries > 0)
        buf_printf(out, ", %llu ms, %llu ns a line",
                   (unsigned long long)(rule->cost.ns / MILLISECOND_NS),
                   (unsigned long long)(rule->cost.ns / rule->cost.tries));
    if (!has_literal(rule))
        buf_puts(out, ", tried on every line");
    if (rule->is_suspended) {
        buf_puts(out, "\n    SUSPENDED because it takes too much time; goes on in ");
        text_put_duration(out, (rule->suspended_until_ms - now.mono_ms) / SECOND_MS *
                                   SECOND_MS);
    }
    if (rule->cost.passed_over > 0)
        buf_printf(out, "\n    %llu lines not tried while it was suspended",
                   (unsigned long long)rule->cost.passed_over);
    buf_putc(out, '\n');
}

static void describe_as_json(const struct rule *rule, struct buf *out)
{
    text_put_comma(out);
    buf_puts(out, "{\"name\":");
    text_put_json(out, rule->name);
    buf_printf(out, ",\"tries\":%llu,\"hits\":%llu,\"ns\":%llu",
               (unsigned long long)rule->cost.tries,
               (unsigned long long)rule->cost.hits, (unsigned long long)rule->cost.ns);
    buf_printf(out, ",\"every_line\":%s,\"suspended\":%s,\"passed_over\":%llu}",
               has_literal(rule) ? "false" : "true",
               rule->is_suspended ? "true" : "false",
               (unsigned long long)rule->cost.passed_over);
}

void rules_describe(const struct rules *rules, struct now now, enum text_form form,
                    struct buf *out)
{
    for (size_t i = 0; i < rules->count; i++) {
        if (form == FORM_JSON)
            describe_as_json(&rules->items[i], out);
        else
            describe(&rules->items[i], now, out);
    }
}

/* --- advice ----------------------------------------------------------------------- */

/* Of the length that lines of logs have, and without what most patterns begin with. */
static const char *const usual_lines[] = {
    "Nov 23 08:00:00 web1 app[4711]: request 8f3a1c of user 17 took 23 ms, 512 bytes",
    "2026-11-23 08:00:00,955 INFO [pool-3-thread-7] com.example.Job - 250 rows done",
    "192.0.2.7 - - [23/Nov/2026:08:00:00 +0000] \"GET /a/b?c=d HTTP/1.1\" 200 5120",
};
enum { USUAL_LINES = sizeof usual_lines / sizeof *usual_lines, ROUNDS = 200 };

/* The best of many rounds: what else the machine did is not the pattern's fault. */
static uint64_t cost_of_line(const struct regex *regex, uint64_t (*ticks)(void))
{
    uint64_t least = UINT64_MAX;
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t begin = ticks();
        for (size_t i = 0; i < USUAL_LINES; i++)
            (void)regex_match(regex, slice_of(usual_lines[i]), NULL, NULL);
        uint64_t took = ticks() - begin;
        least = took < least ? took : least;
    }
    return least / USUAL_LINES;
}

static void advise(const struct rule *rule, size_t index, uint64_t (*ticks)(void),
                   struct complaints *complaints)
{
    struct arena arena = { 0 };
    struct literals literals;
    const struct conf_text *pattern = &rule->config->match.items[index];
    if (!rule_pattern_literals(rule, index, NULL, &arena, &literals))
        complain_softly(
            complaints, pattern->node ? pattern->node->at : (struct place){ 0 },
            "this pattern is tried on every line, about %llu ns each, because no text "
            "of %d bytes or more stands in all that it matches; put one in, or name "
            "the rule's sources with 'from'",
            (unsigned long long)cost_of_line(rule->match.items[index], ticks),
            LITERAL_MIN_BYTES);
    arena_free(&arena);
}

void rules_advise(const struct rules *rules, uint64_t (*ticks)(void),
                  struct complaints *complaints)
{
    for (size_t i = 0; i < rules->count; i++)
        for (size_t k = 0; k < rules->items[i].match.count; k++)
            advise(&rules->items[i], k, ticks, complaints);
}
