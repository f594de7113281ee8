/** The gate on 64-bit ARM, where NEON is always there. */
#include "rules/gate_inside.h"

#if defined(__aarch64__)

#include <arm_neon.h>

static inline uint8x16_t classes_of(const struct halves *halves, size_t i,
                                    const char *bytes)
{
    uint8x16_t text = vld1q_u8((const uint8_t *)bytes + i);
    uint8x16_t low =
        vqtbl1q_u8(vld1q_u8(halves->classes[i][0]), vandq_u8(text, vdupq_n_u8(15)));
    uint8x16_t high = vqtbl1q_u8(vld1q_u8(halves->classes[i][1]), vshrq_n_u8(text, 4));
    return vandq_u8(low, high);
}

/* A bit for each byte that is not zero. */
static inline uint64_t mask_of(uint8x16_t bytes)
{
    static const uint8_t weights[16] = { 1, 2, 4, 8, 16, 32, 64, 128,
                                         1, 2, 4, 8, 16, 32, 64, 128 };
    uint8x16_t bits = vandq_u8(vtstq_u8(bytes, bytes), vld1q_u8(weights));
    return vaddv_u8(vget_low_u8(bits)) | (uint64_t)vaddv_u8(vget_high_u8(bits)) << 8;
}

static void sieve_neon(const struct gate *gate, const char *bytes, size_t chunks,
                       uint64_t *masks)
{
    const struct halves own = gate->halves;
    for (size_t i = 0; i < chunks * 4; i++, bytes += 16) {
        uint8x16_t classes = classes_of(&own, 0, bytes);
        for (size_t k = 1; k < SIEVE_BYTES; k++)
            classes = vandq_u8(classes, classes_of(&own, k, bytes));
        masks[i / 4] = (i % 4 ? masks[i / 4] : 0) | mask_of(classes) << i % 4 * 16;
    }
}

static uint64_t count_lines_neon(const char *bytes, size_t chunks)
{
    uint64_t count = 0;
    for (size_t i = 0; i < chunks * 4; i++) {
        uint8x16_t text = vld1q_u8((const uint8_t *)bytes + i * 16);
        uint8x16_t is_feed = vceqq_u8(text, vdupq_n_u8('\n'));
        count += vaddvq_u8(vshrq_n_u8(is_feed, 7));
    }
    return count;
}

const struct gate_kernels gate_neon = { gate_plain_probe, sieve_neon,
                                        count_lines_neon };

#endif
