/** Requests whole, then answers whole. */
#include "agent/sink/webd.h"

#include <inttypes.h>
#include <stdlib.h>

#include "agent/base/mem.h"
#include "agent/sink/talker.h"

enum { HEAD_MAX = 32 * 1024 };

struct webd {
    const struct webd_config *config;
    struct buf inbox, output;
    int64_t pause_ms;
    enum smtpd_wish wish;
    bool is_hung;
};

/* --- a request -------------------------------------------------------------------- */

struct head {
    struct web_request request;
    size_t len; /* with the empty line */
    int64_t length;
    bool is_bad, closes;
};

static void take_header(struct head *head, struct slice line)
{
    struct slice name, value = line;
    if (!slice_next(&value, ':', &name))
        return;
    value = slice_trim(value);
    if (slice_equal_nocase(name, SLICE("content-length")))
        head->is_bad = !slice_to_int(value, &head->length) || head->length < 0;
    else if (slice_equal_nocase(name, SLICE("host")))
        head->request.host = value;
    else if (slice_equal_nocase(name, SLICE("authorization")))
        head->request.authorization = value;
    else if (slice_equal_nocase(name, SLICE("content-type")))
        head->request.content_type = value;
    else if (slice_equal_nocase(name, SLICE("connection")))
        head->closes = slice_equal_nocase(value, SLICE("close"));
    else if (slice_equal_nocase(name, SLICE("transfer-encoding")))
        head->is_bad = true;
}

/* "POST /token?x=y HTTP/1.1" */
static void take_request_line(struct head *head, struct slice line)
{
    struct slice target = { 0 }, version = line;
    head->is_bad = !slice_next(&version, ' ', &head->request.method) ||
                   !slice_next(&version, ' ', &target) ||
                   !slice_equal(version, SLICE("HTTP/1.1")) || target.len == 0 ||
                   target.ptr[0] != '/';
    size_t mark = slice_find(target, SLICE("?"));
    head->request.path = target;
    if (mark == SIZE_MAX)
        return;
    head->request.path.len = mark;
    head->request.query = slice_make(target.ptr + mark + 1, target.len - mark - 1);
}

/* @return false when it is not complete. */
static bool read_head(struct slice inbox, struct head *head)
{
    size_t end = slice_find(inbox, SLICE("\r\n\r\n"));
    struct slice lines, line;
    if (end == SIZE_MAX)
        return false;
    head->len = end + 4;
    lines = slice_make(inbox.ptr, end + 1);
    if (slice_next(&lines, '\n', &line))
        take_request_line(head, slice_trim(line));
    while (!head->is_bad && slice_next(&lines, '\n', &line))
        take_header(head, slice_trim(line));
    return true;
}

/* --- an answer -------------------------------------------------------------------- */

static void put_answer(struct webd *webd, const struct web_answer *answer)
{
    struct buf *out = &webd->output;
    buf_printf(out, "HTTP/1.1 %d %s\r\nContent-Length: %zu\r\n", answer->status,
               answer->status < 300 ? "OK" : "No", answer->body.len);
    if (answer->type)
        buf_printf(out, "Content-Type: %s\r\n", answer->type);
    if (answer->location.len > 0)
        buf_printf(out, "Location: %s\r\n", answer->location.ptr);
    if (answer->retry_after_s >= 0)
        buf_printf(out, "Retry-After: %" PRId64 "\r\n", answer->retry_after_s);
    if (answer->closes)
        buf_puts(out, "Connection: close\r\n");
    buf_puts(out, "\r\n");
    buf_put(out, buf_slice(&answer->body));
}

static void give(struct webd *webd, struct web_answer *answer)
{
    if (answer->status > 0)
        put_answer(webd, answer);
    webd->pause_ms = answer->wait_ms;
    webd->is_hung = answer->hangs;
    if (answer->resets)
        webd->wish = SMTPD_RESET;
    else if (answer->closes || (answer->status == 0 && !answer->hangs) ||
             webd->output.overflowed)
        webd->wish = SMTPD_CLOSE;
    buf_free(&answer->body);
    buf_free(&answer->location);
}

bool webd_obey(const struct script_action *action, struct web_answer *answer)
{
    bool is_end = action->act == SCRIPT_CLOSE || action->act == SCRIPT_RESET ||
                  action->act == SCRIPT_HANG;
    answer->wait_ms = action->wait_ms;
    answer->resets = action->act == SCRIPT_RESET;
    answer->hangs = action->act == SCRIPT_HANG;
    if (is_end)
        answer->status = 0;
    return is_end;
}

static struct web_answer make_answer(int status)
{
    return (struct web_answer){ .status = status,
                                .body = buf_make(256 * 1024),
                                .location = buf_make(16 * 1024),
                                .retry_after_s = -1 };
}

static void refuse(struct webd *webd, int status)
{
    struct web_answer answer = make_answer(status);
    answer.closes = true;
    give(webd, &answer);
}

/* @return false when there is nothing whole to answer. */
static bool answer_next(struct webd *webd)
{
    struct head head = { 0 };
    struct slice inbox = buf_slice(&webd->inbox);
    if (!read_head(inbox, &head)) {
        if (inbox.len > HEAD_MAX)
            refuse(webd, 431);
        return false;
    }
    if (head.is_bad || (uint64_t)head.length > webd->config->max_bytes) {
        refuse(webd, head.is_bad ? 400 : 413);
        return false;
    }
    if (inbox.len - head.len < (size_t)head.length)
        return false;
    struct web_answer answer = make_answer(200);
    head.request.body = slice_make(inbox.ptr + head.len, (size_t)head.length);
    answer.closes = head.closes;
    webd->config->answer(webd->config->ctx, &head.request, &answer);
    give(webd, &answer);
    buf_drop(&webd->inbox, head.len + (size_t)head.length);
    return true;
}

static void go_on(struct webd *webd)
{
    while (webd->wish == SMTPD_TALK && !webd->is_hung && webd->pause_ms == 0 &&
           webd->inbox.len > 0 && answer_next(webd))
        ;
}

/* --- as a connection sees it ------------------------------------------------------ */

static void *create(const void *config, uint64_t number, bool is_secure)
{
    struct webd *webd = mem_zalloc(sizeof *webd);
    (void)number;
    (void)is_secure;
    webd->config = config;
    webd->inbox = buf_make(webd->config->max_bytes + HEAD_MAX + LIMIT_SINK_INBOX_BYTES);
    webd->output = buf_make(LIMIT_SINK_OUTPUT_BYTES);
    return webd;
}

static void end(void *session)
{
    struct webd *webd = session;
    if (!webd)
        return;
    buf_free(&webd->inbox);
    buf_free(&webd->output);
    free(webd);
}

static void feed(void *session, struct slice bytes)
{
    struct webd *webd = session;
    if (webd->is_hung || webd->wish != SMTPD_TALK)
        return;
    buf_put(&webd->inbox, bytes);
    if (webd->inbox.overflowed)
        webd->wish = SMTPD_RESET;
    go_on(webd);
}

static struct slice output(const void *session)
{
    const struct webd *webd = session;
    return webd->pause_ms > 0 ? SLICE("") : buf_slice(&webd->output);
}

static void sent(void *session, size_t count)
{
    struct webd *webd = session;
    buf_drop(&webd->output, count);
}

static enum smtpd_wish wish(const void *session)
{
    const struct webd *webd = session;
    return webd->pause_ms > 0 ? SMTPD_TALK : webd->wish;
}

static void secured(void *session)
{
    (void)session;
}

static int64_t pause_ms(const void *session)
{
    const struct webd *webd = session;
    return webd->pause_ms;
}

static void resume(void *session)
{
    struct webd *webd = session;
    webd->pause_ms = 0;
    go_on(webd);
}

static int64_t slow_bytes(const void *session)
{
    (void)session;
    return 0;
}

const struct talker talker_web = {
    create, end, feed, output, sent, wish, secured, pause_ms, resume, slow_bytes,
};
