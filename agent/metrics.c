/** The table of what tocsin counts. */
#include "agent/metrics.h"

#include <inttypes.h>
#include <stddef.h>

#include "build.h"

#define METRIC(member, text, ...)                                                  \
    {                                                                              \
        .name = #member, .help = text, .offset = offsetof(struct metrics, member), \
        __VA_ARGS__                                                                \
    }
#define COUNTER(member, text) METRIC(member, text, .is_gauge = false)
#define GAUGE(member, text) METRIC(member, text, .is_gauge = true)
#define TROUBLE(member, text) METRIC(member, text, .is_trouble = true)
#define TROUBLE_NOW(member, text) \
    METRIC(member, text, .is_gauge = true, .is_trouble = true)

const struct metric metric_table[] = {
    GAUGE(uptime_ms, "Time since the start."),
    COUNTER(turns, "Turns of the loop."),
    COUNTER(commits, "Durable commits."),
    TROUBLE(commit_failures, "Commits that failed and were tried again."),
    COUNTER(reloads, "Configurations taken on SIGHUP."),
    TROUBLE(reload_failures, "Configurations refused on SIGHUP."),
    GAUGE(longest_turn_ms, "The longest turn."),
    GAUGE(allocated_bytes, "Bytes of memory in use, without the sender's."),
    GAUGE(store_bytes, "Those of them that SQLite has: pages of the store."),
    COUNTER(lines, "Lines read."),
    COUNTER(bytes, "Bytes read."),
    COUNTER(matches, "Matches of a rule that a route took."),
    COUNTER(told, "Matches told in a mail."),
    GAUGE(open, "Matches counted and not told yet."),
    TROUBLE(regex_limits, "Match attempts given up at a limit."),
    TROUBLE_NOW(rules_suspended, "Rules suspended because they took too much time."),
    TROUBLE(lines_passed_over, "Lines not tried by a rule that was suspended."),
    TROUBLE(overflow_keys, "Alerts counted under (other) because a bound was reached."),
    TROUBLE(alerts_left,
            "Alerts with resolve_after: never that made way for new ones."),
    COUNTER(own_lines, "Lines of tocsin's own log that syslog copied: left out."),
    COUNTER(notices_first, "Mails made because something is told for the first time."),
    COUNTER(notices_new, "Mails made because an alert joined its group."),
    COUNTER(notices_resolved, "Mails made because a group is quiet again."),
    COUNTER(notices_repeat, "Mails made because something still goes on."),
    COUNTER(notices_digest, "Digests made."),
    COUNTER(notices_held, "Digests made of what a limit held back."),
    COUNTER(notices_shutdown, "Mails made because the agent ended."),
    COUNTER(held_mails, "Mails that a limit held back into a digest."),
    GAUGE(groups, "Open groups."),
    GAUGE(alerts, "Open alerts."),
    GAUGE(files_watched, "Files that are followed."),
    GAUGE(files_open, "Files that are open."),
    TROUBLE_NOW(files_unreadable, "Files that cannot be read now."),
    TROUBLE(files_refused, "Files refused: over the bound, or no regular file."),
    COUNTER(rotations, "Rotations followed."),
    COUNTER(truncations, "Truncations seen."),
    TROUBLE(lost_bytes, "Bytes known to have existed and gone before they were read."),
    TROUBLE(cut_lines, "Lines cut because they are too long."),
    TROUBLE(watch_failures, "Files that are polled because inotify gave no watch."),
    COUNTER(watch_overflows,
            "Times that inotify lost hints and all files were looked at."),
    GAUGE(http_connections, "Open HTTP connections."),
    COUNTER(http_requests, "HTTP requests whose head was read."),
    COUNTER(http_accepted, "HTTP requests answered with 200."),
    COUNTER(http_alerts, "Alerts that were posted."),
    COUNTER(repeats, "Posted alerts that were known already: not counted again."),
    TROUBLE(http_odd_fields, "Fields of posted alerts that had a type of their own."),
    TROUBLE(http_repaired, "Bytes of posted alerts that were no text, and replaced."),
    TROUBLE(http_refused, "HTTP requests refused: wrong path, type, length or shape."),
    TROUBLE(http_unauthorized, "HTTP requests without a right token."),
    TROUBLE(http_busy, "HTTP requests answered with 503: nothing could be stored."),
    TROUBLE(http_malformed, "HTTP requests that were no HTTP."),
    TROUBLE(http_expired, "HTTP connections closed because they were too slow."),
    TROUBLE(http_turned_away, "HTTP connections of an address that had too many."),
    TROUBLE(http_pauses, "Times no descriptor was left for an HTTP connection."),
    COUNTER(spool_entries, "Alerts taken from the spool."),
    TROUBLE(spool_refused, "Files in the spool that are no alerts."),
    TROUBLE(spool_stuck, "Times a file in the spool could not be removed."),
    COUNTER(journal_entries, "Entries of the journal read."),
    COUNTER(journal_copies,
            "Entries that journald wrote twice because a file was full, counted once."),
    TROUBLE(journal_gaps,
            "Times that entries of the journal went before they were read."),
    TROUBLE(journal_missed, "Entries of the journal known to be gone in that way."),
    COUNTER(journal_left_out, "Fields of the journal left out or cut at a bound."),
    COUNTER(mails_put, "Mails put into the outbox."),
    COUNTER(mails_sent, "Mails that a server accepted."),
    TROUBLE(mails_dead, "Mails given up: see `tocsin queue list`."),
    COUNTER(mails_retried, "Attempts that will be repeated."),
    TROUBLE(mails_in_doubt, "Mails whose last reply was lost."),
    TROUBLE(mails_merged, "Mails folded into another because too many waited."),
    TROUBLE(mails_fallback, "Mails told by a fallback because their own way failed."),
    COUNTER(mails_forgotten, "Dead letters past their bound: the oldest are gone."),
    GAUGE(mails_waiting, "Mails waiting in the outbox."),
    TROUBLE(recipients_refused, "Recipients that a server refused for good."),
    COUNTER(connections, "Connections to mail servers."),
    COUNTER(logins, "Logins to mail servers."),
    TROUBLE(log_dropped, "Lines of the agent's own log that a full pipe cost."),
};
const size_t metric_count = sizeof metric_table / sizeof *metric_table;

uint64_t metric_value(const struct metrics *metrics, const struct metric *metric)
{
    uint64_t value;
    memcpy(&value, (const char *)metrics + metric->offset, sizeof value);
    return value;
}

void metrics_put(const struct metrics *metrics, struct buf *out)
{
    for (size_t i = 0; i < metric_count; i++)
        buf_printf(out, "  %-20s %" PRIu64 "\n", metric_table[i].name,
                   metric_value(metrics, &metric_table[i]));
}

void metrics_put_json(const struct metrics *metrics, struct buf *out)
{
    for (size_t i = 0; i < metric_count; i++)
        buf_printf(out, "%s\"%s\":%" PRIu64, i == 0 ? "" : ",", metric_table[i].name,
                   metric_value(metrics, &metric_table[i]));
}

/** As Prometheus wants them: "tocsin_lost_bytes_total", "tocsin_uptime_seconds". */
static void put_sample_name(const struct metric *metric, struct buf *out)
{
    struct slice name = slice_of(metric->name);
    bool is_time = slice_ends(name, SLICE("_ms"));
    if (is_time)
        name.len -= 3;
    buf_printf(out, "tocsin_%.*s%s%s", SLICE_ARG(name), is_time ? "_seconds" : "",
               metric->is_gauge ? "" : "_total");
}

static void put_sample(const struct metrics *metrics, const struct metric *metric,
                       struct buf *out)
{
    uint64_t value = metric_value(metrics, metric);
    buf_puts(out, "# HELP ");
    put_sample_name(metric, out);
    buf_printf(out, " %s\n# TYPE ", metric->help);
    put_sample_name(metric, out);
    buf_puts(out, metric->is_gauge ? " gauge\n" : " counter\n");
    put_sample_name(metric, out);
    if (slice_ends(slice_of(metric->name), SLICE("_ms")))
        buf_printf(out, " %" PRIu64 ".%03" PRIu64 "\n", value / 1000, value % 1000);
    else
        buf_printf(out, " %" PRIu64 "\n", value);
}

void metrics_put_exposition(const struct metrics *metrics, struct buf *out)
{
    buf_puts(out, "# HELP tocsin_build_info Which tocsin this is.\n"
                  "# TYPE tocsin_build_info gauge\n"
                  "tocsin_build_info{version=\"" PACKAGE_VERSION "\"} 1\n");
    for (size_t i = 0; i < metric_count; i++)
        put_sample(metrics, &metric_table[i], out);
}
