/**
 * A buf is output with a bound. What does not fit sets `overflowed`, which stays set,
 * so that a writer puts everything first and checks once at the end.
 */
#ifndef TOCSIN_BASE_BUF_H
#define TOCSIN_BASE_BUF_H

#include "agent/base/must.h"
#include "agent/base/slice.h"

struct buf {
    char *ptr; /**< always NUL-terminated once something was put; owned */
    size_t len;
    size_t capacity;
    size_t max_bytes; /**< the bound; what would pass it is left out whole */
    bool overflowed;
};

/** An empty buf that never grows past @max_bytes. */
static inline struct buf buf_make(size_t max_bytes)
{
    return (struct buf){ .max_bytes = max_bytes };
}

/** @s must not lie in @buf itself, whose memory may move. */
void buf_put(struct buf *buf, struct slice s);
void buf_puts(struct buf *buf, const char *text);
void buf_putc(struct buf *buf, char c);
void buf_printf(struct buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** Make room for @extra bytes and a NUL. @return false when the bound forbids it: then
 *  it has overflowed */
bool buf_reserve(struct buf *buf, size_t extra);

/** Put @number in decimal, with zeros before it up to @digits: much of a mail is
 *  numbers, and printf takes ten times as long. */
void buf_put_number(struct buf *buf, uint64_t number, size_t digits);

/** Room for @bytes at the end, of which buf_wrote() says how many were written.
 *  @return NULL when there is none: then it has overflowed */
static inline char *buf_room(struct buf *buf, size_t bytes)
{
    bool is_there = bytes < buf->capacity - buf->len && buf->len <= buf->max_bytes &&
                    bytes <= buf->max_bytes - buf->len;
    return is_there || buf_reserve(buf, bytes) ? buf->ptr + buf->len : NULL;
}
static inline void buf_wrote(struct buf *buf, size_t bytes)
{
    must(bytes < buf->capacity - buf->len);
    buf->len += bytes;
    buf->ptr[buf->len] = '\0';
}

/** Little-endian numbers and length-prefixed bytes, for stored state. */
void buf_put_u64(struct buf *buf, uint64_t value);
void buf_put_bytes(struct buf *buf, struct slice s);

/** Take the first @count bytes off the front. */
void buf_drop(struct buf *buf, size_t count);

static inline struct slice buf_slice(const struct buf *buf)
{
    return slice_make(buf->ptr ? buf->ptr : "", buf->len);
}

/** Empty it and forget an overflow; the memory is kept. */
void buf_clear(struct buf *buf);
void buf_free(struct buf *buf);

/** Reads what buf_put_u64 and buf_put_bytes wrote. `failed` stays set after the first
 *  read past the end; every later read then gives zero or the empty slice. */
struct unbuf {
    struct slice rest;
    bool failed;
};
uint64_t unbuf_u64(struct unbuf *in);
struct slice unbuf_bytes(struct unbuf *in); /**< borrowed from the input */

#endif
