/** Keys with their counts, for a while. */
#include "agent/inputs/http/recent.h"

#include <stdlib.h>

#include "agent/base/mem.h"

struct seen {
    int64_t last_ms;
    uint32_t count;
    size_t key_len;
    char key[];
};

void recent_init(struct recent *recent, size_t limit, int64_t keep_ms)
{
    *recent = (struct recent){ .limit = limit, .keep_ms = keep_ms };
}

void recent_clear(struct recent *recent)
{
    size_t at = 0;
    struct seen *seen;
    while ((seen = map_next(&recent->map, &at)))
        free(seen);
    map_free(&recent->map);
}

static void forget_oldest(struct recent *recent)
{
    size_t at = 0;
    struct seen *oldest = map_next(&recent->map, &at);
    map_take(&recent->map, slice_make(oldest->key, oldest->key_len));
    free(oldest);
}

static struct seen *add(struct recent *recent, struct slice key)
{
    if (recent->map.count >= recent->limit)
        forget_oldest(recent);
    struct seen *seen = mem_zalloc(sizeof *seen + key.len);
    seen->key_len = key.len;
    memcpy(seen->key, key.ptr, key.len);
    map_put(&recent->map, slice_make(seen->key, key.len), seen);
    return seen;
}

uint32_t recent_see(struct recent *recent, struct slice key, int64_t now_ms)
{
    struct seen *seen = map_find(&recent->map, key);
    if (!seen)
        seen = add(recent, key);
    if (now_ms - seen->last_ms > recent->keep_ms)
        seen->count = 0;
    seen->last_ms = now_ms;
    if (seen->count < UINT32_MAX)
        seen->count++;
    return seen->count;
}

uint32_t recent_count(const struct recent *recent, struct slice key, int64_t now_ms)
{
    const struct seen *seen = map_find(&recent->map, key);
    return seen && now_ms - seen->last_ms <= recent->keep_ms ? seen->count : 0;
}
