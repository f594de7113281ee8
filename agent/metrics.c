/** The table of what tocsin counts. */
#include "agent/metrics.h"

#include <inttypes.h>
#include <stddef.h>

#define COUNTER(member, text)                              \
    {                                                      \
#member, text, offsetof(struct metrics, member), 0 \
    }
#define GAUGE(member, text)                                \
    {                                                      \
#member, text, offsetof(struct metrics, member), 1 \
    }

const struct metric metric_table[] = {
    GAUGE(uptime_ms, "Milliseconds since start."),
    COUNTER(turns, "Turns of the loop."),
    COUNTER(commits, "Durable commits."),
    COUNTER(commit_failures, "Commits that failed and were tried again."),
    COUNTER(reloads, "Configurations taken on SIGHUP."),
    COUNTER(reload_failures, "Configurations refused on SIGHUP."),
    GAUGE(longest_turn_ms, "The longest turn."),
    COUNTER(lines, "Lines read."),
    COUNTER(bytes, "Bytes read."),
    COUNTER(matches, "Matches of a rule that a route took."),
    COUNTER(told, "Matches told in a mail."),
    GAUGE(open, "Matches counted and not told yet."),
    COUNTER(regex_limits, "Match attempts given up at a limit."),
    COUNTER(overflow_keys, "Alerts counted under (other) because a bound was reached."),
    COUNTER(alerts_left,
            "Alerts with resolve_after: never that made way for new ones."),
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
    GAUGE(files_unreadable, "Files that cannot be read now."),
    COUNTER(files_refused, "Files refused: over the bound, or no regular file."),
    COUNTER(rotations, "Rotations followed."),
    COUNTER(truncations, "Truncations seen."),
    COUNTER(lost_bytes, "Bytes known to have existed and gone before they were read."),
    COUNTER(cut_lines, "Lines cut because they are too long."),
    COUNTER(watch_failures, "Files that are polled because inotify gave no watch."),
    COUNTER(mails_put, "Mails put into the outbox."),
    COUNTER(mails_sent, "Mails that a server accepted."),
    COUNTER(mails_dead, "Mails given up: see `tocsin queue list`."),
    COUNTER(mails_retried, "Attempts that will be repeated."),
    COUNTER(mails_in_doubt, "Mails whose last reply was lost."),
    COUNTER(mails_merged, "Mails folded into another because the outbox was full."),
    COUNTER(mails_forgotten, "Dead letters past their bound: the oldest are gone."),
    GAUGE(mails_waiting, "Mails waiting in the outbox."),
    COUNTER(recipients_refused, "Recipients that a server refused for good."),
    COUNTER(connections, "Connections to mail servers."),
    COUNTER(logins, "Logins to mail servers."),
    COUNTER(log_dropped, "Lines of the agent's own log that a full pipe cost."),
};
const size_t metric_count = sizeof metric_table / sizeof *metric_table;

void metrics_put(const struct metrics *metrics, bool json, struct buf *out)
{
    for (size_t i = 0; i < metric_count; i++) {
        uint64_t value;
        memcpy(&value, (const char *)metrics + metric_table[i].offset, sizeof value);
        const char *between = i + 1 == metric_count ? "" : ",";
        if (json)
            buf_printf(out, "%s\"%s\":%" PRIu64 "%s", i == 0 ? "{" : "",
                       metric_table[i].name, value, between);
        else
            buf_printf(out, "%-20s %" PRIu64 "\n", metric_table[i].name, value);
    }
    if (json)
        buf_puts(out, "}\n");
}
