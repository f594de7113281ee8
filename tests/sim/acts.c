/** What can happen to tocsin and its world: one function and one row each. */
#include <stdio.h>

#include "sim.h"

#include "agent/base/must.h"

enum { COMPLAINT_BYTES = 1 << 16 };
enum { KEPT_ROTATIONS = 4, NAME_BYTES = 32, ROTATE_WAIT_MS = 10 * 1000 };

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
        model_write(&sim->model, file, value >> (i % 16), ((value >> i) & 7) == 0);
}

/** The writer is in the middle of a line. */
static void do_half(struct sim *sim, uint32_t value)
{
    model_write_half(&sim->model, live_log(sim, value), value >> 8);
}

static void remove_log(struct sim *sim, const char *name, const char *reason)
{
    struct disk_file *file = disk_find(&sim->disk, name);
    if (!file)
        return;
    model_seal(&sim->model, file->owner, file->bytes.len, reason);
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

/** Nobody can know of it, nor of what is written to it later. */
static void abandon(struct sim *sim, struct generation *generation, const char *why)
{
    generation->lost = why;
    generation->lost_group = sim->model.groups;
    model_lose(&sim->model, generation, 0, why);
    /* Lines that come later belong to the same loss. */
    sim->model.groups = generation->lost_group + 1;
}

/** Without birth times it cannot be told from one that was read and came back under the
 *  number of one that is gone. */
static bool is_unknown_to_all(const struct sim *sim,
                              const struct generation *generation)
{
    return sim->disk.style == DISK_PLAIN && !generation->is_seen &&
           !sim->traits.is_pattern;
}

/** The writer still holds what was rotated away just now. */
static void do_late(struct sim *sim, uint32_t value)
{
    char name[NAME_BYTES];
    name_log(name, value, 1);
    struct disk_file *file = disk_find(&sim->disk, name);
    struct generation *generation = file ? file->owner : NULL;
    if (sim->traits.is_copied || !generation || generation->left_ms == 0 ||
        generation->is_sealed ||
        sim->now.mono_ms - generation->left_ms >= ROTATE_WAIT_MS)
        return;
    for (uint32_t i = 1 + (value >> 4) % 3; i > 0; i--)
        model_write(&sim->model, file, value >> i, false);
    generation->left_ms = sim->now.mono_ms;
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
        model_write(&sim->model, old, i, false);
    struct generation *generation = old->owner;
    generation->left_ms = sim->now.mono_ms;
    bool is_unknown = is_unknown_to_all(sim, generation);
    /* Either a half line is ended now, or nobody ever does: its file is what ends.
     * Where a pattern wants the rotated file as well, it may be taken for a log that
     * goes on. */
    if (((value >> 10) & 1) || sim->traits.is_seldom)
        model_finish(&sim->model, old);
    else
        model_seal(&sim->model, generation, old->bytes.len,
                   sim->traits.is_pattern ? "half a line of a log that may go on"
                                          : NULL);
    if (is_unknown)
        abandon(sim, generation, "came and went between two looks");
    if ((value >> 12) & 1)
        live_log(sim, value);
}

/** The writer goes on in the rotated file, while the agent follows it already. */
static void do_linger(struct sim *sim, uint32_t value)
{
    if (sim->traits.is_copied)
        return;
    rotate_by_rename(sim, value);
    sim_pass(sim, 3 * SECOND_MS + value % (6 * SECOND_MS));
    do_late(sim, value);
}

static void rotate_by_copy(struct sim *sim, uint32_t value)
{
    char name[NAME_BYTES];
    struct disk_file *file = live_log(sim, value);
    shift(sim, value);
    name_log(name, value, 1);
    /* In the copy it may be a line, or the begin of one that is never seen whole. */
    model_seal(&sim->model, file->owner, file->bytes.len, "cut off by copytruncate");
    struct disk_file *copy = disk_make(&sim->disk, name);
    copy->owner = generation_create();
    size_t copied = file->bytes.len;
    disk_append(&sim->disk, copy, buf_slice(&file->bytes));
    /* The account of what was read of the log goes on in its copy. */
    copy->written_bytes = file->written_bytes;
    for (uint32_t i = (value >> 8) % 8 == 0 ? 2 : 0; i > 0; i--)
        model_write(&sim->model, file, i, false);
    model_lose(&sim->model, file->owner, copied, "written between copy and truncate");
    model_copied(&sim->model, file->owner, copy->owner);
    disk_truncate(&sim->disk, file, 0);
    /* A copy that the power cut short cannot be told from a log of its own. */
    copy->durable_bytes = copy->bytes.len;
}

/** Nobody rotates one log in two styles. */
static void do_rotate(struct sim *sim, uint32_t value)
{
    if (sim->traits.is_copied)
        rotate_by_copy(sim, value);
    else
        rotate_by_rename(sim, value);
}

static void do_recreate(struct sim *sim, uint32_t value)
{
    char name[NAME_BYTES];
    if (sim->traits.is_copied)
        return;
    name_log(name, value, 0);
    remove_log(sim, name, "deleted before it was read");
    if ((value >> 8) & 1)
        live_log(sim, value);
}

static void do_read_errors(struct sim *sim, uint32_t value)
{
    /* What could not be read is tried again by the sweep. */
    if (!sim->traits.is_seldom)
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
    /* With a full disk there is nothing to see but one try after the other. */
    sim_pass(sim, value % (sim->is_full && sim->traits.is_rich ? 2 * MINUTE_MS
                                                               : 2 * HOUR_MS));
}

/** The machine sleeps; nothing happens meanwhile. */
static void do_suspend(struct sim *sim, uint32_t value)
{
    int64_t ms = value % (10 * HOUR_MS);
    sim->now.mono_ms += ms;
    sim->now.unix_ms += ms;
    mails_begin_epoch(sim);
}

static void do_clock_step(struct sim *sim, uint32_t value)
{
    int64_t step = (int64_t)(value % (2 * HOUR_MS)) - HOUR_MS;
    sim->now.unix_ms += step;
    sim->mails.has_stepped = true;
    clients_forget(&sim->clients);
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
    sim->mails.doubts++;
    app_stop(sim->app);
    sim->is_stopping = true;
    sim_pass(sim, 15 * SECOND_MS);
    sim->is_stopping = false;
    if (sim->app && !app_is_stopped(sim->app))
        sim_fail(sim, "the agent does not stop within 15 s");
    if (sim->app)
        sim_kill(sim);
}

static void do_reload(struct sim *sim, uint32_t value)
{
    if (!sim->app || sim->is_full)
        return;
    sim_vary(sim, value);
    mails_begin_epoch(sim); /* what is due is told by the new routes at once */
    app_reload(sim->app, sim_config(sim));
    sim_pass(sim, 10);
}

/** A person makes a mistake. */
static void do_bad_reload(struct sim *sim, uint32_t value)
{
    struct buf out = buf_make(COMPLAINT_BYTES);
    struct slice text = value & 1 ? SLICE("sources: [") : SLICE("rules: {a: b}");
    struct config *config = config_load_text("bad.yaml", text, &out);
    must(config == NULL);
    buf_free(&out);
    if (sim->app)
        app_refuse_reload(sim->app);
    sim_pass(sim, 10);
}

/** What was written to a log since it was last synced may be gone with the power. */
static void cut_log(struct sim *sim, struct disk_file *file)
{
    struct generation *generation = file->owner;
    if (generation->half_len > 0) {
        size_t begin = file->bytes.len - generation->half_len;
        model_lose(&sim->model, generation, begin, "half a line went with the power");
        disk_truncate(&sim->disk, file, begin);
        generation->half_len = 0;
    }
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
    mails_begin_epoch(sim);
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
    sim->was_full = true;
    mails_begin_epoch(sim);
}

/** One operation of the store fails; what the agent does of it is its own. */
static void do_fail(struct sim *sim, uint32_t value)
{
    bool is_broken = value & 1;
    power_fail_after(sim->power, (value >> 1) % 40, is_broken);
    sim_pass(sim, 2 * SECOND_MS);
    sim->was_full |= !is_broken && power_has_failed(sim->power);
    power_fail_after(sim->power, -1, false);
    mails_begin_epoch(sim);
    if ((value >> 16) & 1)
        sim_start(sim);
}

static void set_fault(struct sim *sim, const char *rule)
{
    struct err err = { 0 };
    script_clear(post_script(sim->post));
    must(script_add(post_script(sim->post), slice_of(rule), &err));
    sim->mails.doubtful = strncmp(rule, "dot:", 4) == 0 ? 5 : 0;
}

/** Something is wrong with one of several recipients. */
static void do_rcpt_fault(struct sim *sim, uint32_t value)
{
    static const char *const rules[] = {
        "rcpt(dev@):1x452 4.2.2 The recipient's inbox is out of storage space.",
        "rcpt(ops@):2x451 4.3.0 Mail server temporarily rejected message.",
        "rcpt(boss@):1xclose",
        "rcpt(boss@):1x421 4.7.0 try again later",
        "rcpt(dev@):1x452 4.5.3 Too many recipients",
        "dot:5xtake close",
        "dot:4xclose",
    };
    set_fault(sim, rules[value % (sizeof rules / sizeof *rules)]);
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
    set_fault(sim, rules[value % (sizeof rules / sizeof *rules)]);
}

static void do_server_down(struct sim *sim, uint32_t value)
{
    (void)value;
    sim->mails.doubts++;
    post_set_down(sim->post, sim->is_down = !sim->is_down);
}

const struct sim_act sim_acts[] = {
    { "append", 30, do_append },
    { "pass", 25, do_pass },
    { "calm", 12, do_calm },
    { "wait", 4, do_wait },
    { "clock", 2, do_clock_step },
    { "rotate", 12, do_rotate },
    { "recreate", 2, do_recreate },
    { "errors", 2, do_read_errors },
    { "start", 12, do_start },
    { "kill", 5, do_kill },
    { "die", 8, do_die },
    { "stop", 2, do_stop },
    { "reload", 3, do_reload },
    { "power", 4, do_power_cut },
    { "full", 3, do_full },
    { "fault", 8, do_mail_fault },
    { "down", 2, do_server_down },
    { "half", 8, do_half, SIM_RICH_WORLD },
    { "post", 14, clients_post, SIM_RICH_WORLD },
    { "repeat", 2, clients_repeat, SIM_RICH_WORLD },
    { "late", 8, do_late, SIM_RICH_WORLD },
    { "linger", 5, do_linger, SIM_RICH_WORLD },
    { "suspend", 2, do_suspend, SIM_RICH_WORLD },
    { "badly", 1, do_bad_reload, SIM_RICH_WORLD },
    { "fail", 6, do_fail, SIM_RICH_WORLD },
    { "rcpt", 5, do_rcpt_fault, SIM_RICH_WORLD },
};
const size_t sim_act_count = sizeof sim_acts / sizeof *sim_acts;
