/** The seam to the clocks. app_turn() is its only caller, once a turn. */
#ifndef TOCSIN_BASE_CLOCK_H
#define TOCSIN_BASE_CLOCK_H

#include "agent/base/now.h"

struct clock_source {
    struct now (*read)(void *ctx);
    void *ctx;
    uint64_t (*ticks)(void); /**< nanoseconds that only go on, to measure work by; NULL
                                  where nothing is measured */
};

/** Read both clocks of @clock. */
static inline struct now clock_read(const struct clock_source *clock)
{
    return clock->read(clock->ctx);
}

/** The kernel's clocks. */
struct clock_source clock_real(void);

#endif
