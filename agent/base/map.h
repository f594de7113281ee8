/**
 * A map from bytes to pointers: open addressing over XXH3, insertion order kept, so
 * that walks, and with them mails and tests, come out the same every time.
 */
#ifndef TOCSIN_BASE_MAP_H
#define TOCSIN_BASE_MAP_H

#include "agent/base/slice.h"

struct map_entry {
    const char *key; /**< borrowed: must live as long as the entry */
    uint32_t key_len, hash;
    void *value; /**< NULL marks a dropped entry */
};

/** Zero-initialised is an empty map. */
struct map {
    struct map_entry *entries; /**< in insertion order, with gaps where value is NULL */
    size_t used, capacity;     /**< of entries, gaps included */
    uint32_t *slots;
    size_t slot_count;
    size_t count; /**< entries that are there */
};

/** The value, or NULL. */
void *map_find(const struct map *map, struct slice key);

/** Put @value (not NULL) under @key, which is shorter than 4 GiB.
 *  @return the value that stood there before, whose key stays in use; or NULL */
void *map_put(struct map *map, struct slice key, void *value);

/** Take the entry out. @return its value, or NULL when there was none. */
void *map_take(struct map *map, struct slice key);

/** Walk in insertion order: start with *@at = 0. @return NULL at the end. Entries may
 *  be taken during a walk, not put. */
void *map_next(const struct map *map, size_t *at);

/** Forget all entries; values and keys are the caller's. */
void map_free(struct map *map);

#endif
