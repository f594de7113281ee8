/**
 * The memory of simulated lives, in place of the C library's: lists of free blocks, one
 * for each size. Lives take and free the same sizes all the time, in one thread, and
 * nothing is given back before the process ends. A sanitizer has a heap of its own.
 */
#ifndef __SANITIZE_ADDRESS__

#include <errno.h>
#include <malloc.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "agent/base/must.h"

enum {
    STEP_BYTES = 16,
    SMALL_BYTES = 1024, /* up to here a list for each step, then four a doubling */
    SMALL_LISTS = SMALL_BYTES / STEP_BYTES + 1,
    SMALL_SHIFT = 10,
    LARGE_SHIFT = 40,
    LISTS = SMALL_LISTS + 4 * (LARGE_SHIFT - SMALL_SHIFT),
    CHUNK_BYTES = 4 << 20,
};

/** What stands before each block. */
struct block {
    size_t size;        /* without this */
    struct block *next; /* while it is free: another of that size */
};
_Static_assert(sizeof(struct block) == STEP_BYTES, "blocks would lie askew");

static struct {
    struct block *free[LISTS];
    char *chunk;
    size_t left;
} heap;

/** The list of blocks that hold *@size, which becomes theirs. */
static size_t list_of(size_t *size)
{
    if (*size <= SMALL_BYTES) {
        size_t steps = *size == 0 ? 1 : (*size + STEP_BYTES - 1) / STEP_BYTES;
        *size = steps * STEP_BYTES;
        return steps;
    }
    size_t last = *size - 1;
    int shift = 63 - __builtin_clzll(last);
    size_t quarters = last >> (shift - 2);
    *size = (quarters + 1) << (shift - 2);
    return SMALL_LISTS + 4 * (size_t)(shift - SMALL_SHIFT) + (quarters & 3);
}

static void *map(size_t bytes)
{
    void *memory =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

/** Memory that nobody had yet. */
static struct block *carve(size_t size)
{
    size_t bytes = sizeof(struct block) + size;
    struct block *block = NULL;
    if (bytes > CHUNK_BYTES / 4) {
        block = map(bytes);
    } else if (bytes <= heap.left || (heap.chunk = map(CHUNK_BYTES)) != NULL) {
        heap.left = bytes <= heap.left ? heap.left : CHUNK_BYTES;
        block = (void *)heap.chunk;
        heap.chunk += bytes;
        heap.left -= bytes;
    }
    if (block)
        block->size = size;
    return block;
}

/* By another name: the compiler would make a calloc of malloc and memset, in calloc. */
static void *take(size_t size)
{
    if (size >= (size_t)1 << LARGE_SHIFT) {
        errno = ENOMEM;
        return NULL;
    }
    size_t list = list_of(&size);
    struct block *block = heap.free[list];
    if (block)
        heap.free[list] = block->next;
    else
        block = carve(size);
    return block ? block + 1 : NULL;
}

void *malloc(size_t size)
{
    return take(size);
}

void free(void *memory)
{
    if (!memory)
        return;
    struct block *block = (struct block *)memory - 1;
    size_t size = block->size;
    size_t list = list_of(&size);
    block->next = heap.free[list];
    heap.free[list] = block;
}

void *calloc(size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return NULL;
    void *memory = take(bytes);
    return memory ? memset(memory, 0, bytes) : NULL;
}

void *realloc(void *memory, size_t size)
{
    size_t old = memory ? ((struct block *)memory - 1)->size : 0;
    if (memory && size <= old)
        return memory;
    void *larger = take(size);
    if (larger && memory) {
        memcpy(larger, memory, old);
        free(memory);
    }
    return larger;
}

size_t malloc_usable_size(void *memory)
{
    return memory ? ((struct block *)memory - 1)->size : 0;
}

/* The C library's own would give what free() above does not know. Nobody asks. */
void *aligned_alloc(size_t alignment, size_t size)
{
    must(alignment <= STEP_BYTES);
    return take(size);
}

void *memalign(size_t alignment, size_t size)
{
    return aligned_alloc(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
    *memory = aligned_alloc(alignment, size);
    return *memory ? 0 : ENOMEM;
}

#endif
