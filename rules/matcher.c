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
    uint64_t *always; /* bits of rules without a literal and without a shape */
    bool has_always;
    uint64_t *shaped; /* bits of those with a shape instead of a literal */
    struct gate_shape shapes[GATE_SHAPES]; /* found once, for that takes a while */
    size_t shape_count;
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
    set->shaped = mem_zalloc(set->word_count * sizeof *set->shaped);
}

static bool has_bit(const uint64_t *bits, size_t index)
{
    return bits[index / 64] >> index % 64 & 1;
}

static void put_bit(uint64_t *bits, size_t index)
{
    bits[index / 64] |= UINT64_C(1) << index % 64;
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
    free(set->shaped);
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
        if (has_bit(set->shaped, i))
            continue;
        put_bit(set->always, i);
        set->has_always = true;
    }
    struct gate_wanted wanted = { items.items, items.count, set->shapes,
                                  set->shape_count };
    gate_free(set->gate);
    set->gate = gate_create_for(&wanted, rarity, level);
    arena_free(&arena);
    free(items.items);
}

/* Of the first rules without a literal; others are tried on every line. */
static void find_shapes(struct rule_set *set)
{
    struct arena arena = { 0 };
    for (size_t i = 0; i < set->count && set->shape_count < GATE_SHAPES; i++) {
        struct gate_shape *shape = &set->shapes[set->shape_count];
        struct literals literals;
        arena_clear(&arena);
        if (rule_literals(set->rules[i], NULL, &arena, &literals) ||
            !rule_shape(set->rules[i], &shape->shape))
            continue;
        shape->owner = (uint32_t)i;
        put_bit(set->shaped, i);
        set->shape_count++;
    }
    arena_free(&arena);
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
    find_shapes(fresh);
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

static struct rule_set *set_of(const struct matcher *matcher, const struct block *block)
{
    must(block->source->index < matcher->source_count);
    return &matcher->sets[matcher->set_of_source[block->source->index]];
}

bool matcher_is_due(const struct matcher *matcher, const struct block *block)
{
    const struct rule_set *set = set_of(matcher, block);
    return block->bytes.len >= TUNE_MIN_BYTES &&
           set->scanned_bytes + block->bytes.len >= set->next_tune_bytes;
}

void matcher_prepare(struct matcher *matcher, const struct block *block)
{
    struct rule_set *set = set_of(matcher, block);
    bool is_due = matcher_is_due(matcher, block);
    if (block->bytes.len < TUNE_MIN_BYTES) {
        end_backlog(set);
        return;
    }
    set->scanned_bytes += block->bytes.len;
    take_sample(set, block->bytes);
    if (!is_due)
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
    bool is_over; /* from the line at hand on, nothing is tried */
    const struct look *look;
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
        walk->look->found(walk->look->ctx, rule, &walk->event);
}

static bool is_over(struct walk *walk)
{
    const struct look *look = walk->look;
    if (!walk->is_over && look->is_full)
        walk->is_over = look->is_full(look->ctx);
    return walk->is_over;
}

/* The line at hand is known with all its literals: try its rules, in their order. */
static void try_line(struct walk *walk)
{
    if (is_over(walk))
        return;
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
    while (walk->set->has_always && !walk->is_over && next_begin(walk) < limit) {
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
    if (walk->is_over)
        return;
    size_t from = next_begin(walk);
    const char *feed = memrchr(bytes + from, '\n', at - from);
    size_t begin = feed ? (size_t)(feed - bytes) + 1 : from;
    try_lines_before(walk, begin);
    if (!walk->is_over)
        take_line(walk, begin, line_end(walk, at));
}

static void want_rule(void *ctx, size_t at, uint32_t owner)
{
    struct walk *walk = ctx;
    if (!walk->is_over && (!walk->has_line || at > walk->end))
        open_line(walk, at);
    if (walk->is_over)
        return;
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

/* A shape can hold the line feeds around its line, so the line that lacks one of them
 * is tried whatever it looks like. @at: in that line */
static void want_shaped(struct walk *walk, size_t at)
{
    const struct rule_set *set = walk->set;
    for (size_t i = 0; i < set->shape_count; i++)
        want_rule(walk, at, set->shapes[i].owner);
}

static uint64_t walk_over(struct walk *walk)
{
    struct slice bytes = walk->block->bytes;
    bool has_open_end = bytes.len > 0 && bytes.ptr[bytes.len - 1] != '\n';
    if (bytes.len > 0 || walk->has_line)
        want_shaped(walk, 0);
    uint64_t lines = gate_scan(walk->set->gate, bytes, want_rule, walk);
    if (has_open_end)
        want_shaped(walk, bytes.len - 1);
    if (walk->has_line)
        try_line(walk);
    try_lines_before(walk, bytes.len);
    return lines + has_open_end;
}

/* Where a walk that ended early is to be gone on with; a line that had all its rules
 * wanted is forgotten. */
static size_t where_it_ended(struct walk *walk)
{
    if (!walk->is_over)
        return walk->block->bytes.len;
    memset(walk->scanner->wanted, 0,
           walk->set->word_count * sizeof *walk->scanner->wanted);
    return walk->begin;
}

uint64_t matcher_look(const struct matcher *matcher, struct scanner *scanner,
                      const struct block *block, const struct look *look, size_t *end)
{
    struct walk walk = { .scanner = scanner,
                         .set = set_of(matcher, block),
                         .block = block,
                         .event = { .source = block->source,
                                    .path = block->path,
                                    .is_cut = block->is_cut,
                                    .unix_ms = look->unix_ms },
                         .look = look };
    if (block->is_record)
        take_record(&walk);
    uint64_t lines = walk_over(&walk);
    *end = where_it_ended(&walk);
    return block->is_record ? 1 : lines;
}

uint64_t
matcher_scan(struct matcher *matcher, const struct block *block, int64_t unix_ms,
             void (*found)(void *ctx, struct rule *rule, const struct event *event),
             void *ctx)
{
    const struct look look = { .unix_ms = unix_ms, .found = found, .ctx = ctx };
    size_t end;
    matcher_prepare(matcher, block);
    return matcher_look(matcher, matcher->scanner, block, &look, &end);
}

struct scanner *matcher_scanner(const struct matcher *matcher)
{
    return matcher->scanner;
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
