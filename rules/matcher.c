/**
 * Every rule of a source is tried on each of its lines, in one walk over the block.
 * Nothing is allocated and no byte copied for a line; an event is one struct that is
 * used again.
 */
#include "rules/matcher.h"

#include <stdlib.h>

#include "agent/base/limits.h"
#include "agent/base/must.h"

/* The rules that read one source, in the order of the configuration. */
struct source_rules {
    struct rule **items;
    size_t count;
};

struct matcher {
    struct source_rules *sources;
    size_t source_count;
    struct capture captures[LIMIT_CAPTURES];
};

/* Whom to tell of a match. */
struct finder {
    void (*found)(void *ctx, struct rule *rule, const struct event *event);
    void *ctx;
};

static void collect_rules(struct source_rules *into, struct rules *rules, size_t index)
{
    size_t count = 0;
    for (size_t i = 0; i < rules_count(rules); i++)
        count += rule_reads(rules_get(rules, i), index);
    into->items = mem_zalloc(count * sizeof *into->items);
    for (size_t i = 0; i < rules_count(rules); i++)
        if (rule_reads(rules_get(rules, i), index))
            into->items[into->count++] = rules_get(rules, i);
}

struct matcher *matcher_create(struct rules *rules, size_t source_count)
{
    struct matcher *matcher = mem_zalloc(sizeof *matcher);
    matcher->source_count = source_count;
    matcher->sources = mem_zalloc(source_count * sizeof *matcher->sources);
    for (size_t i = 0; i < source_count; i++)
        collect_rules(&matcher->sources[i], rules, i);
    return matcher;
}

void matcher_free(struct matcher *matcher)
{
    if (!matcher)
        return;
    for (size_t i = 0; i < matcher->source_count; i++)
        free(matcher->sources[i].items);
    free(matcher->sources);
    free(matcher);
}

static void try_rules(struct matcher *matcher, const struct source_rules *rules,
                      struct event *event, const struct finder *finder)
{
    for (size_t i = 0; i < rules->count; i++)
        if (rule_matches(rules->items[i], event, matcher->captures))
            finder->found(finder->ctx, rules->items[i], event);
}

/* The CR at the end of a cut line may be one in its middle. */
static struct slice without_cr(struct slice line, bool is_cut)
{
    if (!is_cut && line.len > 0 && line.ptr[line.len - 1] == '\r')
        line.len--;
    return line;
}

static void scan_record(struct matcher *matcher, const struct source_rules *rules,
                        const struct block *block, struct event *event,
                        const struct finder *finder)
{
    event->offset = block->offset;
    event->line = block->bytes;
    event->fields = block->fields;
    event->field_count = block->field_count;
    if (block->unix_ms != 0)
        event->unix_ms = block->unix_ms;
    try_rules(matcher, rules, event, finder);
}

uint64_t
matcher_scan(struct matcher *matcher, const struct block *block, int64_t unix_ms,
             void (*found)(void *ctx, struct rule *rule, const struct event *event),
             void *ctx)
{
    must(block->source->index < matcher->source_count);
    const struct source_rules *rules = &matcher->sources[block->source->index];
    const struct finder finder = { found, ctx };
    struct event event = { .source = block->source,
                           .path = block->path,
                           .is_cut = block->is_cut,
                           .unix_ms = unix_ms };
    if (block->is_record) {
        scan_record(matcher, rules, block, &event, &finder);
        return 1;
    }
    struct slice rest = block->bytes, line;
    uint64_t count = 0;
    while (slice_next(&rest, '\n', &line)) {
        count++;
        event.offset = block->offset;
        if (block->offset >= 0)
            event.offset += line.ptr - block->bytes.ptr;
        event.line = without_cr(line, block->is_cut);
        try_rules(matcher, rules, &event, &finder);
    }
    return count;
}

struct rule *matcher_first(struct matcher *matcher, struct event *event)
{
    must(event->source->index < matcher->source_count);
    const struct source_rules *rules = &matcher->sources[event->source->index];
    for (size_t i = 0; i < rules->count; i++)
        if (rule_matches(rules->items[i], event, matcher->captures))
            return rules->items[i];
    return NULL;
}
