/** What can happen to tocsin and its world: one function and one row each. */
#include <stdio.h>

#include "sim.h"

#include "agent/base/must.h"

enum { KEPT_ROTATIONS = 4, NAME_BYTES = 32 };

/* --- logs ------------------------------------------------------------------------- */

static void name_log(char name[NAME_BYTES], uint32_t value, int age)
{
    char letter = (char)('a' + (int)(value % SIM_LOGS));
    if (age == 0)
        snprintf(name, NAME_BYTES, "%c.log", letter);
    else
        snprintf(name, NAME_BYTES, "%c.log.%d", letter, age);
}

static struct disk_file *live_log(struct sim *sim, uint32_t value)
{
    char name[NAME_BYTES];
    name_log(name, value, 0);
    struct disk_file *file = disk_find(&sim->disk, name);
    if (!file) {
        file = disk_make(&sim->disk, name);
        file->owner = generation_create();
    }
    return file;
}

static void do_append(struct sim *sim, uint32_t value)
{
    struct disk_file *file = live_log(sim, value);
    for (uint32_t i = 1 + (value >> 4) % 12; i > 0; i--)
        model_write(&sim->model, &sim->disk, file, value >> (i % 16),
                    ((value >> i) & 7) == 0);
}

static void remove_log(struct sim *sim, const char *name, const char *reason)
{
    struct disk_file *file = disk_find(&sim->disk, name);
    if (!file)
        return;
    model_lose(&sim->model, file->owner, 0, reason);
    disk_remove(&sim->disk, name);
}

/** a.log.3 -> a.log.4, ..., a.log.1 -> a.log.2; what was a.log.4 is gone. */
static void shift(struct sim *sim, uint32_t value)
{
    char from[NAME_BYTES], to[NAME_BYTES];
    name_log(to, value, KEPT_ROTATIONS);
    remove_log(sim, to, "rotated away before it was read");
    for (int age = KEPT_ROTATIONS; age > 1; age--) {
        name_log(from, value, age - 1);
        name_log(to, value, age);
        if (disk_find(&sim->disk, from))
            disk_rename(&sim->disk, from, to);
    }
}

static void rotate_by_rename(struct sim *sim, uint32_t value)
{
    char from[NAME_BYTES], to[NAME_BYTES];
    struct disk_file *old = live_log(sim, value);
    shift(sim, value);
    name_log(from, value, 0);
    name_log(to, value, 1);
    disk_rename(&sim->disk, from, to);
    /* The writer holds its descriptor for a while. */
    for (uint32_t i = (value >> 8) % 3; i > 0; i--)
        model_write(&sim->model, &sim->disk, old, i, false);
    /* Without birth times it cannot be told from one that was read and came back under
     * the number of one that is gone. */
    struct generation *generation = old->owner;
    if (sim->disk.style == DISK_PLAIN && !generation->is_seen && !sim->is_pattern)
        model_lose(&sim->model, generation, 0, "came and went between two looks");
    if ((value >> 12) & 1)
        live_log(sim, value);
}

static void rotate_by_copy(struct sim *sim, uint32_t value)
{
    char name[NAME_BYTES];
    struct disk_file *file = live_log(sim, value);
    shift(sim, value);
    name_log(name, value, 1);
    struct disk_file *copy = disk_make(&sim->disk, name);
    copy->owner = generation_create();
    size_t copied = file->bytes.len;
    disk_append(&sim->disk, copy, buf_slice(&file->bytes));
    for (uint32_t i = (value >> 8) % 8 == 0 ? 2 : 0; i > 0; i--)
        model_write(&sim->model, &sim->disk, file, i, false);
    model_lose(&sim->model, file->owner, copied, "written between copy and truncate");
    model_copied(&sim->model, file->owner, copy->owner);
    disk_truncate(&sim->disk, file, 0);
    /* A copy that the power cut short cannot be told from a log of its own. */
    copy->durable_bytes = copy->bytes.len;
}

/** Nobody rotates one log in two styles. */
static void do_rotate(struct sim *sim, uint32_t value)
{
    if (sim->is_copied)
        rotate_by_copy(sim, value);
    else
        rotate_by_rename(sim, value);
}

static void do_recreate(struct sim *sim, uint32_t value)
{
    char name[NAME_BYTES];
    if (sim->is_copied)
        return;
    name_log(name, value, 0);
    remove_log(sim, name, "deleted before it was read");
    if ((value >> 8) & 1)
        live_log(sim, value);
}

static void do_read_errors(struct sim *sim, uint32_t value)
{
    sim->disk.errors_left = (int)(value % 4);
}

/* --- time ------------------------------------------------------------------------- */

static void do_pass(struct sim *sim, uint32_t value)
{
    sim_pass(sim, value % (15 * SECOND_MS));
}

static void do_calm(struct sim *sim, uint32_t value)
{
    (void)value;
    sim->disk.errors_left = 0;
    sim_pass(sim, MINUTE_MS); /* what had to be left alone is tried again */
    sim_calm(sim);
}

static void do_wait(struct sim *sim, uint32_t value)
{
    sim_pass(sim, value % (2 * HOUR_MS));
}

static void do_clock_step(struct sim *sim, uint32_t value)
{
    int64_t step = (int64_t)(value % (2 * HOUR_MS)) - HOUR_MS;
    sim->now.unix_ms += step;
}

/* --- the process ------------------------------------------------------------------ */

static void do_start(struct sim *sim, uint32_t value)
{
    (void)value;
    sim_start(sim);
}

static void do_kill(struct sim *sim, uint32_t value)
{
    if (sim->app)
        sim_kill(sim);
    if (value & 1)
        sim_start(sim);
}

/** Dies in the middle of a turn, at an operation of the store. */
static void do_die(struct sim *sim, uint32_t value)
{
    if (!sim->app)
        return;
    power_die_after(sim->power, value % 40);
    sim_pass(sim, 2 * SECOND_MS);
    power_die_after(sim->power, -1);
    if (value & (1u << 16))
        sim_start(sim);
}

static void do_stop(struct sim *sim, uint32_t value)
{
    (void)value;
    if (!sim->app)
        return;
    app_stop(sim->app);
    sim_pass(sim, 15 * SECOND_MS);
    if (sim->app && !app_is_stopped(sim->app))
        sim_fail(sim, "the agent does not stop within 15 s");
    if (sim->app)
        sim_kill(sim);
}

static void do_reload(struct sim *sim, uint32_t value)
{
    if (!sim->app || sim->is_full)
        return;
    sim->variant = (int)(value % 3);
    app_reload(sim->app, sim_config(sim));
    sim_pass(sim, 10);
}

/** What was written to a log since it was last synced may be gone with the power. */
static void cut_log(struct sim *sim, struct disk_file *file)
{
    struct generation *generation = file->owner;
    size_t end = file->bytes.len;
    for (size_t i = generation->count; i > 0; i--) {
        size_t begin = i > 1 ? sim->model.lines[generation->items[i - 2]].end : 0;
        if (begin < file->durable_bytes || (rng_next(&sim->rng) & 1))
            break;
        end = begin;
    }
    if (end == file->bytes.len)
        return;
    model_lose(&sim->model, generation, end, "its bytes went with the power");
    /* That is no change that anybody made. */
    int64_t durable_ns = file->durable_ns;
    disk_truncate(&sim->disk, file, end);
    file->modified_ns = file->durable_ns = durable_ns;
}

static void do_power_cut(struct sim *sim, uint32_t value)
{
    (void)value;
    if (sim->app)
        sim_kill(sim);
    power_cut(sim->power, &sim->rng);
    for (size_t i = 0; i < sim->disk.entry_count; i++)
        cut_log(sim, sim->disk.entries[i].file);
    /* A file that shrank and grew again past the old end before anybody looked cannot
     * be told from one that was copied and cut: the agent starts first. */
    power_set_full(sim->power, sim->is_full = false);
    sim->disk.errors_left = 0;
    sim_start(sim);
    sim_calm(sim);
}

/* --- the store and the mail server ------------------------------------------------ */

static void do_full(struct sim *sim, uint32_t value)
{
    (void)value;
    power_set_full(sim->power, sim->is_full = !sim->is_full);
}

static void do_mail_fault(struct sim *sim, uint32_t value)
{
    static const char *const rules[] = {
        "greeting:1x421 4.7.0 try again later",
        "ehlo:1xclose",
        "auth:1x454 4.7.0 Too many login attempts, please try again later.",
        "auth:1x535 5.7.8 Username and Password not accepted. p=BadCredentials",
        "mail:1x421 4.7.0 try again later",
        "mail:1xreset",
        "rcpt:1x452 4.2.2 The recipient's inbox is out of storage space.",
        "data:1x550 5.4.5 Daily user sending limit exceeded.",
        "data:1x451 4.3.0 Mail server temporarily rejected message.",
        "body:1xreset",
        "dot:1xclose",
        "dot:1xtake close",
        "dot:1xtake reset",
        "dot:1x421 4.3.0 Temporary System Problem. Try again later.",
        "dot:1xtake hang",
        "quit:1xhang",
    };
    struct err err = { 0 };
    struct slice rule = slice_of(rules[value % (sizeof rules / sizeof *rules)]);
    script_clear(post_script(sim->post));
    must(script_add(post_script(sim->post), rule, &err));
}

static void do_server_down(struct sim *sim, uint32_t value)
{
    (void)value;
    post_set_down(sim->post, sim->is_down = !sim->is_down);
}

const struct sim_act sim_acts[] = {
    { "append", 30, do_append },    { "pass", 25, do_pass },
    { "calm", 12, do_calm },        { "wait", 4, do_wait },
    { "clock", 2, do_clock_step },  { "rotate", 12, do_rotate },
    { "recreate", 2, do_recreate }, { "errors", 2, do_read_errors },
    { "start", 12, do_start },      { "kill", 5, do_kill },
    { "die", 8, do_die },           { "stop", 2, do_stop },
    { "reload", 3, do_reload },     { "power", 4, do_power_cut },
    { "full", 3, do_full },         { "fault", 8, do_mail_fault },
    { "down", 2, do_server_down },
};
const size_t sim_act_count = sizeof sim_acts / sizeof *sim_acts;
