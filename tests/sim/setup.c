/** What a seed makes of the world, and the configuration that goes with it. */
#include "sim.h"

#include <stdio.h>
#include <sys/stat.h>

#include "agent/base/must.h"
#include "agent/state.h"

enum {
    VARIANTS = 3,
    RICH_VARIANTS = 4,
    CONFIG_BYTES = 8192,
    COMPLAINT_BYTES = 1 << 20,
    STATE_MODE = 0700
};

static const struct {
    const char *route;
    int64_t group_interval_ms;
} variants[RICH_VARIANTS] = {
    { "{to: [ops], group_wait: 0s, group_interval: 1m, repeat_interval: 1h}",
      MINUTE_MS },
    { "{to: [ops], group_by: [rule], group_wait: 5s, group_interval: 10s,"
      " repeat_interval: 10m, limit: {mails: 5, per: 10m}}",
      10 * SECOND_MS },
    { "{to: [ops], digest: {every: 10m}}", 0 },
    { "{to: [ops], group_by: [path], group_wait: 0s, group_interval: 10s,"
      " repeat_interval: 10m, limit: {mails: 2, per: 10m}}",
      10 * SECOND_MS },
};

/* The store lies in memory. What its folder on the real disk tells the agent is whether
 * there is room around it: where the file is missing, nobody can say so. */
static const char *const folders[] = { "/tmp/tocsin-sim-small",
                                       "/tmp/tocsin-sim-large" };

static void make_folders(void)
{
    char path[64];
    (void)mkdir(folders[0], STATE_MODE);
    (void)mkdir(folders[1], STATE_MODE);
    snprintf(path, sizeof path, "%s/tocsin.db", folders[1]);
    FILE *file = fopen(path, "a");
    if (file)
        fclose(file);
}

void sim_set_up(struct sim *sim, uint64_t seed, int world)
{
    struct rng *rng = &sim->rng;
    rng_seed(rng, seed);
    struct sim_traits *traits = &sim->traits;
    traits->is_pattern = sim->model.is_pattern = rng_next(rng) & 1;
    traits->is_copied = rng_next(rng) & 1;
    traits->variant = (int)(rng_next(rng) % VARIANTS);
    sim->disk.style = (enum disk_style)(rng_next(rng) % DISK_STYLES);
    traits->sweep_s = 10;
    make_folders();
    if (world < SIM_RICH_WORLD)
        return;
    traits->is_rich = true;
    /* Of numbers of their own, so that a plain life stays what it was. */
    struct rng more;
    rng_seed(&more, ~seed);
    traits->variant = (int)(rng_next(&more) % RICH_VARIANTS);
    traits->sweep_s = rng_next(&more) % 4 == 0 ? 4 : 10;
    traits->has_room = rng_next(&more) % 4 == 0;
    traits->has_inotify = rng_next(&more) % 2 == 0;
    traits->is_seldom = traits->has_inotify && rng_next(&more) % 2 == 0;
    if (traits->is_seldom)
        traits->sweep_s = 30 * 60;
    sim->notify.is_late = rng_next(&more) % 2 == 0;
    sim->notify.is_leaky = !traits->is_seldom && rng_next(&more) % 2 == 0;
    rng_seed(&sim->notify.rng, seed);
    traits->has_clients = rng_next(&more) % 2 == 0;
    traits->has_people = rng_next(&more) % 2 == 0;
    traits->has_crew = rng_next(&more) % 2 == 0;
    if (world >= SIM_SECRET_WORLD)
        canary_init(&sim->canary, seed);
}

struct power *sim_make_stores(void)
{
    struct power *stores = power_create("stores");
    make_folders();
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        struct err err = { 0 };
        struct state_news news = { 0 };
        const struct state_place place = { folders[i], power_vfs(stores), true };
        struct db *db = state_open(&place, (struct now){ 0 }, &news, &err);
        must(db != NULL);
        db_close(db);
    }
    return stores;
}

void sim_take_store(struct sim *sim, const struct power *stores)
{
    char path[64];
    snprintf(path, sizeof path, "%s/tocsin.db", folders[sim->traits.has_room]);
    power_put_file(sim->power, stores, path);
}

static void put_yaml(const struct sim *sim, struct buf *yaml)
{
    const struct sim_traits *traits = &sim->traits;
    buf_printf(yaml,
               "sources:\n"
               "  - {name: logs, files: ['/log/%s'], inotify: %s, sweep: %ds}\n"
               "rules:\n"
               "  - {name: err, match: '^ERR', by: [path], resolve_after: 20m}\n"
               "routes:\n"
               "  - {name: self, match: [rule=tocsin], to: [ops]}\n"
               "  - %s\n",
               traits->is_pattern ? "*" : "[ab].log",
               traits->has_inotify ? "true" : "false", traits->sweep_s,
               variants[traits->variant].route);
    if (traits->has_crew)
        buf_puts(yaml, "scan_threads: 3\n");
    if (traits->has_clients)
        buf_printf(yaml, "http: {listen: ['unix:%s'], resolve_after: 20m}\n",
                   sim->clients.path);
    buf_printf(yaml,
               "accounts:\n"
               "  - {name: g, gmail: a@gmail.com, password_file: %s}\n"
               "outputs:\n"
               "  - {name: ops, account: g, to: [",
               sim->canary.is_there ? sim->canary.password_path : "/none/secret");
    for (int i = 0; i < (traits->has_people ? MAILS_PEOPLE : 1); i++)
        buf_printf(yaml, "%s%s", i > 0 ? ", " : "", mails_people[i]);
    buf_printf(yaml, "]}\nstate_dir: %s\nhost: sim\n", folders[traits->has_room]);
}

struct config *sim_config(struct sim *sim)
{
    struct buf yaml = buf_make(CONFIG_BYTES), out = buf_make(COMPLAINT_BYTES);
    put_yaml(sim, &yaml);
    struct config *config = config_load_text("sim.yaml", buf_slice(&yaml), &out);
    if (!config)
        fprintf(stderr, "%s", out.ptr ? out.ptr : "");
    must(config != NULL);
    buf_free(&yaml);
    buf_free(&out);
    return config;
}

void sim_vary(struct sim *sim, uint32_t value)
{
    sim->traits.variant =
        (int)(value % (sim->traits.is_rich ? RICH_VARIANTS : VARIANTS));
}

int64_t sim_group_interval(const struct sim *sim)
{
    return variants[sim->traits.variant].group_interval_ms;
}
