/** The stage for stories about the engine. */
#include "engine_story.h"

#include "agent/base/hash.h"
#include "agent/base/limits.h"
#include "agent/base/text.h"
#include "rules/engine_inside.h"

struct story_file {
    const struct yaml_node *node;
    struct conf_blocks routes, rules;
};
static const struct field file_fields[] = {
    BLOCKS(struct story_file, routes, .sub = &route_schema),
    BLOCKS(struct story_file, rules, .sub = &rule_schema),
};
static const struct schema file_schema = {
    .name = "file",
    .size = sizeof(struct story_file),
    .node_offset = offsetof(struct story_file, node),
    .fields = file_fields,
    .field_count = 2,
};

static const struct source sources[] = {
    { .name = { "app", 3 } },
    { .name = { "http", 4 }, .index = 1, .has_fields = true, .brings_alerts = true },
};

/* --- configuration ---------------------------------------------------------------- */

static void load_routes(struct story *story, const char *text)
{
    static const struct conf_text outputs[] = { { { "ops", 3 }, NULL },
                                                { { "oncall", 6 }, NULL } };
    struct routes_setting setting = { .outputs = outputs, .output_count = 2 };
    struct source_text *source = arena_zalloc(&story->arena, sizeof *source);
    struct story_file *file = arena_zalloc(&story->arena, sizeof *file);
    char *yaml = arena_printf(&story->arena, "routes:\n%s", text);
    *source = (struct source_text){ "story.yaml", slice_of(yaml) };
    story->complaints.arena = &story->arena;
    struct yaml_node *node = yaml_parse(source, &story->complaints);
    ck_assert_ptr_nonnull(node);
    schema_load(&file_schema, node, file, NULL, &story->complaints);
    bool is_good = routes_compile(&file->routes, &setting, &story->arena,
                                  &story->routes, &story->complaints);
    if (!is_good || story->complaints.error_count > 0)
        ck_abort_msg("the story's routes: %s", story->complaints.items[0].text);
    struct rules_setting rules_setting = { sources, 2, SLICE("web1"), NULL };
    story->rules =
        rules_compile(&file->rules, &rules_setting, &story->arena, &story->complaints);
    ck_assert_ptr_nonnull(story->rules);
}

static void start_engine(struct story *story)
{
    story->engine =
        engine_create(story->rules, &story->routes, 2, story->seed++, story->now);
}

/* --- the store -------------------------------------------------------------------- */

static struct slice key_of(const uint32_t *sheet)
{
    return slice_make((const char *)sheet, sizeof *sheet);
}

static void drop_stored(struct stored *stored)
{
    if (!stored)
        return;
    buf_free(&stored->bytes);
    free(stored);
}

static void save_one(void *ctx, uint32_t sheet, struct slice bytes)
{
    struct story *story = ctx;
    struct stored *stored = map_find(&story->store, key_of(&sheet));
    if (bytes.len == 0) {
        map_take(&story->store, key_of(&sheet));
        drop_stored(stored);
        return;
    }
    if (!stored) {
        stored = mem_zalloc(sizeof *stored);
        stored->sheet = sheet;
        stored->bytes = buf_make(8 * 1024 * 1024);
        map_put(&story->store, key_of(&stored->sheet), stored);
    }
    buf_clear(&stored->bytes);
    buf_put(&stored->bytes, bytes);
}

static void commit(struct story *story)
{
    engine_save(story->engine, story->now, save_one, story);
    engine_saved(story->engine);
}

static void restore_all(struct story *story)
{
    struct err err = { 0 };
    struct stored *stored;
    for (size_t at = 0; (stored = map_next(&story->store, &at));) {
        if (!engine_restore(story->engine, stored->sheet, buf_slice(&stored->bytes),
                            story->now, &err))
            ck_abort_msg("%s", err.text);
    }
}

/* --- what must always hold -------------------------------------------------------- */

/** The pieces on all sheets, and each of them is on the one where it thinks it is. */
static size_t count_stored(const struct story *story)
{
    const struct pieces *pieces = &story->engine->pieces;
    size_t count = 0, sheets = 0;
    for (size_t i = 0; i < pieces->sheet_count; i++) {
        const struct sheet *sheet = pieces->sheets[i];
        for (size_t k = 0; sheet && k < sheet->used; k++) {
            const struct piece *piece = sheet->pieces[k];
            ck_assert(!piece || (piece->sheet == i + 1 && piece->slot == k));
            count += piece != NULL;
        }
        sheets += sheet != NULL;
    }
    ck_assert_uint_eq(sheets, story->store.count);
    return count;
}

static void check_sums(struct story *story)
{
    const struct engine_tally *tally = engine_tally(story->engine);
    ck_assert_uint_eq(story->seen, story->told + tally->open);
    if (tally->open == 0)
        ck_assert_uint_eq(story->seen_hash, story->told_hash);
    /* Pieces that nobody owns would come back as lines told twice. */
    size_t engine_pieces = tally->groups + tally->alerts, pieces = count_stored(story);
    ck_assert_uint_ge(pieces, engine_pieces);
    ck_assert_uint_le(pieces, engine_pieces + story->routes.count +
                                  story->engine->dedup.entries.count);
}

static void check_alerts(const struct notice *notice)
{
    uint64_t shown = 0;
    for (size_t i = 0; i < notice->alert_count; i++) {
        const struct notice_alert *alert = &notice->alerts[i];
        shown += alert->new_count;
        ck_assert_uint_le(alert->new_count, alert->total_count);
        ck_assert_uint_le(alert->sample_count, LIMIT_SAMPLES);
        ck_assert_int_le(alert->first_unix_ms, alert->last_unix_ms);
        if (i > 0)
            ck_assert_int_ge(notice->alerts[i - 1].severity, alert->severity);
    }
    ck_assert_uint_eq(notice->new_count, shown + notice->left_out_count);
    ck_assert_uint_eq(strlen(notice->thread), 32);
    ck_assert_uint_gt(notice->to_count, 0);
}

static void write_down(struct story *story, const struct notice *notice)
{
    int64_t ms = story->now.mono_ms - story->begin.mono_ms;
    struct buf *out = &story->transcript;
    check_alerts(notice);
    buf_printf(out, "%llds %s '", (long long)(ms / SECOND_MS),
               notice_reason_name(notice->reason));
    buf_put(out, notice->title);
    buf_printf(out, "' lines=%llu alerts=%zu", (unsigned long long)notice->new_count,
               notice->alert_count);
    if (notice->held_mails > 0)
        buf_printf(out, " held=%llu", (unsigned long long)notice->held_mails);
    buf_printf(out, " mail=%u\n", notice->mail_number);
    story->told += notice->new_count;
    story->told_hash += notice->line_hash_sum;
    memcpy(story->last_thread, notice->thread, sizeof story->last_thread);
}

/* @return how many notices came; a turn is bounded, so there may be more. */
static size_t tick_once(struct story *story)
{
    size_t before = story->notices.count;
    engine_tick(story->engine, story->now, &story->notices);
    for (size_t i = before; i < story->notices.count; i++)
        write_down(story, &story->notices.items[i]);
    commit(story);
    check_sums(story);
    return story->notices.count - before;
}

static void tick(struct story *story)
{
    size_t count;
    do {
        count = tick_once(story);
        ck_assert_uint_le(count, LIMIT_TURN_NOTICES);
    } while (count == LIMIT_TURN_NOTICES);
    /* Nothing due is left lying, so a loop that sleeps until then never turns idly. */
    ck_assert_int_gt(engine_wake_at(story->engine), story->now.mono_ms);
}

/* --- steps ------------------------------------------------------------------------ */

void story_begin(struct story *story, const char *routes)
{
    *story = (struct story){ .transcript = buf_make(4 * 1024 * 1024), .seed = 1 };
    /* A machine that has been up for a day, on 2026-03-02 00:00:00 UTC. */
    story->begin = story->now =
        (struct now){ .mono_ms = DAY_MS, .unix_ms = INT64_C(1772409600000) };
    story->notices.arena = &story->turn;
    load_routes(story, routes);
    start_engine(story);
    commit(story);
}

static void free_generation(struct story *story)
{
    engine_free(story->engine);
    routes_free(&story->routes);
    rules_free(story->rules);
    complaints_free(&story->complaints);
    story->complaints = (struct complaints){ 0 };
    arena_free(&story->arena);
}

void story_end(struct story *story)
{
    struct stored *stored;
    free_generation(story);
    for (size_t at = 0; (stored = map_next(&story->store, &at));)
        drop_stored(stored);
    map_free(&story->store);
    arena_free(&story->turn);
    buf_free(&story->transcript);
}

static struct labels labels_of(const char *text, struct arena *arena)
{
    struct labels labels = { 0 };
    struct slice rest = slice_of(text), pair;
    while (slice_next(&rest, ' ', &pair)) {
        struct slice name;
        ck_assert(slice_next(&pair, '=', &name));
        ck_assert(labels_set(&labels, arena, name, pair));
    }
    return labels;
}

static struct sighting sighting_of(struct story *story, const char *text,
                                   struct arena *arena)
{
    struct sighting sighting = { .severity = SEVERITY_WARNING, .count = 1 };
    sighting.labels = labels_of(text, arena);
    (void)severity_parse(labels_find(&sighting.labels, SLICE("severity")),
                         &sighting.severity);
    const char *line =
        arena_printf(arena, "line %llu of %s", (unsigned long long)story->seen, text);
    sighting.sample = (struct sample){ .line = slice_of(line),
                                       .path = SLICE("/var/log/app.log"),
                                       .offset = (int64_t)story->seen,
                                       .unix_ms = story->now.unix_ms };
    sighting.summary = SLICE("it went wrong");
    sighting.resolve_after_ms = 15 * MINUTE_MS;
    return sighting;
}

void story_see_for(struct story *story, const char *labels, int64_t resolve_after_ms)
{
    struct arena arena = { 0 };
    struct sighting sighting = sighting_of(story, labels, &arena);
    sighting.resolve_after_ms = resolve_after_ms;
    uint64_t matches = engine_tally(story->engine)->matches;
    engine_admit(story->engine, &sighting, story->now);
    uint64_t routes = engine_tally(story->engine)->matches - matches;
    story->seen += routes;
    story->seen_hash += routes * hash_bytes(sighting.sample.line);
    arena_free(&arena);
}

void story_see_many(struct story *story, const char *labels, int count)
{
    for (int i = 0; i < count; i++)
        story_see_for(story, labels, 15 * MINUTE_MS);
    tick(story);
}

void story_see(struct story *story, const char *labels)
{
    story_see_many(story, labels, 1);
}

static void post(struct story *story, const char *text, int64_t occurrence_s,
                 bool is_resolved)
{
    struct arena arena = { 0 };
    int64_t starts_ms = story->begin.unix_ms + occurrence_s * SECOND_MS;
    struct incoming incoming = {
        .source = &sources[1],
        .labels = labels_of(text, &arena),
        .severity = SEVERITY_WARNING,
        .is_resolved = is_resolved,
        .occurrence = (uint64_t)starts_ms,
        .starts_unix_ms = starts_ms,
        .ends_unix_ms = is_resolved ? story->now.unix_ms : 0,
        .title = SLICE("it is down"),
        .resolve_after_ms = DAY_MS,
    };
    struct capture fields[LIMIT_LABELS];
    for (size_t i = 0; i < incoming.labels.count; i++)
        fields[i] = (struct capture){ incoming.labels.items[i].name,
                                      incoming.labels.items[i].value };
    incoming.fields = fields;
    incoming.field_count = incoming.labels.count;
    uint64_t matches = engine_tally(story->engine)->matches;
    (void)severity_parse(labels_find(&incoming.labels, SLICE("severity")),
                         &incoming.severity);
    engine_receive(story->engine, &incoming, story->now);
    uint64_t routes = engine_tally(story->engine)->matches - matches;
    story->seen += routes;
    story->seen_hash += routes * (labels_hash(&incoming.labels) | 1);
    arena_free(&arena);
    tick(story);
}

void story_post(struct story *story, const char *labels, int64_t occurrence_s)
{
    post(story, labels, occurrence_s, false);
}

void story_post_resolved(struct story *story, const char *labels, int64_t occurrence_s)
{
    post(story, labels, occurrence_s, true);
}

void story_feed(struct story *story, const char *lines)
{
    uint64_t matches = engine_tally(story->engine)->matches;
    struct block block = { .source = &sources[0],
                           .path = SLICE("/var/log/app.log"),
                           .bytes = slice_of(lines) };
    engine_feed(story->engine, &block, story->now);
    story->seen += engine_tally(story->engine)->matches - matches;
    tick(story);
}

static void advance(struct story *story, int64_t ms)
{
    story->now.mono_ms += ms;
    story->now.unix_ms += ms;
}

void story_pass(struct story *story, int64_t ms)
{
    int64_t end_ms = story->now.mono_ms + ms;
    story->notices.count = 0;
    arena_clear(&story->turn);
    while (engine_wake_at(story->engine) < end_ms) {
        advance(story, engine_wake_at(story->engine) - story->now.mono_ms);
        tick(story);
    }
    advance(story, end_ms - story->now.mono_ms);
    tick(story);
}

void story_crash(struct story *story, int64_t down_ms, const char *routes)
{
    if (routes) {
        free_generation(story);
        load_routes(story, routes);
    } else {
        engine_free(story->engine);
    }
    advance(story, down_ms);
    start_engine(story);
    restore_all(story);
    commit(story);
    check_sums(story);
}

void story_flush(struct story *story)
{
    size_t before = story->notices.count;
    engine_flush(story->engine, story->now, &story->notices);
    for (size_t i = before; i < story->notices.count; i++)
        write_down(story, &story->notices.items[i]);
    commit(story);
    check_sums(story);
    ck_assert_uint_eq(engine_tally(story->engine)->open, 0);
}

void story_expect(struct story *story, const char *transcript)
{
    struct slice is = buf_slice(&story->transcript);
    if (!slice_equal(is, slice_of(transcript)))
        ck_abort_msg("the mails are\n%.*sand not\n%s", (int)is.len, is.ptr, transcript);
    buf_clear(&story->transcript);
}
