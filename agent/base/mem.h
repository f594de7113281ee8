/**
 * Memory that is there or the process ends: every queue in tocsin is bounded, and the
 * store makes an end at any moment safe, so no caller carries an out-of-memory path.
 *
 * An arena is for what dies together: a generation of configuration, or one turn.
 */
#ifndef TOCSIN_BASE_MEM_H
#define TOCSIN_BASE_MEM_H

#include "agent/base/slice.h"

/** @memory, unless it is NULL: then nothing was left, and the process says so and ends
 *  with EX_OSERR. For what a library has allocated; it may be any pointer to memory. */
void *mem_there(void *memory) __attribute__((returns_nonnull));

/** @size zeroed bytes, to be free()d. Zero bytes give a unique pointer. */
void *mem_zalloc(size_t size) __attribute__((malloc, returns_nonnull));

/** Room for @count elements of @size; the old content is kept, the new not cleared. */
void *mem_grow(void *old, size_t count, size_t size) __attribute__((returns_nonnull));

/** A copy with a NUL behind it, to be free()d. */
char *mem_copy(struct slice s) __attribute__((malloc, returns_nonnull));
char *mem_copy_text(const char *text) __attribute__((malloc, returns_nonnull));

/** malloc(3), calloc(3) and realloc(3) for libraries that take an allocator: as above,
 *  so that no library goes on with half of what it wanted to make. To be free()d; for
 *  strdup(3) there is mem_copy_text(). */
void *mem_malloc(size_t size) __attribute__((malloc, returns_nonnull));
void *mem_calloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
void *mem_realloc(void *old, size_t size) __attribute__((returns_nonnull));

/** One element more for an array that a caller owns: grows *@items by doubling and
 *  returns the new, zeroed element. @count is counted up. */
#define mem_push(items, count, capacity)                                       \
    ((void)((count) < (capacity) ||                                            \
            ((items) = mem_double((items), &(capacity), sizeof *(items)), 1)), \
     (void)memset(&(items)[(count)], 0, sizeof *(items)), &(items)[(count)++])
void *mem_double(void *old, size_t *capacity, size_t size);

/** Move ownership out of *@pointer, which becomes NULL. */
#define mem_take(pointer)                           \
    __extension__({                                 \
        __typeof__(*(pointer)) taken_ = *(pointer); \
        *(pointer) = NULL;                          \
        taken_;                                     \
    })

struct arena_chunk;

/** Zero-initialised is ready for use. */
struct arena {
    struct arena_chunk *chunk;
    size_t total_bytes; /**< handed out since the last clear */
};

/** @size zeroed bytes, aligned for any type, good until the arena is cleared. */
void *arena_zalloc(struct arena *arena, size_t size) __attribute__((returns_nonnull));
char *arena_text(struct arena *arena, struct slice s) __attribute__((returns_nonnull));
struct slice arena_slice(struct arena *arena, struct slice s);
char *arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3), returns_nonnull));

/** Forget everything; one chunk of the usual size is kept for the next round. */
void arena_clear(struct arena *arena);
/** Give all memory back; the arena can be used again. */
void arena_free(struct arena *arena);
/** The same, and nothing of what stood there stays in memory. */
void arena_wipe(struct arena *arena);

#endif
