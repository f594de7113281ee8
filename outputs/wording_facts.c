/** The lines about one alert: what was counted has others than what was posted. */
#include "outputs/wording_parts.h"

#include <inttypes.h>

#include "agent/base/text.h"

#define LABEL_BYTES 160 /* of one label's value */

static void put_seen(struct buf *out, const struct mail_view *view,
                     const struct notice_alert *alert)
{
    if (alert->new_count == alert->total_count ||
        (alert->is_new && !wording_is_follow_up(view->notice))) {
        wording_put_times(out, alert->total_count);
        return;
    }
    if (alert->new_count == 0)
        buf_puts(out, "not");
    else
        wording_put_times(out, alert->new_count);
    buf_puts(out, " since the last mail, ");
    wording_put_times(out, alert->total_count);
    buf_puts(out, " in all");
}

/** Once is what everybody expects of what is posted. */
static void put_seen_again(struct buf *out, const struct mail_view *view,
                           const struct notice_alert *alert)
{
    if (alert->total_count > 1)
        put_seen(out, view, alert);
}

void wording_put_briefly(struct buf *out, const struct mail_view *view,
                         const struct notice_alert *alert)
{
    if (alert->is_posted) {
        text_put_duration(out, wording_lasting_ms(view, alert));
        return;
    }
    if (alert->new_count != alert->total_count)
        buf_printf(out, "%" PRIu64 " of ", alert->new_count);
    buf_printf(out, "%" PRIu64 "x", alert->total_count);
}

static void put_first(struct buf *out, const struct mail_view *view,
                      const struct notice_alert *alert)
{
    wording_put_time(out, view, alert->first_unix_ms);
}

/** How long after @before it was, and how long before this mail. */
static void put_distance(struct buf *out, const struct mail_view *view, int64_t unix_ms,
                         int64_t before_unix_ms)
{
    int64_t span_ms = unix_ms - before_unix_ms;
    int64_t ago_ms = view->now.unix_ms - unix_ms;
    wording_put_time(out, view, unix_ms);
    if (span_ms < SECOND_MS && ago_ms < SECOND_MS)
        return;
    buf_puts(out, " (");
    if (span_ms >= SECOND_MS) {
        text_put_duration(out, span_ms);
        buf_puts(out, ago_ms >= SECOND_MS ? " later, " : " later");
    }
    if (ago_ms >= SECOND_MS) {
        text_put_duration(out, ago_ms);
        buf_puts(out, " before this mail");
    }
    buf_putc(out, ')');
}

static void put_last(struct buf *out, const struct mail_view *view,
                     const struct notice_alert *alert)
{
    put_distance(out, view, alert->last_unix_ms, alert->first_unix_ms);
}

static void put_began(struct buf *out, const struct mail_view *view,
                      const struct notice_alert *alert)
{
    put_distance(out, view, alert->first_unix_ms, alert->first_unix_ms);
}

static void put_ended(struct buf *out, const struct mail_view *view,
                      const struct notice_alert *alert)
{
    if (alert->ended_unix_ms != 0)
        put_distance(out, view, alert->ended_unix_ms, alert->first_unix_ms);
}

/** The severity is shown anyway, of two names that are the same one is enough, and an
 *  alert that names no host of its own is none of ours. */
static bool is_shown_label(const struct mail_view *view,
                           const struct notice_alert *alert, const struct label *label)
{
    if (slice_equal(label->name, SLICE("severity")))
        return false;
    if (slice_equal(label->name, SLICE("host")))
        return !alert->is_posted || !slice_equal(label->value, view->profile->host);
    if (!slice_equal(label->name, SLICE("rule")))
        return true;
    return !slice_equal(label->value,
                        labels_find(&alert->labels, SLICE("alertname"))) &&
           !(alert->is_posted && slice_equal(label->value, alert->summary));
}

static void put_labels(struct buf *out, const struct mail_view *view,
                       const struct notice_alert *alert)
{
    const char *separator = "";
    for (size_t i = 0; i < alert->labels.count; i++) {
        const struct label *label = &alert->labels.items[i];
        if (!is_shown_label(view, alert, label))
            continue;
        buf_puts(out, separator);
        wording_put_name(out, label->name);
        buf_putc(out, '=');
        wording_put_cut(out, label->value, LABEL_BYTES, false);
        separator = ", ";
    }
}

const struct fact *wording_facts(const struct notice_alert *alert)
{
    static const struct fact counted[] = { { "Seen", put_seen },
                                           { "First", put_first },
                                           { "Last", put_last },
                                           { "Labels", put_labels },
                                           { NULL, NULL } };
    static const struct fact posted[] = { { "Began", put_began },
                                          { "Ended", put_ended },
                                          { "Seen", put_seen_again },
                                          { "Labels", put_labels },
                                          { NULL, NULL } };
    return alert->is_posted ? posted : counted;
}
