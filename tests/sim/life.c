/** A life as a list of actions: drawn from a seed, or kept as text. */
#include "sim.h"

#include "agent/base/must.h"

/** How often it happens there. */
static uint32_t weight_of(const struct sim_act *act, int world)
{
    return act->world <= world ? act->weight : 0;
}

void sim_draw(struct sim_life *life, uint64_t seed, size_t count, int world)
{
    struct rng rng;
    uint64_t all = 0;
    must(count <= SIM_ACTIONS);
    rng_seed(&rng, seed ^ UINT64_C(0x9e3779b97f4a7c15));
    for (size_t i = 0; i < sim_act_count; i++)
        all += weight_of(&sim_acts[i], world);
    life->seed = seed;
    life->world = world;
    life->count = count;
    for (size_t i = 0; i < count; i++) {
        uint64_t at = rng_next(&rng) % all;
        uint8_t kind = 0;
        while (at >= weight_of(&sim_acts[kind], world))
            at -= weight_of(&sim_acts[kind++], world);
        life->actions[i] = (struct sim_action){ kind, (uint32_t)rng_next(&rng) };
    }
}

void sim_save(const struct sim_life *life, struct buf *out)
{
    buf_printf(out, "seed %llu\nworld %d\n", (unsigned long long)life->seed,
               life->world);
    for (size_t i = 0; i < life->count; i++)
        buf_printf(out, "%s %u\n", sim_acts[life->actions[i].kind].name,
                   life->actions[i].value);
}

static bool load_action(struct sim_life *life, struct slice name, int64_t value)
{
    uint8_t kind = 0;
    while (kind < sim_act_count && !slice_equal(name, slice_of(sim_acts[kind].name)))
        kind++;
    if (kind == sim_act_count || value > UINT32_MAX || life->count == SIM_ACTIONS)
        return false;
    life->actions[life->count++] = (struct sim_action){ kind, (uint32_t)value };
    return true;
}

bool sim_load(struct sim_life *life, struct slice text)
{
    struct slice line, word;
    int64_t value = 0;
    bool has_seed = false;
    life->count = 0;
    life->world = SIM_PLAIN_WORLD;
    while (slice_next(&text, '\n', &line)) {
        if (line.len == 0 || line.ptr[0] == '#')
            continue;
        if (!slice_next(&line, ' ', &word) || !slice_to_int(line, &value) || value < 0)
            return false;
        if (slice_equal(word, SLICE("seed"))) {
            life->seed = (uint64_t)value;
            has_seed = true;
        } else if (slice_equal(word, SLICE("world"))) {
            life->world = (int)value;
        } else if (!load_action(life, word, value)) {
            return false;
        }
    }
    return has_seed;
}
