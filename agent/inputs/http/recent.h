/**
 * What the server remembers for a while: which addresses showed wrong tokens, and which
 * signatures it has seen. Both are bounded and forget the oldest.
 */
#ifndef TOCSIN_HTTP_RECENT_H
#define TOCSIN_HTTP_RECENT_H

#include <stdint.h>

#include "agent/base/map.h"

/** Zero-initialised is empty. */
struct recent {
    struct map map;
    size_t limit; /**< entries */
    int64_t keep_ms;
};

void recent_init(struct recent *recent, size_t limit, int64_t keep_ms);
void recent_clear(struct recent *recent);

/** See @key once more. @return how often it was seen, this time included, without a
 *  pause of keep_ms in between. */
uint32_t recent_see(struct recent *recent, struct slice key, int64_t now_ms);

/** How often @key was seen lately. */
uint32_t recent_count(const struct recent *recent, struct slice key, int64_t now_ms);

#endif
