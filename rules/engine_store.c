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
    VERSION = 4,
    NO_TOPIC_VERSION = 3, /* groups did not store what their threads are about */
    PIECE_VERSION = 2,    /* of pieces that had a row each */
    /* Labels, texts, samples with their paths, a route's name, of each. */
    SHEET_MOST_BYTES = SHEET_PIECES * (2 * LABELS_KEY_BYTES + 1024 * 1024),
};

/* --- save ------------------------------------------------------------------------- */

static void save_lane(const struct lane *lane, struct now now, struct record_out *out)
{
    bool has_digest = lane_has_digest(lane);
    record_put(out, lane->held_mails);
    record_put(out, (uint64_t)lane->since_unix_ms);
    record_put(out, (uint64_t)lane->limit.credit);
    record_put(out, (uint64_t)lane->limit.per_ms);
    record_put(out, (uint64_t)stored_ms(lane->limit.at_ms, now));
    record_put(out, has_digest);
    record_put(out, has_digest ? (uint64_t)digest_save(&lane->digest, now) : 0);
}

static struct slice route_of(const struct piece *piece)
{
    switch ((enum piece_kind)piece->kind) {
    case PIECE_ROUTE:
        return heap_owner(piece, struct lane, piece)->route->key;
    case PIECE_GROUP:
        return heap_owner(piece, struct alert_group, piece)->route->key;
    case PIECE_ALERT:
        return heap_owner(piece, struct alert, piece)->group->route->key;
    case PIECE_DEDUP:
        break;
    }
    return SLICE("");
}

static void save_piece(const struct piece *piece, struct now now,
                       struct record_out *out)
{
    record_out_begin(out);
    record_put(out, piece->kind);
    record_put_text(out, route_of(piece));
    switch ((enum piece_kind)piece->kind) {
    case PIECE_ROUTE:
        save_lane(heap_owner(piece, struct lane, piece), now, out);
        break;
    case PIECE_GROUP:
        group_save(heap_owner(piece, struct alert_group, piece), now, out);
        break;
    case PIECE_ALERT:
        alert_save(heap_owner(piece, struct alert, piece), now, out);
        break;
    case PIECE_DEDUP:
        dedup_save(heap_owner(piece, struct dedup_entry, piece), now, out);
        break;
    }
}

static bool is_left_out(const struct piece *piece)
{
    return (planted(PLANT_ALERT_UNSTORED) && piece->kind == PIECE_ALERT) ||
           (planted(PLANT_GROUP_UNSTORED) && piece->kind == PIECE_GROUP) ||
           (planted(PLANT_DEDUP_UNSTORED) && piece->kind == PIECE_DEDUP);
}

/** Nothing at all when no piece is left on it. */
static void write_sheet(const struct sheet *sheet, struct now now, struct buf *bytes)
{
    struct record_out out = { .out = bytes };
    buf_clear(bytes);
    for (size_t i = 0; i < sheet->used; i++) {
        const struct piece *piece = sheet->pieces[i];
        if (!piece || is_left_out(piece))
            continue;
        if (bytes->len == 0)
            buf_putc(bytes, VERSION);
        save_piece(piece, now, &out);
    }
    must(!bytes->overflowed);
}

void engine_save(struct engine *engine, struct now now,
                 void (*save)(void *ctx, uint32_t sheet, struct slice bytes), void *ctx)
{
    struct pieces *pieces = &engine->pieces;
    struct buf bytes = buf_make(SHEET_MOST_BYTES);
    pieces_settle(pieces);
    for (size_t i = 0; i < pieces->changed_sheet_count; i++) {
        uint32_t number = pieces->changed_sheets[i];
        write_sheet(pieces->sheets[number - 1], now, &bytes);
        save(ctx, number, buf_slice(&bytes));
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
    uint32_t sheet;    /**< 0: it stood alone */
    struct lane *lane; /**< of the route it was stored for; NULL: that is gone */
    bool has_topics;   /**< as group_load() asks */
    struct record_in in;
    struct now now;
};

/** @piece is taken over as it is stored. @return false when its sheet is full. */
static bool adopt(struct restoring *restoring, struct piece *piece)
{
    struct pieces *pieces = &restoring->engine->pieces;
    if (restoring->sheet != 0)
        return pieces_adopt(pieces, piece, restoring->sheet);
    pieces_touch(pieces, piece);
    return true;
}

/** Nobody takes it over. */
static void let_go(struct restoring *restoring)
{
    if (restoring->sheet != 0)
        pieces_forget(&restoring->engine->pieces, restoring->sheet);
}

static bool restore_lane(struct restoring *restoring)
{
    struct record_in *in = &restoring->in;
    struct lane *lane = restoring->lane;
    struct now now = restoring->now;
    uint64_t held_mails = record_get(in);
    int64_t since_unix_ms = (int64_t)record_get(in);
    int64_t credit = (int64_t)record_get(in);
    int64_t per_ms = (int64_t)record_get(in);
    int64_t at_ms = restored_ms(record_get(in), now);
    bool had_digest = record_get(in) == 1;
    int64_t due_unix_ms = (int64_t)record_get(in);
    if (in->failed)
        return false;
    if (!lane || (lane->limit.mails == 0 && !lane_has_digest(lane))) {
        let_go(restoring);
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
    lane_schedule(restoring->engine, lane, now);
    return adopt(restoring, &lane->piece);
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
    struct group_stored stored;
    if (!group_load(&stored, &restoring->in, restoring->has_topics))
        return false;
    if (!restoring->lane) {
        let_go(restoring);
        return true;
    }
    struct alert_group *group = stored.is_other ? lane_other(engine, restoring->lane)
                                                : find_home(restoring, stored.home);
    if (!group)
        return false;
    if (group->piece.sheet != 0) {
        let_go(restoring);
        return true;
    }
    if (!adopt(restoring, &group->piece))
        return false;
    group_resume(group, &stored, restoring->now);
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
    let_go(restoring);
    pieces_touch(&restoring->engine->pieces, &alert->piece);
    alert->is_told = false;
}

static bool restore_alert(struct restoring *restoring)
{
    struct engine *engine = restoring->engine;
    struct slice home;
    bool home_is_other, has_moved;
    struct alert *alert = alert_load(&restoring->in, restoring->now, &engine->arena,
                                     &home, &home_is_other);
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
    alert = group_welcome(group, alert);
    size_t before = group_alert_count(group);
    if (before == 0 && group->piece.sheet == 0)
        group_begin(engine, group, restoring->now);
    engine->tally->open += alert->new_count;
    bool is_good = true;
    if (has_moved)
        move(restoring, alert);
    else
        is_good = adopt(restoring, &alert->piece);
    if (has_changed)
        pieces_touch(&engine->pieces, &alert->piece);
    group_put(group, alert);
    tally_alerts(engine, group, before);
    schedule_restored(restoring, group);
    return is_good;
}

static struct lane *find_lane(const struct engine *engine, struct slice key)
{
    for (size_t i = 0; i < engine->lane_count; i++) {
        if (slice_equal(engine->lanes[i].route->key, key))
            return &engine->lanes[i];
    }
    return NULL;
}

static bool restore_piece(struct restoring *restoring, uint64_t kind)
{
    arena_clear(&restoring->engine->arena);
    restoring->lane = find_lane(restoring->engine, record_get_text(&restoring->in));
    if (restoring->in.failed)
        return false;
    switch (kind) {
    case PIECE_ROUTE:
        return restore_lane(restoring);
    case PIECE_GROUP:
        return restore_group(restoring);
    case PIECE_ALERT:
        return restore_alert(restoring);
    case PIECE_DEDUP:
        return dedup_load(&restoring->engine->dedup, &restoring->in, restoring->sheet);
    default:
        return false;
    }
}

static bool restore_next(struct restoring *restoring)
{
    record_in_begin(&restoring->in);
    uint64_t kind = record_get(&restoring->in);
    return restore_piece(restoring, kind);
}

bool engine_restore(struct engine *engine, uint64_t sheet, struct slice bytes,
                    struct now now, struct err *err)
{
    struct restoring restoring = { .engine = engine, .now = now };
    char version = bytes.len > 1 ? bytes.ptr[0] : 0;
    bool is_good = sheet > 0 && sheet <= SHEETS_MOST &&
                   (version == VERSION || version == NO_TOPIC_VERSION);
    struct arena texts = { 0 };
    engine->dedup.now = now;
    restoring.in.arena = &texts;
    if (is_good) {
        restoring.sheet = (uint32_t)sheet;
        restoring.has_topics = version == VERSION;
        restoring.in.rest = slice_make(bytes.ptr + 1, bytes.len - 1);
    }
    while (is_good && restoring.in.rest.len > 0)
        is_good = restore_next(&restoring);
    arena_free(&texts);
    return is_good || err_set(err, ERR_BROKEN,
                              "sheet %llu of the stored state is damaged or was "
                              "written by another version of tocsin",
                              (unsigned long long)sheet);
}

/** The kind of a piece by its key, "alert/00000000000004d2"; else SIZE_MAX. */
static size_t kind_of_key(struct slice key)
{
    static const char *const names[] = { [PIECE_ROUTE] = "route/",
                                         [PIECE_GROUP] = "group/",
                                         [PIECE_ALERT] = "alert/",
                                         [PIECE_DEDUP] = "dedup/" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (slice_starts(key, slice_of(names[i])))
            return i;
    }
    return SIZE_MAX;
}

bool engine_restore_piece(struct engine *engine, struct slice key, struct slice bytes,
                          struct now now, struct err *err)
{
    struct restoring restoring = { .engine = engine, .now = now };
    bool is_good = bytes.len > 0 && bytes.ptr[0] == PIECE_VERSION;
    engine->dedup.now = now;
    restoring.in.is_plain = true;
    if (is_good)
        restoring.in.rest = slice_make(bytes.ptr + 1, bytes.len - 1);
    is_good = is_good && restore_piece(&restoring, kind_of_key(key)) &&
              restoring.in.rest.len == 0;
    return is_good || err_set(err, ERR_BROKEN,
                              "a piece of %zu bytes of the stored state is damaged or "
                              "was written by another version of tocsin",
                              bytes.len);
}
