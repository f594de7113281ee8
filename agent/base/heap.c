/** A binary heap of intrusive nodes. */
#include "agent/base/heap.h"

#include <stdbool.h>
#include <stdlib.h>

#include "agent/base/mem.h"
#include "agent/base/now.h"

static void set_place(struct heap *heap, size_t index, struct heap_node *node)
{
    heap->nodes[index] = node;
    node->place = index + 1;
}

static bool is_before(const struct heap_node *a, const struct heap_node *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->turn < b->turn;
}

static void sift_up(struct heap *heap, size_t index)
{
    struct heap_node *node = heap->nodes[index];
    while (index > 0 && is_before(node, heap->nodes[(index - 1) / 2])) {
        set_place(heap, index, heap->nodes[(index - 1) / 2]);
        index = (index - 1) / 2;
    }
    set_place(heap, index, node);
}

static void sift_down(struct heap *heap, size_t index)
{
    struct heap_node *node = heap->nodes[index];
    for (;;) {
        size_t child = 2 * index + 1;
        if (child >= heap->count)
            break;
        if (child + 1 < heap->count &&
            is_before(heap->nodes[child + 1], heap->nodes[child]))
            child++;
        if (!is_before(heap->nodes[child], node))
            break;
        set_place(heap, index, heap->nodes[child]);
        index = child;
    }
    set_place(heap, index, node);
}

void heap_drop(struct heap *heap, struct heap_node *node)
{
    if (node->place == 0)
        return;
    size_t index = node->place - 1;
    node->place = 0;
    struct heap_node *last = heap->nodes[--heap->count];
    if (last == node)
        return;
    set_place(heap, index, last);
    sift_up(heap, index);
    sift_down(heap, last->place - 1);
}

void heap_set(struct heap *heap, struct heap_node *node, int64_t at_ms)
{
    if (node->place != 0 && node->at_ms == at_ms)
        return;
    heap_drop(heap, node);
    node->at_ms = at_ms;
    node->turn = ++heap->turns;
    if (at_ms == NEVER_MS)
        return;
    if (heap->count == heap->capacity)
        heap->nodes =
            mem_double(heap->nodes, &heap->capacity, sizeof(struct heap_node *));
    heap->count++;
    set_place(heap, heap->count - 1, node);
    sift_up(heap, heap->count - 1);
}

struct heap_node *heap_first(const struct heap *heap)
{
    return heap->count ? heap->nodes[0] : NULL;
}

int64_t heap_wake_at(const struct heap *heap)
{
    return heap->count ? heap->nodes[0]->at_ms : NEVER_MS;
}

void heap_free(struct heap *heap)
{
    free(heap->nodes);
    *heap = (struct heap){ 0 };
}
