/** From headers and the text part to fields. */
#include "outputs/webhook_body.h"

#include <inttypes.h>

#include "agent/base/limits.h"
#include "agent/base/text.h"
#include "agent/base/unmime.h"

enum { HEADER_BYTES = 4096 };

/* --- harmless in a chat ----------------------------------------------------------- */

static bool is_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           c == '.' || c == '_' || c == '-' || c == '+';
}

/* What has a meaning in the chats of today: <!channel> and <address|words> in Slack,
 * @all in Mattermost, [words](address) in Markdown, and what ends a block of code. */
static const struct {
    const char *from, *to;
    bool only_in_front; /* of a word: an address of mail stays what it is */
} meanings[] = {
    { "<", "\u2039", false }, { ">", "\u203a", false }, { "`", "'", false },
    { "](", "] (", false },   { "@", "\uff20", true },
};

static size_t put_meaning(struct buf *out, struct slice text, size_t at)
{
    struct slice rest = slice_make(text.ptr + at, text.len - at);
    bool is_in_word = at > 0 && is_word(text.ptr[at - 1]);
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++) {
        if (!slice_starts(rest, slice_of(meanings[i].from)) ||
            (meanings[i].only_in_front && is_in_word))
            continue;
        buf_puts(out, meanings[i].to);
        return strlen(meanings[i].from);
    }
    buf_putc(out, text.ptr[at]);
    return 1;
}

static void put_harmless(struct buf *out, struct slice text)
{
    for (size_t at = 0; at < text.len;)
        at += put_meaning(out, text, at);
}

/* --- fields ----------------------------------------------------------------------- */

struct fields {
    struct slice mail;
    struct buf *out;
};

/* A JSON string whose lines stay lines. */
static void put_lines(struct buf *out, struct slice text)
{
    struct slice line;
    struct buf json = buf_make(out->max_bytes);
    buf_putc(out, '"');
    for (bool is_first = true; slice_next(&text, '\n', &line); is_first = false) {
        buf_clear(&json);
        text_put_json(&json, line);
        buf_puts(out, is_first ? "" : "\\n");
        buf_put(out, slice_make(json.ptr + 1, json.len - 2));
    }
    buf_putc(out, '"');
    buf_free(&json);
}

static void put_name(struct buf *out, const char *name)
{
    buf_printf(out, "%s\"%s\":", out->ptr[out->len - 1] == '{' ? "" : ",", name);
}

static void put_header(const struct fields *fields, const char *name,
                       const char *header)
{
    struct buf value = buf_make(HEADER_BYTES);
    unmime_header(fields->mail, header, &value);
    put_name(fields->out, name);
    text_put_json(fields->out, buf_slice(&value));
    buf_free(&value);
}

static void put_count(const struct fields *fields, const char *name, const char *header)
{
    struct buf value = buf_make(HEADER_BYTES);
    int64_t count = 0;
    unmime_header(fields->mail, header, &value);
    if (!slice_to_int(buf_slice(&value), &count))
        count = 0;
    put_name(fields->out, name);
    buf_printf(fields->out, "%" PRId64, count);
    buf_free(&value);
}

/* The right side of the Message-ID. */
static void put_host(const struct fields *fields)
{
    struct buf id = buf_make(HEADER_BYTES);
    unmime_header(fields->mail, "Message-ID", &id);
    struct slice host = buf_slice(&id), left;
    slice_next(&host, '@', &left);
    if (slice_ends(host, SLICE(">")))
        host.len--;
    put_name(fields->out, "host");
    text_put_json(fields->out, host);
    buf_free(&id);
}

static void put_text(const struct fields *fields, struct slice body)
{
    struct buf title = buf_make(HEADER_BYTES), text = buf_make(8 * LIMIT_MAIL_BYTES);
    struct slice part = text_cut(body, WEBHOOK_TEXT_BYTES);
    unmime_header(fields->mail, "Subject", &title);
    put_harmless(&text, buf_slice(&title));
    buf_puts(&text, "\n```\n");
    put_harmless(&text, part);
    buf_puts(&text, "\n```");
    if (part.len < body.len)
        buf_printf(&text, "\n(%zu more bytes)", body.len - part.len);
    put_name(fields->out, "text");
    put_lines(fields->out, buf_slice(&text));
    buf_free(&text);
    buf_free(&title);
}

static void put_others(const struct fields *fields, struct slice body)
{
    put_header(fields, "title", "Subject");
    put_name(fields->out, "body");
    put_lines(fields->out, body);
    put_header(fields, "severity", "X-Tocsin-Severity");
    put_header(fields, "reason", "X-Tocsin-Reason");
    put_header(fields, "rule", "X-Tocsin-Rule");
    put_header(fields, "route", "X-Tocsin-Route");
    put_host(fields);
    put_header(fields, "id", "Message-ID");
    put_header(fields, "date", "Date");
    put_count(fields, "new_count", "X-Tocsin-New-Count");
    put_count(fields, "total_count", "X-Tocsin-Total-Count");
    buf_puts(fields->out, ",\"source\":\"tocsin\"");
}

void webhook_body_put(struct buf *out, struct slice mail, bool text_only)
{
    struct buf text = buf_make(LIMIT_MAIL_BYTES);
    const struct fields fields = { mail, out };
    unmime_text(mail, &text);
    struct slice body = slice_trim(buf_slice(&text));
    buf_putc(out, '{');
    put_text(&fields, body);
    if (!text_only)
        put_others(&fields, body);
    buf_putc(out, '}');
    buf_free(&text);
}
