/** Lines and captures side by side, so that a batch is two arrays. */
#include "rules/hits.h"

#include <stdlib.h>

#include "agent/base/limits.h"
#include "agent/base/mem.h"
#include "rules/rule_parts.h"

/* Most patterns have a few; a block of others is taken in smaller parts. */
enum { HIT_CAPTURES = 4 * LIMIT_HITS };

void hits_free(struct hits *hits)
{
    free(hits->items);
    free(hits->captures);
    free(hits->seen);
    *hits = (struct hits){ 0 };
}

void hits_clear(struct hits *hits)
{
    hits->count = hits->capture_count = 0;
}

bool hits_are_full(const struct hits *hits)
{
    return hits->count >= LIMIT_HITS ||
           hits->capture_count + LIMIT_CAPTURES > HIT_CAPTURES;
}

static void add_captures(struct hits *hits, const struct event *event)
{
    for (size_t i = 0; i < event->capture_count; i++)
        *mem_push(hits->captures, hits->capture_count, hits->capture_capacity) =
            event->captures[i];
}

void hits_add(struct hits *hits, struct rule *rule, const struct event *event)
{
    if (hits->count == 0)
        hits->common = *event;
    *mem_push(hits->items, hits->count, hits->capacity) =
        (struct hit){ .rule = rule,
                      .line = event->line,
                      .offset = event->offset,
                      .first_capture = hits->capture_count,
                      .capture_count = event->capture_count };
    add_captures(hits, event);
}

void hits_rank(struct hits *hits, const struct rules *rules)
{
    if (!hits->seen)
        hits->seen = mem_zalloc(rules->count * sizeof *hits->seen);
    for (size_t i = hits->count; i-- > 0;) {
        uint32_t *seen = &hits->seen[hits->items[i].rule - rules->items];
        hits->items[i].later = *seen;
        *seen += hits->items[i].line.len > 0; /* an empty line is no sample */
    }
    for (size_t i = 0; i < hits->count; i++)
        hits->seen[hits->items[i].rule - rules->items] = 0;
}

struct event hits_event(const struct hits *hits, size_t index)
{
    const struct hit *hit = &hits->items[index];
    struct event event = hits->common;
    event.line = hit->line;
    event.offset = hit->offset;
    event.captures = hits->captures + hit->first_capture;
    event.capture_count = hit->capture_count;
    event.later = hit->later;
    return event;
}
