/**
 * From literals to tables. Of each literal the windows are taken that are rarest in the
 * logs, so that few places need a second look.
 */
#include "rules/gate_inside.h"

#include <stdlib.h>

enum {
    WINDOW_BYTES = sizeof(uint32_t),
    SHORT_STRIDE = 4,
    LONG_STRIDE = 8,
    SIEVE_LITERALS = 12, /* that the sieve takes over, so that the stride can be long */
    CLASSES = 8
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
        gate->fold |= sorted[i].literal.nocase ? 0x20202020u : 0;
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

/* A long stride is twice as fast, as long as the sieve has little to do. */
static size_t choose_stride(const struct gate *gate)
{
    size_t between = count_between(gate, SHORT_STRIDE + WINDOW_BYTES - 1,
                                   LONG_STRIDE + WINDOW_BYTES - 2);
    return between > SIEVE_LITERALS ? SHORT_STRIDE : LONG_STRIDE;
}

static bool is_long(const struct gate *gate, const struct literal *literal)
{
    return literal->len >= gate->stride + WINDOW_BYTES - 1;
}

/* --- windows ---------------------------------------------------------------------- */

/* The place of the @span neighbouring windows that are rarest together. */
static size_t choose_place(const struct literal *literal, size_t span,
                           const struct rarity *rarity)
{
    double least = 0;
    size_t best = 0, reach = span + WINDOW_BYTES - 1;
    for (size_t i = 0; i + reach <= literal->len; i++) {
        double sum = 0;
        for (size_t k = 0; k < span; k++)
            sum += rarity_of(rarity, slice_make(literal->bytes + i + k, WINDOW_BYTES));
        if (i == 0 || sum < least) {
            best = i;
            least = sum;
        }
    }
    return best;
}

static void add_long(struct gate *gate, uint32_t index, const struct rarity *rarity)
{
    const struct literal *literal = &gate->literals[index];
    size_t place = choose_place(literal, gate->stride, rarity);
    for (size_t i = place; i < place + gate->stride; i++)
        gate->sampled.windows[gate->sampled.count++] =
            (struct window){ .key = load_key(literal->bytes + i) | gate->fold,
                             .literal = index,
                             .offset = (uint32_t)i };
}

static void add_short(struct gate *gate, uint32_t index, const struct rarity *rarity)
{
    const struct literal *literal = &gate->literals[index];
    size_t place = literal->len > WINDOW_BYTES ? choose_place(literal, 1, rarity) : 0;
    uint32_t key = 0;
    memcpy(&key, literal->bytes + place, LITERAL_MIN_BYTES);
    gate->everywhere.windows[gate->everywhere.count++] =
        (struct window){ .key = (key | gate->fold) & 0xffffff,
                         .literal = index,
                         .offset = (uint32_t)place };
}

/* --- the sieve -------------------------------------------------------------------- */

static void let_pass(struct gate *gate, size_t place, uint8_t byte, uint8_t class_bit)
{
    gate->halves[place][0][byte & 15] |= class_bit;
    gate->halves[place][1][byte >> 4] |= class_bit;
    gate->slots[place][sieve_slot(byte)] |= class_bit;
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
    qsort(table->windows, table->count, sizeof *table->windows, compare_keys);
    for (size_t i = 0; i < table->count; i++)
        sieve_window(gate, &table->windows[i],
                     (uint8_t)(1u << i * CLASSES / table->count));
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
    struct gate *gate = mem_zalloc(sizeof *gate);
    gate->kernels = gate_kernels_of(level);
    take_items(gate, items, count);
    gate->stride = choose_stride(gate);
    size_t long_min = gate->stride + WINDOW_BYTES - 1;
    size_t long_count = count_between(gate, long_min, LITERAL_BYTES);
    size_t short_count = gate->literal_count - long_count;
    gate->has_long = long_count > 0;
    gate->has_short = short_count > 0;
    gate->sampled.windows =
        mem_zalloc(long_count * gate->stride * sizeof *gate->sampled.windows);
    gate->everywhere.windows =
        mem_zalloc(short_count * sizeof *gate->everywhere.windows);
    for (size_t i = 0; i < gate->literal_count; i++) {
        if (is_long(gate, &gate->literals[i]))
            add_long(gate, (uint32_t)i, rarity);
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
           (gate->literal_count + gate->owner_count + 1) * sizeof(uint32_t);
}
