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

/** A label that no alert has groups nothing: a slip of the pen. */
static void check_labels(const struct routes *routes,
                         const struct routes_setting *setting,
                         struct complaints *complaints)
{
    struct arena *arena = complaints->arena;
    if (!setting->rules || rules_count(setting->rules) == 0)
        return;
    const char *const *names = rules_label_names(setting->rules, arena);
    for (size_t i = 0; i < routes->count; i++) {
        const struct conf_texts *by = &routes->items[i].config->group_by;
        for (size_t k = 0; k < by->count && !routes->items[i].groups_by_all; k++) {
            struct slice name = by->items[k].value;
            if (!is_among(name, names))
                complain_softly(complaints, place_at(by->items[k].node),
                                "'group_by' names '%.*s', but no rule and no source "
                                "sets such a label%s",
                                SLICE_ARG(name), did_you_mean(arena, name, names));
        }
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
