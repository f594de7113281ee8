/** Progress, as a watchdog understands it. */
#include "agent/watchdog.h"

#include <stdlib.h>
#include <unistd.h>

#include "agent/base/now.h"
#include "agent/base/slice.h"

static int64_t number_in(const char *variable)
{
    const char *text = getenv(variable);
    int64_t number = 0;
    return text && slice_to_int(slice_of(text), &number) ? number : 0;
}

struct watchdog watchdog_of_service(void)
{
    struct watchdog watchdog = { .has_rested = true };
    int64_t patience_us = number_in("WATCHDOG_USEC");
    int64_t pid = number_in("WATCHDOG_PID");
    if (patience_us > 0 && (pid == 0 || pid == getpid()))
        watchdog.every_ms = patience_us / 1000 / 2;
    return watchdog;
}

bool watchdog_sees(struct watchdog *watchdog, uint64_t moves, int64_t wake_at_ms,
                   int64_t now_ms)
{
    if (watchdog->every_ms == 0)
        return false;
    watchdog->has_rested = watchdog->has_rested || wake_at_ms > now_ms;
    if (now_ms < watchdog->due_ms ||
        (!watchdog->has_rested && moves == watchdog->moves))
        return false;
    watchdog->due_ms = now_ms + watchdog->every_ms;
    watchdog->moves = moves;
    watchdog->has_rested = wake_at_ms > now_ms;
    return true;
}

int64_t watchdog_wake_at(const struct watchdog *watchdog)
{
    return watchdog->every_ms == 0 ? NEVER_MS : watchdog->due_ms;
}
