/**
 * The sentences of a mail. They are meant for a phone at three in the morning: what
 * broke comes first, numbers carry their unit, and nothing is said that is not known.
 */
#include "outputs/wording_parts.h"

#include <inttypes.h>

#include "agent/base/limits.h"
#include "agent/base/text.h"

#define NAME_BYTES 100 /* of a host, route or output */
#define CUT_MARK " [cut]"

enum tone tone_of_alert(const struct notice_alert *alert)
{
    static const enum tone tones[] = { TONE_INFO, TONE_WARNING, TONE_CRITICAL };
    return alert->is_firing ? tones[alert->severity] : TONE_RESOLVED;
}

static size_t firing_count(const struct notice *notice)
{
    size_t count = 0;
    for (size_t i = 0; i < notice->alert_count; i++)
        count += notice->alerts[i].is_firing;
    return count;
}

enum tone tone_of_notice(const struct notice *notice)
{
    static const enum tone tones[] = { TONE_INFO, TONE_WARNING, TONE_CRITICAL };
    bool is_over = notice->alert_count > 0 && firing_count(notice) == 0;
    return is_over ? TONE_RESOLVED : tones[notice->severity];
}

const char *tone_word(enum tone tone)
{
    static const char *const words[] = { "INFO", "WARNING", "CRITICAL", "RESOLVED" };
    return words[tone];
}

const char *severity_word(enum severity severity)
{
    static const enum tone tones[] = { TONE_INFO, TONE_WARNING, TONE_CRITICAL };
    return tone_word(tones[severity]);
}

void wording_put_cut(struct buf *out, struct slice bytes, size_t max_bytes,
                     bool keep_lines)
{
    struct slice raw = text_cut(bytes, max_bytes);
    struct buf clean = buf_make(8 * raw.len + 1); /* "\u{202E}" for three bytes */
    text_put_clean(&clean, raw, keep_lines);
    struct slice shown = text_cut(buf_slice(&clean), max_bytes);
    buf_put(out, shown);
    if (raw.len < bytes.len || shown.len < clean.len)
        buf_puts(out, CUT_MARK);
    buf_free(&clean);
}

void wording_put_time(struct buf *out, const struct mail_view *view, int64_t unix_ms)
{
    const struct zone *zone = view->profile->zone;
    text_put_time(out, unix_ms, zone ? zone_offset_s(zone, unix_ms) : 0);
}

/** "06:17:01", with date and offset only where they are not those of the mail
 *  itself. */
static void put_clock(struct buf *out, const struct mail_view *view, int64_t unix_ms)
{
    struct buf time = buf_make(64), now = buf_make(64);
    wording_put_time(&time, view, unix_ms);
    wording_put_time(&now, view, view->now.unix_ms);
    bool is_today = time.len == now.len && time.len == 25 &&
                    memcmp(time.ptr, now.ptr, 10) == 0 &&
                    memcmp(time.ptr + 20, now.ptr + 20, 5) == 0;
    buf_put(out, is_today ? slice_make(time.ptr + 11, 8) : buf_slice(&time));
    buf_free(&time);
    buf_free(&now);
}

void wording_put_times(struct buf *out, uint64_t count)
{
    if (count == 1)
        buf_puts(out, "once");
    else
        text_put_count(out, count, "time", "times");
}

/** What all shown alerts come to. */
struct sums {
    uint64_t total_count;
    int64_t first_ms, last_ms;
    size_t new_alerts;
};

static struct sums sums_of(const struct notice *notice)
{
    struct sums sums = { .first_ms = INT64_MAX, .last_ms = INT64_MIN };
    for (size_t i = 0; i < notice->alert_count; i++) {
        const struct notice_alert *alert = &notice->alerts[i];
        sums.total_count += alert->total_count;
        sums.new_alerts += alert->is_new;
        if (alert->first_unix_ms < sums.first_ms)
            sums.first_ms = alert->first_unix_ms;
        if (alert->last_unix_ms > sums.last_ms)
            sums.last_ms = alert->last_unix_ms;
    }
    return sums;
}

static bool is_collection(const struct notice *notice)
{
    return notice->reason == NOTICE_DIGEST || notice->reason == NOTICE_HELD;
}

/** "seen 37 times in 5m (12 since the last mail)" */
static void put_counts(struct buf *out, const struct notice *notice, struct sums sums)
{
    bool is_partly_told = notice->mail_number > 0 || is_collection(notice);
    uint64_t count = sums.total_count;
    if (count < notice->new_count)
        count = notice->new_count;
    buf_puts(out, "seen ");
    wording_put_times(out, count);
    if (count > 1 && sums.last_ms - sums.first_ms >= SECOND_MS) {
        buf_puts(out, " in ");
        text_put_duration(out, sums.last_ms - sums.first_ms);
    }
    if (is_partly_told && notice->new_count > 0 && notice->new_count < count)
        buf_printf(out, " (%" PRIu64 " since the last mail)", notice->new_count);
}

/** Was all of it posted? Then how long it lasts says more than how often it came. */
static bool is_all_posted(const struct notice *notice)
{
    for (size_t i = 0; i < notice->alert_count; i++) {
        if (!notice->alerts[i].is_posted)
            return false;
    }
    return notice->alert_count > 0 && notice->left_out_alerts == 0;
}

int64_t wording_lasting_ms(const struct mail_view *view,
                           const struct notice_alert *alert)
{
    int64_t end_ms =
        alert->ended_unix_ms != 0 ? alert->ended_unix_ms : view->now.unix_ms;
    int64_t span_ms = end_ms - alert->first_unix_ms;
    return span_ms < SECOND_MS ? 0 : span_ms - span_ms % SECOND_MS;
}

/** "since 06:17:01", "over after 12m". */
static void put_lasting(struct buf *out, const struct mail_view *view,
                        const struct notice_alert *alert)
{
    if (alert->is_firing) {
        buf_puts(out, "since ");
        put_clock(out, view, alert->first_unix_ms);
        return;
    }
    buf_puts(out, "over");
    if (alert->ended_unix_ms != 0 && wording_lasting_ms(view, alert) > 0) {
        buf_puts(out, " after ");
        text_put_duration(out, wording_lasting_ms(view, alert));
    }
}

void wording_put_summary(struct buf *out, const struct mail_view *view,
                         const struct notice_alert *alert, size_t max_bytes)
{
    struct slice text = slice_trim(alert->summary);
    if (text.len == 0)
        text = labels_find(&alert->labels, SLICE("rule"));
    if (text.len == 0)
        text = view->notice->title;
    wording_put_cut(out, text, max_bytes, false);
}

void wording_put_name(struct buf *out, struct slice name)
{
    wording_put_cut(out, name, NAME_BYTES, false);
}

/** What a mail with several alerts is about. */
static void put_topic(struct buf *out, const struct mail_view *view)
{
    const struct notice *notice = view->notice;
    if (is_collection(notice)) {
        buf_puts(out, notice->reason == NOTICE_DIGEST ? "Digest of route " : "Route ");
        wording_put_name(out, notice->route);
    } else {
        wording_put_cut(out, notice->title, LIMIT_SUBJECT_BYTES, false);
    }
}

static void put_headline_of_many(struct buf *out, const struct mail_view *view)
{
    const struct notice *notice = view->notice;
    size_t firing = firing_count(notice);
    put_topic(out, view);
    buf_puts(out, " - ");
    text_put_count(out, notice->alert_count + notice->left_out_alerts, "alert",
                   "alerts");
    if (!is_all_posted(notice)) {
        buf_puts(out, ", ");
        put_counts(out, notice, sums_of(notice));
    } else if (firing == 0) {
        buf_puts(out, ", over");
    } else if (firing < notice->alert_count) {
        buf_printf(out, ", %zu of them over", notice->alert_count - firing);
    }
}

void wording_put_headline(struct buf *out, const struct mail_view *view)
{
    const struct notice *notice = view->notice;
    if (notice->alert_count == 0) {
        put_topic(out, view);
        buf_puts(out, " - nothing was seen");
        return;
    }
    if (notice->alert_count > 1 || is_collection(notice)) {
        put_headline_of_many(out, view);
        return;
    }
    wording_put_summary(out, view, notice->alerts, LIMIT_SUMMARY_BYTES);
    buf_puts(out, " - ");
    if (is_all_posted(notice))
        put_lasting(out, view, notice->alerts);
    else
        put_counts(out, notice, sums_of(notice));
}

static void put_since(struct buf *out, const struct mail_view *view)
{
    if (view->notice->since_unix_ms > 0) {
        buf_puts(out, ", covering the time since ");
        put_clock(out, view, view->notice->since_unix_ms);
    }
}

/** All was posted, and nothing fires any more. */
static void put_over(struct buf *out, const struct notice *notice)
{
    bool is_said = true;
    for (size_t i = 0; i < notice->alert_count; i++)
        is_said &= notice->alerts[i].ended_unix_ms != 0;
    buf_puts(out, is_said ? "It was reported as over: this closes it."
                          : "Nothing more was heard of it: this closes it.");
}

static void put_quiet(struct buf *out, const struct mail_view *view, struct sums sums)
{
    const struct notice *notice = view->notice;
    size_t firing = firing_count(notice);
    if (firing > 0) {
        buf_printf(out, "%zu of ", notice->alert_count - firing);
        text_put_count(out, notice->alert_count, "alert is", "alerts are");
        buf_puts(out, is_all_posted(notice) ? " over, the rest goes on."
                                            : " quiet again, the rest goes on.");
        return;
    }
    if (is_all_posted(notice)) {
        put_over(out, notice);
        return;
    }
    buf_puts(out, "Quiet");
    if (view->now.unix_ms - sums.last_ms >= SECOND_MS) {
        buf_puts(out, " for ");
        text_put_duration(out, view->now.unix_ms - sums.last_ms);
    }
    buf_puts(out, ": this closes it.");
}

static void put_first_time(struct buf *out, const struct mail_view *view)
{
    int64_t passed_ms = view->now.unix_ms - view->notice->told_unix_ms;
    if (view->notice->told_unix_ms == 0) {
        buf_puts(out, "First mail about this.");
        if (is_all_posted(view->notice) && firing_count(view->notice) == 0)
            buf_puts(out, " It is over already.");
        return;
    }
    buf_puts(out, "It is back");
    if (passed_ms >= SECOND_MS) {
        buf_puts(out, ", ");
        text_put_duration(out, passed_ms);
        buf_puts(out, " after the last mail about it");
    }
    buf_puts(out, ".");
}

bool wording_is_follow_up(const struct notice *notice)
{
    return notice->mail_number > 0 || notice->is_told;
}

static void put_joined(struct buf *out, const struct notice *notice, struct sums sums)
{
    if (sums.new_alerts > 0) {
        text_put_count(out, sums.new_alerts, "new alert", "new alerts");
        buf_puts(out, " joined since the last mail.");
        return;
    }
    if (is_all_posted(notice)) {
        buf_puts(out, "What is said of it has changed since the last mail.");
        return;
    }
    buf_puts(out, "It went on: ");
    text_put_count(out, notice->new_count, "more time", "more times");
    buf_puts(out, " since the last mail.");
}

static void put_repeat(struct buf *out, const struct notice *notice, struct sums sums,
                       struct now now)
{
    buf_puts(out, "Still going on");
    if (now.unix_ms - sums.first_ms >= SECOND_MS) {
        buf_puts(out, " after ");
        text_put_duration(out, now.unix_ms - sums.first_ms);
    }
    buf_puts(out, notice->new_count ? "." : ", but nothing new since the last mail.");
}

void wording_put_reason(struct buf *out, const struct mail_view *view)
{
    const struct notice *notice = view->notice;
    struct sums sums = sums_of(notice);
    switch (notice->reason) {
    case NOTICE_FIRST:
        put_first_time(out, view);
        return;
    case NOTICE_NEW:
        put_joined(out, notice, sums);
        return;
    case NOTICE_RESOLVED:
        put_quiet(out, view, sums);
        return;
    case NOTICE_REPEAT:
        put_repeat(out, notice, sums, view->now);
        return;
    case NOTICE_DIGEST:
        buf_puts(out, "The digest is due");
        put_since(out, view);
        buf_puts(out, ".");
        return;
    case NOTICE_HELD:
        buf_puts(out, "The limit on mails lets one through again");
        put_since(out, view);
        buf_puts(out, ".");
        return;
    case NOTICE_SHUTDOWN:
        buf_puts(out, "tocsin ends here (--once): this was still open.");
        return;
    }
}

void wording_put_held(struct buf *out, const struct mail_view *view)
{
    if (view->notice->held_mails == 0)
        return;
    text_put_count(out, view->notice->held_mails, "mail was", "mails were");
    buf_puts(out, " held back by the limit of route ");
    wording_put_name(out, view->notice->route);
    buf_puts(out, "; what they would have told is counted here.");
}

const struct detail *detail_at(size_t level)
{
    static const struct detail levels[DETAIL_LEVELS] = {
        { LIMIT_SAMPLES, LIMIT_SAMPLE_BYTES, LIMIT_DESCRIPTION_BYTES },
        { LIMIT_SAMPLES, 512, 2048 },
        { 2, 512, 1024 },
        { 1, 160, 320 },
    };
    return &levels[level];
}

size_t detail_first_level(const struct notice *notice)
{
    if (notice->alert_count <= 3)
        return notice->alert_count > 1;
    return is_collection(notice) ? DETAIL_LEVELS - 1 : 2;
}

size_t detail_samples(const struct detail *detail, const struct notice_alert *alert,
                      const struct sample **first)
{
    size_t shown = alert->sample_count;
    if (shown > detail->samples)
        shown = detail->samples;
    *first = alert->samples + (alert->sample_count - shown);
    return shown;
}

bool wording_has_joined(const struct mail_view *view, const struct notice_alert *alert)
{
    return alert->is_new && alert->is_firing && wording_is_follow_up(view->notice) &&
           !is_collection(view->notice);
}

void wording_put_where(struct buf *out, const struct mail_view *view,
                       const struct sample *sample)
{
    put_clock(out, view, sample->unix_ms);
    if (sample->path.len > 0) {
        buf_puts(out, "  ");
        wording_put_cut(out, sample->path, LIMIT_SUMMARY_BYTES, false);
    }
    if (sample->offset >= 0)
        buf_printf(out, " at byte %" PRId64, sample->offset);
}

void wording_put_unseen(struct buf *out, const struct notice_alert *alert, size_t shown)
{
    if (shown == 0 || alert->new_count <= shown)
        return;
    text_put_count(out, alert->new_count - shown, "further line", "further lines");
    buf_puts(out, " not shown");
}

bool wording_is_repeated(const struct mail_view *view, size_t index)
{
    const struct notice_alert *alert = &view->notice->alerts[index];
    return index > 0 && slice_equal(alert[-1].description, alert->description) &&
           slice_equal(alert[-1].runbook, alert->runbook) &&
           slice_equal(alert[-1].links, alert->links);
}

bool wording_is_link(struct slice url)
{
    struct slice rest = url, host;
    if (!slice_starts(url, SLICE("http://")) && !slice_starts(url, SLICE("https://")))
        return false;
    for (size_t i = 0; i < url.len; i++) {
        if (url.ptr[i] <= 0x20 || url.ptr[i] > 0x7E || strchr("\"'<>\\`", url.ptr[i]))
            return false;
    }
    rest.ptr += slice_find(url, SLICE("//")) + 2;
    rest.len = url.len - (size_t)(rest.ptr - url.ptr);
    return slice_next(&rest, '/', &host) && host.len > 0 &&
           slice_find(host, SLICE("@")) == SIZE_MAX;
}

bool wording_next_link(struct slice *links, struct slice *name, struct slice *url)
{
    while (slice_next(links, '\n', url)) {
        if (slice_next(url, ' ', name) && wording_is_link(*url))
            return true;
    }
    return false;
}

static void put_unshown(struct buf *out, const struct notice *notice,
                        size_t first_unshown)
{
    size_t by_tone[4] = { 0 };
    uint64_t new_count = 0;
    const char *separator = " (";
    for (size_t i = first_unshown; i < notice->alert_count; i++) {
        by_tone[tone_of_alert(&notice->alerts[i])]++;
        new_count += notice->alerts[i].new_count;
    }
    text_put_count(out, notice->alert_count - first_unshown, "further alert",
                   "further alerts");
    for (int tone = TONE_RESOLVED; tone >= 0; tone--) {
        if (by_tone[tone] == 0)
            continue;
        buf_printf(out, "%s%zu %s", separator, by_tone[tone], tone_word(tone));
        separator = ", ";
    }
    buf_puts(out, "), seen ");
    wording_put_times(out, new_count);
    buf_puts(out, ", not shown here.");
}

void wording_put_left_out(struct buf *out, const struct mail_view *view,
                          size_t first_unshown)
{
    const struct notice *notice = view->notice;
    if (first_unshown < notice->alert_count)
        put_unshown(out, notice, first_unshown);
    if (notice->left_out_alerts == 0 && notice->left_out_count == 0)
        return;
    if (first_unshown < notice->alert_count)
        buf_putc(out, ' ');
    text_put_count(out, notice->left_out_alerts, "more alert", "more alerts");
    buf_puts(out, ", seen ");
    wording_put_times(out, notice->left_out_count);
    buf_puts(out, ", did not fit into this group and could only be counted.");
}

void wording_put_origin(struct buf *out, const struct mail_view *view)
{
    buf_puts(out, "tocsin on ");
    wording_put_name(out, view->profile->host);
    buf_puts(out, ", route ");
    wording_put_name(out, view->notice->route);
    buf_puts(out, ", output ");
    wording_put_name(out, view->profile->output);
    buf_printf(out, ", mail %" PRIu32 " of this thread", view->notice->mail_number + 1);
}

void wording_put_trouble(struct buf *out, const struct mail_view *view)
{
    buf_put(out, view->profile->trouble);
}

static bool is_shell_word(struct slice path)
{
    for (size_t i = 0; i < path.len; i++) {
        char c = path.ptr[i];
        bool is_word =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_word && (c == '\0' || !strchr("/._-+,@%:=", c)))
            return false;
    }
    return path.len > 1 && path.len <= 400 && path.ptr[0] == '/';
}

void wording_put_look_command(struct buf *out, const struct mail_view *view)
{
    const struct notice *notice = view->notice;
    if (notice->alert_count == 0 || notice->alerts[0].sample_count == 0)
        return;
    const struct sample *sample =
        &notice->alerts[0].samples[notice->alerts[0].sample_count - 1];
    if (sample->offset < 0 || !is_shell_word(sample->path))
        return;
    buf_printf(out, "tail -c +%" PRId64 " %.*s | less", sample->offset + 1,
               SLICE_ARG(sample->path));
}
