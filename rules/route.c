/** The table of a route's keys, and what a table cannot check. */
#include "rules/route_check.h"

#include <stdlib.h>

#include "agent/base/hash.h"
#include "agent/base/mem.h"

static const char *const empty_names[] = { "skip", "send", NULL };

static const struct field digest_fields[] = {
    TEXT(struct digest_config, at,
         .doc = "The time of day at which the digest is sent, as \"08:00\"."),
    TEXT(struct digest_config, zone,
         .doc = "The time zone of `at`, as Europe/Berlin. Default: the host's."),
    DURATION(struct digest_config, every, .min = SECOND_MS, .max = 366 * DAY_MS,
             .doc = "The time between two digests, instead of `at`."),
    CHOICE(struct digest_config, empty, .def = "skip", .choices = empty_names,
           .doc = "What to do when nothing was counted: skip the mail or send it."),
};
static const struct schema digest_schema = {
    .name = "digest",
    .doc = "All alerts of the route in one mail, at a time of day or every so often.",
    .size = sizeof(struct digest_config),
    .node_offset = offsetof(struct digest_config, node),
    .fields = digest_fields,
    .field_count = sizeof digest_fields / sizeof *digest_fields,
};

static const struct field limit_fields[] = {
    COUNT(struct limit_config, mails, .is_required = true, .min = 1, .max = 100000,
          .doc = "So many mails may go at once."),
    DURATION(struct limit_config, per, .is_required = true, .min = SECOND_MS,
             .max = 366 * DAY_MS,
             .doc = "In this time as many mails are allowed again, evenly spread."),
};
static const struct schema limit_schema = {
    .name = "limit",
    .doc = "How many mails the route may send. What is over is held back and goes, "
           "counted, into one mail as soon as the limit allows.",
    .size = sizeof(struct limit_config),
    .node_offset = offsetof(struct limit_config, node),
    .fields = limit_fields,
    .field_count = sizeof limit_fields / sizeof *limit_fields,
};

static const struct field route_fields[] = {
    TEXT(struct route_config, name,
         .doc =
             "The name that mails show and under which its state is kept. Without it, "
             "mails say route-1, route-2, ..., and the state is kept under what "
             "`match` and `to` say."),
    TEXTS(struct route_config, match,
          .doc = "Conditions on the alert's labels, all of which must hold."),
    TEXTS(struct route_config, to, .is_required = true,
          .doc = "The names of the outputs that are told."),
    TEXTS(struct route_config, fallback,
          .doc = "The names of outputs that are told too when a mail is given up, or "
                 "waits for longer than `fallback_after`: a Maildir, or another "
                 "account."),
    DURATION(struct route_config, fallback_after, .def = "10m", .min = SECOND_MS,
             .max = 5 * DAY_MS,
             .doc = "How long a mail may wait before the outputs of `fallback` are "
                    "told."),
    TEXTS(struct route_config, group_by, .def = "rule",
          .doc =
              "Alerts that agree in these labels share a mail. ['...']: all labels. "
              "The subject says CRITICAL when the first mail was, then the rule (when "
              "that mail was about one alone), the host and the other labels; it is "
              "the same for all mails of a thread, or Gmail would not thread them."),
    DURATION(struct route_config, group_wait, .def = "30s", .max = DAY_MS,
             .doc = "How long the first alert of a group waits for company."),
    DURATION(struct route_config, group_interval, .def = "5m", .min = SECOND_MS,
             .max = 30 * DAY_MS,
             .doc = "The time between two looks at a group that was told already."),
    DURATION(struct route_config, repeat_interval, .def = "4h", .min = SECOND_MS,
             .max = 366 * DAY_MS,
             .doc = "When a group that is still on is told again."),
    BLOCK(struct route_config, digest, struct digest_config, .sub = &digest_schema,
          .doc = "Send no mail for single groups, but digests."),
    BLOCK(struct route_config, limit, struct limit_config, .sub = &limit_schema,
          .doc = "How many mails the route may send."),
    FIELD_AS("continue", FIELD_BOOL, bool, struct route_config, is_continued,
             .doc = "Ask the next routes too, although this one took the alert."),
    BOOL(struct route_config, send_resolved,
         .doc = "Also mail \"quiet again\" when nothing new was counted. That what was "
                "posted is over, as its sender says, is mailed in any case."),
};
const struct schema route_schema = {
    .name = "route",
    .doc = "Who is told, and how alerts share a mail. The first route whose conditions "
           "hold takes the alert; the last one takes the rest.",
    .size = sizeof(struct route_config),
    .node_offset = offsetof(struct route_config, node),
    .fields = route_fields,
    .field_count = sizeof route_fields / sizeof *route_fields,
};

/** What the checks of one route need. */
struct compiling {
    const struct routes_setting *setting;
    struct arena *arena;
    struct complaints *complaints;
};

static struct place place_at(const struct yaml_node *node)
{
    return node ? node->at : (struct place){ 0 };
}

static void unknown_output(struct compiling *compiling, const struct conf_text *name)
{
    const struct routes_setting *setting = compiling->setting;
    const char **choices =
        arena_zalloc(compiling->arena, (setting->output_count + 1) * sizeof *choices);
    for (size_t i = 0; i < setting->output_count; i++)
        choices[i] = arena_text(compiling->arena, setting->outputs[i].value);
    complain(compiling->complaints, place_at(name->node),
             "there is no output named '%.*s'%s", SLICE_ARG(name->value),
             did_you_mean(compiling->arena, name->value, choices));
}

static bool has_name(const struct conf_texts *names, size_t count, struct slice name)
{
    for (size_t i = 0; i < count; i++) {
        if (slice_equal(names->items[i].value, name))
            return true;
    }
    return false;
}

static void check_names(struct compiling *compiling, const struct conf_texts *names,
                        const char *key)
{
    const struct routes_setting *setting = compiling->setting;
    for (size_t i = 0; i < names->count; i++) {
        const struct conf_text *name = &names->items[i];
        bool is_known = false;
        for (size_t k = 0; k < setting->output_count; k++)
            is_known |= slice_equal(setting->outputs[k].value, name->value);
        if (!is_known)
            unknown_output(compiling, name);
        if (has_name(names, i, name->value))
            complain(compiling->complaints, place_at(name->node),
                     "output '%.*s' stands twice in '%s': the mail would come twice",
                     SLICE_ARG(name->value), key);
    }
}

static void check_outputs(struct compiling *compiling,
                          const struct route_config *config)
{
    check_names(compiling, &config->to, "to");
    check_names(compiling, &config->fallback, "fallback");
    for (size_t i = 0; i < config->fallback.count; i++) {
        const struct conf_text *name = &config->fallback.items[i];
        if (has_name(&config->to, config->to.count, name->value))
            complain(compiling->complaints, place_at(name->node),
                     "output '%.*s' is told anyway by 'to'; a fallback is another one",
                     SLICE_ARG(name->value));
    }
}

static void check_group_by(struct compiling *compiling, struct route *route)
{
    const struct conf_texts *by = &route->config->group_by;
    for (size_t i = 0; i < by->count; i++) {
        if (!slice_equal(by->items[i].value, SLICE("...")))
            continue;
        route->groups_by_all = true;
        if (by->count > 1)
            complain(compiling->complaints, place_at(by->items[i].node),
                     "'...' means all labels and must stand alone in 'group_by'");
    }
}

/** @return the zone of a daily digest; NULL after a complaint. */
static struct zone *find_zone(struct compiling *compiling, const struct conf_text *name)
{
    struct err err;
    if (name->value.len == 0)
        return zone_local();
    struct zone *zone = zone_load(name->value, &err);
    if (!zone)
        complain(compiling->complaints, place_at(name->node), "%s", err.text);
    return zone;
}

static void compile_digest(struct compiling *compiling, struct route *route)
{
    const struct digest_config *digest = route->config->digest;
    struct complaints *complaints = compiling->complaints;
    if (!digest)
        return;
    bool has_at = digest->at.value.len > 0;
    if (has_at && digest->every > 0)
        complain(complaints, place_at(digest->node),
                 "a digest has either 'at' or 'every', not both");
    if (!has_at && digest->every == 0)
        complain(complaints, place_at(digest->node),
                 "a digest needs 'at' (as \"08:00\") or 'every' (as 1h)");
    if (!has_at && digest->zone.value.len > 0)
        complain(complaints, place_at(digest->zone.node),
                 "'zone' is the time zone of 'at' and means nothing without it");
    if (route->config->limit)
        complain(complaints, place_at(route->config->limit->node),
                 "a digest is one mail already: remove 'limit' or 'digest'");
    if (!has_at)
        return;
    if (!zone_parse_clock(digest->at.value, &route->digest_minute))
        complain(complaints, place_at(digest->at.node),
                 "'%.*s' is not a time of day; write it as \"08:00\"",
                 SLICE_ARG(digest->at.value));
    route->digest_zone = find_zone(compiling, &digest->zone);
}

static uint64_t hash_texts(uint64_t hash, const struct conf_texts *texts)
{
    uint64_t sum = 0; /* their order says nothing */
    for (size_t i = 0; i < texts->count; i++)
        sum += hash_bytes(texts->items[i].value);
    return hash_more(hash, slice_make((const char *)&sum, sizeof sum));
}

/** Where two say the same, the second is told from the first by its number among them.
 */
static void give_key(struct compiling *compiling, const struct route *before,
                     size_t before_count, struct route *route)
{
    const struct route_config *config = route->config;
    uint64_t hash = hash_texts(hash_texts(0, &config->match), &config->to);
    size_t number = 1;
    route->key = config->name.value;
    while (route->key.len == 0) {
        struct slice key = slice_of(arena_printf(compiling->arena, "route %016llx/%zu",
                                                 (unsigned long long)hash, number++));
        bool is_taken = false;
        for (size_t i = 0; i < before_count; i++)
            is_taken |= slice_equal(before[i].key, key);
        if (!is_taken)
            route->key = key;
    }
}

static void compile_one(struct compiling *compiling, const struct route_config *config,
                        size_t index, struct route *route)
{
    *route = (struct route){ .config = config, .digest_minute = -1 };
    route->name = config->name.value;
    if (route->name.len == 0)
        route->name = slice_of(arena_printf(compiling->arena, "route-%zu", index + 1));
    route->match = where_compile(&config->match, compiling->setting->files,
                                 compiling->arena, compiling->complaints);
    check_outputs(compiling, config);
    check_group_by(compiling, route);
    compile_digest(compiling, route);
}

bool routes_compile(const struct conf_blocks *configs,
                    const struct routes_setting *setting, struct arena *arena,
                    struct routes *routes, struct complaints *complaints)
{
    struct compiling compiling = { setting, arena, complaints };
    const struct route_config *config = configs->items;
    size_t errors_before = complaints->error_count;
    *routes = (struct routes){ 0 };
    if (configs->count == 0) {
        complain(complaints, (struct place){ 0 },
                 "there are no routes: add 'routes: [{to: [NAME-OF-AN-OUTPUT]}]'");
        return false;
    }
    routes->items = arena_zalloc(arena, configs->count * sizeof *routes->items);
    routes->count = configs->count;
    for (size_t i = 0; i < configs->count; i++) {
        compile_one(&compiling, &config[i], i, &routes->items[i]);
        give_key(&compiling, routes->items, i, &routes->items[i]);
    }
    routes_check(routes, setting, complaints);
    if (complaints->error_count == errors_before)
        return true;
    routes_free(routes);
    return false;
}

void routes_free(struct routes *routes)
{
    for (size_t i = 0; i < routes->count; i++) {
        where_free(routes->items[i].match);
        zone_free(routes->items[i].digest_zone);
    }
    *routes = (struct routes){ 0 };
}
