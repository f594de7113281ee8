/**
 * The head of a request, and whether its shape is one that every reader of HTTP reads
 * in the same way. What is ambiguous is refused: it is how one request is smuggled
 * inside another (RFC 9112, 11.2).
 */
#ifndef TOCSIN_HTTP_HEAD_H
#define TOCSIN_HTTP_HEAD_H

#include "agent/base/limits.h"
#include "agent/base/slice.h"
#include "agent/inputs/http/address.h"

struct http_header {
    struct slice name, value; /**< without blanks around the value */
};

/** All slices are borrowed from the connection, for the call. */
struct http_head {
    struct slice method;
    struct slice path;  /**< not decoded: "%2f" stays what it is */
    struct slice query; /**< behind the '?' */
    struct http_header headers[LIMIT_HTTP_HEADERS];
    size_t header_count;
    bool is_http_1_0;
    bool is_odd;      /**< a line end or a byte that HTTP does not have there */
    bool is_too_long; /**< more headers than there is room for */
    const struct http_peer *peer;
};

/** What is answered. All texts are constants, but for the metrics. */
struct http_reply {
    int status;        /**< 0: there is none yet */
    const char *text;  /**< one line; NULL: the metrics of the moment */
    const char *name;  /**< of a further header; or NULL */
    const char *value; /**< of it */
};

/** The value of the first header of that name, or the empty slice. */
struct slice http_head_find(const struct http_head *head, const char *name);
/** Likewise of the last: a proxy adds its own behind those that it was given. */
struct slice http_head_find_last(const struct http_head *head, const char *name);

/** What Content-Length says; -1: nothing. Only of a head that http_head_check() let
 *  pass. */
int64_t http_head_length(const struct http_head *head);
bool http_head_is_chunked(const struct http_head *head);

/** @return a reply with status 0 when the shape is right, else the refusal. */
struct http_reply http_head_check(const struct http_head *head);

#endif
