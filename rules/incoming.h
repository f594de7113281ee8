/**
 * An alert that somebody else decided on and handed in: Alertmanager, Grafana, a
 * script. It walks the road as the sightings of our own rules do.
 */
#ifndef TOCSIN_RULES_INCOMING_H
#define TOCSIN_RULES_INCOMING_H

#include "rules/alert.h"

/** With this bit an occurrence is a hash, without it a moment. */
#define OCCURRENCE_IS_HASH (UINT64_C(1) << 63)

/** All slices are borrowed for the call that hands it in, and may hold any bytes. */
struct incoming {
    const struct source *source;  /**< the door it came through */
    struct labels labels;         /**< as sent; "severity" among them decides nothing */
    const struct capture *fields; /**< for rules: labels, annotations, ... by name */
    size_t field_count;
    enum severity severity;
    bool is_resolved;
    bool is_news; /**< said of one that is on, and to be told: "acknowledged" */
    /** What the sender knows it by: firing and resolved are one alert by it. 0: its
     *  labels decide. */
    uint64_t fingerprint;
    /** Tells one time of firing from the next: when it began, in unix_ms, or a hash of
     *  what was said (OCCURRENCE_IS_HASH). The same or an earlier one while the alert
     *  is open is no news: it is not counted again. */
    uint64_t occurrence;
    int64_t starts_unix_ms, ends_unix_ms; /**< 0: not said */
    struct slice title, body;             /**< may be empty */
    bool is_untitled; /**< its sender said none; ours stands there */
    /** Where to look, a line each: "Name URL", http and https alone. */
    struct slice links;
    int64_t resolve_after_ms; /**< not repeated for this long: over; NEVER_MS: never */
};

#endif
