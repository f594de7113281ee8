/**
 * The gate on x86-64. Each level is compiled for its own instructions, and which of
 * them runs is decided when the program does.
 */
#include "rules/gate_inside.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define SSSE3 __attribute__((target("ssse3,popcnt")))
#define AVX2 __attribute__((target("avx2,popcnt")))
#define AVX512 __attribute__((target("avx512f,avx512bw,bmi2,popcnt")))
#define VBMI __attribute__((target("avx512f,avx512bw,avx512vbmi,gfni,bmi2,popcnt")))

/* --- SSSE3 ------------------------------------------------------------------------ */

/* The classes of short literals that a byte lets pass at place @i. */
SSSE3 static inline __m128i classes_128(const struct halves *halves, size_t i,
                                        const char *bytes)
{
    __m128i low = _mm_loadu_si128((const __m128i *)halves->classes[i][0]);
    __m128i high = _mm_loadu_si128((const __m128i *)halves->classes[i][1]);
    __m128i half = _mm_set1_epi8(15);
    __m128i text = _mm_loadu_si128((const __m128i *)(bytes + i));
    __m128i above = _mm_and_si128(_mm_srli_epi16(text, 4), half);
    return _mm_and_si128(_mm_shuffle_epi8(low, _mm_and_si128(text, half)),
                         _mm_shuffle_epi8(high, above));
}

SSSE3 static void sieve_ssse3(const struct gate *gate, const char *bytes, size_t chunks,
                              uint64_t *masks)
{
    const struct halves own = gate->halves; /* which stay in registers */
    for (size_t i = 0; i < chunks * 4; i++, bytes += 16) {
        __m128i classes = classes_128(&own, 0, bytes);
        for (size_t k = 1; k < SIEVE_BYTES; k++)
            classes = _mm_and_si128(classes, classes_128(&own, k, bytes));
        __m128i none = _mm_cmpeq_epi8(classes, _mm_setzero_si128());
        uint64_t mask = ~(unsigned)_mm_movemask_epi8(none) & 0xffff;
        masks[i / 4] = (i % 4 ? masks[i / 4] : 0) | mask << i % 4 * 16;
    }
}

SSSE3 static uint64_t count_lines_ssse3(const char *bytes, size_t chunks)
{
    uint64_t count = 0;
    __m128i feed = _mm_set1_epi8('\n');
    for (size_t i = 0; i < chunks * 4; i++) {
        __m128i text = _mm_loadu_si128((const __m128i *)(bytes + i * 16));
        int mask = _mm_movemask_epi8(_mm_cmpeq_epi8(text, feed));
        count += (uint64_t)__builtin_popcount((unsigned)mask);
    }
    return count;
}

const struct gate_kernels gate_ssse3 = { gate_plain_probe, sieve_ssse3,
                                         count_lines_ssse3 };

/* --- AVX2 ------------------------------------------------------------------------- */

AVX2 static inline __m256i times_256(__m256i low, int factor)
{
    return _mm256_mullo_epi32(low, _mm256_set1_epi32(factor));
}

/* Which of the eight windows at @bytes may be in the table. */
AVX2 static inline unsigned filter_256(const struct window_table *table,
                                       const char *bytes)
{
    __m256i one = _mm256_set1_epi32(1), five_bits = _mm256_set1_epi32(31);
    __m256i fold = _mm256_set1_epi32((int)(uint32_t)table->fold);
    __m256i mask = _mm256_set1_epi32((int)(uint32_t)(table->mask >> 32));
    __m256i low = _mm256_loadu_si256((const __m256i *)bytes);
    __m256i high = _mm256_loadu_si256((const __m256i *)(bytes + 4));
    high = _mm256_and_si256(_mm256_or_si256(high, fold), mask);
    low = times_256(_mm256_or_si256(low, fold), HASH_LOW);
    __m256i hash = _mm256_add_epi32(low, times_256(high, HASH_HIGH));
    __m256i place = _mm256_srl_epi32(hash, _mm_cvtsi32_si128((int)table->filter_shift));
    __m256i word = _mm256_i32gather_epi32((const int *)table->filter, place, 4);
    __m256i a = _mm256_and_si256(_mm256_srli_epi32(hash, FILTER_BIT_A), five_bits);
    __m256i b = _mm256_and_si256(_mm256_srli_epi32(hash, FILTER_BIT_B), five_bits);
    __m256i both =
        _mm256_and_si256(_mm256_srlv_epi32(word, a), _mm256_srlv_epi32(word, b));
    __m256i is_set = _mm256_cmpeq_epi32(_mm256_and_si256(both, one), one);
    return (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(is_set));
}

/* Bit i of @bits becomes bit STRIDE * i. */
static inline uint64_t spread(unsigned bits)
{
    uint64_t mask = 0;
    for (; bits; bits &= bits - 1)
        mask |= UINT64_C(1) << STRIDE * __builtin_ctz(bits);
    return mask;
}

AVX2 static void probe_avx2(const struct gate *gate, const char *bytes, size_t chunks,
                            uint64_t *masks)
{
    const struct window_table table = gate->sampled;
    for (size_t i = 0; i < chunks; i++, bytes += CHUNK_BYTES) {
        unsigned bits = filter_256(&table, bytes) | filter_256(&table, bytes + 32) << 8;
        masks[i] = bits ? spread(bits) : 0;
    }
}

AVX2 static inline __m256i classes_256(const struct halves *halves, size_t i,
                                       const char *bytes)
{
    __m256i low = _mm256_broadcastsi128_si256(
        _mm_loadu_si128((const __m128i *)halves->classes[i][0]));
    __m256i high = _mm256_broadcastsi128_si256(
        _mm_loadu_si128((const __m128i *)halves->classes[i][1]));
    __m256i half = _mm256_set1_epi8(15);
    __m256i text = _mm256_loadu_si256((const __m256i *)(bytes + i));
    __m256i above = _mm256_and_si256(_mm256_srli_epi16(text, 4), half);
    return _mm256_and_si256(_mm256_shuffle_epi8(low, _mm256_and_si256(text, half)),
                            _mm256_shuffle_epi8(high, above));
}

AVX2 static inline uint64_t sieve_256(const struct halves *halves, const char *bytes)
{
    __m256i classes = classes_256(halves, 0, bytes);
    for (size_t k = 1; k < SIEVE_BYTES; k++)
        classes = _mm256_and_si256(classes, classes_256(halves, k, bytes));
    __m256i none = _mm256_cmpeq_epi8(classes, _mm256_setzero_si256());
    return ~(unsigned)_mm256_movemask_epi8(none);
}

AVX2 static void sieve_avx2(const struct gate *gate, const char *bytes, size_t chunks,
                            uint64_t *masks)
{
    const struct halves own = gate->halves;
    for (size_t i = 0; i < chunks; i++, bytes += CHUNK_BYTES)
        masks[i] = sieve_256(&own, bytes) | sieve_256(&own, bytes + 32) << 32;
}

AVX2 static uint64_t count_lines_avx2(const char *bytes, size_t chunks)
{
    uint64_t count = 0;
    __m256i feed = _mm256_set1_epi8('\n');
    for (size_t i = 0; i < chunks * 2; i++) {
        __m256i text = _mm256_loadu_si256((const __m256i *)(bytes + i * 32));
        int mask = _mm256_movemask_epi8(_mm256_cmpeq_epi8(text, feed));
        count += (uint64_t)__builtin_popcount((unsigned)mask);
    }
    return count;
}

const struct gate_kernels gate_avx2 = { probe_avx2, sieve_avx2, count_lines_avx2 };

/* --- AVX-512 ---------------------------------------------------------------------- */

AVX512 static inline __m512i times_512(__m512i low, int factor)
{
    return _mm512_mullo_epi32(low, _mm512_set1_epi32(factor));
}

/* Which of the sixteen windows at @bytes may be in the table. */
AVX512 static inline unsigned filter_512(const struct window_table *table,
                                         const char *bytes)
{
    __m512i fold = _mm512_set1_epi32((int)(uint32_t)table->fold);
    __m512i mask = _mm512_set1_epi32((int)(uint32_t)(table->mask >> 32));
    __m512i low = _mm512_loadu_si512(bytes);
    __m512i high = _mm512_loadu_si512(bytes + 4);
    high = _mm512_and_si512(_mm512_or_si512(high, fold), mask);
    low = times_512(_mm512_or_si512(low, fold), HASH_LOW);
    __m512i hash = _mm512_add_epi32(low, times_512(high, HASH_HIGH));
    __m512i place = _mm512_srl_epi32(hash, _mm_cvtsi32_si128((int)table->filter_shift));
    __m512i word = _mm512_i32gather_epi32(place, (const int *)table->filter, 4);
    __m512i a = _mm512_rorv_epi32(word, _mm512_srli_epi32(hash, FILTER_BIT_A));
    __m512i b = _mm512_rorv_epi32(word, _mm512_srli_epi32(hash, FILTER_BIT_B));
    return _mm512_test_epi32_mask(_mm512_and_si512(a, b), _mm512_set1_epi32(1));
}

AVX512 static void probe_avx512(const struct gate *gate, const char *bytes,
                                size_t chunks, uint64_t *masks)
{
    const struct window_table table = gate->sampled;
    for (size_t i = 0; i < chunks; i++, bytes += CHUNK_BYTES)
        masks[i] = _pdep_u64(filter_512(&table, bytes), 0x1111111111111111);
}

AVX512 static inline __m512i classes_512(const struct halves *halves, size_t i,
                                         const char *bytes)
{
    __m512i low =
        _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)halves->classes[i][0]));
    __m512i high =
        _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)halves->classes[i][1]));
    __m512i half = _mm512_set1_epi8(15);
    __m512i text = _mm512_loadu_si512(bytes + i);
    __m512i above = _mm512_and_si512(_mm512_srli_epi16(text, 4), half);
    return _mm512_and_si512(_mm512_shuffle_epi8(low, _mm512_and_si512(text, half)),
                            _mm512_shuffle_epi8(high, above));
}

AVX512 static void sieve_avx512(const struct gate *gate, const char *bytes,
                                size_t chunks, uint64_t *masks)
{
    const struct halves own = gate->halves;
    for (size_t i = 0; i < chunks; i++, bytes += CHUNK_BYTES) {
        __m512i classes = classes_512(&own, 0, bytes);
        for (size_t k = 1; k < SIEVE_BYTES; k++)
            classes = _mm512_and_si512(classes, classes_512(&own, k, bytes));
        masks[i] = _mm512_test_epi8_mask(classes, classes);
    }
}

AVX512 static uint64_t count_lines_avx512(const char *bytes, size_t chunks)
{
    uint64_t count = 0;
    __m512i feed = _mm512_set1_epi8('\n');
    for (size_t i = 0; i < chunks; i++) {
        __m512i text = _mm512_loadu_si512(bytes + i * CHUNK_BYTES);
        uint64_t mask = _mm512_cmpeq_epi8_mask(text, feed);
        count += (uint64_t)__builtin_popcountll(mask);
    }
    return count;
}

const struct gate_kernels gate_avx512 = { probe_avx512, sieve_avx512,
                                          count_lines_avx512 };

/* --- AVX-512 with VBMI and GFNI --------------------------------------------------- */

/* One look-up for a whole byte, of which sieve_slot() keeps six bits: a row of this
 * matrix says which bit of a byte becomes a bit of the slot. */
VBMI static inline __m512i slots_512(__m512i text)
{
    return _mm512_gf2p8affine_epi64_epi8(text, _mm512_set1_epi64(0x0102040810400000),
                                         0);
}

VBMI static void sieve_vbmi(const struct gate *gate, const char *bytes, size_t chunks,
                            uint64_t *masks)
{
    __m512i tables[SIEVE_BYTES];
    for (size_t k = 0; k < SIEVE_BYTES; k++)
        tables[k] = _mm512_loadu_si512(gate->slots[k]);
    for (size_t i = 0; i < chunks; i++, bytes += CHUNK_BYTES) {
        __m512i classes = _mm512_set1_epi8(-1);
        for (size_t k = 0; k < SIEVE_BYTES; k++) {
            __m512i slots = slots_512(_mm512_loadu_si512(bytes + k));
            classes =
                _mm512_and_si512(classes, _mm512_permutexvar_epi8(slots, tables[k]));
        }
        masks[i] = _mm512_test_epi8_mask(classes, classes);
    }
}

const struct gate_kernels gate_vbmi = { probe_avx512, sieve_vbmi, count_lines_avx512 };

#endif
