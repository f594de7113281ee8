/**
 * The service manager's watchdog (systemd's WatchdogSec): told that all is well only
 * while the agent gets on, so that one which spins or is stuck is killed and started
 * again. Its state is safe over that: it is a kill like any other.
 */
#ifndef TOCSIN_AGENT_WATCHDOG_H
#define TOCSIN_AGENT_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>

/** Zero-initialised: nobody watches. */
struct watchdog {
    int64_t every_ms; /**< how often it is fed; 0: never */
    int64_t due_ms;
    uint64_t moves; /**< app_moves() when it was fed last */
    bool has_rested;
};

/** Read $WATCHDOG_USEC and $WATCHDOG_PID as sd_watchdog_enabled(3) does. */
struct watchdog watchdog_of_service(void);

/** A turn is over. @moves: what the agent has done so far (app_moves()). @wake_at_ms:
 *  when it wants its next turn; later than @now_ms: it has done all that there was to
 *  do. @return true: feed it now. That is so when it is due, and since it was fed last
 *  something was done, or there was nothing to do. */
bool watchdog_sees(struct watchdog *watchdog, uint64_t moves, int64_t wake_at_ms,
                   int64_t now_ms);

/** When the next turn has to come at the latest, in mono_ms; NEVER_MS: no matter. */
int64_t watchdog_wake_at(const struct watchdog *watchdog);

#endif
