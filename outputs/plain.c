/**
 * The text part: the answer first, then an overview, then each alert with its samples.
 * What does not fit becomes rows, what is more than that becomes a number.
 */
#include "outputs/plain.h"

#include "agent/base/limits.h"
#include "agent/base/must.h"

#define CLOSING_BYTES 4096 /* room that is kept for the end of the mail */
#define ROWS_BYTES (32 * 1024)
#define FACT_BYTES (32 * 1024)
#define ROW_SUMMARY_BYTES 160

/** Put each line of @text behind @prefix. */
static void put_indented(struct buf *out, const char *prefix, struct slice text)
{
    struct slice line;
    while (slice_next(&text, '\n', &line)) {
        buf_puts(out, prefix);
        buf_put(out, line);
        buf_putc(out, '\n');
    }
}

static void put_cut_indented(struct buf *out, const char *prefix, struct slice text,
                             size_t max_bytes)
{
    struct buf clean = buf_make(max_bytes + 64);
    wording_put_cut(&clean, text, max_bytes, true);
    put_indented(out, prefix, buf_slice(&clean));
    buf_free(&clean);
}

static void put_head(struct buf *out, const struct mail_view *view)
{
    buf_printf(out, "%s  ", tone_word(tone_of_notice(view->notice)));
    wording_put_headline(out, view);
    buf_puts(out, "\n\n");
    wording_put_reason(out, view);
    buf_putc(out, '\n');
    if (view->notice->held_mails > 0) {
        wording_put_held(out, view);
        buf_putc(out, '\n');
    }
}

static void put_row(struct buf *out, const struct mail_view *view,
                    const struct notice_alert *alert)
{
    struct buf seen = buf_make(64);
    wording_put_briefly(&seen, view, alert);
    buf_printf(out, "  %-8s  %8s  ", tone_word(tone_of_alert(alert)), seen.ptr);
    buf_puts(out, wording_has_joined(view, alert) ? "(new) " : "");
    wording_put_summary(out, view, alert, ROW_SUMMARY_BYTES);
    buf_putc(out, '\n');
    buf_free(&seen);
}

static void put_glance(struct buf *out, const struct mail_view *view)
{
    size_t count = view->notice->alert_count;
    size_t shown = count < LIMIT_MAIL_GLANCE ? count : LIMIT_MAIL_GLANCE;
    if (count < 2)
        return;
    buf_putc(out, '\n');
    for (size_t i = 0; i < shown; i++)
        put_row(out, view, &view->notice->alerts[i]);
    if (shown < count)
        buf_printf(out, "  and %zu more below\n", count - shown);
}

static void put_samples(struct buf *out, const struct mail_view *view,
                        const struct notice_alert *alert, const struct detail *detail)
{
    const struct sample *sample;
    size_t shown = detail_samples(detail, alert, &sample);
    for (size_t i = 0; i < shown; i++, sample++) {
        buf_putc(out, '\n');
        put_cut_indented(out, "  > ", sample->line, detail->sample_bytes);
        buf_puts(out, "    ");
        wording_put_where(out, view, sample);
        buf_putc(out, '\n');
    }
    struct buf unseen = buf_make(128);
    wording_put_unseen(&unseen, alert, shown);
    if (unseen.len > 0)
        buf_printf(out, "\n  ... %s\n", unseen.ptr);
    buf_free(&unseen);
}

static void put_links(struct buf *out, struct slice links)
{
    struct slice name, url;
    const char *before = "\n";
    while (wording_next_link(&links, &name, &url)) {
        buf_puts(out, before);
        buf_puts(out, "  ");
        wording_put_cut(out, name, LIMIT_LABEL_BYTES, false);
        buf_puts(out, ": ");
        buf_put(out, url);
        buf_putc(out, '\n');
        before = "";
    }
}

static void put_explanation(struct buf *out, const struct notice_alert *alert,
                            const struct detail *detail)
{
    if (alert->description.len > 0) {
        buf_putc(out, '\n');
        put_cut_indented(out, "  ", alert->description, detail->description_bytes);
    }
    if (alert->runbook.len > 0) {
        buf_puts(out, "\n  Runbook: ");
        wording_put_cut(out, alert->runbook, LIMIT_LABEL_BYTES, false);
        buf_putc(out, '\n');
    }
    put_links(out, alert->links);
}

static void put_facts(struct buf *out, const struct mail_view *view,
                      const struct notice_alert *alert)
{
    struct buf text = buf_make(FACT_BYTES);
    for (const struct fact *fact = wording_facts(alert); fact->name; fact++) {
        buf_clear(&text);
        fact->put(&text, view, alert);
        if (text.len == 0)
            continue;
        buf_printf(out, "  %-8s", fact->name);
        buf_put(out, buf_slice(&text));
        buf_putc(out, '\n');
    }
    buf_free(&text);
}

static void put_alert_head(struct buf *out, const struct mail_view *view, size_t index)
{
    const struct notice_alert *alert = &view->notice->alerts[index];
    if (view->notice->alert_count == 1)
        return;
    buf_printf(out, "---- %zu of %zu: %s%s ----\n  ", index + 1,
               view->notice->alert_count, tone_word(tone_of_alert(alert)),
               wording_has_joined(view, alert) ? ", new" : "");
    wording_put_summary(out, view, alert, LIMIT_SUMMARY_BYTES);
    buf_puts(out, "\n\n");
}

static void put_alert(struct buf *out, const struct mail_view *view, size_t index,
                      const struct detail *detail)
{
    const struct notice_alert *alert = &view->notice->alerts[index];
    buf_putc(out, '\n');
    put_alert_head(out, view, index);
    put_facts(out, view, alert);
    if (!wording_is_repeated(view, index))
        put_explanation(out, alert, detail);
    put_samples(out, view, alert, detail);
}

/** Put alert @index with as much detail as fits. @return false when nothing did. */
static bool put_fitting_alert(struct buf *out, const struct mail_view *view,
                              size_t index)
{
    const size_t room = LIMIT_MAIL_TEXT_BYTES - CLOSING_BYTES - ROWS_BYTES;
    struct buf alert = buf_make(room);
    bool fits = false;
    for (size_t level = detail_first_level(view->notice);
         level < DETAIL_LEVELS && !fits; level++) {
        buf_clear(&alert);
        put_alert(&alert, view, index, detail_at(level));
        fits = !alert.overflowed && out->len + alert.len <= room;
    }
    if (fits)
        buf_put(out, buf_slice(&alert));
    buf_free(&alert);
    return fits;
}

/** Put rows from alert @index on. @return the first alert that is not shown at all. */
static size_t put_rows(struct buf *out, const struct mail_view *view, size_t index)
{
    size_t end = index + LIMIT_MAIL_ROWS;
    if (index == view->notice->alert_count)
        return index;
    buf_puts(out, "\n---- further alerts ----\n");
    while (index < view->notice->alert_count && index < end &&
           out->len < LIMIT_MAIL_TEXT_BYTES - 2 * CLOSING_BYTES)
        put_row(out, view, &view->notice->alerts[index++]);
    return index;
}

static void put_closing(struct buf *out, const struct mail_view *view, size_t unshown)
{
    struct buf line = buf_make(1024);
    wording_put_left_out(&line, view, unshown);
    if (line.len > 0)
        buf_printf(out, "\n%s\n", line.ptr);
    if (view->profile->trouble.len > 0)
        buf_puts(out, "\n---- trouble with mail ----\n");
    put_indented(out, "  ", view->profile->trouble);
    buf_puts(out, "\n________\n");
    wording_put_origin(out, view);
    buf_puts(out, "\nLook further on that host:\n");
    buf_clear(&line);
    wording_put_look_command(&line, view);
    if (line.len > 0)
        buf_printf(out, "  %s\n", line.ptr);
    buf_puts(out, "  tocsin status\n  tocsin queue list\n");
    buf_free(&line);
}

void plain_put(struct buf *out, const struct mail_view *view)
{
    const struct notice *notice = view->notice;
    size_t shown = 0;
    put_head(out, view);
    put_glance(out, view);
    while (shown < notice->alert_count && shown < LIMIT_MAIL_FULL_ALERTS &&
           put_fitting_alert(out, view, shown))
        shown++;
    shown = put_rows(out, view, shown);
    put_closing(out, view, shown);
    must(!out->overflowed);
}
