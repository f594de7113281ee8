/** Bytes between a request, a link and a response, and the clock that ends what
 *  hangs. */
#include "outputs/https.h"

#include "outputs/reply.h"

enum { RECEIVE_BYTES = 16 * 1024, OFFER_BYTES = 64 * 1024 };
#define ANSWER_TIMEOUT_MS (60 * SECOND_MS)
#define OPEN_TIMEOUT_MS (45 * SECOND_MS)

void https_close(struct https *https)
{
    if (https->link)
        https->ops->close(https->link);
    https->link = NULL;
    https->state = HTTPS_CLOSED;
    secret_wipe(&https->head);
    http_clear(&https->response);
}

static void fail(struct https *https, const struct smtp_reply *reply)
{
    https->failure = *reply;
    https_close(https);
}

static void fail_with(struct https *https, const char *text)
{
    struct smtp_reply reply = reply_of_network(PHASE_QUIT, slice_of(text));
    fail(https, &reply);
}

void https_open(struct https *https, const struct https_place *place, struct now now)
{
    const struct account bare = { .host = place->host,
                                  .port = place->port,
                                  .ca_file = place->ca_file,
                                  .tls = place->is_plain ? TLS_NONE : TLS_IMPLICIT,
                                  .is_bare = true };
    https_close(https);
    https->link = https->ops->open(https->ops->ctx, &bare, https->wakes, now);
    https->state = HTTPS_OPENING;
    https->deadline_ms = later_by_ms(now.mono_ms, OPEN_TIMEOUT_MS);
}

void https_ask(struct https *https, struct secret *head, struct slice body,
               struct now now)
{
    struct err err = { 0 };
    secret_wipe(&https->head);
    https->head = *head;
    *head = (struct secret){ 0 };
    https->body = body;
    https->given = 0;
    https->is_offered = false;
    if (!http_begin(&https->response, now, &err)) {
        fail_with(https, err.text);
        return;
    }
    if (https->state == HTTPS_OPENING)
        return;
    https->state = HTTPS_ASKING;
    https->deadline_ms = later_by_ms(now.mono_ms, ANSWER_TIMEOUT_MS);
}

/* --- steps ------------------------------------------------------------------------ */

static void step_open(struct https *https, struct now now)
{
    enum link_state state = https->ops->step(https->link, now);
    if (state == LINK_FAILED) {
        fail(https, https->ops->failure(https->link));
    } else if (state == LINK_READY) {
        https->state = https->head.len > 0 ? HTTPS_ASKING : HTTPS_IDLE;
        https->deadline_ms = later_by_ms(now.mono_ms, ANSWER_TIMEOUT_MS);
    } else if (now.mono_ms >= https->deadline_ms) {
        fail_with(https, "timed out before the connection was there");
    }
}

static struct slice unsent(const struct https *https)
{
    size_t head = https->head.len, given = https->given;
    struct slice rest = given < head
                            ? slice_make(https->head.page + given, head - given)
                            : slice_make(https->body.ptr + (given - head),
                                         head + https->body.len - given);
    if (rest.len > OFFER_BYTES)
        rest.len = OFFER_BYTES;
    return rest;
}

/* @return false when the link is broken. */
static bool send_all(struct https *https, struct now now)
{
    size_t whole = https->head.len + https->body.len;
    while (https->given < whole) {
        struct slice part = unsent(https);
        https->is_offered = https->given + part.len == whole;
        ssize_t taken = https->ops->send(https->link, part);
        if (taken <= 0)
            return taken == 0;
        https->given += (size_t)taken;
        https->deadline_ms = later_by_ms(now.mono_ms, ANSWER_TIMEOUT_MS);
    }
    return true;
}

static enum http_state receive_all(struct https *https)
{
    char bytes[RECEIVE_BYTES];
    enum http_state state = HTTP_MORE;
    while (state == HTTP_MORE) {
        ssize_t len = https->ops->receive(https->link, bytes, sizeof bytes);
        if (len == 0)
            break;
        struct slice rest = slice_make(bytes, len < 0 ? 0 : (size_t)len);
        state = len < 0 ? http_closed(&https->response)
                        : http_feed(&https->response, &rest);
        if (state == HTTP_DONE && (len < 0 || rest.len > 0))
            https->response.closes = true;
    }
    explicit_bzero(bytes, sizeof bytes);
    return state;
}

/* A server that refuses early and closes leaves its answer behind a failed send. */
static void step_talk(struct https *https, struct now now)
{
    bool is_open = send_all(https, now);
    enum http_state state = receive_all(https);
    if (state == HTTP_DONE) {
        https->state = HTTPS_ANSWERED;
        secret_wipe(&https->head);
    } else if (state == HTTP_BROKEN || !is_open) {
        fail_with(https, https->response.status == 0
                             ? "the server closed the connection without an answer"
                             : "the server's answer is cut short or no HTTP");
    } else if (now.mono_ms >= https->deadline_ms) {
        fail_with(https, "timed out waiting for the server's answer");
    } else {
        bool is_blocked = https->given < https->head.len + https->body.len;
        https->ops->want(https->link, WAKE_READ | (is_blocked ? WAKE_WRITE : 0));
    }
}

/* Nothing is owed: whatever comes is the end. */
static void step_idle(struct https *https)
{
    char byte;
    if (https->ops->receive(https->link, &byte, 1) != 0)
        fail_with(https, "the server closed the idle connection");
}

enum https_state https_step(struct https *https, struct now now)
{
    if (https->state == HTTPS_OPENING)
        step_open(https, now);
    if (https->state == HTTPS_ASKING)
        step_talk(https, now);
    else if (https->state == HTTPS_IDLE)
        step_idle(https);
    return https->state;
}

enum link_state https_prepare(struct https *https, const struct https_place *place,
                              struct now now)
{
    if (https->state == HTTPS_ANSWERED && https->response.closes)
        https_close(https);
    if (https->state == HTTPS_CLOSED)
        https_open(https, place, now);
    enum https_state state = https_step(https, now);
    return state == HTTPS_CLOSED                            ? LINK_FAILED
           : state == HTTPS_IDLE || state == HTTPS_ANSWERED ? LINK_READY
                                                            : LINK_OPENING;
}

int64_t https_wake_at(const struct https *https)
{
    int64_t at = NEVER_MS;
    if (https->state == HTTPS_OPENING)
        at = https->ops->wake_at(https->link);
    if (https->state == HTTPS_OPENING || https->state == HTTPS_ASKING)
        at = earlier_ms(at, https->deadline_ms);
    return at;
}
