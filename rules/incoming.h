/**
 * An alert that somebody else decided on and handed in: Alertmanager, Grafana, a
 * script. It walks the road as the sightings of our own rules do.
 */
#ifndef TOCSIN_RULES_INCOMING_H
#define TOCSIN_RULES_INCOMING_H

#include "rules/alert.h"

/** All slices are borrowed for the call that hands it in, and may hold any bytes. */
struct incoming {
    const struct source *source; /**< the door it came through */
    struct labels labels;        /**< as sent; "severity" among them decides nothing */
    enum severity severity;
    bool is_resolved;
    uint64_t fingerprint; /**< what the sender knows it by; 0: its labels decide */
    int64_t starts_unix_ms, ends_unix_ms; /**< 0: not said */
    struct slice title, body;             /**< may be empty */
    struct slice link;                    /**< http(s) URL of where to look; or empty */
    int64_t resolve_after_ms; /**< quiet for this long: over; NEVER_MS: never */
};

#endif
