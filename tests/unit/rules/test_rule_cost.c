#include "rules/rule_cost.h"

#include "rig.h"
#include "rules/matcher.h"

/* A clock that a test moves; each reading moves it by @step. */
static uint64_t ticks_now, step;

static uint64_t read_ticks(void)
{
    ticks_now += step;
    return ticks_now;
}

/* A rule without a literal, and how many lines are tried a turn. */
struct cost_rig {
    struct rig *rig;
    struct rule *rule;
    struct now now;
    int suspensions, percent;
};

static struct cost_rig make(const char *yaml)
{
    struct cost_rig cost = { .rig = rig_create() };
    ticks_now = step = 0;
    ck_assert_msg(rig_rules(cost.rig, yaml) != NULL, "%s", rig_complaint(cost.rig));
    cost.rule = rules_get(cost.rig->rules, 0);
    rules_measure(cost.rig->rules, read_ticks);
    return cost;
}

static void try_lines(struct cost_rig *cost, int count)
{
    for (int i = 0; i < count; i++) {
        struct event event = rig_event(cost->rig, SLICE("x"));
        rule_try(cost->rule, cost->rig->scanner, &event);
    }
}

static void note(void *ctx, const struct rule *rule, int percent)
{
    struct cost_rig *cost = ctx;
    ck_assert_slice(rule_name(rule), "a");
    cost->suspensions++;
    cost->percent = percent;
}

/* A second passes, in which the rule takes @ms. */
static void pass_second(struct cost_rig *cost, uint64_t ms, bool is_behind)
{
    step = ms * 1000000;
    try_lines(cost, 1);
    cost->now.mono_ms += 1000;
    rules_watch(cost->rig->rules, cost->now, is_behind, note, cost);
}

static const char one[] = "rules:\n  - {name: a, match: 'x'}\n";

TEST(rule_cost, one_try_of_many_is_timed_and_counts_for_all)
{
    struct cost_rig cost = make(one);
    step = 100;
    try_lines(&cost, 10 * RULE_MEASURE_EVERY);
    ck_assert_uint_eq(ticks_now, 10 * 2 * 100);
    ck_assert_uint_eq(rule_tally(cost.rule).ns, 10 * RULE_MEASURE_EVERY * 100);
    rig_free(cost.rig);
}

TEST(rule_cost, every_try_of_a_slow_rule_is_timed_for_itself)
{
    struct cost_rig cost = make(one);
    step = 30000;
    try_lines(&cost, 5);
    ck_assert_uint_eq(rule_tally(cost.rule).ns, 5 * 30000);
    rig_free(cost.rig);
}

TEST(rule_cost, without_a_clock_nothing_is_timed)
{
    struct cost_rig cost = make(one);
    rules_measure(cost.rig->rules, NULL);
    try_lines(&cost, 5);
    ck_assert_uint_eq(rule_tally(cost.rule).ns, 0);
    ck_assert_uint_eq(rule_tally(cost.rule).tries, 5);
    rig_free(cost.rig);
}

TEST(rule_cost, a_rule_that_takes_more_than_half_while_lines_wait_is_suspended_once)
{
    struct cost_rig cost = make(one);
    for (int second = 0; second < 12; second++)
        pass_second(&cost, 600, true);
    ck_assert_int_eq(cost.suspensions, 1);
    ck_assert_int_ge(cost.percent, 60);
    ck_assert_uint_eq(rules_suspended(cost.rig->rules), 1);
    rig_free(cost.rig);
}

TEST(rule_cost, a_rule_that_takes_less_than_half_goes_on)
{
    struct cost_rig cost = make(one);
    pass_second(&cost, 0, true);
    for (int second = 0; second < 60; second++)
        pass_second(&cost, 490, true);
    ck_assert_int_eq(cost.suspensions, 0);
    rig_free(cost.rig);
}

TEST(rule_cost, nobody_is_suspended_while_no_line_waits)
{
    struct cost_rig cost = make(one);
    for (int second = 0; second < 60; second++)
        pass_second(&cost, 900, second % 9 != 0);
    ck_assert_int_eq(cost.suspensions, 0);
    rig_free(cost.rig);
}

TEST(rule_cost, lines_of_a_suspended_rule_are_counted_and_after_an_hour_it_goes_on)
{
    struct cost_rig cost = make(one);
    for (int second = 0; second < 12; second++)
        pass_second(&cost, 600, true);
    uint64_t tries = rule_tally(cost.rule).tries;
    try_lines(&cost, 7);
    ck_assert_uint_eq(rule_tally(cost.rule).tries, tries);
    uint64_t passed_over = rules_passed_over(cost.rig->rules);
    ck_assert_uint_ge(passed_over, 7);
    cost.now.mono_ms += RULE_SUSPEND_MS;
    rules_watch(cost.rig->rules, cost.now, false, note, &cost);
    ck_assert_uint_eq(rules_suspended(cost.rig->rules), 0);
    try_lines(&cost, 3);
    ck_assert_uint_eq(rule_tally(cost.rule).tries, tries + 3);
    ck_assert_uint_eq(rules_passed_over(cost.rig->rules), passed_over);
    rig_free(cost.rig);
}

TEST(rule_cost, a_pattern_without_a_literal_is_warned_of_with_its_cost)
{
    struct cost_rig cost =
        make("rules:\n  - {name: a, match: ['failed', '\\d+ m$']}\n");
    struct complaints complaints = { .arena = &cost.rig->arena };
    step = 300;
    rules_advise(cost.rig->rules, read_ticks, &complaints);
    ck_assert_uint_eq(complaints.count, 1);
    ck_assert_ptr_nonnull(strstr(complaints.items[0].text, "about 100 ns each"));
    ck_assert_uint_eq(complaints.items[0].at.line, 2);
    complaints_free(&complaints);
    rig_free(cost.rig);
}

TEST(rule_cost, status_shows_what_a_rule_did_in_words_and_as_json)
{
    struct cost_rig cost = make(one);
    struct buf out = buf_make(1000);
    step = 100;
    try_lines(&cost, RULE_MEASURE_EVERY);
    rules_describe(cost.rig->rules, cost.now, FORM_FULL, &out);
    ck_assert_slice(buf_slice(&out), "  a: 64 lines tried, 64 matched, 0 ms, 100 ns a "
                                     "line, tried on every line\n");
    buf_clear(&out);
    rules_describe(cost.rig->rules, cost.now, FORM_JSON, &out);
    ck_assert_slice(
        buf_slice(&out),
        "{\"name\":\"a\",\"tries\":64,\"hits\":64,\"ns\":6400,\"every_line\""
        ":true,\"suspended\":false,\"passed_over\":0}");
    buf_free(&out);
    rig_free(cost.rig);
}

/* --- which rules are tried on every line ------------------------------------------ */

static bool is_tried_on_every_line(const char *yaml)
{
    struct cost_rig cost = make(yaml);
    struct buf out = buf_make(1000);
    rules_describe(cost.rig->rules, cost.now, FORM_FULL, &out);
    bool is = slice_find(buf_slice(&out), SLICE("every line")) != SIZE_MAX;
    buf_free(&out);
    rig_free(cost.rig);
    return is;
}

#define RULE(pattern, condition) \
    "rules:\n  - {name: a, match: '" pattern "', where: ['" condition "']}\n"
#define TWO_FIELDS "^(?<user>\\S+) (?<what>\\S+)"

TEST(rule_cost, a_condition_on_a_part_of_the_line_saves_most_lines_a_try)
{
    static const char *const spared[] = {
        RULE(TWO_FIELDS, "user=backup"),
        RULE(TWO_FIELDS, "what=~\".*(started|ended)\""),
        RULE("x", "line=backup done"),
    };
    for (size_t i = 0; i < sizeof spared / sizeof *spared; i++)
        ck_assert_msg(!is_tried_on_every_line(spared[i]), "%s", spared[i]);
}

TEST(rule_cost, a_condition_on_what_need_not_stand_in_the_line_saves_none)
{
    static const char *const tried[] = {
        RULE(TWO_FIELDS, "user!=backup"),      RULE(TWO_FIELDS, "user=me"),
        RULE(TWO_FIELDS, "what=~\".*\""),      RULE(TWO_FIELDS, "team=shop"),
        RULE("^(?<host>\\S+) x", "host=web1"), RULE("^(?<team>\\S+)? x", "team=shop"),
    };
    for (size_t i = 0; i < sizeof tried / sizeof *tried; i++)
        ck_assert_msg(is_tried_on_every_line(tried[i]), "%s", tried[i]);
}
