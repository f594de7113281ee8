/**
 * The HTML part. Colours of text and ground are left to the client, so that dark mode
 * needs no second design: only the badges have a ground of their own, and the word for
 * a severity always stands with its colour.
 */
#include "outputs/html.h"

#include "agent/base/limits.h"
#include "agent/base/must.h"

#define CLOSING_BYTES 4096 /* room that is kept for the end of the mail */
#define ROWS_BYTES (24 * 1024)
#define ROW_SUMMARY_BYTES 160

#define SANS "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;"
#define MONO "font-family:ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;"
#define GREY "color:#7d838b;"
#define RULE "border-top:1px solid #9aa0a6;"
#define WRAP "word-break:break-word;overflow-wrap:anywhere;"

struct tone_colors {
    const char *ground; /* under white letters */
    const char *letter; /* readable on a light and on a dark ground */
};

static struct tone_colors tone_colors(enum tone tone)
{
    static const struct tone_colors colors[] = {
        [TONE_INFO] = { "#1a5fb4", "#3b82d6" },
        [TONE_WARNING] = { "#9a5b00", "#b87a00" },
        [TONE_CRITICAL] = { "#b3261e", "#e0443a" },
        [TONE_RESOLVED] = { "#1e7037", "#2f9e55" },
    };
    return colors[tone];
}

void html_put_text(struct buf *out, struct slice text)
{
    static const struct {
        char c;
        const char *entity;
    } entities[] = { { '&', "&amp;" },
                     { '<', "&lt;" },
                     { '>', "&gt;" },
                     { '"', "&quot;" },
                     { '\'', "&#39;" } };
    size_t run = 0;
    for (size_t i = 0; i < text.len; i++) {
        size_t e = 0;
        while (e < 5 && entities[e].c != text.ptr[i])
            e++;
        if (e == 5)
            continue;
        buf_put(out, slice_make(text.ptr + run, i - run));
        buf_puts(out, entities[e].entity);
        run = i + 1;
    }
    buf_put(out, slice_make(text.ptr + run, text.len - run));
}

/** Put the sentence of @put, escaped. @return false when there was none. */
static bool put_view(struct buf *out, const struct mail_view *view,
                     void (*put)(struct buf *, const struct mail_view *))
{
    struct buf text = buf_make(4096);
    put(&text, view);
    html_put_text(out, buf_slice(&text));
    bool was_put = text.len > 0;
    buf_free(&text);
    return was_put;
}

static void put_cut(struct buf *out, struct slice bytes, size_t max_bytes,
                    bool keep_lines)
{
    struct buf text = buf_make(max_bytes + 64);
    wording_put_cut(&text, bytes, max_bytes, keep_lines);
    html_put_text(out, buf_slice(&text));
    buf_free(&text);
}

static void put_summary(struct buf *out, const struct mail_view *view,
                        const struct notice_alert *alert, size_t max_bytes)
{
    struct buf text = buf_make(max_bytes + 64);
    wording_put_summary(&text, view, alert, max_bytes);
    html_put_text(out, buf_slice(&text));
    buf_free(&text);
}

static void put_badge(struct buf *out, enum tone tone)
{
    buf_printf(out,
               "<span style=\"background:%s;color:#fff;font-size:12px;font-weight:bold;"
               "letter-spacing:.5px;padding:2px 7px;border-radius:3px;"
               "white-space:nowrap\">%s</span>",
               tone_colors(tone).ground, tone_word(tone));
}

/** The first text of the body is what Gmail shows beside the subject. */
static void put_preheader(struct buf *out, const struct mail_view *view)
{
    buf_puts(out, "<div style=\"display:none;max-height:0;overflow:hidden;"
                  "mso-hide:all\">");
    buf_printf(out, "%s ", tone_word(tone_of_notice(view->notice)));
    put_view(out, view, wording_put_headline);
    buf_puts(out, ". ");
    put_view(out, view, wording_put_reason);
    buf_puts(out, "</div>\n");
}

static void put_opening(struct buf *out, const struct mail_view *view)
{
    buf_puts(out,
             "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
             "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
             "<meta name=\"color-scheme\" content=\"light dark\">"
             "<meta name=\"supported-color-schemes\" content=\"light dark\"><title>");
    html_put_text(out, view->subject);
    buf_puts(out, "</title></head>\n<body style=\"margin:0;padding:0\">\n");
    put_preheader(out, view);
    buf_puts(out, "<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" "
                  "cellspacing=\"0\" border=\"0\"><tr><td align=\"center\" "
                  "style=\"padding:12px 10px\">\n"
                  "<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" "
                  "cellspacing=\"0\" border=\"0\" style=\"max-width:600px;" SANS
                  "font-size:15px;line-height:1.45;text-align:left\">\n");
}

static void put_head(struct buf *out, const struct mail_view *view)
{
    enum tone tone = tone_of_notice(view->notice);
    buf_printf(out,
               "<tr><td style=\"border-left:5px solid %s;padding:2px 0 2px 12px\">",
               tone_colors(tone).ground);
    put_badge(out, tone);
    buf_puts(out, "<div style=\"font-size:19px;line-height:1.3;font-weight:bold;"
                  "padding:7px 0 5px;" WRAP "\">");
    put_view(out, view, wording_put_headline);
    buf_puts(out, "</div><div style=\"" WRAP "\">");
    put_view(out, view, wording_put_reason);
    buf_puts(out, "</div>");
    if (view->notice->held_mails > 0) {
        buf_puts(out, "<div style=\"padding-top:4px;" WRAP "\"><b>");
        put_view(out, view, wording_put_held);
        buf_puts(out, "</b></div>");
    }
    buf_puts(out, "</td></tr>\n");
}

static void put_row(struct buf *out, const struct mail_view *view,
                    const struct notice_alert *alert)
{
    struct buf seen = buf_make(64);
    enum tone tone = tone_of_alert(alert);
    wording_put_briefly(&seen, view, alert);
    buf_printf(out,
               "<tr><td style=\"" RULE "padding:4px 8px 4px 0;color:%s;"
               "font-size:11px;font-weight:bold\">%s</td>"
               "<td align=\"right\" style=\"" RULE
               "padding:4px 10px 4px 0;white-space:nowrap\">%s</td>"
               "<td width=\"100%%\" style=\"" RULE "padding:4px 0;" WRAP "\">%s",
               tone_colors(tone).letter, tone_word(tone), seen.ptr,
               wording_has_joined(view, alert) ? "<b>new</b> " : "");
    put_summary(out, view, alert, ROW_SUMMARY_BYTES);
    buf_puts(out, "</td></tr>\n");
    buf_free(&seen);
}

static void put_table_opening(struct buf *out)
{
    buf_puts(out, "<tr><td style=\"padding-top:14px\"><table role=\"presentation\" "
                  "width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" "
                  "style=\"font-size:14px;line-height:1.4\">\n");
}

static void put_glance(struct buf *out, const struct mail_view *view)
{
    size_t count = view->notice->alert_count;
    size_t shown = count < LIMIT_MAIL_GLANCE ? count : LIMIT_MAIL_GLANCE;
    if (count < 2)
        return;
    put_table_opening(out);
    for (size_t i = 0; i < shown; i++)
        put_row(out, view, &view->notice->alerts[i]);
    if (shown < count)
        buf_printf(out,
                   "<tr><td colspan=\"3\" style=\"" RULE GREY "padding:4px 0\">"
                   "and %zu more below</td></tr>\n",
                   count - shown);
    buf_puts(out, "</table></td></tr>\n");
}

static void put_fact(struct buf *out, const char *name, struct buf *text)
{
    buf_puts(out, "<tr><td valign=\"top\" style=\"" GREY "padding:1px 12px 1px 0\">");
    buf_puts(out, name);
    buf_puts(out, "</td><td width=\"100%\" style=\"" WRAP "\">");
    html_put_text(out, buf_slice(text));
    buf_puts(out, "</td></tr>\n");
    buf_clear(text);
}

static void put_facts(struct buf *out, const struct mail_view *view,
                      const struct notice_alert *alert)
{
    struct buf text = buf_make(32 * 1024);
    buf_puts(out, "<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" "
                  "cellspacing=\"0\" border=\"0\" style=\"font-size:14px;"
                  "line-height:1.4\">\n");
    for (const struct fact *fact = wording_facts(alert); fact->name; fact++) {
        fact->put(&text, view, alert);
        if (text.len > 0)
            put_fact(out, fact->name, &text);
    }
    buf_puts(out, "</table>\n");
    buf_free(&text);
}

static void put_runbook(struct buf *out, struct slice url)
{
    bool is_link = url.len <= LIMIT_LABEL_BYTES && wording_is_link(url);
    buf_puts(out, "<div style=\"padding-top:8px;" WRAP "\"><b>Runbook</b> ");
    if (is_link) {
        buf_puts(out, "<a href=\"");
        html_put_text(out, url);
        buf_puts(out, "\">");
    }
    put_cut(out, url, LIMIT_LABEL_BYTES, false);
    buf_puts(out, is_link ? "</a></div>\n" : "</div>\n");
}

/** Buttons, whose letters are readable on a light and on a dark ground. */
static void put_links(struct buf *out, struct slice links)
{
    struct slice name, url;
    while (wording_next_link(&links, &name, &url)) {
        buf_puts(out, "<a href=\"");
        html_put_text(out, url);
        buf_printf(out,
                   "\" style=\"display:inline-block;border:1px solid %s;color:%s;"
                   "text-decoration:none;font-size:14px;padding:5px 12px;"
                   "border-radius:4px;margin:10px 8px 0 0\">",
                   tone_colors(TONE_INFO).letter, tone_colors(TONE_INFO).letter);
        put_cut(out, name, LIMIT_LABEL_BYTES, false);
        buf_puts(out, "</a>\n");
    }
}

static void put_explanation(struct buf *out, const struct notice_alert *alert,
                            const struct detail *detail)
{
    if (alert->description.len > 0) {
        buf_puts(out, "<div style=\"padding-top:8px;white-space:pre-wrap;" WRAP "\">");
        put_cut(out, slice_trim(alert->description), detail->description_bytes, true);
        buf_puts(out, "</div>\n");
    }
    if (alert->runbook.len > 0)
        put_runbook(out, alert->runbook);
    put_links(out, alert->links);
}

static void put_sample(struct buf *out, const struct mail_view *view,
                       const struct sample *sample, const struct detail *detail)
{
    struct buf where = buf_make(1024);
    buf_puts(out, "<div style=\"border-left:3px solid #9aa0a6;padding-left:9px;"
                  "margin-top:10px\"><div style=\"" MONO
                  "font-size:13px;line-height:1.4;white-space:pre-wrap;" WRAP "\">");
    put_cut(out, sample->line, detail->sample_bytes, true);
    buf_puts(out, "</div><div style=\"" GREY "font-size:12px;" WRAP "\">");
    wording_put_where(&where, view, sample);
    html_put_text(out, buf_slice(&where));
    buf_puts(out, "</div></div>\n");
    buf_free(&where);
}

static void put_samples(struct buf *out, const struct mail_view *view,
                        const struct notice_alert *alert, const struct detail *detail)
{
    const struct sample *sample;
    size_t shown = detail_samples(detail, alert, &sample);
    struct buf unseen = buf_make(128);
    for (size_t i = 0; i < shown; i++)
        put_sample(out, view, sample + i, detail);
    wording_put_unseen(&unseen, alert, shown);
    if (unseen.len > 0)
        buf_printf(out,
                   "<div style=\"" GREY "padding-top:6px;font-size:13px\">%s</div>\n",
                   unseen.ptr);
    buf_free(&unseen);
}

static void put_alert(struct buf *out, const struct mail_view *view, size_t index,
                      const struct detail *detail)
{
    const struct notice_alert *alert = &view->notice->alerts[index];
    buf_puts(out, "<tr><td style=\"padding-top:16px\">");
    if (view->notice->alert_count > 1) {
        buf_puts(out, "<div style=\"" RULE "padding-top:12px\">");
        put_badge(out, tone_of_alert(alert));
        buf_printf(out, " <span style=\"" GREY "font-size:13px\">%zu of %zu%s</span>",
                   index + 1, view->notice->alert_count,
                   wording_has_joined(view, alert) ? ", new" : "");
        buf_puts(out,
                 "<div style=\"font-size:16px;font-weight:bold;padding:6px 0 4px;" WRAP
                 "\">");
        put_summary(out, view, alert, LIMIT_SUMMARY_BYTES);
        buf_puts(out, "</div></div>\n");
    }
    put_facts(out, view, alert);
    if (!wording_is_repeated(view, index))
        put_explanation(out, alert, detail);
    put_samples(out, view, alert, detail);
    buf_puts(out, "</td></tr>\n");
}

/** Put alert @index with as much detail as fits. @return false when nothing did. */
static bool put_fitting_alert(struct buf *out, const struct mail_view *view,
                              size_t index)
{
    const size_t room = LIMIT_MAIL_HTML_BYTES - CLOSING_BYTES - ROWS_BYTES;
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
    put_table_opening(out);
    while (index < view->notice->alert_count && index < end &&
           out->len < LIMIT_MAIL_HTML_BYTES - 2 * CLOSING_BYTES)
        put_row(out, view, &view->notice->alerts[index++]);
    buf_puts(out, "</table></td></tr>\n");
    return index;
}

static void put_left_out(struct buf *out, const struct mail_view *view, size_t unshown)
{
    struct buf text = buf_make(1024);
    wording_put_left_out(&text, view, unshown);
    if (text.len > 0) {
        buf_puts(out, "<tr><td style=\"padding-top:12px\"><b>");
        html_put_text(out, buf_slice(&text));
        buf_puts(out, "</b></td></tr>\n");
    }
    buf_free(&text);
}

static void put_trouble(struct buf *out, const struct mail_view *view)
{
    struct slice line, rest = view->profile->trouble;
    if (rest.len == 0)
        return;
    buf_puts(out, "<tr><td style=\"padding-top:20px\"><b>Trouble with mail</b>"
                  "<div style=\"" WRAP "\">");
    while (slice_next(&rest, '\n', &line)) {
        html_put_text(out, line);
        buf_puts(out, "<br>");
    }
    buf_puts(out, "</div></td></tr>\n");
}

static void put_closing(struct buf *out, const struct mail_view *view)
{
    put_trouble(out, view);
    buf_puts(out, "<tr><td style=\"padding-top:20px\"><div style=\"" RULE GREY
                  "padding-top:8px;font-size:12px;" WRAP "\">");
    put_view(out, view, wording_put_origin);
    buf_puts(out, "<br>Look further on that host:<div style=\"" MONO
                  "padding:2px 0 0 10px\">");
    if (put_view(out, view, wording_put_look_command))
        buf_puts(out, "<br>");
    buf_puts(out, "tocsin status<br>tocsin queue list</div></div></td></tr>\n"
                  "</table></td></tr></table>\n</body></html>\n");
}

void html_put(struct buf *out, const struct mail_view *view)
{
    const struct notice *notice = view->notice;
    size_t shown = 0;
    put_opening(out, view);
    put_head(out, view);
    put_glance(out, view);
    while (shown < notice->alert_count && shown < LIMIT_MAIL_FULL_ALERTS &&
           put_fitting_alert(out, view, shown))
        shown++;
    shown = put_rows(out, view, shown);
    put_left_out(out, view, shown);
    put_closing(out, view);
    must(!out->overflowed);
}
