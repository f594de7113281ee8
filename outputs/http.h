/**
 * Reads one response of HTTP/1.1 (RFC 9112) from bytes that come in any pieces. Pure:
 * no socket, no clock. The body goes into locked memory, because it may be a token.
 * Bounded: a head past LIMIT_REPLY_HEAD_BYTES or a body past LIMIT_REPLY_BODY_BYTES is
 * broken.
 */
#ifndef TOCSIN_OUTPUTS_HTTP_H
#define TOCSIN_OUTPUTS_HTTP_H

#include "agent/base/now.h"
#include "agent/base/secret.h"
#include "outputs/web_limits.h"

enum http_state {
    HTTP_MORE,   /**< everything was taken, the response is not complete */
    HTTP_DONE,   /**< it is complete; bytes behind it were not taken */
    HTTP_BROKEN, /**< this is not HTTP, or a bound is reached: close the connection */
};

enum http_part {
    HTTP_STATUS,
    HTTP_HEADERS,
    HTTP_BODY, /**< so many bytes, or all until the end */
    HTTP_CHUNK_SIZE,
    HTTP_CHUNK,
    HTTP_CHUNK_END,
    HTTP_TRAILER,
};

struct http_response {
    int status;
    int64_t
        retry_after_s; /**< 0 to a day, said in seconds or by a date; -1: not said */
    int64_t date_s;    /**< unix, of the server's clock; 0: not said */
    bool closes;       /**< the connection ends with this response */
    struct secret body;

    /* --- while it is read --- */
    enum http_part part;
    char line[1024]; /**< the rest of a longer one is left out */
    size_t line_len, head_bytes;
    int64_t asked_s;    /**< unix, of our clock */
    int64_t retry_at_s; /**< unix, as said; -1: not */
    int64_t length;     /**< of the body as announced; -1: not */
    uint64_t left;      /**< of the body or chunk; UINT64_MAX: until the end */
    bool is_chunked;
};

/** Be ready for a response. @now  for dates where the server does not say what its own
 *  clock shows. Fails: no locked memory. */
bool http_begin(struct http_response *response, struct now now, struct err *err)
    __attribute__((warn_unused_result));
/** Wipe and forget. */
void http_clear(struct http_response *response);
/** Take bytes off the front of *@bytes until the response is complete. */
enum http_state http_feed(struct http_response *response, struct slice *bytes);
/** The connection ended. @return HTTP_DONE when that completes it. */
enum http_state http_closed(const struct http_response *response);

#endif
