/** The loop of a life, and what must hold at its end. */
#include "sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/mem.h"
#include "agent/base/must.h"
#include "agent/base/unmime.h"
#include "shelf.h"

enum {
    MOST_TURNS = 20000, /* at one moment: a busy loop */
    LOG_BYTES = 4 << 20,
    CALM_MS = 60 * 1000,
    SWEEP_MS = 10 * 1000,
};
/* Longer than any verdict of these faults lets a mail wait. */
#define DRAIN_MS (12 * HOUR_MS)
#define BEGIN_UNIX_MS INT64_C(1790000000000)

void sim_fail(struct sim *sim, const char *format, ...)
{
    char text[1024];
    va_list args;
    if (sim->failure.len > 0)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    buf_printf(&sim->failure, "%s", text);
}

/* --- the agent -------------------------------------------------------------------- */

static struct now read_clock(void *ctx)
{
    return ((struct sim *)ctx)->now;
}

static void write_log(void *ctx, enum log_level level, const char *text)
{
    struct sim *sim = ctx;
    canary_look(sim, "the agent's log", slice_of(text));
    buf_printf(&sim->log_text, "%10lld %d %s\n", (long long)sim->now.mono_ms,
               (int)level, text);
}

void sim_start(struct sim *sim)
{
    struct err err = { 0 };
    if (sim->app)
        return;
    struct world world = { .clock = { read_clock, sim },
                           .fs = disk_fs(&sim->disk),
                           .links = post_links(sim->post),
                           .log = &sim->log,
                           .seed = ++sim->starts,
                           .vfs = power_vfs(sim->power),
                           .listens = sim->traits.has_clients,
                           .stdin_fd = -1 };
    sim->app = app_create(sim_config(sim), &world, &err);
    if (sim->app)
        return;
    if (!sim->is_full && !power_has_failed(sim->power) && !power_is_dead(sim->power))
        sim_fail(sim, "the agent does not start: %s", err.text);
    disk_close_all(&sim->disk);
    power_restart(sim->power);
}

/** The process is gone in the middle of a turn, of which the rest is only played:
 *  nobody hears it any more. */
static void fall_silent(void *ctx)
{
    struct sim *sim = ctx;
    sim->mails.doubts++;
    post_set_down(sim->post, true);
    clients_break(&sim->clients);
}

static void end_process(struct sim *sim)
{
    sim->mails.doubts++;
    clients_break(&sim->clients);
    if (sim->app && !power_is_dead(sim->power) &&
        app_failure(sim->app)->kind == ERR_NONE)
        canary_ask(sim);
    power_freeze(sim->power);
    app_free(sim->app);
    sim->app = NULL;
    disk_close_all(&sim->disk);
    power_restart(sim->power);
    post_set_down(sim->post, sim->is_down);
}

void sim_kill(struct sim *sim)
{
    end_process(sim);
    if (sim->failure.len == 0)
        shelf_check(sim, false);
}

/* --- time ------------------------------------------------------------------------- */

bool sim_turn(struct sim *sim)
{
    app_turn(sim->app);
    sim->turns++;
    const struct err *failure = app_failure(sim->app);
    mails_look(sim);
    if (power_is_dead(sim->power) ||
        (failure->kind != ERR_NONE && power_has_failed(sim->power))) {
        sim_kill(sim);
        return false;
    }
    if (failure->kind != ERR_NONE) {
        sim_fail(sim, "the agent stopped: %s", failure->text);
        sim_kill(sim);
        return false;
    }
    return true;
}

static bool has_work(const struct sim *sim)
{
    if (app_is_stopped(sim->app))
        return false;
    return app_wake_at(sim->app) <= sim->now.mono_ms ||
           (!app_is_held_back(sim->app) &&
            (post_is_ready(sim->post) || notify_is_ready(&sim->notify)));
}

static void settle(struct sim *sim)
{
    int turns = 0;
    while (sim->app && !app_is_stopped(sim->app) && sim_turn(sim) && has_work(sim)) {
        if (++turns > MOST_TURNS) {
            sim_fail(sim, "the agent turns without end at %lld ms",
                     (long long)sim->now.mono_ms);
            return;
        }
    }
}

static int64_t next_moment(const struct sim *sim, int64_t to_ms)
{
    int64_t due = earlier_ms(post_wake_at(sim->post), notify_wake_at(&sim->notify));
    if (!sim->app || app_is_stopped(sim->app))
        return to_ms;
    if (due <= sim->now.mono_ms)
        due = NEVER_MS;
    due = earlier_ms(due, app_wake_at(sim->app));
    if (due <= sim->now.mono_ms)
        due = sim->now.mono_ms + 1;
    return earlier_ms(to_ms, due);
}

void sim_pass(struct sim *sim, int64_t ms)
{
    int64_t to_ms = sim->now.mono_ms + ms;
    settle(sim);
    bool is_running = sim->app != NULL;
    while (sim->now.mono_ms < to_ms && sim->failure.len == 0) {
        int64_t at_ms = next_moment(sim, to_ms);
        sim->now.unix_ms += at_ms - sim->now.mono_ms;
        sim->now.mono_ms = at_ms;
        settle(sim);
    }
    if (is_running && sim->app && !sim->is_stopping && ms >= SWEEP_MS &&
        !app_is_held_back(sim->app))
        model_see(&sim->model);
}

void sim_calm(struct sim *sim)
{
    bool is_well = sim->app && !sim->is_full && sim->disk.errors_left == 0;
    sim_pass(sim, CALM_MS);
    if (!is_well || !sim->app || app_is_held_back(sim->app))
        return;
    model_settle(&sim->model);
    disk_sync(&sim->disk);
}

/* --- what must hold --------------------------------------------------------------- */

/** Faults are over: everything that waits goes out. */
static void drain(struct sim *sim)
{
    struct metrics metrics = { 0 };
    script_clear(post_script(sim->post));
    post_set_down(sim->post, false);
    power_set_full(sim->power, sim->is_full = false);
    power_fail_after(sim->power, -1, false);
    mails_begin_epoch(sim);
    sim->disk.errors_left = 0;
    sim->is_down = false;
    for (size_t i = 0; i < sim->disk.entry_count; i++)
        model_finish(&sim->model, sim->disk.entries[i].file);
    sim_start(sim);
    sim_calm(sim);
    sim_pass(sim, 70 * MINUTE_MS); /* what is absent is waited for */
    for (int64_t left = DRAIN_MS; left > 0 && sim->app; left -= HOUR_MS) {
        sim_pass(sim, HOUR_MS);
        if (!sim->app || sim->failure.len > 0)
            return;
        app_measure(sim->app, &metrics);
        if (metrics.mails_waiting == 0 && metrics.open == 0)
            break;
    }
    if (metrics.mails_waiting > 0 || metrics.open > 0)
        sim_fail(sim, "%llu mails wait and %llu lines are not told after %d hours",
                 (unsigned long long)metrics.mails_waiting,
                 (unsigned long long)metrics.open, (int)(DRAIN_MS / HOUR_MS));
    end_process(sim);
    shelf_check(sim, true);
}

/* --- a life ----------------------------------------------------------------------- */

static void forget_generation(void *owner)
{
    free(owner);
}

static void begin(struct sim *sim, const struct sim_life *life,
                  const struct sim_how *how)
{
    sim->now = (struct now){ 1000 * 1000, BEGIN_UNIX_MS };
    sim->log = (struct log_sink){ write_log, sim, LOG_LEVEL_INFO, 0 };
    sim->log_text = buf_make(LOG_BYTES);
    sim->failure = buf_make(2048);
    sim->model.disk = &sim->disk;
    sim->model.canary = &sim->canary;
    clients_init(&sim->clients);
    disk_init(&sim->disk, DISK_EXT4, forget_generation);
    sim->notify.now = &sim->now;
    sim->disk.notify = &sim->notify;
    sim_set_up(sim, life->seed, life->world);
    for (int i = 0; i < SIM_LOGS; i++) {
        char name[] = "a.log";
        name[0] = (char)('a' + i);
        disk_make(&sim->disk, name)->owner = generation_create();
    }
    sim->power = power_create("sim");
    power_set_lying(sim->power, how->is_lying);
    if (how->stores && !how->is_lying && life->seed % SIM_FIRST_STARTS != 0)
        sim_take_store(sim, how->stores);
    power_on_death(sim->power, fall_silent, sim);
    canary_watch_store(sim);
    sim->post = post_create(&sim->now);
    mails_begin_epoch(sim);
    sim_start(sim);
    sim_calm(sim);
}

static void end(struct sim *sim)
{
    app_free(sim->app);
    disk_clear(&sim->disk);
    mails_free(&sim->mails);
    clients_end(&sim->clients);
    canary_end(&sim->canary);
    post_free(sim->post);
    power_free(sim->power);
    buf_free(&sim->failure);
    buf_free(&sim->log_text);
    free(sim);
}

static void log_folder(struct sim *sim)
{
    for (size_t i = 0; i < sim->disk.entry_count; i++) {
        const struct disk_file *file = sim->disk.entries[i].file;
        log_info(&sim->log, "  %s: inode %llu, %zu bytes, %zu of them durable",
                 sim->disk.entries[i].name, (unsigned long long)file->inode,
                 file->bytes.len, file->durable_bytes);
    }
}

static void say_world(const struct sim *sim, struct buf *out)
{
    static const char *const styles[] = { "ext4", "tmpfs", "plain" };
    buf_printf(out, "[%s, %s, by %s] ", styles[sim->disk.style],
               sim->traits.is_copied ? "copytruncate" : "rename",
               sim->traits.is_pattern ? "pattern" : "name");
}

/** The agent's log, and its mails as people read them. */
static void put_story(const struct sim *sim, struct buf *out)
{
    buf_put(out, buf_slice(&sim->log_text));
    for (size_t i = 0; i < post_mail_count(sim->post); i++) {
        const struct post_mail *mail = post_mail(sim->post, i);
        buf_printf(out, "--- mail at %lld\n", (long long)mail->mono_ms);
        unmime_text(mail->bytes, out);
    }
}

enum sim_end sim_live(const struct sim_life *life, const struct sim_how *how,
                      struct buf *why, struct buf *log)
{
    struct sim *sim = mem_zalloc(sizeof *sim);
    begin(sim, life, how);
    for (size_t i = 0; i < life->count && sim->failure.len == 0; i++) {
        const struct sim_act *act = &sim_acts[life->actions[i].kind];
        if (log)
            log_info(&sim->log, "ACTION %zu %s %u", i, act->name,
                     life->actions[i].value);
        act->act(sim, life->actions[i].value);
        if (log)
            log_folder(sim);
    }
    if (sim->failure.len == 0)
        drain(sim);
    bool ok = sim->failure.len == 0;
    enum sim_end end_of_it = ok ? SIM_GOOD : SIM_BAD;
    if (ok && sim->is_undecided)
        end_of_it = SIM_UNDECIDED;
    if (!ok)
        say_world(sim, why);
    buf_put(why, buf_slice(&sim->failure));
    if (log)
        put_story(sim, log);
    end(sim);
    return end_of_it;
}
