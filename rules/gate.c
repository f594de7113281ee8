/** The scan: segment by segment, masks first, then what they point at. */
#include "rules/gate_inside.h"

#include "agent/base/must.h"

/* --- levels ----------------------------------------------------------------------- */

static const struct {
    const char *name;
    const struct gate_kernels *kernels;
} levels[GATE_LEVELS] = {
    [GATE_BEST] = { "best", NULL },
    [GATE_PLAIN] = { "plain", &gate_plain },
#if defined(__x86_64__)
    [GATE_SSSE3] = { "ssse3", &gate_ssse3 },
    [GATE_AVX2] = { "avx2", &gate_avx2 },
    [GATE_AVX512] = { "avx512", &gate_avx512 },
    [GATE_VBMI] = { "vbmi", &gate_vbmi },
#elif defined(__aarch64__)
    [GATE_NEON] = { "neon", &gate_neon },
#endif
};

const char *gate_level_name(enum gate_level level)
{
    static const char *const names[GATE_LEVELS] = {
        "best", "plain", "ssse3", "avx2", "avx512", "vbmi", "neon",
    };
    return names[level];
}

#if defined(__x86_64__)
static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("bmi2");
}

bool gate_level_is_there(enum gate_level level)
{
    bool has_popcnt = __builtin_cpu_supports("popcnt");
    if (level == GATE_SSSE3)
        return has_popcnt && __builtin_cpu_supports("ssse3");
    if (level == GATE_AVX2)
        return has_popcnt && __builtin_cpu_supports("avx2");
    if (level == GATE_AVX512)
        return has_popcnt && has_avx512();
    if (level == GATE_VBMI)
        return has_popcnt && has_avx512() && __builtin_cpu_supports("avx512vbmi") &&
               __builtin_cpu_supports("gfni");
    return level == GATE_BEST || level == GATE_PLAIN;
}
#else
bool gate_level_is_there(enum gate_level level)
{
    return level == GATE_BEST || levels[level].kernels != NULL;
}
#endif

const struct gate_kernels *gate_kernels_of(enum gate_level level)
{
    for (int best = GATE_LEVELS - 1; level == GATE_BEST && best > GATE_BEST; best--)
        if (gate_level_is_there((enum gate_level)best))
            level = (enum gate_level)best;
    must(gate_level_is_there(level));
    return levels[level].kernels;
}

/* --- what a mask points at -------------------------------------------------------- */

struct scan {
    const struct gate *gate;
    struct slice bytes;
    void (*hit)(void *ctx, size_t at, uint32_t owner);
    void *ctx;
};

static void tell_owners(const struct scan *scan, uint32_t literal, size_t at)
{
    const struct gate *gate = scan->gate;
    for (uint32_t i = gate->owner_starts[literal]; i < gate->owner_starts[literal + 1];
         i++)
        scan->hit(scan->ctx, at, gate->owners[i]);
}

static bool is_there(const struct scan *scan, const struct window *window, size_t at)
{
    if (window->offset > at)
        return false;
    size_t begin = at - window->offset;
    return literal_fits(&scan->gate->literals[window->literal],
                        slice_make(scan->bytes.ptr + begin, scan->bytes.len - begin));
}

/* The key of the window at @at; what would lie behind the block is zero. */
static uint64_t key_at(const struct scan *scan, const struct window_table *table,
                       size_t at)
{
    char rest[sizeof(uint64_t)] = { 0 };
    size_t left = scan->bytes.len - at;
    if (left >= sizeof rest)
        return window_key(table, scan->bytes.ptr + at);
    memcpy(rest, scan->bytes.ptr + at, left);
    return window_key(table, rest);
}

static void look_up(const struct scan *scan, const struct window_table *table,
                    size_t at)
{
    uint64_t key = key_at(scan, table, at);
    uint32_t bucket = window_hash(key) >> table->start_shift;
    for (uint32_t i = table->starts[bucket]; i < table->starts[bucket + 1]; i++) {
        const struct window *window = &table->windows[i];
        if (window->key == key && is_there(scan, window, at))
            tell_owners(scan, window->literal, at);
    }
}

/* Does it stand there with its window at @at, and all of it inside of the block? */
static bool shape_fits(const struct scan *scan, const struct shape_window *window,
                       size_t at)
{
    const struct shape *shape = &window->of.shape;
    if (window->offset > at || scan->bytes.len - (at - window->offset) < shape->len)
        return false;
    const char *bytes = scan->bytes.ptr + at - window->offset;
    for (size_t i = 0; i < shape->len; i++)
        if (!byte_set_has(&shape->places[i], (unsigned char)bytes[i]))
            return false;
    return true;
}

/* The byte that is told must lie in the line, which a lead may not. */
static void try_shapes(const struct scan *scan, size_t at)
{
    for (size_t i = 0; i < scan->gate->shape_count; i++) {
        const struct shape_window *window = &scan->gate->shapes[i];
        bool is_lead = window->of.shape.has_lead && window->offset == 0;
        if (shape_fits(scan, window, at))
            scan->hit(scan->ctx, at + is_lead, window->of.owner);
    }
}

/* --- segments --------------------------------------------------------------------- */

static void look_at_chunk(const struct scan *scan, size_t begin, uint64_t sampled,
                          uint64_t everywhere)
{
    for (uint64_t left = sampled | everywhere; left; left &= left - 1) {
        int bit = __builtin_ctzll(left);
        size_t at = begin + (size_t)bit;
        if (at >= scan->bytes.len)
            return;
        if (sampled >> bit & 1)
            look_up(scan, &scan->gate->sampled, at);
        if (everywhere >> bit & 1) {
            look_up(scan, &scan->gate->everywhere, at);
            try_shapes(scan, at);
        }
    }
}

/* @bytes is a segment of the block, at @begin of it, or a copy of its end.
 * @masks  room for two a chunk */
static uint64_t scan_segment(const struct scan *scan, const char *bytes, size_t chunks,
                             size_t begin, uint64_t *masks)
{
    const struct gate *gate = scan->gate;
    if (gate->has_long)
        gate->kernels->probe(gate, bytes, chunks, masks);
    if (gate->has_short)
        gate->kernels->sieve(gate, bytes, chunks, masks + chunks);
    for (size_t i = 0; i < chunks; i++) {
        uint64_t sampled = gate->has_long ? masks[i] : 0;
        uint64_t everywhere = gate->has_short ? masks[chunks + i] : 0;
        if (sampled | everywhere)
            look_at_chunk(scan, begin + i * CHUNK_BYTES, sampled, everywhere);
    }
    return gate->kernels->count_lines(bytes, chunks);
}

/* Compilers clear what is not told to be left alone; of a short text that would be most
 * of the cost. */
#if defined(__has_attribute)
#if __has_attribute(uninitialized)
#define NOT_CLEARED __attribute__((uninitialized))
#endif
#endif
#ifndef NOT_CLEARED
#define NOT_CLEARED
#endif

enum { PAIR = 2 * CHUNK_BYTES };

/* One memcpy() of so little would be a "rep movs", which takes long to begin. */
static void copy_short(char *to, const char *from, size_t len)
{
    enum { STEP = 16 };
    size_t at = 0;
    for (; at + STEP <= len; at += STEP)
        memcpy(to + at, from + at, STEP);
    memcpy(to + at, from + at, len % STEP);
}

/* The bytes behind the end must not be read, so the last ones are looked at in a copy,
 * with NULs behind it; what is found there is looked up in the block itself. */
static uint64_t scan_end(const struct scan *scan, size_t begin)
{
    enum { CHUNKS = 4 };
    NOT_CLEARED char copy[CHUNKS * CHUNK_BYTES + SIEVE_AHEAD];
    uint64_t masks[2 * CHUNKS];
    size_t len = scan->bytes.len - begin;
    size_t chunks = len > PAIR ? CHUNKS : CHUNKS / 2;
    must(len <= CHUNKS * CHUNK_BYTES);
    if (len == 0)
        return 0;
    copy_short(copy, scan->bytes.ptr + begin, len);
    memset(copy + len, 0, chunks * CHUNK_BYTES + SIEVE_AHEAD - len);
    return scan_segment(scan, copy, chunks, begin, masks);
}

/* All but the end. @at: set to where that begins */
static uint64_t scan_body(const struct scan *scan, size_t *at)
{
    uint64_t masks[2 * SEGMENT_CHUNKS], lines = 0;
    struct slice bytes = scan->bytes;
    while (bytes.len - *at >= PAIR + SIEVE_AHEAD) {
        size_t pairs = (bytes.len - *at - SIEVE_AHEAD) / PAIR;
        size_t chunks = pairs * 2 < SEGMENT_CHUNKS ? pairs * 2 : SEGMENT_CHUNKS;
        lines += scan_segment(scan, bytes.ptr + *at, chunks, *at, masks);
        *at += chunks * CHUNK_BYTES;
    }
    return lines;
}

uint64_t gate_scan(const struct gate *gate, struct slice bytes,
                   void (*hit)(void *ctx, size_t at, uint32_t owner), void *ctx)
{
    const struct scan scan = { gate, bytes, hit, ctx };
    uint64_t lines = 0;
    size_t at = 0;
    if (bytes.len > 2 * PAIR)
        lines = scan_body(&scan, &at);
    return lines + scan_end(&scan, at);
}
