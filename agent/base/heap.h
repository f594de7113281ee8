/**
 * A heap of things that want to be woken: the earliest first, and of those that want it
 * at the same time the one that said so first. The node lives inside the
 * thing and remembers its own place, so that moving and dropping are cheap.
 */
#ifndef TOCSIN_BASE_HEAP_H
#define TOCSIN_BASE_HEAP_H

#include <stddef.h>
#include <stdint.h>

struct heap_node {
    int64_t at_ms;
    uint64_t turn; /**< of heap_set(), among all: who comes first at the same time */
    size_t place;  /**< 1-based; 0 = in no heap. Zero-initialised is right. */
};

/** Zero-initialised is an empty heap. */
struct heap {
    struct heap_node **nodes;
    size_t count, capacity;
    uint64_t turns; /**< given so far */
};

/** Put @node, or move it when it is in the heap already. NEVER_MS drops it. */
void heap_set(struct heap *heap, struct heap_node *node, int64_t at_ms);
/** Take @node out; nothing happens when it is in no heap. */
void heap_drop(struct heap *heap, struct heap_node *node);
/** The earliest, or NULL. */
struct heap_node *heap_first(const struct heap *heap);
/** When the earliest is due, or NEVER_MS. */
int64_t heap_wake_at(const struct heap *heap);
/** Nodes that are still in it, if they live on, must be zeroed before they are used
 *  again. */
void heap_free(struct heap *heap);

/** The thing that holds a node. */
#define heap_owner(node, type, member) ((type *)((char *)(node)-offsetof(type, member)))

#endif
