/**
 * What goes out: the groups and routes whose time has come become notices. A notice
 * takes all counts of its groups with it, so that each sighting is told exactly once.
 */
#include "rules/engine_inside.h"
#include "rules/telling.h"

#include <stdlib.h>

#include "agent/base/mem.h"
#include "agent/base/plant.h"

/** One call of engine_tick() or engine_flush(). */
struct flushing {
    struct engine *engine;
    struct now now;
    struct notices *out;
};

/* --- notices ---------------------------------------------------------------------- */

static const struct conf_text *copy_names(struct arena *arena,
                                          const struct conf_texts *names)
{
    struct conf_text *copies = arena_zalloc(arena, (names->count + 1) * sizeof *copies);
    for (size_t i = 0; i < names->count; i++)
        copies[i].value = arena_slice(arena, names->items[i].value);
    return copies;
}

/** What @telling gathered, as a notice to the outputs of @lane; the caller gives it its
 *  title and thread, and then sets the counts of the groups to zero. */
static struct notice *tell(struct flushing *flushing, const struct lane *lane,
                           struct telling *telling, enum notice_reason reason)
{
    const struct route_config *config = lane->route->config;
    struct engine_tally *tally = flushing->engine->tally;
    struct arena *arena = flushing->out->arena;
    struct notice *notice = notices_add(flushing->out);
    notice->reason = reason;
    notice->route = arena_slice(arena, lane->route->name);
    notice->to = copy_names(arena, &config->to);
    notice->to_count = config->to.count;
    notice->fallback = copy_names(arena, &config->fallback);
    notice->fallback_count = config->fallback.count;
    notice->fallback_after_ms = config->fallback_after;
    telling_finish(telling, flushing->now, arena, notice);
    tally->notices[reason]++;
    tally->told += notice->new_count;
    tally->open -= notice->new_count;
    return notice;
}

static struct slice title_of_route(struct flushing *flushing, const char *what,
                                   const struct lane *lane)
{
    struct buf title = buf_make(LIMIT_SUMMARY_BYTES);
    buf_puts(&title, what);
    buf_put(&title, lane->route->name);
    struct slice text = arena_slice(flushing->out->arena, buf_slice(&title));
    buf_free(&title);
    return text;
}

/* --- groups ----------------------------------------------------------------------- */

/** When is the group to be looked at again? One without alerts idles for as long as its
 *  last mail holds back the next, and is then forgotten. */
static void schedule_group(struct flushing *flushing, struct alert_group *group)
{
    struct engine *engine = flushing->engine;
    int64_t mono_ms = flushing->now.mono_ms;
    int64_t at_ms = NEVER_MS;
    if (group_alert_count(group) > 0) {
        at_ms = group_next_look(group, mono_ms);
    } else {
        if (group->told_ms != NEVER_MS)
            at_ms = group->told_ms + group->route->config->group_interval;
        if (at_ms == NEVER_MS || at_ms <= mono_ms) {
            group_forget(engine, group);
            return;
        }
    }
    heap_set(&engine->group_wakes, &group->wake, at_ms);
}

/** Its counts are in a notice. */
static void settle_group(struct flushing *flushing, struct alert_group *group)
{
    struct engine *engine = flushing->engine;
    size_t before = group_alert_count(group);
    group_told(group, flushing->now);
    tally_alerts(engine, group, before);
    if (group->is_held) {
        group->is_held = false;
        lane_of(engine, group)->held_count--;
    }
    schedule_group(flushing, group);
}

static void tell_group(struct flushing *flushing, struct alert_group *group,
                       enum notice_reason reason)
{
    struct lane *lane = lane_of(flushing->engine, group);
    struct arena *arena = flushing->out->arena;
    struct telling telling = { 0 };
    telling_add_all(&telling, group);
    struct notice *notice = tell(flushing, lane, &telling, reason);
    notice->group_labels = labels_copy(arena, &group->labels);
    if (group->mail_count == 0)
        group_name_thread(group, arena);
    notice->title = group_title(group, arena);
    notice->names_urgency = group_urgency(group, &notice->urgency);
    memcpy(notice->thread, group->thread, sizeof notice->thread);
    notice->mail_number = group->mail_count++;
    notice->is_told = group->is_told;
    if (group->told_ms != NEVER_MS)
        notice->told_unix_ms =
            group->told_ms - flushing->now.mono_ms + flushing->now.unix_ms;
    settle_group(flushing, group);
}

/** The mail is due, but may not go: its counts stay until the route may mail again. */
static void hold_group(struct flushing *flushing, struct alert_group *group)
{
    struct engine *engine = flushing->engine;
    struct lane *lane = lane_of(engine, group);
    group->is_held = true;
    lane->held_count++;
    lane->held_mails++;
    engine->tally->held_mails++;
    heap_drop(&engine->group_wakes, &group->wake);
    pieces_touch(&engine->pieces, &group->piece);
    pieces_touch(&engine->pieces, &lane->piece);
    lane_schedule(engine, lane, flushing->now);
}

/** Where something is held back already, the others queue up behind it. */
static bool may_mail(struct flushing *flushing, struct lane *lane)
{
    if (lane->held_count > 0 || !limit_take(&lane->limit, flushing->now.mono_ms))
        return false;
    if (lane->limit.mails > 0)
        pieces_touch(&flushing->engine->pieces, &lane->piece);
    return true;
}

static void tell_or_hold(struct flushing *flushing, struct alert_group *group,
                         enum notice_reason reason)
{
    if (may_mail(flushing, lane_of(flushing->engine, group)))
        tell_group(flushing, group, reason);
    else
        hold_group(flushing, group);
}

static void look_at_group(struct flushing *flushing, struct alert_group *group)
{
    struct engine *engine = flushing->engine;
    enum notice_reason reason;
    if (group_decide(group, flushing->now.mono_ms, &reason)) {
        tell_or_hold(flushing, group, reason);
        return;
    }
    size_t before = group_alert_count(group);
    group_sweep(group, flushing->now.mono_ms);
    tally_alerts(engine, group, before);
    schedule_group(flushing, group);
}

/* --- routes ----------------------------------------------------------------------- */

/** Of a mail that would only have repeated what goes on, this is what is to be told. */
static void add_held(struct telling *telling, const struct alert_group *group,
                     int64_t mono_ms)
{
    size_t before = telling->count;
    telling_add_news(telling, group, mono_ms);
    if (telling->count == before)
        telling_add_all(telling, group);
}

/** All that is held back goes as one mail, whatever that costs the limit. */
static void release(struct flushing *flushing, struct lane *lane)
{
    struct engine *engine = flushing->engine;
    struct telling telling = { 0 };
    struct alert_group *group;
    for (size_t at = 0; (group = lane_next(lane, &at));) {
        if (group->is_held && !planted(PLANT_HELD_IS_DROPPED))
            add_held(&telling, group, flushing->now.mono_ms);
    }
    struct notice *notice = tell(flushing, lane, &telling, NOTICE_HELD);
    notice->title = title_of_route(flushing, "held back on ", lane);
    notice->held_mails = lane->held_mails;
    make_thread(engine, notice->thread);
    for (size_t at = 0; (group = lane_next(lane, &at));) {
        if (group->is_held)
            settle_group(flushing, group);
    }
    lane->held_mails = 0;
    pieces_touch(&engine->pieces, &lane->piece);
}

/** @return whether there was anything to tell, or `empty: send` wants it told. */
static bool tell_digest(struct flushing *flushing, struct lane *lane,
                        enum notice_reason reason, bool sends_empty)
{
    struct engine *engine = flushing->engine;
    struct telling telling = { 0 };
    struct alert_group *group;
    for (size_t at = 0; (group = lane_next(lane, &at));)
        telling_add_news(&telling, group, flushing->now.mono_ms);
    bool is_told = telling.count > 0 || sends_empty;
    if (is_told) {
        struct notice *notice = tell(flushing, lane, &telling, reason);
        notice->title = title_of_route(flushing, "digest of ", lane);
        notice->since_unix_ms = lane->since_unix_ms;
        make_thread(engine, notice->thread);
    }
    /* Each digest stands for itself: what it told, or had nothing new of, is over. */
    for (size_t at = 0; (group = lane_next(lane, &at));)
        group_forget(engine, group);
    lane->since_unix_ms = flushing->now.unix_ms;
    pieces_touch(&engine->pieces, &lane->piece);
    return is_told;
}

static void look_at_lane(struct flushing *flushing, struct lane *lane)
{
    struct engine *engine = flushing->engine;
    int64_t mono_ms = flushing->now.mono_ms;
    enum { SEND = 1 };
    if (lane_has_digest(lane)) {
        if (digest_is_due(&lane->digest, flushing->now)) {
            bool sends_empty = lane->route->config->digest->empty == SEND;
            tell_digest(flushing, lane, NOTICE_DIGEST, sends_empty);
            digest_advance(&lane->digest, flushing->now);
        }
    } else if (lane->held_count > 0 && limit_take(&lane->limit, mono_ms)) {
        release(flushing, lane);
    }
    lane_schedule(engine, lane, flushing->now);
}

/* --- doors ------------------------------------------------------------------------ */

/** Daily digests follow the wall clock when it is set. */
static void follow_clock(struct engine *engine, struct now now)
{
    int64_t offset_ms = now.unix_ms - now.mono_ms;
    int64_t step_ms = offset_ms - engine->clock_offset_ms;
    if (step_ms > -SECOND_MS && step_ms < SECOND_MS)
        return;
    engine->clock_offset_ms = offset_ms;
    for (size_t i = 0; i < engine->lane_count; i++) {
        struct lane *lane = &engine->lanes[i];
        if (!lane_has_digest(lane))
            continue;
        digest_clock_stepped(&lane->digest, now);
        pieces_touch(&engine->pieces, &lane->piece);
        lane_schedule(engine, lane, now);
    }
}

/** The groups that a tick looks at. */
struct due {
    struct due_group {
        struct alert_group *group;
        bool is_critical;
    } * items;
    size_t count, capacity;
};

static void take_due(struct engine *engine, struct due *due)
{
    struct heap_node *node = heap_first(&engine->group_wakes);
    struct alert_group *group = heap_owner(node, struct alert_group, wake);
    heap_drop(&engine->group_wakes, node);
    *mem_push(due->items, due->count, due->capacity) =
        (struct due_group){ group, group_severity(group) == SEVERITY_CRITICAL };
}

/* A turn writes a bounded number of mails, so that thousands at once do not keep the
 * loop from reading and sending; the others are due in the next turn. */
static void look_or_wait(struct flushing *flushing, struct alert_group *group,
                         size_t end)
{
    if (flushing->out->count < end)
        look_at_group(flushing, group);
    else
        heap_set(&flushing->engine->group_wakes, &group->wake, flushing->now.mono_ms);
}

static void look_at_all(struct flushing *flushing, const struct due *due)
{
    size_t end = flushing->out->count + LIMIT_TURN_NOTICES;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < due->count; i++) {
            if (due->items[i].is_critical == (pass == 0))
                look_or_wait(flushing, due->items[i].group, end);
        }
    }
}

/* Groups first: one that is held back now goes with what its route releases now. Of
 * them the critical ones, so that they get the mails that a limit still allows. */
void engine_tick(struct engine *engine, struct now now, struct notices *out)
{
    struct flushing flushing = { engine, now, out };
    size_t from = out->count;
    struct heap_node *node;
    struct due due = { 0 };
    engine->dedup.now = now;
    follow_clock(engine, now);
    while (heap_wake_at(&engine->group_wakes) <= now.mono_ms)
        take_due(engine, &due);
    look_at_all(&flushing, &due);
    free(due.items);
    while (heap_wake_at(&engine->lane_wakes) <= now.mono_ms) {
        node = heap_first(&engine->lane_wakes);
        look_at_lane(&flushing, heap_owner(node, struct lane, wake));
    }
    notices_sort(out, from);
}

static void flush_lane(struct flushing *flushing, struct lane *lane)
{
    struct alert_group *group;
    if (lane_has_digest(lane)) {
        tell_digest(flushing, lane, NOTICE_SHUTDOWN, false);
        return;
    }
    for (size_t at = 0; (group = lane_next(lane, &at));) {
        if (group->new_count > 0 && !group->is_held)
            tell_or_hold(flushing, group, NOTICE_SHUTDOWN);
    }
    if (lane->held_count > 0)
        release(flushing, lane);
    lane_schedule(flushing->engine, lane, flushing->now);
}

void engine_flush(struct engine *engine, struct now now, struct notices *out)
{
    struct flushing flushing = { engine, now, out };
    size_t from = out->count;
    engine->dedup.now = now;
    follow_clock(engine, now);
    for (size_t i = 0; i < engine->lane_count; i++)
        flush_lane(&flushing, &engine->lanes[i]);
    notices_sort(out, from);
}
