/** One function for each thing that is told, and when it is told again. */
#include "agent/reports.h"

#include "agent/app_parts.h"
#include "agent/base/limits.h"
#include "rules/rule_cost.h"
#include "rules/rule_feedback.h"

enum { LOOK_EVERY_MS = 1000, TELL_AGAIN_MS = 15 * 60 * 1000 };

static void tell(struct app *app, const struct self_report *report)
{
    log_warning(app->world.log, "%.*s", SLICE_ARG(report->summary));
    engine_report(app->engine, report, app->now);
}

static void tell_suspended(void *ctx, const struct rule *rule, int percent)
{
    struct app *app = ctx;
    const char *summary =
        arena_printf(&app->turn,
                     "rule '%.*s' took %d %% of the time and is suspended for an hour",
                     SLICE_ARG(rule_name(rule)), percent);
    tell(app, &(struct self_report){
                  .kind = SLICE("suspended-rule"),
                  .object = rule_name(rule),
                  .severity = SEVERITY_WARNING,
                  .summary = slice_of(summary),
                  .description = SLICE(
                      "Lines waited to be read for as long. `tocsin status --rules` "
                      "shows what each rule costs, and counts the lines that this "
                      "one does not see. A pattern is fast when a text of three "
                      "bytes or more stands in all that it matches, and when it "
                      "does not begin with '.*'. A reload lets the rule go on."),
              });
}

static void tell_gave_up(void *ctx, const struct rule *rule, uint64_t count,
                         struct slice line)
{
    struct app *app = ctx;
    const char *summary =
        arena_printf(&app->turn,
                     "rule '%.*s' gave up on %llu %s that its pattern is too slow for",
                     SLICE_ARG(rule_name(rule)), (unsigned long long)count,
                     count == 1 ? "line" : "lines");
    tell(app, &(struct self_report){
                  .kind = SLICE("gave-up"),
                  .object = rule_name(rule),
                  .severity = SEVERITY_WARNING,
                  .summary = slice_of(summary),
                  .description = SLICE(
                      "Such a line counts as not matched by this rule; other rules "
                      "saw it. One of them is shown. Repeats inside of repeats, as in "
                      "'(a+)+', and several '.*' make a pattern slow: say more exactly "
                      "what stands between."),
                  .line = line,
              });
}

static void tell_feedback(void *ctx, const struct rule *rule)
{
    struct app *app = ctx;
    const char *summary =
        arena_printf(&app->turn,
                     "rule '%.*s' seems to feed itself: behind each of the last mails "
                     "came a line about it that the rule matches",
                     SLICE_ARG(rule_name(rule)));
    tell(app, &(struct self_report){
                  .kind = SLICE("feeds-itself"),
                  .object = rule_name(rule),
                  .severity = SEVERITY_WARNING,
                  .summary = slice_of(summary),
                  .description = SLICE(
                      "For an hour all alerts of this rule share the group \"(other)\" "
                      "of their route, so that they make one mail each "
                      "group_interval. Each line is counted. Leave out what the mail "
                      "server logs about these mails with 'unless', or their source "
                      "with 'from'."),
              });
}

/** Keys past the bounds are counted under "(other)": exact, but nobody sees which. */
static void look_at_keys(struct app *app)
{
    const struct engine_tally *tally = engine_tally(app->engine);
    uint64_t keys = tally->overflow_keys - tally->crowded;
    uint64_t fresh = keys - app->told_overflow;
    if (fresh == 0 || app->now.mono_ms < app->tell_overflow_ms)
        return;
    const char *summary =
        arena_printf(&app->turn,
                     "route '%.*s' has too many keys: %llu %s counted under (other)",
                     SLICE_ARG(tally->overflow_route), (unsigned long long)fresh,
                     fresh == 1 ? "line is" : "lines are");
    const char *description = arena_printf(
        &app->turn,
        "A route keeps %d groups, and a group %d alerts; what is past that shares one. "
        "A label with a value for each request or address makes so many: leave it out "
        "of the rule's 'by' or the route's 'group_by'.",
        LIMIT_GROUPS, LIMIT_GROUP_ALERTS);
    tell(app, &(struct self_report){ .kind = SLICE("too-many-keys"),
                                     .object = tally->overflow_route,
                                     .severity = SEVERITY_WARNING,
                                     .summary = slice_of(summary),
                                     .description = slice_of(description) });
    app->told_overflow = keys;
    app->tell_overflow_ms = app->now.mono_ms + TELL_AGAIN_MS;
}

void reports_look(struct app *app)
{
    struct rules *rules = app->config->compiled_rules;
    rules_watch(rules, app->now, app->has_more_input, tell_suspended, app);
    rules_watch_feedback(rules, outputs_tally(app->outputs)->sent, app->now,
                         tell_feedback, app);
    if (app->now.mono_ms < app->reports_look_ms)
        return;
    app->reports_look_ms = app->now.mono_ms + LOOK_EVERY_MS;
    rules_watch_limits(rules, app->now, tell_gave_up, app);
    look_at_keys(app);
}

void reports_refused_config(struct app *app)
{
    const struct self_report report = {
        .kind = SLICE("refused-configuration"),
        .severity = SEVERITY_WARNING,
        .summary = SLICE("the configuration on disk has errors: the one that was "
                         "read before stays in force"),
        .description = SLICE("`tocsin check` shows each error with its line and a "
                             "remedy. A start would fail now."),
    };
    app->reload_failures++;
    log_error(app->world.log, "%.*s", SLICE_ARG(report.summary));
    engine_report(app->engine, &report, app->now);
}
