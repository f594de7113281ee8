/**
 * The gate says where a literal of a rule stands; the line around it is cut out and the
 * rule tried on it. Lines between are never looked at, unless there are rules without a
 * literal. Nothing is allocated and no byte copied for a line; an event is one struct
 * that is used again.
 *
 * Which literals are rare is guessed at first, and measured in large blocks when they
 * come: from then on the gate looks for others, and finds the same.
 */
#include "rules/matcher.h"

#include <stdlib.h>

#include "agent/base/limits.h"
#include "agent/base/must.h"
#include "rules/gate.h"
#include "rules/rule_cost.h"
#include "rules/rule_literals.h"

enum {
    TUNE_MIN_BYTES = 64 * 1024, /* smaller blocks are no backlog, and say little */
    SAMPLE_BYTES = 64 * 1024,   /* of a block are counted, of the first one all */
    TUNE_EVERY = 16,            /* times as many bytes, for the next time */
    SAMPLES = 16                /* blocks that are counted before that */
};

/* Rules that read the same sources, in the order of the configuration. */
struct rule_set {
    struct rule **rules;
    size_t count, word_count;
    struct gate *gate;
    uint64_t *always; /* bits of rules without a literal */
    bool has_always;
    struct rarity *rarity; /* of the samples so far, while there is a backlog */
    uint64_t scanned_bytes, next_sample_bytes, next_tune_bytes;
};

struct matcher {
    struct rule_set *sets;
    size_t set_count;
    size_t *set_of_source;
    size_t source_count;
    enum gate_level level;
    struct scanner *scanner; /* of the thread that owns the rules */
};

/* --- sets of rules ---------------------------------------------------------------- */

static void collect_rules(struct rule_set *set, struct rules *rules, size_t source)
{
    set->rules = mem_zalloc(rules_count(rules) * sizeof *set->rules);
    for (size_t i = 0; i < rules_count(rules); i++)
        if (rule_reads(rules_get(rules, i), source))
            set->rules[set->count++] = rules_get(rules, i);
    set->word_count = (set->count + 63) / 64;
    set->always = mem_zalloc(set->word_count * sizeof *set->always);
}

static bool is_same(const struct rule_set *a, const struct rule_set *b)
{
    return a->count == b->count &&
           memcmp(a->rules, b->rules, a->count * sizeof(struct rule *)) == 0;
}

static void set_clear(struct rule_set *set)
{
    gate_free(set->gate);
    rarity_free(set->rarity);
    free(set->rules);
    free(set->always);
}

/* What the gate of a set is made of. */
struct gate_items {
    struct gate_item *items;
    size_t count, capacity;
};

static void add_items(struct gate_items *to, const struct literals *literals,
                      size_t owner)
{
    for (size_t i = 0; i < literals->count; i++)
        *mem_push(to->items, to->count, to->capacity) =
            (struct gate_item){ literals->items[i], (uint32_t)owner };
}

static void build_gate(struct rule_set *set, const struct rarity *rarity,
                       enum gate_level level)
{
    struct gate_items items = { 0 };
    struct arena arena = { 0 };
    set->has_always = false;
    memset(set->always, 0, set->word_count * sizeof *set->always);
    for (size_t i = 0; i < set->count; i++) {
        struct literals literals;
        arena_clear(&arena);
        if (rule_literals(set->rules[i], rarity, &arena, &literals)) {
            add_items(&items, &literals, i);
            continue;
        }
        set->always[i / 64] |= UINT64_C(1) << i % 64;
        set->has_always = true;
    }
    gate_free(set->gate);
    set->gate = gate_create(items.items, items.count, rarity, level);
    arena_free(&arena);
    free(items.items);
}

/* Sources with the same rules share one gate. */
static size_t add_set(struct matcher *matcher, struct rules *rules, size_t source)
{
    struct rule_set *fresh = &matcher->sets[matcher->set_count];
    collect_rules(fresh, rules, source);
    for (size_t i = 0; i < matcher->set_count; i++) {
        if (!is_same(&matcher->sets[i], fresh))
            continue;
        set_clear(fresh);
        *fresh = (struct rule_set){ 0 };
        return i;
    }
    build_gate(fresh, NULL, matcher->level);
    return matcher->set_count++;
}

struct matcher *matcher_create_at(struct rules *rules, size_t source_count,
                                  enum gate_level level)
{
    struct matcher *matcher = mem_zalloc(sizeof *matcher);
    matcher->level = level;
    matcher->source_count = source_count;
    matcher->set_of_source = mem_zalloc(source_count * sizeof *matcher->set_of_source);
    matcher->sets = mem_zalloc(source_count * sizeof *matcher->sets);
    matcher->scanner = scanner_create(rules);
    for (size_t i = 0; i < source_count; i++)
        matcher->set_of_source[i] = add_set(matcher, rules, i);
    return matcher;
}

struct matcher *matcher_create(struct rules *rules, size_t source_count)
{
    return matcher_create_at(rules, source_count, GATE_BEST);
}

void matcher_free(struct matcher *matcher)
{
    if (!matcher)
        return;
    for (size_t i = 0; i < matcher->set_count; i++)
        set_clear(&matcher->sets[i]);
    free(matcher->sets);
    free(matcher->set_of_source);
    scanner_free(matcher->scanner);
    free(matcher);
}

/* What is counted lies apart, so that a burst is not taken for the whole log. */
static void take_sample(struct rule_set *set, struct slice bytes)
{
    if (set->scanned_bytes < set->next_sample_bytes)
        return;
    if (set->rarity)
        bytes.len = bytes.len < SAMPLE_BYTES ? bytes.len : SAMPLE_BYTES;
    else
        set->rarity = rarity_create();
    rarity_add(set->rarity, bytes);
    set->next_sample_bytes = set->scanned_bytes + set->next_tune_bytes / SAMPLES;
}

static void end_backlog(struct rule_set *set)
{
    rarity_free(mem_take(&set->rarity));
    set->scanned_bytes = set->next_sample_bytes = set->next_tune_bytes = 0;
}

static void tune(struct matcher *matcher, struct rule_set *set, struct slice bytes)
{
    if (bytes.len < TUNE_MIN_BYTES) {
        end_backlog(set);
        return;
    }
    set->scanned_bytes += bytes.len;
    take_sample(set, bytes);
    if (set->scanned_bytes < set->next_tune_bytes)
        return;
    build_gate(set, set->rarity, matcher->level);
    set->next_tune_bytes = set->scanned_bytes * TUNE_EVERY;
}

/* --- the walk over a block -------------------------------------------------------- */

struct walk {
    struct scanner *scanner;
    const struct rule_set *set;
    const struct block *block;
    struct event event;
    size_t begin, end; /* of the line at hand: its first byte, its line end */
    bool has_line;
    void (*found)(void *ctx, struct rule *rule, const struct event *event);
    void *ctx;
};

/* The CR at the end of a cut line may be one in its middle. */
static struct slice without_cr(struct slice line, bool is_cut)
{
    if (!is_cut && line.len > 0 && line.ptr[line.len - 1] == '\r')
        line.len--;
    return line;
}

static void try_rule(struct walk *walk, size_t index)
{
    struct rule *rule = walk->set->rules[index];
    if (rule_try(rule, walk->scanner, &walk->event))
        walk->found(walk->ctx, rule, &walk->event);
}

/* The line at hand is known with all its literals: try its rules, in their order. */
static void try_line(struct walk *walk)
{
    const struct block *block = walk->block;
    struct slice line =
        slice_make(block->bytes.ptr + walk->begin, walk->end - walk->begin);
    walk->event.offset = block->offset;
    if (block->offset >= 0)
        walk->event.offset += (int64_t)walk->begin;
    walk->event.line = block->is_record ? line : without_cr(line, block->is_cut);
    for (size_t i = 0; i < walk->set->word_count; i++) {
        uint64_t left = walk->scanner->wanted[i] | walk->set->always[i];
        walk->scanner->wanted[i] = 0;
        for (; left; left &= left - 1)
            try_rule(walk, i * 64 + (size_t)__builtin_ctzll(left));
    }
}

static size_t line_end(const struct walk *walk, size_t at)
{
    struct slice bytes = walk->block->bytes;
    const char *end = memchr(bytes.ptr + at, '\n', bytes.len - at);
    return end ? (size_t)(end - bytes.ptr) : bytes.len;
}

/* The first byte behind the line at hand. */
static size_t next_begin(const struct walk *walk)
{
    return walk->has_line ? walk->end + 1 : 0;
}

static void take_line(struct walk *walk, size_t begin, size_t end)
{
    walk->begin = begin;
    walk->end = end;
    walk->has_line = true;
}

/* Rules without a literal see the lines up to @limit, too. */
static void try_lines_before(struct walk *walk, size_t limit)
{
    while (walk->set->has_always && next_begin(walk) < limit) {
        size_t begin = next_begin(walk);
        take_line(walk, begin, line_end(walk, begin));
        try_line(walk);
    }
}

/* A literal stands at @at, which is in the line at hand or behind it. */
static void open_line(struct walk *walk, size_t at)
{
    const char *bytes = walk->block->bytes.ptr;
    if (walk->has_line)
        try_line(walk);
    size_t from = next_begin(walk);
    const char *feed = memrchr(bytes + from, '\n', at - from);
    size_t begin = feed ? (size_t)(feed - bytes) + 1 : from;
    try_lines_before(walk, begin);
    take_line(walk, begin, line_end(walk, at));
}

static void want_rule(void *ctx, size_t at, uint32_t owner)
{
    struct walk *walk = ctx;
    if (!walk->has_line || at > walk->end)
        open_line(walk, at);
    walk->scanner->wanted[owner / 64] |= UINT64_C(1) << owner % 64;
}

/* Its fields may hold what its bytes do not, but a literal comes from a pattern, and
 * patterns see the bytes. */
static void take_record(struct walk *walk)
{
    const struct block *block = walk->block;
    walk->event.fields = block->fields;
    walk->event.field_count = block->field_count;
    if (block->unix_ms != 0)
        walk->event.unix_ms = block->unix_ms;
    take_line(walk, 0, block->bytes.len);
}

static uint64_t walk_over(struct walk *walk)
{
    struct slice bytes = walk->block->bytes;
    uint64_t lines = gate_scan(walk->set->gate, bytes, want_rule, walk);
    if (walk->has_line)
        try_line(walk);
    try_lines_before(walk, bytes.len);
    bool has_open_end = bytes.len > 0 && bytes.ptr[bytes.len - 1] != '\n';
    return lines + has_open_end;
}

uint64_t
matcher_scan(struct matcher *matcher, const struct block *block, int64_t unix_ms,
             void (*found)(void *ctx, struct rule *rule, const struct event *event),
             void *ctx)
{
    must(block->source->index < matcher->source_count);
    struct rule_set *set = &matcher->sets[matcher->set_of_source[block->source->index]];
    struct walk walk = { .scanner = matcher->scanner,
                         .set = set,
                         .block = block,
                         .event = { .source = block->source,
                                    .path = block->path,
                                    .is_cut = block->is_cut,
                                    .unix_ms = unix_ms },
                         .found = found,
                         .ctx = ctx };
    tune(matcher, set, block->bytes);
    if (!block->is_record)
        return walk_over(&walk);
    take_record(&walk);
    (void)walk_over(&walk);
    return 1;
}

struct rule *matcher_first(struct matcher *matcher, struct event *event)
{
    must(event->source->index < matcher->source_count);
    const struct rule_set *set =
        &matcher->sets[matcher->set_of_source[event->source->index]];
    for (size_t i = 0; i < set->count; i++)
        if (rule_try(set->rules[i], matcher->scanner, event))
            return set->rules[i];
    return NULL;
}
