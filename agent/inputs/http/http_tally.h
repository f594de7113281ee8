/** What the HTTP server counts, since the start, and who knows all other numbers. */
#ifndef TOCSIN_HTTP_HTTP_TALLY_H
#define TOCSIN_HTTP_HTTP_TALLY_H

#include <stdint.h>

#include "agent/base/buf.h"

struct http_tally {
    uint64_t connections;  /**< now */
    uint64_t requests;     /**< heads that were read */
    uint64_t accepted;     /**< 200, and what was asked for is done */
    uint64_t refused;      /**< 4xx but 401 */
    uint64_t unauthorized; /**< 401 */
    uint64_t busy;         /**< 503: the store, or a bound, had no room */
    uint64_t malformed;    /**< what the HTTP library could not read */
    uint64_t expired;      /**< connections given up at a deadline */
    uint64_t turned_away;  /**< past LIMIT_HTTP_PEER_CONNECTIONS */
    uint64_t alerts;       /**< in bodies that were accepted */
    uint64_t odd_fields;   /**< known, and of a type that they should not have */
    uint64_t repaired;     /**< bytes that were no text */
    uint64_t pauses;       /**< of accepting, because no descriptor was left */
};

/** Who knows what GET /metrics answers with. */
struct metrics_source {
    /** Put the text format of Prometheus, in less than LIMIT_HTTP_METRICS_BYTES. NULL:
     *  there is nothing to tell. */
    void (*put)(void *ctx, struct buf *out);
    void *ctx;
};

#endif
