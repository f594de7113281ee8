/** 64-bit hashes (XXH3, xxhash.com): for maps, file identity and fingerprints. Stored
 *  on disk, so the function and its seed must not change without a schema change. */
#ifndef TOCSIN_BASE_HASH_H
#define TOCSIN_BASE_HASH_H

#include "agent/base/slice.h"

uint64_t hash_bytes(struct slice s);

/** Fold one more part into @hash; parts keep their borders ("ab","c" is not
 *  "a","bc"). */
uint64_t hash_more(uint64_t hash, struct slice s);

#endif
