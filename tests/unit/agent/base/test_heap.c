/** The heap against a naive model: whatever is done, the earliest comes first. */
#include "agent/base/heap.h"

#include "agent/base/now.h"
#include "agent/base/rng.h"
#include "test.h"

enum { NODES = 64, STEPS = 20000 };

/** The least at_ms of the nodes that the model holds to be in. */
static int64_t model_first(const struct heap_node *nodes, const bool *is_in)
{
    int64_t first = NEVER_MS;
    for (int i = 0; i < NODES; i++) {
        if (is_in[i])
            first = earlier_ms(first, nodes[i].at_ms);
    }
    return first;
}

static size_t model_count(const struct heap_node *nodes, const bool *is_in)
{
    size_t count = 0;
    for (int i = 0; i < NODES; i++) {
        ck_assert_int_eq(nodes[i].place != 0, is_in[i]);
        count += is_in[i];
    }
    return count;
}

TEST(heap, random_moves_keep_the_earliest_first)
{
    struct heap heap = { 0 };
    struct heap_node nodes[NODES] = { 0 };
    bool is_in[NODES] = { false };
    struct rng rng;
    rng_seed(&rng, 1);
    for (int step = 0; step < STEPS; step++) {
        uint64_t r = rng_next(&rng);
        int i = (int)(r % NODES);
        if (r >> 32 & 3) {
            int64_t at_ms = (r >> 34 & 15) ? (int64_t)(r >> 40 & 255) : NEVER_MS;
            heap_set(&heap, &nodes[i], at_ms);
            is_in[i] = at_ms != NEVER_MS;
        } else {
            heap_drop(&heap, &nodes[i]);
            is_in[i] = false;
        }
        ck_assert_int_eq(heap_wake_at(&heap), model_first(nodes, is_in));
        ck_assert_uint_eq(heap.count, model_count(nodes, is_in));
    }
    heap_free(&heap);
}

TEST(heap, taking_the_first_again_and_again_sorts)
{
    struct heap heap = { 0 };
    struct heap_node nodes[200] = { 0 };
    struct rng rng;
    rng_seed(&rng, 2);
    for (int i = 0; i < 200; i++)
        heap_set(&heap, &nodes[i], (int64_t)(rng_next(&rng) % 1000));
    int64_t before = 0;
    for (int i = 0; i < 200; i++) {
        struct heap_node *node = heap_first(&heap);
        ck_assert_int_ge(node->at_ms, before);
        before = node->at_ms;
        heap_drop(&heap, node);
    }
    ck_assert_ptr_null(heap_first(&heap));
    heap_free(&heap);
}

TEST(heap, an_empty_heap_never_wakes)
{
    struct heap heap = { 0 };
    struct heap_node node = { 0 };
    heap_drop(&heap, &node);
    ck_assert_int_eq(heap_wake_at(&heap), NEVER_MS);
    heap_free(&heap);
}

TEST(heap, the_owner_is_found_from_its_node)
{
    struct thing {
        int value;
        struct heap_node node;
    } thing = { .value = 7 };
    ck_assert_int_eq(heap_owner(&thing.node, struct thing, node)->value, 7);
}
