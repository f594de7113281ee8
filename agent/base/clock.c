/** The kernel's clocks. BOOTTIME and not MONOTONIC, because intervals go on in
 *  suspend. */
#include "agent/base/clock.h"

#include <time.h>

static int64_t read_ms(clockid_t id)
{
    struct timespec at;
    clock_gettime(id, &at);
    return (int64_t)at.tv_sec * SECOND_MS + at.tv_nsec / 1000000;
}

static struct now read_kernel(void *ctx)
{
    (void)ctx;
    return (struct now){ .mono_ms = read_ms(CLOCK_BOOTTIME),
                         .unix_ms = read_ms(CLOCK_REALTIME) };
}

static uint64_t read_ticks(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (uint64_t)at.tv_sec * 1000000000 + (uint64_t)at.tv_nsec;
}

struct clock_source clock_real(void)
{
    return (struct clock_source){ .read = read_kernel, .ticks = read_ticks };
}
