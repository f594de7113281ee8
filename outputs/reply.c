/** SMTP replies: three digits, a mark, text, and again until the mark is no hyphen. */
#include "outputs/reply.h"

#include <stdio.h>

#include "agent/base/civil.h"
#include "agent/base/text.h"

static const char *const phase_names[] = {
    [PHASE_RESOLVE] = "resolve", [PHASE_CONNECT] = "connect",
    [PHASE_TLS] = "tls",         [PHASE_GREETING] = "greeting",
    [PHASE_EHLO] = "ehlo",       [PHASE_STARTTLS] = "starttls",
    [PHASE_AUTH] = "auth",       [PHASE_MAIL] = "mail",
    [PHASE_RCPT] = "rcpt",       [PHASE_DATA] = "data",
    [PHASE_BODY] = "body",       [PHASE_DOT] = "dot",
    [PHASE_RSET] = "rset",       [PHASE_QUIT] = "quit",
    [PHASE_TOKEN] = "token",     [PHASE_API] = "api",
    [PHASE_WEBHOOK] = "webhook",
};

const char *smtp_phase_name(enum smtp_phase phase)
{
    return phase_names[phase];
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "5.7.26" at the front of a line: RFC 3463 allows one to three digits twice. */
static size_t enhanced_len(struct slice line)
{
    size_t at = 0;
    if (line.len < 2 || line.ptr[0] < '2' || line.ptr[0] > '5' || line.ptr[1] != '.')
        return 0;
    at = 2;
    for (int part = 0; part < 2; part++) {
        size_t begin = at;
        while (at < line.len && at - begin < 3 && is_digit(line.ptr[at]))
            at++;
        if (at == begin)
            return 0;
        if (part == 0 && (at == line.len || line.ptr[at++] != '.'))
            return 0;
    }
    return at == line.len || line.ptr[at] == ' ' ? at : 0;
}

static void append_text(struct reply_parser *parser, struct slice part)
{
    if (part.len == 0)
        return;
    if (parser->text_len > 0 && parser->text_len < sizeof parser->text)
        parser->text[parser->text_len++] = ' ';
    size_t room = sizeof parser->text - parser->text_len;
    size_t len = part.len < room ? part.len : room;
    memcpy(parser->text + parser->text_len, part.ptr, len);
    parser->text_len += len;
}

/* Gmail puts the enhanced code in front of every line; people need it once. */
static void take_text(struct reply_parser *parser, struct slice text)
{
    size_t len = enhanced_len(text);
    if (len > 0 && parser->line_count == 1)
        memcpy(parser->enhanced, text.ptr, len);
    if (len > 0 && slice_equal(slice_make(text.ptr, len), slice_of(parser->enhanced))) {
        text.ptr += len;
        text.len -= len;
    }
    append_text(parser, slice_trim(text));
}

/* @return REPLY_MORE when the mark says that a further line follows. */
static enum reply_state take_line(struct reply_parser *parser)
{
    struct slice line = slice_make(parser->line, parser->line_len);
    if (line.len > 0 && line.ptr[line.len - 1] == '\r')
        line.len--;
    if (line.len < 3 || line.ptr[0] < '2' || line.ptr[0] > '5' ||
        !is_digit(line.ptr[1]) || !is_digit(line.ptr[2]))
        return REPLY_BROKEN;
    if (line.len > 3 && line.ptr[3] != ' ' && line.ptr[3] != '-')
        return REPLY_BROKEN;
    int code = (line.ptr[0] - '0') * 100 + (line.ptr[1] - '0') * 10 + line.ptr[2] - '0';
    if (++parser->line_count > 1 && code != parser->code)
        return REPLY_BROKEN;
    parser->code = code;
    if (parser->line_count > LIMIT_SMTP_REPLY_LINES)
        return REPLY_BROKEN;
    size_t head = line.len > 3 ? 4 : 3;
    take_text(parser, slice_make(line.ptr + head, line.len - head));
    return line.len > 3 && line.ptr[3] == '-' ? REPLY_MORE : REPLY_DONE;
}

/* Bytes of unknown origin, so cleaned first and cut then: cleaning makes them
 * longer. */
static void put_text(char *into, size_t size, struct slice raw)
{
    struct buf clean = buf_make(8 * LIMIT_REPLY_TEXT_BYTES);
    text_put_clean(&clean, raw, false);
    struct slice cut = text_cut(buf_slice(&clean), size - 1);
    memcpy(into, cut.ptr, cut.len);
    into[cut.len] = '\0';
    buf_free(&clean);
}

static bool is_token_char(char c)
{
    return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           c == '-' || c == '_';
}

/* "https://support.google.com/mail/?p=BadCredentials x1-2.3 - gsmtp" */
static void find_token(struct slice text, char *token, size_t size)
{
    size_t len = 0;
    size_t at = slice_find(text, SLICE("?p="));
    if (at == SIZE_MAX)
        at = slice_find(text, SLICE("&p="));
    if (at == SIZE_MAX)
        return;
    for (at += 3; at < text.len && is_token_char(text.ptr[at]) && len < size - 1; at++)
        token[len++] = text.ptr[at];
    token[len] = '\0';
}

static void complete(struct reply_parser *parser, struct smtp_reply *reply)
{
    struct slice raw = slice_make(parser->text, parser->text_len);
    *reply = (struct smtp_reply){ .code = parser->code };
    memcpy(reply->enhanced, parser->enhanced, sizeof reply->enhanced);
    put_text(reply->text, sizeof reply->text, raw);
    find_token(raw, reply->token, sizeof reply->token);
    *parser = (struct reply_parser){ 0 };
}

static enum reply_state take_byte(struct reply_parser *parser, char c)
{
    if (++parser->byte_count > LIMIT_SMTP_REPLY_BYTES)
        return REPLY_BROKEN;
    if (c != '\n') {
        if (parser->line_len < sizeof parser->line)
            parser->line[parser->line_len++] = c;
        return REPLY_MORE;
    }
    enum reply_state state = take_line(parser);
    parser->line_len = 0;
    return state;
}

enum reply_state reply_feed(struct reply_parser *parser, struct slice *bytes,
                            struct smtp_reply *reply)
{
    while (bytes->len > 0) {
        enum reply_state state = take_byte(parser, *bytes->ptr);
        bytes->ptr++;
        bytes->len--;
        if (state == REPLY_DONE)
            complete(parser, reply);
        if (state != REPLY_MORE)
            return state;
    }
    return REPLY_MORE;
}

int64_t reply_size_max(struct slice offers)
{
    struct slice line, word;
    int64_t size = 0;
    while (slice_next(&offers, '\n', &line))
        if (slice_next(&line, ' ', &word) && slice_equal_nocase(word, SLICE("SIZE")))
            return slice_to_int(slice_trim(line), &size) && size > 0 ? size : 0;
    return 0;
}

struct smtp_reply reply_of_network(enum smtp_phase phase, struct slice text)
{
    struct smtp_reply reply = { .phase = phase };
    put_text(reply.text, sizeof reply.text, text);
    return reply;
}

/* @return false when no @count digits stand at @at, which goes on behind them. */
static bool take_digits(struct slice text, size_t *at, size_t count, int64_t *value)
{
    if (*at + count > text.len ||
        !slice_to_int(slice_make(text.ptr + *at, count), value) || *value < 0)
        return false;
    *at += count;
    return true;
}

/* "2026-11-28T00:00:00": the fraction is less than our jitter, and Google says Z. */
static bool take_time(struct slice text, int64_t *unix_ms)
{
    static const size_t widths[] = { 4, 2, 2, 2, 2, 2 };
    int64_t parts[6] = { 0 };
    size_t at = 0;
    for (size_t i = 0; i < 6; i++) {
        if (!take_digits(text, &at, widths[i], &parts[i]))
            return false;
        at++; /* the mark behind it */
    }
    if (parts[1] < 1 || parts[1] > 12 || parts[2] < 1 || parts[2] > 31)
        return false;
    const struct civil_date date = { parts[0], (int)parts[1], (int)parts[2] };
    int64_t seconds =
        civil_to_days(date) * DAY_SECONDS + parts[3] * 3600 + parts[4] * 60 + parts[5];
    *unix_ms = seconds * SECOND_MS;
    return true;
}

/* What stands behind "retry after ": a time, or "120 s". */
static int64_t take_wait(struct slice text, struct now now)
{
    int64_t wait = 0, until = 0;
    size_t digits = 0;
    while (digits < text.len && is_digit(text.ptr[digits]))
        digits++;
    if (take_time(text, &until))
        wait = until - now.unix_ms;
    else if (digits < 7 && text.len > digits + 1 && text.ptr[digits + 1] == 's' &&
             slice_to_int(slice_make(text.ptr, digits), &wait))
        wait *= SECOND_MS;
    return wait < 0 ? 0 : wait < DAY_MS ? wait : DAY_MS;
}

int64_t reply_wait_ms(const struct smtp_reply *reply, struct now now)
{
    static const char words[] = "etry after ";
    int64_t longest = 0;
    if (reply->phase < PHASE_TOKEN)
        return 0;
    for (const char *at = reply->text; (at = strstr(at, words)) != NULL;) {
        at += sizeof words - 1;
        longest = later_ms(longest, take_wait(slice_of(at), now));
    }
    return longest;
}

void reply_put(struct buf *out, const struct smtp_reply *reply)
{
    if (reply->code != 0)
        buf_printf(out, "%d ", reply->code);
    if (reply->enhanced[0])
        buf_printf(out, "%s ", reply->enhanced);
    buf_puts(out, reply->text);
}
