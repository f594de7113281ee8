/**
 * A connection and the request on it, one at a time: its stage, its deadline, and its
 * share of the bytes that all bodies together may take. What speaks HTTP with it is not
 * known here.
 */
#ifndef TOCSIN_HTTP_EXCHANGE_H
#define TOCSIN_HTTP_EXCHANGE_H

#include "agent/inputs/http/httpd.h"

enum stage {
    STAGE_HEAD,    /**< nothing, or a part of a head is here */
    STAGE_DELAYED, /**< refused, and the reply waits */
    STAGE_BODY,
    STAGE_WHOLE, /**< waits to be taken */
    STAGE_HELD,  /**< waits for the commit */
    STAGE_ANSWERED,
};

struct exchange {
    struct http_request request; /**< first: a pointer to it is one to the exchange */
    struct httpd *httpd;
    void *handle; /**< what the library knows it by */
    int fd;
    struct http_peer peer;
    enum stage stage;
    bool is_suspended;
    bool is_keepable; /**< a second request may follow */
    int64_t deadline_ms;
    struct http_reply reply;
    struct slice target; /**< where the library keeps it, and later cuts it to pieces */
    struct buf target_text; /**< the same before that; at most LIMIT_HTTP_HEAD_BYTES */
    size_t counted_bytes;   /**< its share of the sum */
    struct exchange *prev, *next;
    struct exchange *after; /**< in its queue */
};

struct exchange_queue {
    struct exchange *first, *last;
};

/** Zero-initialised is empty. */
struct exchanges {
    struct exchange *first;
    size_t count;
    struct exchange_queue whole, held;
    size_t body_bytes;
};

void exchange_queue_put(struct exchange_queue *queue, struct exchange *exchange);
/** The first, or NULL. */
struct exchange *exchange_queue_take(struct exchange_queue *queue);

struct exchange *exchange_open(struct exchanges *all, const struct http_peer *peer,
                               int64_t deadline_ms);
void exchange_close(struct exchanges *all, struct exchange *exchange);

/** Count @bytes of its body among all. @return false: there is no room. */
bool exchange_reserve(struct exchanges *all, struct exchange *exchange, size_t bytes)
    __attribute__((warn_unused_result));
/** Put a part of its body. @return 0, or the status of why it is not taken. */
int exchange_append(struct exchanges *all, struct exchange *exchange, struct slice part)
    __attribute__((warn_unused_result));
/** Ready for the next request. */
void exchange_reset(struct exchanges *all, struct exchange *exchange,
                    int64_t deadline_ms);

/** Put a reply of a few bytes past the library, in the middle of a body, where it lets
 *  nobody answer. @status  "408 Request Timeout" */
void exchange_answer_raw(struct exchange *exchange, const char *status);

size_t exchanges_of(const struct exchanges *all, const struct http_peer *peer);
/** The earliest of all deadlines. */
int64_t exchanges_deadline(const struct exchanges *all);

#endif
