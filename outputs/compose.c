/**
 * From a notice to the bytes of its mail. Headers are made of our own words, of
 * addresses that were checked at load, and of two texts that are cleaned and encoded:
 * the subject and the sender's name. The subject is the same for all mails of a thread,
 * and from the second on References names the first, because Gmail threads by both.
 */
#include "outputs/compose.h"

#include <inttypes.h>

#include "agent/base/hash.h"
#include "agent/base/limits.h"
#include "agent/base/must.h"
#include "agent/base/text.h"
#include "outputs/html.h"
#include "outputs/mime.h"
#include "outputs/plain.h"

/** "[tocsin web1] CRITICAL: title": no count, and no severity but one that the whole
 *  thread has, because all its mails have the subject of the first. */
static struct slice subject_of(const struct notice *notice,
                               const struct mail_profile *profile, struct arena *arena)
{
    struct buf clean = buf_make(8 * 4096);
    struct slice title = slice_trim(notice->title);
    buf_puts(&clean, "[tocsin");
    buf_puts(&clean, profile->host.len > 0 ? " " : "");
    text_put_clean(&clean, text_cut(profile->host, 64), false);
    buf_puts(&clean, "] ");
    if (notice->names_urgency)
        buf_printf(&clean, "%s: ", severity_word(notice->urgency));
    if (title.len == 0)
        buf_puts(&clean, "alerts of route ");
    text_put_clean(&clean,
                   text_cut(title.len ? title : notice->route, LIMIT_SUBJECT_BYTES),
                   false);
    struct slice subject =
        arena_slice(arena, text_cut(buf_slice(&clean), LIMIT_SUBJECT_BYTES));
    buf_free(&clean);
    return subject;
}

/** "<thread.number.output-hash@domain>": the same notice to the same output has the
 *  same id, however often it is composed. */
static struct slice message_id_of(const struct notice *notice,
                                  const struct mail_profile *profile, uint32_t number,
                                  struct arena *arena)
{
    return slice_of(arena_printf(arena, "<%s.%" PRIu32 ".%016" PRIx64 "@%.*s>",
                                 notice->thread, number, hash_bytes(profile->output),
                                 SLICE_ARG(profile->id_domain)));
}

/** Put @text as one part of a dotted name: what has no place there becomes "-". */
static void put_name_part(struct buf *out, struct slice text)
{
    for (size_t i = 0; i < text.len && i < 64; i++) {
        char c = text.ptr[i];
        bool is_word =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        buf_putc(out, is_word ? c : '-');
    }
    if (text.len == 0)
        buf_putc(out, '-');
}

/** RFC 2919: stable for a route on a host, so that a filter can be set on it. */
static void put_list_id(struct buf *out, const struct notice *notice,
                        const struct mail_profile *profile)
{
    struct buf id = buf_make(256);
    buf_putc(&id, '<');
    put_name_part(&id, notice->route);
    buf_putc(&id, '.');
    put_name_part(&id, profile->host);
    buf_puts(&id, ".tocsin>");
    mime_put_token_header(out, "List-Id", buf_slice(&id));
    buf_free(&id);
}

/** A header for filters; left off when the value is no plain word. */
static void put_word_header(struct buf *out, const char *name, struct slice value)
{
    bool is_word = value.len > 0 && value.len <= 64;
    for (size_t i = 0; i < value.len && is_word; i++) {
        char c = value.ptr[i];
        is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    }
    if (is_word)
        mime_put_token_header(out, name, value);
}

/** The rule that all alerts come from, or nothing. */
static struct slice common_rule(const struct notice *notice)
{
    struct slice rule = { "", 0 };
    for (size_t i = 0; i < notice->alert_count; i++) {
        struct slice other = labels_find(&notice->alerts[i].labels, SLICE("rule"));
        if (i > 0 && !slice_equal(rule, other))
            return SLICE("");
        rule = other;
    }
    return rule;
}

static void put_count_header(struct buf *out, const char *name, uint64_t count)
{
    struct buf digits = buf_make(32);
    buf_put_number(&digits, count, 1);
    mime_put_token_header(out, name, buf_slice(&digits));
    buf_free(&digits);
}

static void put_hash_header(struct buf *out, const char *name, uint64_t hash)
{
    struct buf digits = buf_make(32);
    buf_printf(&digits, "%016" PRIx64, hash);
    mime_put_token_header(out, name, buf_slice(&digits));
    buf_free(&digits);
}

/** What filters, tests and people who look at the source of a mail want to know. */
static void put_own_headers(struct buf *out, const struct notice *notice)
{
    uint64_t total_count = 0;
    for (size_t i = 0; i < notice->alert_count; i++)
        total_count += notice->alerts[i].total_count;
    put_word_header(out, "X-Tocsin-Rule", common_rule(notice));
    put_word_header(out, "X-Tocsin-Route", notice->route);
    mime_put_token_header(out, "X-Tocsin-Severity",
                          slice_of(severity_names[notice->severity]));
    mime_put_token_header(out, "X-Tocsin-Reason",
                          slice_of(notice_reason_name(notice->reason)));
    put_count_header(out, "X-Tocsin-New-Count", notice->new_count);
    put_count_header(out, "X-Tocsin-Total-Count", total_count);
    put_hash_header(out, "X-Tocsin-Line-Hash-Sum", notice->line_hash_sum);
}

static void put_thread_headers(struct buf *out, const struct notice *notice,
                               const struct mail_profile *profile, struct arena *arena)
{
    if (notice->mail_number == 0)
        return;
    struct slice first = message_id_of(notice, profile, 0, arena);
    mime_put_token_header(out, "In-Reply-To", first);
    mime_put_token_header(out, "References", first);
}

static void put_date(struct buf *out, const struct mail_profile *profile,
                     struct now now)
{
    struct buf date = buf_make(64);
    int64_t at_ms = now_shown_ms(now);
    text_put_rfc5322_date(&date, at_ms,
                          profile->zone ? zone_offset_s(profile->zone, at_ms) : 0);
    mime_put_token_header(out, "Date", buf_slice(&date));
    buf_free(&date);
}

static void put_headers(struct buf *out, const struct mail_view *view,
                        struct slice message_id, struct arena *arena)
{
    const struct mail_profile *profile = view->profile;
    put_date(out, profile, view->now);
    mime_put_address_header(out, "From", profile->from_name, &profile->from, 1);
    mime_put_address_header(out, "To", SLICE(""), profile->to, profile->to_count);
    mime_put_text_header(out, "Subject", view->subject);
    mime_put_token_header(out, "Message-ID", message_id);
    put_thread_headers(out, view->notice, profile, arena);
    /* No answering machine shall answer (RFC 3834), not even one that only knows the
       older words for it. */
    mime_put_token_header(out, "Auto-Submitted", SLICE("auto-generated"));
    mime_put_token_header(out, "X-Auto-Response-Suppress", SLICE("All"));
    mime_put_token_header(out, "Precedence", SLICE("bulk"));
    put_list_id(out, view->notice, profile);
    put_own_headers(out, view->notice);
    mime_put_token_header(out, "MIME-Version", SLICE("1.0"));
}

/** "=_" can stand in no quoted-printable text, so no content can close the part. */
static const char *boundary_of(struct slice message_id, struct arena *arena)
{
    return arena_printf(arena, "=_%016" PRIx64, hash_bytes(message_id));
}

static void put_part(struct buf *out, const char *boundary, const char *type,
                     struct slice text)
{
    buf_printf(out, "\r\n--%s\r\n", boundary);
    mime_put_token_header(out, "Content-Type", slice_of(type));
    mime_put_token_header(out, "Content-Transfer-Encoding", SLICE("quoted-printable"));
    buf_puts(out, "\r\n");
    mime_put_quoted_printable(out, text);
}

static void put_body(struct buf *out, const struct mail_view *view,
                     const char *boundary)
{
    struct buf text = buf_make(LIMIT_MAIL_TEXT_BYTES);
    struct buf html = buf_make(LIMIT_MAIL_HTML_BYTES - 1);
    plain_put(&text, view);
    html_put(&html, view);
    put_part(out, boundary, "text/plain; charset=utf-8", buf_slice(&text));
    put_part(out, boundary, "text/html; charset=utf-8", buf_slice(&html));
    buf_printf(out, "\r\n--%s--\r\n", boundary);
    buf_free(&text);
    buf_free(&html);
}

static struct slice render(const struct mail_view *view, struct slice message_id,
                           struct arena *arena)
{
    struct buf mail = buf_make(LIMIT_MAIL_BYTES);
    const char *boundary = boundary_of(message_id, arena);
    put_headers(&mail, view, message_id, arena);
    mime_put_token_header(
        &mail, "Content-Type",
        slice_of(
            arena_printf(arena, "multipart/alternative; boundary=\"%s\"", boundary)));
    put_body(&mail, view, boundary);
    must(!mail.overflowed);
    struct slice bytes = arena_slice(arena, buf_slice(&mail));
    buf_free(&mail);
    return bytes;
}

static int priority_of(const struct notice *notice)
{
    if (notice->reason == NOTICE_DIGEST || notice->reason == NOTICE_HELD)
        return PRIORITY_DIGEST;
    if (notice->severity == SEVERITY_CRITICAL && notice->reason != NOTICE_RESOLVED)
        return PRIORITY_CRITICAL;
    return PRIORITY_NORMAL;
}

struct message compose_message(const struct notice *notice,
                               const struct mail_profile *profile, struct now now,
                               struct arena *arena)
{
    struct slice subject = subject_of(notice, profile, arena);
    struct mail_view view = { notice, profile, now, subject };
    struct slice message_id =
        message_id_of(notice, profile, notice->mail_number, arena);
    return (struct message){
        .output = profile->output,
        .message_id = message_id,
        .subject = subject,
        .from = profile->from,
        .recipients = profile->to,
        .recipient_count = profile->to_count,
        .bytes = render(&view, message_id, arena),
        .priority = priority_of(notice),
        .reason = slice_of(notice_reason_name(notice->reason)),
        .event_count = notice->new_count,
    };
}
