/**
 * Every number that tocsin tells about itself: one struct, and one table that names
 * each member. `status`, its --json and GET /metrics print the table; nothing else
 * knows the names.
 */
#ifndef TOCSIN_AGENT_METRICS_H
#define TOCSIN_AGENT_METRICS_H

#include <stdint.h>

#include "agent/base/buf.h"

struct metrics {
    uint64_t uptime_ms, turns, commits, commit_failures, reloads, reload_failures;
    uint64_t longest_turn_ms, allocated_bytes, store_bytes;
    uint64_t lines, bytes, matches, told, open, regex_limits, rules_suspended,
        lines_passed_over, overflow_keys, alerts_left, own_lines;
    uint64_t notices_first, notices_new, notices_resolved, notices_repeat;
    uint64_t notices_digest, notices_held, notices_shutdown, held_mails;
    uint64_t groups, alerts;
    uint64_t files_watched, files_open, files_unreadable, files_refused;
    uint64_t rotations, truncations, lost_bytes, cut_lines, watch_failures,
        watch_overflows;
    uint64_t spool_entries, spool_refused, spool_stuck;
    uint64_t journal_entries, journal_copies, journal_gaps, journal_missed;
    uint64_t journal_left_out;
    uint64_t http_connections, http_requests, http_accepted, http_refused;
    uint64_t http_unauthorized, http_busy, http_malformed, http_expired;
    uint64_t http_turned_away, http_pauses, http_alerts, http_odd_fields;
    uint64_t http_repaired, repeats;
    uint64_t mails_put, mails_sent, mails_dead, mails_retried, mails_in_doubt;
    uint64_t mails_merged, mails_fallback, mails_forgotten, mails_waiting,
        recipients_refused, connections, logins;
    uint64_t log_dropped;
};

struct metric {
    const char *name; /**< Prometheus style, without the "tocsin_" */
    const char *help;
    size_t offset;
    bool is_gauge;
    bool is_trouble; /**< zero while all is well */
};
extern const struct metric metric_table[];
extern const size_t metric_count;

uint64_t metric_value(const struct metrics *metrics, const struct metric *metric);

/** "name value" a line. */
void metrics_put(const struct metrics *metrics, struct buf *out);
/** The members of a JSON object, without its braces. */
void metrics_put_json(const struct metrics *metrics, struct buf *out);
/** The text format of Prometheus, version 0.0.4: times in seconds, counters that end in
 *  "_total". Names, helps and the only label, our version, are constants of this
 *  program; nothing of a log, a post or the configuration stands in it.
 *  Source: prometheus.io/docs/instrumenting/exposition_formats. */
void metrics_put_exposition(const struct metrics *metrics, struct buf *out);

#endif
