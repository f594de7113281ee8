/**
 * From literals to tables. Of each literal the windows are taken that are rarest in the
 * logs, so that few places need a second look.
 */
#include "rules/gate_inside.h"

#include <stdlib.h>

#include "agent/base/must.h"

enum {
    WINDOW_MIN_BYTES = 4,
    SIEVE_LITERALS = 16, /* that the sieve takes over, so that windows can be longer */
    CLASSES = 8,
    SHAPE_CLASSES = 2 /* of them, where there are shapes */
};

/* --- literals --------------------------------------------------------------------- */

static int compare_literals(const struct literal *a, const struct literal *b)
{
    if (a->len != b->len)
        return a->len < b->len ? -1 : 1;
    if (a->nocase != b->nocase)
        return a->nocase < b->nocase ? -1 : 1;
    return memcmp(a->bytes, b->bytes, a->len);
}

static int compare_items(const void *a, const void *b)
{
    const struct gate_item *x = a, *y = b;
    int order = compare_literals(&x->literal, &y->literal);
    return order ? order : (x->owner > y->owner) - (x->owner < y->owner);
}

/* Equal literals become one, with all their owners. */
static void take_items(struct gate *gate, const struct gate_item *items, size_t count)
{
    struct gate_item *sorted = mem_grow(NULL, count, sizeof *sorted);
    if (count > 0)
        memcpy(sorted, items, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, compare_items);
    gate->literals = mem_zalloc(count * sizeof *gate->literals);
    gate->owner_starts = mem_zalloc((count + 1) * sizeof *gate->owner_starts);
    gate->owners = mem_zalloc(count * sizeof *gate->owners);
    for (size_t i = 0; i < count; i++) {
        bool is_new =
            i == 0 || compare_literals(&sorted[i - 1].literal, &sorted[i].literal) != 0;
        bool is_again = !is_new && sorted[i - 1].owner == sorted[i].owner;
        if (is_new)
            gate->literals[gate->literal_count++] = sorted[i].literal;
        if (!is_again)
            gate->owners[gate->owner_count++] = sorted[i].owner;
        gate->owner_starts[gate->literal_count] = (uint32_t)gate->owner_count;
    }
    free(sorted);
}

static size_t count_between(const struct gate *gate, size_t min_len, size_t max_len)
{
    size_t count = 0;
    for (size_t i = 0; i < gate->literal_count; i++)
        count += gate->literals[i].len >= min_len && gate->literals[i].len <= max_len;
    return count;
}

/* The longer a window, the less else is taken for it; but literals must have STRIDE of
 * them. */
static size_t choose_window(const struct gate *gate)
{
    size_t bytes = sizeof(uint64_t);
    while (bytes > WINDOW_MIN_BYTES &&
           count_between(gate, STRIDE + WINDOW_MIN_BYTES - 1, STRIDE + bytes - 2) >
               SIEVE_LITERALS)
        bytes--;
    return bytes;
}

static bool has_nocase(const struct gate *gate)
{
    for (size_t i = 0; i < gate->literal_count; i++)
        if (gate->literals[i].nocase)
            return true;
    return false;
}

/* Windows of @bytes bytes, and room for @count of them. */
static void table_begin(struct window_table *table, const struct gate *gate,
                        size_t bytes, size_t count)
{
    table->mask = UINT64_MAX >> (64 - 8 * bytes);
    table->fold = has_nocase(gate) ? UINT64_C(0x2020202020202020) : 0;
    table->windows = mem_zalloc(count * sizeof *table->windows);
}

/* --- windows ---------------------------------------------------------------------- */

/* The place of the @span neighbouring windows of @bytes that are rarest together. */
static size_t choose_place(const struct literal *literal, size_t span, size_t bytes,
                           const struct rarity *rarity)
{
    double least = 0;
    size_t best = 0;
    for (size_t i = 0; i + span + bytes - 1 <= literal->len; i++) {
        double sum = 0;
        for (size_t k = i; k < i + span; k++)
            sum += rarity_of(rarity, slice_make(literal->bytes + k, bytes));
        if (i == 0 || sum < least) {
            best = i;
            least = sum;
        }
    }
    return best;
}

static void add_window(struct gate *gate, struct window_table *table, uint32_t index,
                       size_t at)
{
    char bytes[LITERAL_BYTES + sizeof(uint64_t)] = { 0 };
    memcpy(bytes, gate->literals[index].bytes, gate->literals[index].len);
    struct window *window = &table->windows[table->count++];
    window->key = window_key(table, bytes + at);
    window->literal = index;
    window->offset = (uint32_t)at;
}

static void add_long(struct gate *gate, uint32_t index, size_t window_bytes,
                     const struct rarity *rarity)
{
    size_t place = choose_place(&gate->literals[index], STRIDE, window_bytes, rarity);
    for (size_t i = place; i < place + STRIDE; i++)
        add_window(gate, &gate->sampled, index, i);
}

static void add_short(struct gate *gate, uint32_t index, const struct rarity *rarity)
{
    const struct literal *literal = &gate->literals[index];
    size_t bytes = literal->len < SIEVE_BYTES ? LITERAL_MIN_BYTES : SIEVE_BYTES;
    add_window(gate, &gate->everywhere, index, choose_place(literal, 1, bytes, rarity));
}

/* --- the sieve -------------------------------------------------------------------- */

static void let_pass(struct gate *gate, size_t place, uint8_t byte, uint8_t class_bit)
{
    gate->halves.classes[place][0][byte & 15] |= class_bit;
    gate->halves.classes[place][1][byte >> 4] |= class_bit;
    gate->slots[place][sieve_slot(byte)] |= class_bit;
    gate->whole[place][byte] |= class_bit;
}

static void sieve_window(struct gate *gate, const struct window *window,
                         uint8_t class_bit)
{
    const struct literal *literal = &gate->literals[window->literal];
    for (size_t i = 0; i < SIEVE_BYTES; i++) {
        size_t at = window->offset + i;
        for (int byte = 0; byte < 256 && at >= literal->len; byte++)
            let_pass(gate, i, (uint8_t)byte, class_bit);
        if (at >= literal->len)
            continue;
        uint8_t byte = (uint8_t)literal->bytes[at];
        let_pass(gate, i, byte, class_bit);
        if (literal->nocase >> at & 1)
            let_pass(gate, i, byte & (uint8_t)~0x20, class_bit);
    }
}

static int compare_keys(const void *a, const void *b)
{
    const struct window *x = a, *y = b;
    return (x->key > y->key) - (x->key < y->key);
}

/* Those that are alike share a class, which then lets little else pass. */
static void fill_sieve(struct gate *gate)
{
    struct window_table *table = &gate->everywhere;
    size_t classes = gate->shape_count > 0 ? CLASSES - SHAPE_CLASSES : CLASSES;
    qsort(table->windows, table->count, sizeof *table->windows, compare_keys);
    for (size_t i = 0; i < table->count; i++)
        sieve_window(gate, &table->windows[i],
                     (uint8_t)(1u << i * classes / table->count));
}

/* --- shapes ----------------------------------------------------------------------- */

/* Its rarest places. Where there are fewer than the sieve looks at, anything may follow
 * them. */
static size_t choose_places(const struct shape *shape)
{
    size_t best = 0;
    for (size_t i = 1; i + SIEVE_BYTES <= shape->len; i++)
        if (shape_rarity(shape, i, i + SIEVE_BYTES) <
            shape_rarity(shape, best, best + SIEVE_BYTES))
            best = i;
    return best;
}

static void sieve_shape(struct gate *gate, const struct shape_window *window,
                        uint8_t class_bit)
{
    const struct shape *shape = &window->of.shape;
    for (size_t i = 0; i < SIEVE_BYTES; i++) {
        size_t at = window->offset + i;
        for (int byte = 0; byte < 256; byte++)
            if (at >= shape->len ||
                byte_set_has(&shape->places[at], (unsigned char)byte))
                let_pass(gate, i, (uint8_t)byte, class_bit);
    }
}

static void take_shapes(struct gate *gate, const struct gate_wanted *wanted)
{
    must(wanted->shape_count <= GATE_SHAPES);
    gate->shape_count = wanted->shape_count;
    gate->shapes = mem_zalloc(gate->shape_count * sizeof *gate->shapes);
    for (size_t i = 0; i < gate->shape_count; i++) {
        struct shape_window *window = &gate->shapes[i];
        window->of = wanted->shapes[i];
        window->offset = choose_places(&window->of.shape);
        sieve_shape(gate, window, (uint8_t)(1u << (CLASSES - 1 - i % SHAPE_CLASSES)));
    }
}

/* --- tables ----------------------------------------------------------------------- */

enum { FILTER_BITS_MIN = 8, FILTER_BITS_MAX = 15, BUCKET_BITS_MIN = 4 };

/* Enough bits for @count, within the bounds. */
static unsigned bits_for(size_t count, unsigned min, unsigned max)
{
    unsigned bits = min;
    while (bits < max && ((size_t)1 << bits) < count)
        bits++;
    return bits;
}

/* Sort the windows into their buckets. */
static void fill_buckets(struct window_table *table, unsigned bits)
{
    struct window *sorted = mem_zalloc(table->count * sizeof *sorted);
    table->start_shift = 32 - bits;
    table->starts = mem_zalloc((((size_t)1 << bits) + 1) * sizeof *table->starts);
    for (size_t i = 0; i < table->count; i++)
        table->starts[(window_hash(table->windows[i].key) >> table->start_shift) + 1]++;
    for (size_t i = 1; i <= (size_t)1 << bits; i++)
        table->starts[i] += table->starts[i - 1];
    for (size_t i = table->count; i-- > 0;) {
        uint32_t bucket = window_hash(table->windows[i].key) >> table->start_shift;
        sorted[--table->starts[bucket + 1]] = table->windows[i];
    }
    /* Each start was moved down to its begin, one place behind where it belongs. */
    memmove(table->starts, table->starts + 1, ((size_t)1 << bits) * sizeof(uint32_t));
    table->starts[(size_t)1 << bits] = (uint32_t)table->count;
    free(table->windows);
    table->windows = sorted;
}

static void fill_filter(struct window_table *table, unsigned bits)
{
    table->filter_shift = 32 - bits;
    table->filter = mem_zalloc(((size_t)1 << bits) * sizeof *table->filter);
    for (size_t i = 0; i < table->count; i++) {
        uint32_t hash = window_hash(table->windows[i].key);
        table->filter[hash >> table->filter_shift] |=
            1u << (hash >> FILTER_BIT_A & 31) | 1u << (hash >> FILTER_BIT_B & 31);
    }
}

static void table_build(struct window_table *table)
{
    fill_buckets(table, bits_for(table->count, BUCKET_BITS_MIN, FILTER_BITS_MAX));
    fill_filter(table, bits_for(table->count * 4, FILTER_BITS_MIN, FILTER_BITS_MAX));
}

/* --- the whole -------------------------------------------------------------------- */

struct gate *gate_create(const struct gate_item *items, size_t count,
                         const struct rarity *rarity, enum gate_level level)
{
    return gate_create_for(&(struct gate_wanted){ items, count, NULL, 0 }, rarity,
                           level);
}

struct gate *gate_create_for(const struct gate_wanted *wanted,
                             const struct rarity *rarity, enum gate_level level)
{
    struct gate *gate = mem_zalloc(sizeof *gate);
    gate->kernels = gate_kernels_of(level);
    take_items(gate, wanted->items, wanted->count);
    take_shapes(gate, wanted);
    size_t window_bytes = choose_window(gate);
    size_t long_min = STRIDE + window_bytes - 1;
    size_t long_count = count_between(gate, long_min, LITERAL_BYTES);
    size_t short_count = gate->literal_count - long_count;
    gate->has_long = long_count > 0;
    gate->has_short = short_count > 0 || gate->shape_count > 0;
    table_begin(&gate->sampled, gate, window_bytes, long_count * STRIDE);
    table_begin(&gate->everywhere, gate, LITERAL_MIN_BYTES, short_count);
    for (size_t i = 0; i < gate->literal_count; i++) {
        if (gate->literals[i].len >= long_min)
            add_long(gate, (uint32_t)i, window_bytes, rarity);
        else
            add_short(gate, (uint32_t)i, rarity);
    }
    fill_sieve(gate);
    table_build(&gate->sampled);
    table_build(&gate->everywhere);
    return gate;
}

static void table_free(struct window_table *table)
{
    free(table->filter);
    free(table->starts);
    free(table->windows);
}

void gate_free(struct gate *gate)
{
    if (!gate)
        return;
    table_free(&gate->sampled);
    table_free(&gate->everywhere);
    free(gate->literals);
    free(gate->owner_starts);
    free(gate->owners);
    free(gate->shapes);
    free(gate);
}

static size_t table_size(const struct window_table *table)
{
    return (sizeof(uint32_t) << (32 - table->filter_shift)) +
           (sizeof(uint32_t) << (32 - table->start_shift)) +
           table->count * sizeof *table->windows;
}

size_t gate_size(const struct gate *gate)
{
    return sizeof *gate + table_size(&gate->sampled) + table_size(&gate->everywhere) +
           gate->literal_count * sizeof *gate->literals +
           gate->shape_count * sizeof *gate->shapes +
           (gate->literal_count + gate->owner_count + 1) * sizeof(uint32_t);
}
