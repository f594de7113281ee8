/** What the engine remembers over crashes, changed routes and broken bytes. */
#include "engine_story.h"

#include "agent/base/rng.h"
#include "agent/state.h"
#include "rules/engine_inside.h"

TEST(engine_store, a_crash_changes_neither_counts_nor_timers_nor_the_thread)
{
    struct story story;
    story_begin(&story, "  - {to: [ops]}\n");
    story_see_many(&story, "rule=oom host=web1", 3);
    story_pass(&story, 10 * SECOND_MS);
    story_crash(&story, 5 * SECOND_MS, NULL);
    story_pass(&story, 15 * SECOND_MS);
    story_expect(&story, "30s first 'oom' lines=3 alerts=1 mail=0\n");
    char thread[33];
    memcpy(thread, story.last_thread, sizeof thread);
    story_see(&story, "rule=oom host=web2");
    story_crash(&story, MINUTE_MS, NULL);
    story_pass(&story, 4 * MINUTE_MS);
    story_expect(&story, "330s new 'oom' lines=1 alerts=2 mail=1\n");
    ck_assert_str_eq(thread, story.last_thread);
    story_end(&story);
}

TEST(engine_store, what_became_due_while_nothing_ran_is_due_at_the_start)
{
    struct story story;
    story_begin(&story, "  - {to: [ops]}\n");
    story_see(&story, "rule=oom");
    story_crash(&story, DAY_MS, NULL);
    story_pass(&story, SECOND_MS);
    story_expect(&story, "86400s first 'oom' lines=1 alerts=1 mail=0\n");
    ck_assert(!story.notices.items[0].alerts[0].is_firing);
    story_end(&story);
}

TEST(engine_store, a_clock_set_back_delays_by_no_more_than_an_interval)
{
    struct story story;
    story_begin(&story, "  - {to: [ops]}\n");
    story_see(&story, "rule=oom");
    story.now.unix_ms -= 300 * DAY_MS;
    story_crash(&story, 0, NULL);
    story_pass(&story, 5 * MINUTE_MS);
    story_expect(&story, "300s first 'oom' lines=1 alerts=1 mail=0\n");
    story_end(&story);
}

TEST(engine_store, C13_alerts_of_a_route_that_is_gone_are_routed_anew)
{
    struct story story;
    story_begin(&story, "  - {to: [ops], name: old, group_by: [rule, host]}\n");
    story_see_many(&story, "rule=oom host=web1", 3);
    story_see(&story, "rule=oom host=web2");
    story_crash(&story, SECOND_MS, "  - {to: [ops], name: new}\n");
    story_see(&story, "rule=oom host=web2");
    story_crash(&story, SECOND_MS, NULL);
    story_pass(&story, MINUTE_MS);
    story_expect(&story, "31s first 'oom' lines=5 alerts=2 mail=0\n");
    ck_assert_uint_eq(story.notices.items[0].alerts[0].new_count, 2);
    story_end(&story);
}

TEST(engine_store, C13_a_changed_group_by_regroups_what_waits)
{
    struct story story;
    story_begin(&story, "  - {to: [ops]}\n");
    story_see(&story, "rule=oom host=web1");
    story_see(&story, "rule=oom host=web2");
    story_crash(&story, SECOND_MS, "  - {to: [ops], group_by: [host]}\n");
    story_crash(&story, SECOND_MS, NULL);
    story_pass(&story, MINUTE_MS);
    story_expect(&story, "31s first 'oom on web1' lines=1 alerts=1 mail=0\n"
                         "31s first 'oom on web2' lines=1 alerts=1 mail=0\n");
    story_end(&story);
}

TEST(engine_store, C13_a_digest_route_that_is_none_any_more_tells_what_it_had)
{
    struct story story;
    story_begin(&story, "  - {to: [ops], digest: {every: 1h}}\n");
    story_see(&story, "rule=oom");
    story_crash(&story, MINUTE_MS, "  - {to: [ops]}\n");
    story_pass(&story, MINUTE_MS);
    story_expect(&story, "60s first 'oom' lines=1 alerts=1 mail=0\n");
    story_crash(&story, 0, "  - {to: [ops], digest: {every: 1h}}\n");
    story_see(&story, "rule=oom");
    story_pass(&story, 2 * HOUR_MS);
    story_expect(&story, "3720s digest 'digest of route-1' lines=1 alerts=1 mail=0\n");
    story_end(&story);
}

TEST(engine_store, D19_when_all_is_told_and_quiet_nothing_is_left_in_the_store)
{
    struct story story;
    story_begin(&story, "  - {to: [ops]}\n");
    story_see(&story, "rule=oom");
    story_pass(&story, HOUR_MS);
    ck_assert_uint_eq(story.store.count, 0);
    story_end(&story);
}

static void count_sheets(void *ctx, uint32_t sheet, struct slice bytes)
{
    (void)sheet;
    (void)bytes;
    ++*(int *)ctx;
}

TEST(engine_store, a_turn_without_changes_writes_nothing_and_a_failed_one_writes_again)
{
    struct story story;
    struct arena turn = { 0 };
    struct notices notices = { .arena = &turn };
    int sheets = 0;
    story_begin(&story, "  - {to: [ops], group_wait: 0s}\n");
    story_see(&story, "rule=oom");
    engine_tick(story.engine, story.now, &notices);
    engine_save(story.engine, story.now, count_sheets, &sheets);
    ck_assert_int_eq(sheets, 0);
    story_see_for(&story, "rule=oom", HOUR_MS);
    engine_save(story.engine, story.now, count_sheets, &sheets);
    ck_assert_int_eq(sheets, 1);
    engine_save(story.engine, story.now, count_sheets, &sheets);
    ck_assert_int_eq(sheets, 2);
    engine_saved(story.engine);
    engine_save(story.engine, story.now, count_sheets, &sheets);
    ck_assert_int_eq(sheets, 2);
    arena_free(&turn);
    story_end(&story);
}

static bool is_broken(struct story *story, uint64_t sheet, struct slice bytes)
{
    struct err err = { 0 };
    engine_free(story->engine);
    story->engine = engine_create(story->rules, &story->routes, 2, 1, story->now);
    if (engine_restore(story->engine, sheet, bytes, story->now, &err))
        return false;
    ck_assert_int_eq(err.kind, ERR_BROKEN);
    return true;
}

TEST(engine_store, bytes_that_are_cut_short_or_too_long_are_broken)
{
    struct story story;
    size_t whole = 0, pieces = 4; /* two alerts and their group, and the route */
    story_begin(&story,
                "  - {to: [ops], group_wait: 1s, limit: {mails: 9, per: 1h}}\n");
    story_post(&story, "alertname=oom host=web1", 0);
    story_post(&story, "alertname=oom host=web2", 0);
    story_pass(&story, MINUTE_MS);
    ck_assert_uint_eq(story.store.count, 1);
    struct stored *stored = map_next(&story.store, &(size_t){ 0 });
    struct slice bytes = buf_slice(&stored->bytes);
    /* Cut between two pieces it is a shorter sheet. */
    for (size_t len = 0; len < bytes.len; len++)
        whole += !is_broken(&story, 1, slice_make(bytes.ptr, len));
    ck_assert_uint_eq(whole, pieces - 1);
    ck_assert(!is_broken(&story, 1, bytes));
    ck_assert(is_broken(&story, 0, bytes));
    ck_assert(is_broken(&story, SHEETS_MOST + UINT64_C(1), bytes));
    buf_putc(&stored->bytes, 'x');
    ck_assert(is_broken(&story, 1, buf_slice(&stored->bytes)));
    stored->bytes.ptr[0]++;
    ck_assert(is_broken(&story, 1, buf_slice(&stored->bytes)));
    story_end(&story);
}

/* Three configurations that a long life is reloaded with, in turn. */
static const char *const generations[] = {
    "  - {to: [oncall], match: [severity=critical], group_wait: 0s, group_by: [host],"
    " limit: {mails: 3, per: 1h}}\n"
    "  - {to: [ops], match: [severity=info], digest: {every: 1h}, name: daily}\n"
    "  - {to: [ops], name: main, send_resolved: true, repeat_interval: 1h}\n",
    "  - {to: [ops], match: [host=web1], continue: true, group_by: ['...'],"
    " limit: {mails: 5, per: 2h}, name: web}\n"
    "  - {to: [ops], name: main, digest: {at: '03:30', zone: UTC}}\n",
    "  - {to: [ops], name: daily, match: [severity=info], group_interval: 1m}\n"
    "  - {to: [ops], name: main, group_by: [], repeat_interval: 10m}\n",
};

static void one_step(struct story *story, struct rng *rng)
{
    static const char *const severities[] = { "info", "warning", "critical" };
    static const int64_t ends[] = { SECOND_MS, 90 * SECOND_MS, HOUR_MS, NEVER_MS };
    char labels[64];
    uint64_t dice = rng_next(rng);
    snprintf(labels, sizeof labels, "rule=r%d host=web%d severity=%s",
             (int)(dice >> 8) & 3, (int)(dice >> 16) & 3, severities[(dice >> 24) % 3]);
    switch (dice % 64) {
    case 0:
        story_crash(story, (int64_t)((dice >> 32) % (2 * HOUR_MS)), NULL);
        break;
    case 1:
        story_crash(story, 0, generations[(dice >> 32) % 3]);
        break;
    case 2:
        story_flush(story);
        break;
    case 3 ... 25:
        story_pass(story, (int64_t)((dice >> 32) % (10 * MINUTE_MS)));
        break;
    default:
        story_see_for(story, labels, ends[(dice >> 40) & 3]);
        story_pass(story, 0);
    }
}

TEST(engine_store, over_ten_thousand_steps_and_many_crashes_every_line_is_told_once)
{
    struct story story;
    struct rng rng;
    rng_seed(&rng, 42);
    story_begin(&story, generations[0]);
    for (int i = 0; i < 10000; i++) {
        one_step(&story, &rng);
        buf_clear(&story.transcript);
    }
    story_flush(&story);
    ck_assert_uint_gt(story.seen, 5000);
    ck_assert_uint_eq(story.seen, story.told);
    ck_assert_uint_eq(story.seen_hash, story.told_hash);
    story_end(&story);
}

/* --- what is posted --------------------------------------------------------------- */

enum { POSTED = 8 };

/** What has to become of an alert, by what was posted of it. */
struct posted {
    bool is_open;
    int64_t since_s, over_s; /**< when it began; when it was over, or -1 */
};

static int64_t story_seconds(const struct story *story)
{
    return (story->now.mono_ms - story->begin.mono_ms) / SECOND_MS;
}

/** @return whether it is to be counted. */
static bool foresee(struct posted *posted, bool is_resolved, int64_t since_s,
                    int64_t now_s)
{
    bool is_known = posted->is_open || (posted->over_s >= 0 &&
                                        now_s - posted->over_s < DAY_MS / SECOND_MS);
    bool is_news =
        is_resolved ? !is_known : !posted->is_open || since_s > posted->since_s;
    if (is_resolved && posted->is_open)
        posted->over_s = now_s;
    if (is_resolved && is_news)
        posted->over_s = now_s;
    if (!is_resolved && is_news)
        posted->since_s = since_s;
    posted->is_open = !is_resolved;
    return is_news;
}

static void one_post(struct story *story, struct rng *rng, struct posted *all)
{
    static const char *const severities[] = { "info", "warning", "critical" };
    uint64_t dice = rng_next(rng);
    int which = (int)((dice >> 8) % POSTED);
    int64_t now_s = story_seconds(story);
    /* Half of what fires is what fired before, said again. */
    int64_t since_s = dice & 1 ? all[which].since_s : now_s;
    bool is_resolved = (dice >> 1 & 3) == 0;
    char labels[64];
    uint64_t seen = story->seen;
    snprintf(labels, sizeof labels, "alertname=a%d host=web%d severity=%s", which,
             which & 3, severities[which % 3]);
    bool is_news = foresee(&all[which], is_resolved, since_s, now_s);
    if (is_resolved)
        story_post_resolved(story, labels, since_s);
    else
        story_post(story, labels, since_s);
    ck_assert_msg(is_news == (story->seen > seen), "at %llds: '%s', %s since %llds",
                  (long long)now_s, labels, is_resolved ? "over" : "firing",
                  (long long)since_s);
}

/** A day without a word ends an alert, so that a word comes more often than that. */
static void repeat_all(struct story *story, const struct posted *all)
{
    static const char *const severities[] = { "info", "warning", "critical" };
    char labels[64];
    for (int i = 0; i < POSTED; i++) {
        snprintf(labels, sizeof labels, "alertname=a%d host=web%d severity=%s", i,
                 i & 3, severities[i % 3]);
        if (all[i].is_open)
            story_post(story, labels, all[i].since_s);
    }
}

TEST(engine_store, over_ten_thousand_steps_and_crashes_what_is_posted_is_counted_once)
{
    struct story story;
    struct rng rng;
    struct posted all[POSTED];
    for (int i = 0; i < POSTED; i++)
        all[i] = (struct posted){ .over_s = -1 };
    rng_seed(&rng, 7);
    story_begin(&story, generations[0]);
    for (int i = 0; i < 10000; i++) {
        if (i % 3 == 0)
            one_step(&story, &rng);
        else
            one_post(&story, &rng, all);
        uint64_t seen = story.seen;
        if (i % 50 == 0)
            repeat_all(&story, all);
        ck_assert_uint_eq(seen, story.seen);
        buf_clear(&story.transcript);
    }
    story_flush(&story);
    ck_assert_uint_gt(story.seen, 3000);
    ck_assert_uint_eq(story.seen, story.told);
    ck_assert_uint_eq(story.seen_hash, story.told_hash);
    story_end(&story);
}

TEST(engine_store, a_route_put_in_before_it_changes_nothing_for_a_nameless_one)
{
    struct story story;
    char thread[33];
    story_begin(&story, "  - {to: [ops]}\n");
    story_see(&story, "rule=oom host=web1");
    story_pass(&story, MINUTE_MS);
    memcpy(thread, story.last_thread, sizeof thread);
    story_crash(&story, 0,
                "  - {to: [oncall], match: [severity=critical]}\n"
                "  - {to: [ops]}\n");
    story_see(&story, "rule=oom host=web2");
    story_pass(&story, 10 * MINUTE_MS);
    story_expect(&story, "30s first 'oom' lines=1 alerts=1 mail=0\n"
                         "330s new 'oom' lines=1 alerts=2 mail=1\n");
    ck_assert_str_eq(thread, story.last_thread);
    story_end(&story);
}

#define NEVER_RULE(name, span) \
    "rules:\n  - {name: " name ", match: broken, resolve_after: " span "}\n"

TEST(engine_store, C13_what_never_ends_by_itself_ends_with_its_rule)
{
    struct story story;
    const char *const route = "  - {to: [ops], send_resolved: true}\n";
    static const char *const rules[] = { NEVER_RULE("disk", "never"),
                                         NEVER_RULE("other", "never"),
                                         NEVER_RULE("disk", "1h") };
    static const char *const wanted[] = {
        "14430s repeat 'disk' lines=0 alerts=1 mail=1\n",
        "330s resolved 'disk' lines=0 alerts=1 mail=1\n",
        "3930s resolved 'disk' lines=0 alerts=1 mail=1\n",
    };
    for (size_t i = 0; i < 3; i++) {
        struct arena arena = { 0 };
        story_begin(&story, arena_printf(&arena, "%s%s", route, rules[0]));
        story_see_for(&story, "rule=disk", NEVER_MS);
        story_pass(&story, MINUTE_MS);
        buf_clear(&story.transcript);
        story_crash(&story, SECOND_MS, arena_printf(&arena, "%s%s", route, rules[i]));
        story_crash(&story, 0, NULL);
        story_pass(&story, 5 * HOUR_MS);
        story_expect(&story, wanted[i]);
        story_end(&story);
        arena_free(&arena);
    }
}

/* --- pieces that had a row each --------------------------------------------------- */

/** An alert of version 2, as that wrote it. */
static struct buf old_alert(const struct story *story)
{
    struct buf out = buf_make(4096);
    uint64_t now_ms = (uint64_t)story->now.unix_ms;
    const uint64_t numbers[] = {
        3, 3, 77, now_ms - 2000, now_ms - 1000, 0, 0x1234, 5, 0
    };
    const char *const texts[] = { "it went wrong", "", "", "" };
    buf_putc(&out, 2);
    buf_put_bytes(&out, story->routes.items[0].key);
    buf_put_bytes(&out, SLICE("\1\4\0host\4\0web1"));
    buf_put_u64(&out, 0);
    buf_put_bytes(&out, SLICE("\2\4\0host\4\0web1\4\0rule\3\0oom"));
    for (int flag = 0; flag < 3; flag++)
        buf_put_u64(&out, 0);
    buf_put_u64(&out, SEVERITY_WARNING);
    buf_put_u64(&out, HOUR_MS);
    buf_put_u64(&out, now_ms + HOUR_MS);
    for (int i = 0; i < 4; i++)
        buf_put_bytes(&out, slice_of(texts[i]));
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        buf_put_u64(&out, numbers[i]);
    return out;
}

static void put_old_row(struct db *db, const struct story *story)
{
    struct buf bytes = old_alert(story);
    struct db_row *row = db_query(db, "INSERT INTO piece VALUES (?, ?)");
    struct err err = { 0 };
    db_bind_text(row, SLICE("alert/0000000000000007"));
    db_bind_blob(row, buf_slice(&bytes));
    db_run(row);
    ck_assert(db_commit(db, &err));
    buf_free(&bytes);
}

/** A sheet with the group of "web1" as version 3 wrote it: mailed twice, and no alert
 *  is on. */
static struct buf old_sheet(const struct story *story)
{
    struct buf bytes = buf_make(1024);
    struct record_out out = { .out = &bytes };
    buf_putc(&bytes, 3);
    record_out_begin(&out);
    record_put(&out, PIECE_GROUP);
    record_put_text(&out, story->routes.items[0].key);
    record_put_text(&out, SLICE("\1\4\0host\4\0web1"));
    record_put(&out, 0);
    record_put(&out, 1);
    record_put(&out, 0);
    record_put_text(&out, SLICE("0123456789abcdef0123456789abcdef"));
    record_put(&out, 2);
    record_put(&out, (uint64_t)story->now.unix_ms + SECOND_MS);
    record_put(&out, (uint64_t)story->now.unix_ms - SECOND_MS);
    record_put(&out, (uint64_t)story->now.unix_ms);
    return bytes;
}

TEST(engine_store, a_sheet_from_before_threads_had_names_is_read)
{
    struct story story;
    story_begin(&story, "  - {to: [ops], group_by: [host], group_wait: 0s}\n");
    struct buf bytes = old_sheet(&story);
    ck_assert(!is_broken(&story, 1, buf_slice(&bytes)));
    bytes.ptr[0] = 4;
    ck_assert(is_broken(&story, 1, buf_slice(&bytes)));
    bytes.ptr[0] = 2;
    ck_assert(is_broken(&story, 1, buf_slice(&bytes)));
    buf_free(&bytes);
    engine_free(story.engine);
    story.engine = engine_create(story.rules, &story.routes, 2, 1, story.now);
    story_end(&story);
}

static int64_t rows_of(struct db *db, const char *sql)
{
    struct db_row *row = db_query(db, sql);
    ck_assert(db_next(row));
    int64_t count = db_int(row, 0);
    db_done(row);
    return count;
}

TEST(engine_store, what_an_older_version_stored_is_put_onto_sheets_at_once)
{
    struct story story;
    const struct state_place place = { .folder = unit_test_folder() };
    struct state_news news = { 0 };
    struct err err = { 0 };
    story_begin(&story, "  - {to: [ops], group_by: [host], group_wait: 0s}\n");
    struct db *db = state_open(&place, story.now, &news, &err);
    ck_assert_ptr_nonnull(db);
    put_old_row(db, &story);
    for (int start = 0; start < 2; start++) {
        engine_free(story.engine);
        story.engine = engine_create(story.rules, &story.routes, 2, 1, story.now);
        ck_assert(state_load(db, story.engine, story.now, &err));
        ck_assert(!db_is_dirty(db));
        ck_assert_int_eq(rows_of(db, "SELECT count(*) FROM piece"), 0);
        ck_assert_int_eq(rows_of(db, "SELECT count(*) FROM sheet"), 1);
        ck_assert_uint_eq(engine_tally(story.engine)->open, 3);
    }
    story.seen = 3;
    story.seen_hash = 77;
    story_pass(&story, MINUTE_MS);
    story_expect(&story, "0s first 'oom on web1' lines=3 alerts=1 mail=0\n");
    db_close(db);
    story_end(&story);
}

TEST(engine_store, an_old_piece_that_is_cut_short_or_too_long_is_broken)
{
    struct story story;
    struct err err = { 0 };
    const struct slice key = SLICE("alert/0000000000000007");
    story_begin(&story, "  - {to: [ops], group_by: [host]}\n");
    struct buf bytes = old_alert(&story);
    for (size_t len = 0; len < bytes.len; len++)
        ck_assert(!engine_restore_piece(story.engine, key, slice_make(bytes.ptr, len),
                                        story.now, &err));
    ck_assert(!engine_restore_piece(story.engine, SLICE("other/1"), buf_slice(&bytes),
                                    story.now, &err));
    buf_putc(&bytes, 'x');
    ck_assert(
        !engine_restore_piece(story.engine, key, buf_slice(&bytes), story.now, &err));
    ck_assert_int_eq(err.kind, ERR_BROKEN);
    buf_free(&bytes);
    engine_free(story.engine);
    story.engine = engine_create(story.rules, &story.routes, 2, 1, story.now);
    story_end(&story);
}

/* --- sheets ----------------------------------------------------------------------- */

static void post_many(struct story *story, int from, int to)
{
    char labels[64];
    for (int i = from; i < to; i++) {
        snprintf(labels, sizeof labels, "alertname=Down host=web%d", i);
        story_post(story, labels, 0);
    }
}

TEST(engine_store, small_alerts_share_a_sheet_and_one_with_lines_has_its_own)
{
    struct story story;
    story_begin(&story, "  - {to: [ops]}\n");
    post_many(&story, 0, 3 * SHEET_FILL - 1); /* and their group */
    ck_assert_uint_eq(story.store.count, 3);
    story_see(&story, "rule=oom host=web1");
    story_see(&story, "rule=oom host=web2");
    ck_assert_uint_eq(story.store.count, 6); /* their group, and each */
    story_end(&story);
}

TEST(engine_store, the_number_of_a_sheet_that_is_empty_is_given_again)
{
    struct story story;
    story_begin(&story, "  - {to: [ops], group_wait: 0s}\n");
    for (int round = 0; round < 20; round++) {
        story_see(&story, "rule=oom host=web1");
        if (round % 3 == 0)
            story_crash(&story, 0, NULL);
        story_pass(&story, DAY_MS);
        buf_clear(&story.transcript);
        ck_assert_uint_eq(story.store.count, 0);
        ck_assert_uint_le(story.engine->pieces.sheet_count, 3);
    }
    story_end(&story);
}
