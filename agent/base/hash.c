/** XXH3 behind two functions. */
#include "agent/base/hash.h"

#include <xxhash.h>

uint64_t hash_bytes(struct slice s)
{
    return XXH3_64bits(s.len ? s.ptr : "", s.len);
}

uint64_t hash_more(uint64_t hash, struct slice s)
{
    return XXH3_64bits_withSeed(s.len ? s.ptr : "", s.len, hash ^ (s.len + 1));
}
