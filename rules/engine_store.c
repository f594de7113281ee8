/**
 * What stays over a crash: pieces out, pieces back in. They may come back in any order,
 * and under another configuration: a group that is not there yet is made, an alert
 * whose route or group is gone finds its place by its labels, and no count is left out.
 */
#include "rules/engine_inside.h"
#include "rules/group_store.h"

#include "agent/base/must.h"
#include "agent/base/plant.h"

enum {
    VERSION = 2,
    /* The keys of alert and group, texts, samples with their paths, a route's name. */
    PIECE_BYTES = 2 * LABELS_KEY_BYTES + 1024 * 1024,
};

/* --- save ------------------------------------------------------------------------- */

static void save_lane(const struct lane *lane, struct now now, struct buf *out)
{
    bool has_digest = lane_has_digest(lane);
    buf_put_u64(out, lane->held_mails);
    buf_put_u64(out, (uint64_t)lane->since_unix_ms);
    buf_put_u64(out, (uint64_t)lane->limit.credit);
    buf_put_u64(out, (uint64_t)lane->limit.per_ms);
    buf_put_u64(out, (uint64_t)stored_ms(lane->limit.at_ms, now));
    buf_put_u64(out, has_digest);
    buf_put_u64(out, has_digest ? (uint64_t)digest_save(&lane->digest, now) : 0);
}

static void begin_piece(struct slice route_key, struct buf *out)
{
    buf_clear(out);
    buf_putc(out, VERSION);
    buf_put_bytes(out, route_key);
}

static void save_piece(struct piece *piece, struct now now, struct buf *out)
{
    if (piece->kind == PIECE_ROUTE) {
        const struct lane *lane = heap_owner(piece, struct lane, piece);
        begin_piece(lane->route->key, out);
        save_lane(lane, now, out);
    } else if (piece->kind == PIECE_GROUP) {
        const struct alert_group *group = heap_owner(piece, struct alert_group, piece);
        begin_piece(group->route->key, out);
        group_save(group, now, out);
    } else if (piece->kind == PIECE_ALERT) {
        const struct alert *alert = heap_owner(piece, struct alert, piece);
        begin_piece(alert->group->route->key, out);
        alert_save(alert, now, out);
    } else {
        begin_piece(SLICE(""), out); /* it belongs to no route */
        dedup_save(heap_owner(piece, struct dedup_entry, piece), now, out);
    }
    must(!out->overflowed);
}

void engine_save(struct engine *engine, struct now now,
                 void (*save)(void *ctx, struct slice key, struct slice bytes),
                 void *ctx)
{
    struct pieces *pieces = &engine->pieces;
    struct buf bytes = buf_make(PIECE_BYTES);
    char key[PIECE_KEY_BYTES];
    for (size_t i = 0; i < pieces->gone_count; i++) {
        const struct piece_name *gone = &pieces->gone[i];
        save(ctx, piece_key_format(key, gone->kind, gone->id), SLICE(""));
    }
    for (size_t i = 0; i < pieces->changed_count; i++) {
        struct piece *piece = pieces->changed[i];
        if ((planted(PLANT_ALERT_UNSTORED) && piece->kind == PIECE_ALERT) ||
            (planted(PLANT_GROUP_UNSTORED) && piece->kind == PIECE_GROUP))
            continue;
        pieces_name(pieces, piece);
        save_piece(piece, now, &bytes);
        save(ctx, piece_key_format(key, piece->kind, piece->id), buf_slice(&bytes));
    }
    buf_free(&bytes);
}

void engine_saved(struct engine *engine)
{
    pieces_saved(&engine->pieces);
}

/* --- restore ---------------------------------------------------------------------- */

/** A piece on its way back. */
struct restoring {
    struct engine *engine;
    uint64_t id;
    struct lane *lane; /**< of the route it was stored for; NULL: that is gone */
    struct unbuf in;
    struct now now;
};

static bool restore_lane(struct restoring *restoring)
{
    struct unbuf *in = &restoring->in;
    struct lane *lane = restoring->lane;
    struct now now = restoring->now;
    uint64_t held_mails = unbuf_u64(in);
    int64_t since_unix_ms = (int64_t)unbuf_u64(in);
    int64_t credit = (int64_t)unbuf_u64(in);
    int64_t per_ms = (int64_t)unbuf_u64(in);
    int64_t at_ms = restored_ms(unbuf_u64(in), now);
    bool had_digest = unbuf_u64(in) == 1;
    int64_t due_unix_ms = (int64_t)unbuf_u64(in);
    if (in->failed || in->rest.len > 0)
        return false;
    if (!lane || (lane->limit.mails == 0 && !lane_has_digest(lane))) {
        pieces_forget(&restoring->engine->pieces, PIECE_ROUTE, restoring->id);
        return true;
    }
    lane->since_unix_ms = since_unix_ms;
    if (lane->limit.mails > 0) {
        lane->held_mails = held_mails;
        limit_restore(&lane->limit, credit, per_ms,
                      at_ms < now.mono_ms ? now.mono_ms - at_ms : 0);
    }
    if (had_digest && lane_has_digest(lane))
        digest_load(&lane->digest, due_unix_ms, now);
    pieces_adopt(&restoring->engine->pieces, &lane->piece, restoring->id);
    lane_schedule(restoring->engine, lane, now);
    return true;
}

/** An early look does no harm: the group finds its next one itself. */
static void schedule_restored(struct restoring *restoring, struct alert_group *group)
{
    if (group->is_held || group->route->config->digest)
        return;
    heap_set(&restoring->engine->group_wakes, &group->wake, group->tick_ms);
}

/** Held groups stay so while their route has a limit, and are due at once when not. */
static void restore_held(struct restoring *restoring, struct alert_group *group)
{
    struct lane *lane = restoring->lane;
    if (!group->is_held)
        return;
    if (lane->limit.mails == 0) {
        group->is_held = false;
        group->tick_ms = restoring->now.mono_ms;
        return;
    }
    heap_drop(&restoring->engine->group_wakes, &group->wake);
    lane->held_count++;
    lane_schedule(restoring->engine, lane, restoring->now);
}

/** The group with the stored key @home. @return NULL when those are no labels. */
static struct alert_group *find_home(struct restoring *restoring, struct slice home)
{
    struct arena *scratch = &restoring->engine->scratch;
    struct unbuf in = { home, false };
    struct labels labels;
    arena_clear(scratch);
    if (!labels_load(&labels, &in, scratch) || in.rest.len > 0)
        return NULL;
    return lane_group(restoring->engine, restoring->lane, &labels);
}

static bool restore_group(struct restoring *restoring)
{
    struct engine *engine = restoring->engine;
    struct slice home;
    bool is_other;
    if (!group_load_home(&restoring->in, &home, &is_other))
        return false;
    if (!restoring->lane) {
        pieces_forget(&engine->pieces, PIECE_GROUP, restoring->id);
        return true;
    }
    struct alert_group *group =
        is_other ? lane_other(engine, restoring->lane) : find_home(restoring, home);
    if (!group)
        return false;
    if (group->piece.id != 0) {
        pieces_forget(&engine->pieces, PIECE_GROUP, restoring->id);
        return true;
    }
    if (!group_load(group, &restoring->in, restoring->now))
        return false;
    pieces_adopt(&engine->pieces, &group->piece, restoring->id);
    restore_held(restoring, group);
    schedule_restored(restoring, group);
    return true;
}

/** The last route takes all. */
static struct lane *find_taking(const struct engine *engine,
                                const struct labels *labels)
{
    for (size_t i = 0;; i++) {
        must(i < engine->lane_count);
        if (route_takes(engine->lanes[i].route, labels))
            return &engine->lanes[i];
    }
}

/** An alert that never ends by itself ends with its rule, and when that says so now.
 *  (No rules at all are a configuration that is not finished.) */
static bool ends_now(const struct restoring *restoring, struct alert *alert)
{
    arena_clear(&restoring->engine->scratch);
    struct labels labels = alert_labels(alert, &restoring->engine->scratch);
    struct slice name = labels_find(&labels, SLICE("rule"));
    int64_t span_ms = 0;
    if (alert->quiet_at_ms != NEVER_MS || alert->is_other || alert->fingerprint != 0 ||
        name.len == 0 || rules_count(restoring->engine->rules) == 0)
        return false;
    for (size_t i = 0; i < rules_count(restoring->engine->rules); i++) {
        const struct rule *rule = rules_get(restoring->engine->rules, i);
        if (slice_equal(rule_name(rule), name))
            span_ms = rule_resolve_after(rule);
    }
    alert->resolve_after_ms = span_ms;
    alert->quiet_at_ms = later_by_ms(restoring->now.mono_ms, span_ms);
    return span_ms != NEVER_MS;
}

/** Where @alert belongs now. @return NULL when its piece is broken.
 *  @has_moved  set when that is another group than it was stored for */
static struct alert_group *find_place(struct restoring *restoring,
                                      const struct alert *alert, struct slice home,
                                      bool home_is_other, bool *has_moved)
{
    struct engine *engine = restoring->engine;
    struct arena *scratch = &engine->scratch;
    *has_moved = restoring->lane == NULL;
    if (*has_moved) {
        arena_clear(scratch);
        struct labels labels = alert_labels(alert, scratch);
        restoring->lane = find_taking(engine, &labels);
    }
    if (!*has_moved && home_is_other)
        return lane_other(engine, restoring->lane);
    if (!*has_moved && alert->is_other)
        return find_home(restoring, home);
    arena_clear(scratch);
    struct labels all = alert_labels(alert, scratch);
    struct labels own = route_group_labels(restoring->lane->route, &all, scratch);
    struct alert_group *group = lane_group(engine, restoring->lane, &own);
    *has_moved |= group->is_other || !slice_equal(group->key, home);
    return group;
}

/** In its new group nobody was told of it. */
static void move(struct restoring *restoring, struct alert *alert)
{
    struct pieces *pieces = &restoring->engine->pieces;
    pieces_forget(pieces, PIECE_ALERT, restoring->id);
    pieces_touch(pieces, &alert->piece);
    alert->is_told = false;
}

static bool restore_alert(struct restoring *restoring)
{
    struct engine *engine = restoring->engine;
    struct slice home;
    bool home_is_other, has_moved;
    struct alert *alert =
        alert_load(&restoring->in, restoring->now, &home, &home_is_other);
    if (!alert)
        return false;
    if (planted(PLANT_DIGEST_FORGETS) && restoring->lane &&
        lane_has_digest(restoring->lane))
        alert->new_count = alert->line_hash_sum = 0;
    bool has_changed = ends_now(restoring, alert);
    struct alert_group *group =
        find_place(restoring, alert, home, home_is_other, &has_moved);
    if (!group) {
        alert_free(alert);
        return false;
    }
    size_t before = group_alert_count(group);
    if (before == 0 && group->piece.id == 0)
        group_begin(engine, group, restoring->now);
    engine->tally->open += alert->new_count;
    if (has_moved)
        move(restoring, alert);
    else
        pieces_adopt(&engine->pieces, &alert->piece, restoring->id);
    if (has_changed)
        pieces_touch(&engine->pieces, &alert->piece);
    group_put(group, alert);
    tally_alerts(engine, group, before);
    schedule_restored(restoring, group);
    return true;
}

static struct lane *find_lane(const struct engine *engine, struct slice key)
{
    for (size_t i = 0; i < engine->lane_count; i++) {
        if (slice_equal(engine->lanes[i].route->key, key))
            return &engine->lanes[i];
    }
    return NULL;
}

static bool restore_piece(struct restoring *restoring, enum piece_kind kind)
{
    switch (kind) {
    case PIECE_ROUTE:
        return restore_lane(restoring);
    case PIECE_GROUP:
        return restore_group(restoring);
    case PIECE_ALERT:
        return restore_alert(restoring);
    case PIECE_DEDUP:
        return dedup_load(&restoring->engine->dedup, &restoring->in, restoring->id);
    }
    return false;
}

bool engine_restore(struct engine *engine, struct slice key, struct slice bytes,
                    struct now now, struct err *err)
{
    struct restoring restoring = { .engine = engine, .now = now };
    enum piece_kind kind;
    engine->dedup.now = now;
    if (!piece_key_parse(key, &kind, &restoring.id))
        return err_set(err, ERR_BROKEN, "the stored state has an odd key of %zu bytes",
                       key.len);
    bool is_good = bytes.len > 0 && bytes.ptr[0] == VERSION;
    if (is_good) {
        restoring.in.rest = slice_make(bytes.ptr + 1, bytes.len - 1);
        restoring.lane = find_lane(engine, unbuf_bytes(&restoring.in));
        is_good = restore_piece(&restoring, kind);
    }
    /* The key was parsed, so it is clean text. */
    return is_good || err_set(err, ERR_BROKEN,
                              "the stored state '%.*s' is damaged or was written by "
                              "another version of tocsin",
                              SLICE_ARG(key));
}
