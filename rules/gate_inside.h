/** The inside of the gate, shared by its files alone: what the kernels of each level
 *  look at. */
#ifndef TOCSIN_RULES_GATE_INSIDE_H
#define TOCSIN_RULES_GATE_INSIDE_H

#include "rules/gate.h"

enum {
    CHUNK_BYTES = 64,   /**< one mask of hits */
    STRIDE = 4,         /**< from one window that is looked up to the next */
    SIEVE_BYTES = 4,    /**< of a short literal, that the sieve looks at */
    SIEVE_AHEAD = 8,    /**< bytes behind the last chunk that a kernel may read */
    SEGMENT_CHUNKS = 64 /**< looked at at once: they stay in the first cache */
};

/** Bytes of a literal as they stand in a block, cases folded where the gate does. */
struct window {
    uint64_t key;
    uint32_t literal;
    uint32_t offset; /**< of the window in its literal */
};

/** Windows by key, behind a filter: two bits of one word for each. */
struct window_table {
    uint64_t mask; /**< of the bytes that a key has */
    uint64_t fold; /**< set in each of them where the gate folds */
    uint32_t *filter;
    unsigned filter_shift;
    uint32_t *starts; /**< of each bucket; one more for the end of the last */
    unsigned start_shift;
    struct window *windows;
    size_t count;
};

struct gate_kernels;

/** A shape, of which the sieve looks at SIEVE_BYTES places from @offset on. */
struct shape_window {
    struct gate_shape of;
    size_t offset;
};

/** For the low and the high half of the byte at each place of a window: the classes of
 *  short literals that can stand there. */
struct halves {
    uint8_t classes[SIEVE_BYTES][2][16];
};

struct gate {
    const struct gate_kernels *kernels;
    bool has_long, has_short;
    struct window_table sampled, everywhere;
    struct halves halves;
    uint8_t slots[SIEVE_BYTES][64];  /**< the same by sieve_slot() of the byte */
    uint8_t whole[SIEVE_BYTES][256]; /**< and by the byte itself */
    struct literal *literals;
    uint32_t *owner_starts; /**< of each literal; one more for the end of the last */
    uint32_t *owners;
    struct shape_window *shapes;
    size_t literal_count, owner_count, shape_count;
};

/** What differs from level to level. @chunks is even; SIEVE_AHEAD bytes behind them can
 *  be read. Bit i of a mask: byte i of its chunk is to be looked at. */
struct gate_kernels {
    void (*probe)(const struct gate *gate, const char *bytes, size_t chunks,
                  uint64_t *masks);
    void (*sieve)(const struct gate *gate, const char *bytes, size_t chunks,
                  uint64_t *masks);
    uint64_t (*count_lines)(const char *bytes, size_t chunks);
};

extern const struct gate_kernels gate_plain;
/** Where vectors do not help. */
void gate_plain_probe(const struct gate *gate, const char *bytes, size_t chunks,
                      uint64_t *masks);
#if defined(__x86_64__)
extern const struct gate_kernels gate_ssse3, gate_avx2, gate_avx512, gate_vbmi;
#elif defined(__aarch64__)
extern const struct gate_kernels gate_neon;
#endif

/** The kernels of @level, which is there. */
const struct gate_kernels *gate_kernels_of(enum gate_level level);

enum { HASH_LOW = (int)0x9E3779B1, HASH_HIGH = (int)0x85EBCA6B };

/** The hash of a window; its high bits choose the word of the filter. */
static inline uint32_t window_hash(uint64_t key)
{
    return (uint32_t)key * (uint32_t)HASH_LOW +
           (uint32_t)(key >> 32) * (uint32_t)HASH_HIGH;
}

/** The two bits of a filter's word; the vectors of gate_x86.c do the same. */
enum { FILTER_BIT_A = 12, FILTER_BIT_B = 7 };

static inline bool window_may_be_there(const struct window_table *table, uint64_t key)
{
    uint32_t hash = window_hash(key);
    uint32_t word = table->filter[hash >> table->filter_shift];
    return word >> (hash >> FILTER_BIT_A & 31) & word >> (hash >> FILTER_BIT_B & 31) &
           1;
}

/** Six bits of a byte: of text, all that tells letters, digits and marks apart. */
static inline unsigned sieve_slot(uint8_t byte)
{
    return (byte & 0x1fu) | (byte >> 1 & 0x20u);
}

/** The key of the window at @bytes, of which eight can be read. */
static inline uint64_t window_key(const struct window_table *table, const char *bytes)
{
    uint64_t key;
    memcpy(&key, bytes, sizeof key);
    return (key | table->fold) & table->mask;
}

#endif
