/** Allocation that cannot fail, and arenas: chunks of 16 KiB, larger ones on demand. */
#include "agent/base/mem.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "agent/base/must.h"

enum { CHUNK_BYTES = 16 * 1024 };

struct arena_chunk {
    struct arena_chunk *next;
    size_t used;
    size_t size;
    alignas(max_align_t) char bytes[];
};

void *mem_there(void *memory)
{
    static const char said[] =
        "tocsin: out of memory: stopping, the store recovers at the next start\n";
    if (memory)
        return memory;
    (void)!write(STDERR_FILENO, said, sizeof said - 1);
    _exit(EX_OSERR);
}

void *mem_zalloc(size_t size)
{
    return mem_there(calloc(1, size ? size : 1));
}

void *mem_grow(void *old, size_t count, size_t size)
{
    return mem_there(reallocarray(old, count ? count : 1, size ? size : 1));
}

void *mem_double(void *old, size_t *capacity, size_t size)
{
    *capacity = *capacity ? *capacity * 2 : 8;
    return mem_grow(old, *capacity, size);
}

void *mem_malloc(size_t size)
{
    return mem_there(malloc(size ? size : 1));
}

void *mem_calloc(size_t count, size_t size)
{
    return mem_there(calloc(count ? count : 1, size ? size : 1));
}

void *mem_realloc(void *old, size_t size)
{
    return mem_grow(old, 1, size);
}

char *mem_copy(struct slice s)
{
    char *copy = mem_zalloc(s.len + 1);
    if (s.len > 0)
        memcpy(copy, s.ptr, s.len);
    return copy;
}

char *mem_copy_text(const char *text)
{
    return mem_copy(slice_of(text));
}

static struct arena_chunk *chunk_create(size_t size)
{
    struct arena_chunk *chunk = mem_there(malloc(sizeof *chunk + size));
    *chunk = (struct arena_chunk){ .size = size };
    return chunk;
}

void *arena_zalloc(struct arena *arena, size_t size)
{
    size_t step = alignof(max_align_t);
    must(size < SIZE_MAX / 2);
    size_t need = (size + step - 1) / step * step;
    struct arena_chunk *chunk = arena->chunk;
    if (!chunk || chunk->size - chunk->used < need) {
        struct arena_chunk *fresh =
            chunk_create(need > CHUNK_BYTES ? need : CHUNK_BYTES);
        fresh->next = chunk;
        arena->chunk = chunk = fresh;
    }
    void *memory = chunk->bytes + chunk->used;
    chunk->used += need;
    arena->total_bytes += need;
    return memset(memory, 0, need);
}

char *arena_text(struct arena *arena, struct slice s)
{
    char *copy = arena_zalloc(arena, s.len + 1);
    if (s.len > 0)
        memcpy(copy, s.ptr, s.len);
    return copy;
}

struct slice arena_slice(struct arena *arena, struct slice s)
{
    return slice_make(arena_text(arena, s), s.len);
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;
    char *text = NULL;
    va_start(args, format);
    int len = vasprintf(&text, format, args);
    va_end(args);
    mem_there(len >= 0 ? text : NULL);
    char *copy = arena_text(arena, slice_make(text, (size_t)len));
    free(text);
    return copy;
}

static void chunks_free(struct arena_chunk *chunk)
{
    while (chunk) {
        struct arena_chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
}

void arena_free(struct arena *arena)
{
    chunks_free(arena->chunk);
    *arena = (struct arena){ 0 };
}

void arena_wipe(struct arena *arena)
{
    for (struct arena_chunk *chunk = arena->chunk; chunk; chunk = chunk->next)
        explicit_bzero(chunk->bytes, chunk->used);
    arena_free(arena);
}

/* One turn with a huge allocation must not keep that memory for ever. */
void arena_clear(struct arena *arena)
{
    struct arena_chunk *kept = arena->chunk;
    arena->total_bytes = 0;
    if (!kept)
        return;
    if (kept->size != CHUNK_BYTES) {
        arena_free(arena);
        return;
    }
    chunks_free(kept->next);
    kept->next = NULL;
    kept->used = 0;
}
