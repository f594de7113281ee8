/** How the agent is put together out of a configuration and a world, and let go. */
#include <stdlib.h>

#include "agent/app_parts.h"
#include "agent/reports.h"
#include "rules/rule_cost.h"

struct engine *app_make_engine(struct app *app, const struct config *config,
                               struct err *err)
{
    rules_measure(config->compiled_rules, app->world.clock.ticks);
    struct engine *engine =
        engine_create(config->compiled_rules, &config->compiled_routes,
                      config->source_count, rng_next(&app->rng), app->now);
    if (state_load(app->db, engine, app->now, err))
        return engine;
    engine_free(engine);
    return NULL;
}

struct crew *app_make_crew(struct app *app, const struct config *config)
{
    return crew_create(
        &(struct crew_setting){ .engine = app->engine,
                                .rules = config->compiled_rules,
                                .thread_count = (size_t)config->scan_threads,
                                .has_threads = app->world.has_threads,
                                .log = app->world.log });
}

/** A store behind a VFS has no files of the kernel to be looked at. */
static void note_files(struct app *app, const char *folder, uint64_t count)
{
    if (app->world.vfs)
        return;
    state_dir_note(folder, count, app->now, &app->news);
    state_files_note(&app->state_files, folder);
}

static bool open_store(struct app *app, struct err *err)
{
    const struct state_place place = {
        .folder = arena_text(&app->turn, app->config->state_dir.value),
        .vfs = app->world.vfs,
        .stops_when_damaged = app->config->damaged_store == DAMAGED_STORE_STOP,
    };
    app->db = state_open(&place, app->now, &app->news, err);
    if (!app->db)
        return false;
    uint64_t count = state_count(app->db, err);
    if (count == 0)
        return false;
    note_files(app, place.folder, count);
    /* Each start draws other numbers, or two lives would share their Message-IDs. */
    rng_seed(&app->rng, app->world.seed + count);
    return true;
}

/** Counts are whole only when nothing is under way in the scanning threads. */
static void put_metrics(void *ctx, struct buf *out)
{
    struct app *app = ctx;
    struct metrics metrics;
    crew_finish(app->crew, app->now);
    app_measure(app, &metrics);
    metrics_put_exposition(&metrics, out);
}

static bool build_parts(struct app *app, struct err *err)
{
    const struct config *config = app->config;
    const struct inputs_config inputs = config_inputs(config);
    app->engine = app_make_engine(app, config, err);
    if (!app->engine)
        return false;
    app->crew = app_make_crew(app, config);
    app->inputs =
        inputs_create(&(struct input_world){ .fs = app->world.fs,
                                             .db = app->db,
                                             .wakes = app->world.wakes,
                                             .log = app->world.log,
                                             .journals = app->world.journals,
                                             .stdin_fd = app->world.stdin_fd,
                                             .listens = app->world.listens,
                                             .empties_spool = app->world.empties_spool,
                                             .metrics = { put_metrics, app } },
                      &inputs, app->now);
    app->outputs = outputs_create(&(struct outputs_world){ .db = app->db,
                                                           .links = app->world.links,
                                                           .wakes = app->world.wakes,
                                                           .log = app->world.log,
                                                           .seed = rng_next(&app->rng),
                                                           .host = config->host_name },
                                  config->compiled_outputs, app->now);
    return true;
}

struct app *app_create(struct config *config, const struct world *world,
                       struct err *err)
{
    struct app *app = mem_zalloc(sizeof *app);
    app->world = *world;
    app->config = config;
    app->notices.arena = &app->turn;
    app->now = app->started = clock_read(&app->world.clock);
    app->committed_ms = app->now.mono_ms - COMMIT_WAIT_MS;
    app->given_back_commits = UINT64_MAX; /* nobody has looked yet */
    if (!open_store(app, err) || !build_parts(app, err)) {
        app_free(app);
        return NULL;
    }
    reports_news(app);
    /* Where the first start ever begins must outlive a kill: kept by the first turn. */
    app->positions_due_ms = app->now.mono_ms;
    arena_clear(&app->turn);
    return app;
}

bool app_listen(struct app *app, struct err *err)
{
    struct arena arena = { 0 };
    const char *path = arena_text(&arena, app->config->control.value);
    app->control = control_open(path, app->world.wakes, err);
    arena_free(&arena);
    return app->control != NULL;
}

void app_free(struct app *app)
{
    if (!app)
        return;
    control_close(app->control);
    outputs_free(app->outputs);
    inputs_free(app->inputs);
    crew_free(app->crew);
    engine_free(app->engine);
    db_close(app->db);
    state_files_clear(&app->state_files);
    free(app->backup_path);
    config_free(app->config);
    config_free(app->next_config);
    arena_free(&app->turn);
    arena_free(&app->mails);
    free(app);
}
