/**
 * A slip of the pen in a route is no error, since the alert goes to the next one: it is
 * warned of here, before an alert is missed where it was expected.
 */
#include "rules/route_check.h"

static struct place place_at(const struct yaml_node *node)
{
    return node ? node->at : (struct place){ 0 };
}

static void check_names(const struct routes *routes, struct complaints *complaints)
{
    for (size_t i = 0; i < routes->count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (slice_equal(routes->items[i].name, routes->items[k].name))
                complain(complaints, place_at(routes->items[i].config->node),
                         "two routes are named '%.*s'",
                         SLICE_ARG(routes->items[i].name));
        }
    }
}

/** Does every alert that @later takes fulfil the conditions of @first too? */
static bool asks_no_more(const struct route_config *first,
                         const struct route_config *later)
{
    for (size_t i = 0; i < first->match.count; i++) {
        bool is_asked = false;
        for (size_t k = 0; k < later->match.count; k++)
            is_asked |=
                slice_equal(first->match.items[i].value, later->match.items[k].value);
        if (!is_asked)
            return false;
    }
    return true;
}

/** The route before the one at @at that takes all that it would take. */
static const struct route *find_wall(const struct routes *routes, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        const struct route_config *first = routes->items[i].config;
        if (!first->is_continued && asks_no_more(first, routes->items[at].config))
            return &routes->items[i];
    }
    return NULL;
}

/** Can an alert get past each route, and does the last take all? */
static void check_order(const struct routes *routes, struct complaints *complaints)
{
    for (size_t i = 0; i < routes->count; i++) {
        const struct route *route = &routes->items[i];
        const struct route *wall = find_wall(routes, i);
        if (wall)
            complain_softly(complaints, place_at(route->config->node),
                            "route '%.*s' is never reached: '%.*s' before it %s",
                            SLICE_ARG(route->name), SLICE_ARG(wall->name),
                            wall->config->match.count == 0
                                ? "has no 'match' and takes every alert"
                                : "takes all that it would match");
        if (i + 1 == routes->count && route->config->match.count > 0)
            complain(
                complaints, place_at(route->config->node),
                "the last route must have no 'match', so that no alert is left over");
    }
}

static bool is_among(struct slice name, const char *const *names)
{
    for (size_t i = 0; names[i]; i++) {
        if (slice_equal(name, slice_of(names[i])))
            return true;
    }
    return false;
}

/** What names and values in the routes are compared with. */
struct known {
    struct complaints *complaints;
    const char *const *labels, *const *rules; /**< NULL: nobody can know them all */
};

static void check_name(const struct known *known, const char *key, struct slice name,
                       struct place at)
{
    if (known->labels && !is_among(name, known->labels))
        complain_softly(
            known->complaints, at,
            "'%s' names '%.*s', but no rule and no source sets such a label%s", key,
            SLICE_ARG(name),
            did_you_mean(known->complaints->arena, name, known->labels));
}

static void check_matched(void *ctx, struct slice name, struct place at)
{
    check_name(ctx, "match", name, at);
}

/** Only what a label can be, of those that can be few things. */
static void check_value(void *ctx, struct slice name, struct slice value,
                        struct place at)
{
    const struct known *known = ctx;
    struct arena *arena = known->complaints->arena;
    if (slice_equal(name, SLICE("severity")) && !is_among(value, severity_names))
        complain_softly(known->complaints, at,
                        "no alert has the severity '%.*s'; there are info, warning and "
                        "critical%s",
                        SLICE_ARG(value), did_you_mean(arena, value, severity_names));
    if (slice_equal(name, SLICE("rule")) && known->rules &&
        !is_among(value, known->rules))
        complain_softly(known->complaints, at, "there is no rule '%.*s'%s",
                        SLICE_ARG(value), did_you_mean(arena, value, known->rules));
}

/** A label that no alert has groups nothing, and a value that it never has takes
 *  nothing: slips of the pen. */
static void check_labels(const struct routes *routes,
                         const struct routes_setting *setting,
                         struct complaints *complaints)
{
    struct known known = { .complaints = complaints };
    if (!setting->rules || rules_count(setting->rules) == 0)
        return;
    if (!rules_have_foreign_alerts(setting->rules)) {
        known.labels = rules_label_names(setting->rules, complaints->arena);
        known.rules = rules_names(setting->rules, complaints->arena);
    }
    for (size_t i = 0; i < routes->count; i++) {
        const struct route *route = &routes->items[i];
        const struct conf_texts *by = &route->config->group_by;
        for (size_t k = 0; k < by->count && !route->groups_by_all; k++)
            check_name(&known, "group_by", by->items[k].value,
                       place_at(by->items[k].node));
        where_names(route->match, check_matched, &known);
        where_values(route->match, check_value, &known);
    }
}

/* --- the whole -------------------------------------------------------------------- */

void routes_check(const struct routes *routes, const struct routes_setting *setting,
                  struct complaints *complaints)
{
    check_names(routes, complaints);
    check_order(routes, complaints);
    check_labels(routes, setting, complaints);
}
