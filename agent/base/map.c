/**
 * Bytes to pointers. A slot holds an index into the dense entry array, plus one, and
 * above it the bits of the hash that did not choose the slot: so that a look-up sees
 * an entry, which lies elsewhere in memory, hardly ever in vain.
 */
#include "agent/base/map.h"

#include <stdlib.h>

#include "agent/base/hash.h"
#include "agent/base/mem.h"
#include "agent/base/must.h"

static struct map_entry *entry_of(const struct map *map, uint32_t slot)
{
    return &map->entries[(slot & (map->slot_count - 1)) - 1];
}

/** The slot that holds @key, or NULL. */
static uint32_t *slot_find(const struct map *map, struct slice key, uint32_t hash)
{
    if (map->slot_count == 0)
        return NULL;
    uint32_t mask = (uint32_t)(map->slot_count - 1);
    for (size_t i = hash & mask; map->slots[i] != 0; i = (i + 1) & mask) {
        if (((map->slots[i] ^ hash) & ~mask) != 0)
            continue;
        const struct map_entry *entry = entry_of(map, map->slots[i]);
        if (entry->value && entry->hash == hash &&
            slice_equal(slice_make(entry->key, entry->key_len), key))
            return &map->slots[i];
    }
    return NULL;
}

/** There are more slots than entries, so that the index leaves the upper bits free. */
static void slot_fill(struct map *map, uint32_t hash, size_t index)
{
    uint32_t mask = (uint32_t)(map->slot_count - 1);
    size_t i = hash & mask;
    while (map->slots[i] != 0)
        i = (i + 1) & mask;
    map->slots[i] = (hash & ~mask) | (uint32_t)(index + 1);
}

/** Close the gaps, and make room for half as many entries more. */
static void map_rebuild(struct map *map)
{
    size_t kept = 0;
    for (size_t i = 0; i < map->used; i++) {
        if (map->entries[i].value)
            map->entries[kept++] = map->entries[i];
    }
    map->used = kept;
    map->capacity = kept < 8 ? 12 : kept + kept / 2;
    map->entries = mem_grow(map->entries, map->capacity, sizeof *map->entries);
    size_t slots = 16;
    while (slots < map->capacity + map->capacity / 3)
        slots *= 2;
    must(map->capacity < slots && slots <= UINT32_MAX);
    free(map->slots);
    map->slots = mem_zalloc(slots * sizeof *map->slots);
    map->slot_count = slots;
    for (size_t i = 0; i < kept; i++)
        slot_fill(map, map->entries[i].hash, i);
}

void *map_find(const struct map *map, struct slice key)
{
    uint32_t *slot = slot_find(map, key, (uint32_t)hash_bytes(key));
    return slot ? entry_of(map, *slot)->value : NULL;
}

void *map_put(struct map *map, struct slice key, void *value)
{
    uint32_t hash = (uint32_t)hash_bytes(key);
    must(key.len <= UINT32_MAX);
    uint32_t *slot = slot_find(map, key, hash);
    if (slot) {
        struct map_entry *entry = entry_of(map, *slot);
        void *before = entry->value;
        entry->value = value;
        return before;
    }
    if (map->used == map->capacity)
        map_rebuild(map);
    map->entries[map->used] =
        (struct map_entry){ key.ptr, (uint32_t)key.len, hash, value };
    slot_fill(map, hash, map->used);
    map->used++;
    map->count++;
    return NULL;
}

void *map_take(struct map *map, struct slice key)
{
    uint32_t *slot = slot_find(map, key, (uint32_t)hash_bytes(key));
    if (!slot)
        return NULL;
    /* The slot stays filled, so that probes for later keys still pass over it. */
    struct map_entry *entry = entry_of(map, *slot);
    void *value = entry->value;
    entry->value = NULL;
    map->count--;
    return value;
}

void *map_next(const struct map *map, size_t *at)
{
    while (*at < map->used) {
        void *value = map->entries[(*at)++].value;
        if (value)
            return value;
    }
    return NULL;
}

void map_free(struct map *map)
{
    free(map->entries);
    free(map->slots);
    *map = (struct map){ 0 };
}
