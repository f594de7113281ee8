/** A life as a list of actions: drawn from a seed, or kept as text. */
#include "sim.h"

#include "agent/base/must.h"

void sim_draw(struct sim_life *life, uint64_t seed, size_t count)
{
    struct rng rng;
    uint64_t all = 0;
    must(count <= SIM_ACTIONS);
    rng_seed(&rng, seed ^ UINT64_C(0x9e3779b97f4a7c15));
    for (size_t i = 0; i < sim_act_count; i++)
        all += sim_acts[i].weight;
    life->seed = seed;
    life->count = count;
    for (size_t i = 0; i < count; i++) {
        uint64_t at = rng_next(&rng) % all;
        uint8_t kind = 0;
        while (at >= sim_acts[kind].weight)
            at -= sim_acts[kind++].weight;
        life->actions[i] = (struct sim_action){ kind, (uint32_t)rng_next(&rng) };
    }
}

void sim_save(const struct sim_life *life, struct buf *out)
{
    buf_printf(out, "seed %llu\n", (unsigned long long)life->seed);
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
    while (slice_next(&text, '\n', &line)) {
        if (line.len == 0 || line.ptr[0] == '#')
            continue;
        if (!slice_next(&line, ' ', &word) || !slice_to_int(line, &value) || value < 0)
            return false;
        if (slice_equal(word, SLICE("seed"))) {
            life->seed = (uint64_t)value;
            has_seed = true;
        } else if (!load_action(life, word, value)) {
            return false;
        }
    }
    return has_seed;
}
