/** Connections with their requests, and the bound on the bodies of all. */
#include "agent/inputs/http/exchange.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/base/limits.h"
#include "agent/base/mem.h"

enum { KEPT_BYTES = 64 * 1024 }; /* of a body's buffer, for the next request */

void exchange_queue_put(struct exchange_queue *queue, struct exchange *exchange)
{
    exchange->after = NULL;
    if (queue->last)
        queue->last->after = exchange;
    else
        queue->first = exchange;
    queue->last = exchange;
}

struct exchange *exchange_queue_take(struct exchange_queue *queue)
{
    struct exchange *first = queue->first;
    if (!first)
        return NULL;
    queue->first = first->after;
    if (!queue->first)
        queue->last = NULL;
    return first;
}

struct exchange *exchange_open(struct exchanges *all, const struct http_peer *peer,
                               int64_t deadline_ms)
{
    struct exchange *exchange = mem_zalloc(sizeof *exchange);
    exchange->peer = *peer;
    exchange->deadline_ms = deadline_ms;
    exchange->next = all->first;
    exchange->request.body = buf_make(LIMIT_HTTP_BODY_BYTES);
    exchange->target_text = buf_make(LIMIT_HTTP_HEAD_BYTES);
    if (all->first)
        all->first->prev = exchange;
    all->first = exchange;
    all->count++;
    return exchange;
}

void exchange_close(struct exchanges *all, struct exchange *exchange)
{
    all->body_bytes -= exchange->counted_bytes;
    if (exchange->prev)
        exchange->prev->next = exchange->next;
    else
        all->first = exchange->next;
    if (exchange->next)
        exchange->next->prev = exchange->prev;
    all->count--;
    buf_free(&exchange->request.body);
    buf_free(&exchange->target_text);
    free(exchange);
}

bool exchange_reserve(struct exchanges *all, struct exchange *exchange, size_t bytes)
{
    if (bytes > LIMIT_HTTP_BODIES_BYTES - all->body_bytes)
        return false;
    all->body_bytes += bytes;
    exchange->counted_bytes += bytes;
    return true;
}

int exchange_append(struct exchanges *all, struct exchange *exchange, struct slice part)
{
    struct buf *body = &exchange->request.body;
    if (part.len > LIMIT_HTTP_BODY_BYTES - body->len)
        return 413;
    size_t needed = body->len + part.len;
    if (needed > exchange->counted_bytes &&
        !exchange_reserve(all, exchange, needed - exchange->counted_bytes))
        return 503;
    buf_put(body, part);
    return 0;
}

void exchange_reset(struct exchanges *all, struct exchange *exchange,
                    int64_t deadline_ms)
{
    struct buf *body = &exchange->request.body;
    all->body_bytes -= exchange->counted_bytes;
    exchange->counted_bytes = 0;
    if (body->capacity > KEPT_BYTES)
        buf_free(body);
    else
        buf_clear(body);
    body->max_bytes = LIMIT_HTTP_BODY_BYTES;
    exchange->request.has_digest = false;
    exchange->stage = STAGE_HEAD;
    exchange->deadline_ms = deadline_ms;
}

void exchange_answer_raw(struct exchange *exchange, const char *status)
{
    char text[128];
    int len = snprintf(text, sizeof text,
                       "HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
                       status);
    (void)!send(exchange->fd, text, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

size_t exchanges_of(const struct exchanges *all, const struct http_peer *peer)
{
    size_t count = 0;
    for (const struct exchange *at = all->first; at; at = at->next)
        count += strcmp(at->peer.text, peer->text) == 0;
    return count;
}

int64_t exchanges_deadline(const struct exchanges *all)
{
    int64_t deadline_ms = NEVER_MS;
    for (const struct exchange *at = all->first; at; at = at->next)
        deadline_ms = earlier_ms(deadline_ms, at->deadline_ms);
    return deadline_ms;
}
