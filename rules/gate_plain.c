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

/* The classes of short literals that may stand at @bytes. */
static unsigned classes_at(const struct gate *gate, const unsigned char *bytes)
{
    return gate->whole[0][bytes[0]] & gate->whole[1][bytes[1]] &
           gate->whole[2][bytes[2]] & gate->whole[3][bytes[3]];
}

static void sieve(const struct gate *gate, const char *bytes, size_t chunks,
                  uint64_t *masks)
{
    const unsigned char *text = (const unsigned char *)bytes;
    for (size_t i = 0; i < chunks; i++, text += CHUNK_BYTES) {
        uint64_t mask = 0;
        for (size_t at = 0; at < CHUNK_BYTES; at++)
            mask |= (uint64_t)(classes_at(gate, text + at) != 0) << at;
        masks[i] = mask;
    }
}

/* A loop that compilers turn into vectors, where there are some. */
static uint64_t count_lines(const char *bytes, size_t chunks)
{
    uint64_t count = 0;
    for (size_t i = 0; i < chunks; i++, bytes += CHUNK_BYTES) {
        uint8_t feeds = 0;
        for (size_t at = 0; at < CHUNK_BYTES; at++)
            feeds = (uint8_t)(feeds + (bytes[at] == '\n'));
        count += feeds;
    }
    return count;
}

const struct gate_kernels gate_plain = { gate_plain_probe, sieve, count_lines };
