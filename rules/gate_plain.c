/** The gate without vectors: on any machine, and what the vectors are compared with. */
#include "rules/gate_inside.h"

void gate_plain_probe(const struct gate *gate, const char *bytes, size_t chunks,
                      uint64_t *masks)
{
    const struct window_table table = gate->sampled;
    for (size_t i = 0; i < chunks; i++, bytes += CHUNK_BYTES) {
        uint64_t mask = 0;
        for (size_t at = 0; at < CHUNK_BYTES; at += STRIDE)
            mask |=
                (uint64_t)window_may_be_there(&table, window_key(&table, bytes + at))
                << at;
        masks[i] = mask;
    }
}

static bool passes(const struct gate *gate, const char *bytes)
{
    uint8_t classes = 0xff;
    for (size_t i = 0; i < SIEVE_BYTES; i++) {
        uint8_t byte = (uint8_t)bytes[i];
        classes &= gate->halves[i][0][byte & 15] & gate->halves[i][1][byte >> 4];
    }
    return classes != 0;
}

static void sieve(const struct gate *gate, const char *bytes, size_t chunks,
                  uint64_t *masks)
{
    for (size_t i = 0; i < chunks; i++, bytes += CHUNK_BYTES) {
        masks[i] = 0;
        for (size_t at = 0; at < CHUNK_BYTES; at++)
            masks[i] |= (uint64_t)passes(gate, bytes + at) << at;
    }
}

static uint64_t count_lines(const char *bytes, size_t chunks)
{
    uint64_t count = 0;
    for (size_t i = 0; i < chunks * CHUNK_BYTES; i++)
        count += bytes[i] == '\n';
    return count;
}

const struct gate_kernels gate_plain = { gate_plain_probe, sieve, count_lines };
