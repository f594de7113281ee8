/**
 * What comes in: a sighting finds its routes, its group on each, and its alert there,
 * and is counted. Nothing is decided here; that is flush.c, when time has come.
 */
#include "rules/engine_inside.h"

#include <stdlib.h>

#include "agent/base/hash.h"
#include "agent/base/must.h"
#include "agent/base/text.h"
#include "rules/rule_parts.h"
#include "rules/telling.h"

/* Nobody says that the wall clock was set: while a digest waits for a time of day, it
 * is looked at this often. */
enum { CLOCK_LOOK_MS = MINUTE_MS };

/* --- creation --------------------------------------------------------------------- */

static void lane_init(struct lane *lane, const struct route *route, struct now now)
{
    const struct route_config *config = route->config;
    lane->route = route;
    lane->since_unix_ms = now.unix_ms;
    lane->piece.kind = PIECE_ROUTE;
    if (config->limit)
        lane->limit = limit_make(config->limit->mails, config->limit->per, now.mono_ms);
    if (config->digest)
        lane->digest = route->digest_minute >= 0
                           ? digest_daily(route->digest_zone, route->digest_minute, now)
                           : digest_every(config->digest->every, now);
}

struct engine *engine_create(struct rules *rules, const struct routes *routes,
                             size_t source_count, uint64_t seed, struct now now)
{
    struct engine *engine = mem_zalloc(sizeof *engine);
    engine->routes = routes;
    engine->rules = rules;
    engine->matcher = matcher_create(rules, source_count);
    engine->lanes = mem_zalloc(routes->count * sizeof *engine->lanes);
    engine->lane_count = routes->count;
    engine->key = buf_make(LABELS_KEY_BYTES);
    engine->clock_offset_ms = now.unix_ms - now.mono_ms;
    engine->limits_before = rules_limit_hits(rules);
    engine->paths = mem_zalloc(rules_count(rules) * sizeof *engine->paths);
    engine->tally = mem_zalloc(sizeof *engine->tally);
    engine->dedup.pieces = &engine->pieces;
    engine->dedup.now = now;
    rng_seed(&engine->rng, seed);
    for (size_t i = 0; i < routes->count; i++) {
        lane_init(&engine->lanes[i], &routes->items[i], now);
        lane_schedule(engine, &engine->lanes[i], now);
        /* A first start is remembered: an interval runs from there,
         * over all restarts. */
        if (lane_has_digest(&engine->lanes[i]))
            pieces_touch(&engine->pieces, &engine->lanes[i].piece);
    }
    return engine;
}

void engine_free(struct engine *engine)
{
    struct alert_group *group;
    if (!engine)
        return;
    for (size_t i = 0; i < engine->lane_count; i++) {
        size_t at = 0;
        while ((group = lane_next(&engine->lanes[i], &at)))
            group_free(group);
        map_free(&engine->lanes[i].groups);
    }
    heap_free(&engine->group_wakes);
    heap_free(&engine->lane_wakes);
    dedup_free(&engine->dedup);
    pieces_free(&engine->pieces);
    matcher_free(engine->matcher);
    hits_free(&engine->hits);
    free(engine->lines);
    free(engine->paths);
    arena_free(&engine->arena);
    arena_free(&engine->scratch);
    buf_free(&engine->key);
    free(engine->lanes);
    free(engine->tally);
    free(engine);
}

/* --- routes ----------------------------------------------------------------------- */

static struct slice look_up_label(const void *ctx, struct slice name)
{
    return labels_find(ctx, name);
}

bool route_takes(const struct route *route, const struct labels *labels)
{
    return where_holds(route->match, look_up_label, labels, NULL);
}

struct labels route_group_labels(const struct route *route, const struct labels *labels,
                                 struct arena *arena)
{
    const struct conf_texts *by = &route->config->group_by;
    struct labels own = { 0 };
    if (route->groups_by_all)
        return *labels;
    for (size_t i = 0; i < by->count; i++) {
        struct slice name = by->items[i].value;
        /* They are no more than the alert has, so each fits. */
        must(labels_set(&own, arena, name, labels_find(labels, name)));
    }
    return own;
}

void lane_schedule(struct engine *engine, struct lane *lane, struct now now)
{
    int64_t at_ms = NEVER_MS;
    if (lane_has_digest(lane))
        at_ms = earlier_ms(digest_wake_at(&lane->digest, now),
                           lane->route->digest_zone ? now.mono_ms + CLOCK_LOOK_MS
                                                    : NEVER_MS);
    else if (lane->held_count > 0)
        at_ms = limit_ready_at(&lane->limit);
    heap_set(&engine->lane_wakes, &lane->wake, at_ms);
}

/* --- groups ----------------------------------------------------------------------- */

struct alert_group *lane_next(const struct lane *lane, size_t *at)
{
    if (*at == SIZE_MAX)
        return NULL;
    struct alert_group *group = map_next(&lane->groups, at);
    if (group)
        return group;
    *at = SIZE_MAX;
    return lane->other;
}

static struct alert_group *make_group(struct engine *engine, struct lane *lane,
                                      const struct labels *labels)
{
    engine->tally->groups++;
    return group_create(labels, lane->route, &engine->pieces, &engine->dedup);
}

struct alert_group *lane_other(struct engine *engine, struct lane *lane)
{
    static const struct labels none = { 0 };
    if (!lane->other) {
        lane->other = make_group(engine, lane, &none);
        lane->other->is_other = true;
    }
    return lane->other;
}

static struct slice key_of(struct engine *engine, const struct labels *labels)
{
    buf_clear(&engine->key);
    labels_save(labels, &engine->key);
    must(!engine->key.overflowed);
    return buf_slice(&engine->key);
}

struct alert_group *lane_group(struct engine *engine, struct lane *lane,
                               const struct labels *group_labels)
{
    struct alert_group *group = map_find(&lane->groups, key_of(engine, group_labels));
    if (group)
        return group;
    if (lane->groups.count >= LIMIT_GROUPS)
        return lane_other(engine, lane);
    group = make_group(engine, lane, group_labels);
    map_put(&lane->groups, group->key, group);
    return group;
}

void group_forget(struct engine *engine, struct alert_group *group)
{
    struct lane *lane = lane_of(engine, group);
    size_t before = group_alert_count(group);
    group_clear(group);
    tally_alerts(engine, group, before);
    heap_drop(&engine->group_wakes, &group->wake);
    pieces_drop(&engine->pieces, &group->piece);
    if (group->is_held)
        lane->held_count--;
    if (group->is_other)
        lane->other = NULL;
    else
        map_take(&lane->groups, group->key);
    engine->tally->groups--;
    group_free(group);
}

void make_thread(struct engine *engine, char thread[33])
{
    static const char hex[] = "0123456789abcdef";
    for (int i = 0; i < 32; i += 16) {
        uint64_t random = rng_next(&engine->rng);
        for (int k = 0; k < 16; k++)
            thread[i + k] = hex[random >> (4 * k) & 15];
    }
    thread[32] = '\0';
}

void group_begin(struct engine *engine, struct alert_group *group, struct now now)
{
    const struct route_config *config = group->route->config;
    make_thread(engine, group->thread);
    group->mail_count = 0;
    group_set_topic(group, SLICE(""));
    group->began_critical = group->is_told = false;
    group->since_unix_ms = now.unix_ms;
    group->tick_ms = now.mono_ms + config->group_wait;
    /* What comes back soon after its last mail waits as the rest of that thread would
     * have: two mails of a group are never closer than group_interval. */
    if (group->told_ms != NEVER_MS &&
        group->tick_ms < group->told_ms + config->group_interval)
        group->tick_ms = group->told_ms + config->group_interval;
    /* The look at which it would have been forgotten may come before that. */
    heap_drop(&engine->group_wakes, &group->wake);
    pieces_touch(&engine->pieces, &group->piece);
}

void tally_alerts(struct engine *engine, const struct alert_group *group, size_t before)
{
    engine->tally->alerts += group_alert_count(group) - before;
}

/* --- the way in ------------------------------------------------------------------- */

void schedule_news(struct engine *engine, struct alert_group *group, struct now now)
{
    if (group->is_held || group->route->config->digest)
        return;
    int64_t at_ms = group_beat(group, now.mono_ms);
    if (group->wake.place == 0 || at_ms < group->wake.at_ms)
        heap_set(&engine->group_wakes, &group->wake, at_ms);
}

void tally_counted(struct engine *engine, const struct alert *alert, uint64_t count)
{
    engine->tally->matches += count;
    engine->tally->open += count;
    if (!alert->group->is_other && !alert->is_other)
        return;
    engine->tally->overflow_keys += count;
    engine->tally->overflow_route = alert->group->route->name;
}

/** From here on @alert is the one with the sighting's fingerprint. Where it shares its
 *  alert with others, it is only remembered that it was counted. */
static void identify(struct engine *engine, struct alert *alert,
                     const struct sighting *sighting, struct now now)
{
    struct dedup *dedup = &engine->dedup;
    if (alert->is_other || alert->fingerprint != 0) {
        dedup_remember(dedup, sighting->fingerprint, sighting->occurrence,
                       sighting->ended_unix_ms != 0,
                       later_by_ms(now.mono_ms, sighting->resolve_after_ms));
        return;
    }
    alert->fingerprint = sighting->fingerprint;
    alert->occurrence = sighting->occurrence;
    dedup_open(dedup, alert);
}

static void count_taken(struct engine *engine, struct alert *alert, uint64_t count,
                        struct now now)
{
    tally_counted(engine, alert, count);
    /* Those that are told change nothing: the group looks at them when it wakes. */
    if (!alert->is_told)
        schedule_news(engine, alert->group, now);
}

static struct alert *take(struct engine *engine, struct lane *lane,
                          const struct sighting *sighting, struct now now)
{
    arena_clear(&engine->scratch);
    struct labels group_labels =
        route_group_labels(lane->route, &sighting->labels, &engine->scratch);
    struct alert_group *group = sighting->is_crowded
                                    ? lane_other(engine, lane)
                                    : lane_group(engine, lane, &group_labels);
    size_t before = group_alert_count(group);
    uint64_t left_before = group->left_count;
    if (before == 0)
        group_begin(engine, group, now);
    struct alert *alert = group_count(group, sighting, &engine->key, now);
    if (sighting->fingerprint != 0)
        identify(engine, alert, sighting, now);
    tally_alerts(engine, group, before);
    engine->tally->alerts_left += group->left_count - left_before;
    if (sighting->is_crowded)
        engine->tally->crowded += sighting->count;
    count_taken(engine, alert, sighting->count, now);
    return alert;
}

struct alert *lane_alert(const struct engine *engine, const struct lane *lane,
                         uint64_t fingerprint)
{
    struct alert *alert = dedup_find(&engine->dedup, fingerprint);
    while (alert && alert->group->route != lane->route)
        alert = dedup_next(&engine->dedup, alert);
    return alert;
}

/** An alert that the lane keeps was counted by whoever knows its fingerprint; that
 *  something is over is news only where each digest stands for itself. */
static bool is_wanted(const struct engine *engine, const struct lane *lane,
                      const struct sighting *sighting)
{
    if (sighting->fingerprint == 0)
        return true;
    return !lane_alert(engine, lane, sighting->fingerprint) &&
           (sighting->count > 0 || lane_has_digest(lane));
}

struct trodden *engine_path(const struct engine *engine, const struct rule *rule)
{
    return &engine->paths[rule - engine->rules->items];
}

bool engine_path_leads(const struct engine *engine, const struct trodden *path,
                       const struct labels *labels)
{
    return path->labels == labels->items &&
           path->drop_count == engine->pieces.drop_count;
}

/** Thousands of lines of one rule go to one alert: only the first asks the way.
 *  @return whether it was known. */
static bool take_again(struct engine *engine, const struct sighting *sighting,
                       struct now now)
{
    if (!sighting->has_lasting_labels || sighting->is_crowded)
        return false;
    const struct trodden *path = engine_path(engine, sighting->rule);
    if (!engine_path_leads(engine, path, &sighting->labels))
        return false;
    group_count_again(path->alert, sighting, now);
    count_taken(engine, path->alert, sighting->count, now);
    return true;
}

/** An "(other)" is no place to come back to: there may be room again. */
static void remember_path(struct engine *engine, const struct sighting *sighting,
                          struct alert *alert)
{
    if (!sighting->has_lasting_labels || alert->is_other || alert->group->is_other)
        return;
    *engine_path(engine, sighting->rule) =
        (struct trodden){ .labels = sighting->labels.items,
                          .alert = alert,
                          .drop_count = engine->pieces.drop_count };
}

void engine_admit(struct engine *engine, const struct sighting *sighting,
                  struct now now)
{
    struct alert *alert = NULL;
    size_t taken_count = 0;
    engine->dedup.now = now;
    if (take_again(engine, sighting, now))
        return;
    for (size_t i = 0; i < engine->lane_count; i++) {
        const struct route *route = engine->lanes[i].route;
        if (!route_takes(route, &sighting->labels))
            continue;
        if (is_wanted(engine, &engine->lanes[i], sighting)) {
            alert = take(engine, &engine->lanes[i], sighting, now);
            taken_count++;
        }
        if (!route->config->is_continued)
            break;
    }
    if (taken_count == 1)
        remember_path(engine, sighting, alert);
}

/* --- what people ask -------------------------------------------------------------- */

int64_t engine_wake_at(const struct engine *engine)
{
    return earlier_ms(heap_wake_at(&engine->group_wakes),
                      heap_wake_at(&engine->lane_wakes));
}

const struct engine_tally *engine_tally(const struct engine *engine)
{
    engine->tally->regex_limits =
        rules_limit_hits(engine->rules) - engine->limits_before;
    return engine->tally;
}

void engine_count_on(struct engine *engine, const struct engine *before)
{
    struct engine_tally *to = engine->tally;
    const struct engine_tally *from = engine_tally(before);
    to->lines += from->lines;
    to->bytes += from->bytes;
    to->matches += from->matches;
    to->told += from->told;
    for (size_t i = 0; i <= NOTICE_SHUTDOWN; i++)
        to->notices[i] += from->notices[i];
    to->held_mails += from->held_mails;
    to->overflow_keys += from->overflow_keys;
    to->crowded += from->crowded;
    to->own_lines += from->own_lines;
    to->alerts_left += from->alerts_left;
    to->repeats += from->repeats;
    engine->limits_before -= from->regex_limits;
}

static void describe_wake(int64_t at_ms, struct now now, struct buf *out)
{
    int64_t left_ms = at_ms > now.mono_ms ? at_ms - now.mono_ms : 0;
    if (at_ms == NEVER_MS)
        return;
    buf_puts(out, ", next look in ");
    text_put_duration(out, left_ms - left_ms % SECOND_MS);
}

static void describe_group(const struct alert_group *group, struct now now,
                           struct buf *out)
{
    struct arena arena = { 0 };
    buf_puts(out, "  ");
    text_put_clean(out, group->route->name, false);
    buf_puts(out, ": ");
    text_put_clean(out, group_title(group, &arena), false);
    buf_puts(out, "\n    ");
    text_put_count(out, group_alert_count(group), "alert", "alerts");
    buf_puts(out, ", ");
    text_put_count(out, group->new_count, "line", "lines");
    buf_puts(out, " not told yet, ");
    text_put_count(out, group->mail_count, "mail", "mails");
    buf_puts(out, group->is_held ? " so far, held back by the limit" : " so far");
    if (group->wake.place != 0)
        describe_wake(group->wake.at_ms, now, out);
    buf_putc(out, '\n');
    arena_free(&arena);
}

static void describe_group_as_json(const struct alert_group *group, struct now now,
                                   struct buf *out)
{
    struct arena arena = { 0 };
    bool has_wake = group->wake.place != 0 && group->wake.at_ms != NEVER_MS;
    text_put_comma(out);
    buf_puts(out, "{\"route\":");
    text_put_json(out, group->route->name);
    buf_puts(out, ",\"title\":");
    text_put_json(out, group_title(group, &arena));
    buf_printf(out, ",\"alerts\":%zu,\"open\":%llu,\"mails\":%u,\"held\":%s",
               group_alert_count(group), (unsigned long long)group->new_count,
               group->mail_count, group->is_held ? "true" : "false");
    buf_printf(out, ",\"next_ms\":%lld}",
               has_wake ? (long long)(now.unix_ms + group->wake.at_ms - now.mono_ms)
                        : 0LL);
    arena_free(&arena);
}

/** The digest of a route, or what its limit holds back. */
static void describe_lane(const struct lane *lane, struct now now, struct buf *out)
{
    if (lane->wake.place == 0)
        return;
    buf_puts(out, "  ");
    text_put_clean(out, lane->route->name, false);
    buf_puts(out, lane_has_digest(lane) ? ": digest" : ": mails held back");
    describe_wake(lane->wake.at_ms, now, out);
    buf_putc(out, '\n');
}

void engine_describe(const struct engine *engine, struct now now, enum text_form form,
                     struct buf *out)
{
    size_t shown = 0, left = 0;
    for (size_t i = 0; i < engine->lane_count; i++) {
        const struct lane *lane = &engine->lanes[i];
        const struct alert_group *group;
        size_t at = 0;
        while ((group = lane_next(lane, &at))) {
            if (form == FORM_JSON)
                describe_group_as_json(group, now, out);
            else if (form == FORM_FULL || shown++ < LIMIT_STATUS_ROWS)
                describe_group(group, now, out);
            else
                left++;
        }
        if (form != FORM_JSON)
            describe_lane(lane, now, out);
    }
    if (left > 0)
        buf_printf(out, "  %zu more: `tocsin status -v` names them\n", left);
}
