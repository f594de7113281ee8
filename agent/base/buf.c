/** Bounded output, and the plain binary form in which state is stored. */
#include "agent/base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/mem.h"
#include "agent/base/must.h"

enum {
    BRIEF_BYTES = 256, /* what is formatted is seldom longer */
    NUMBER_BYTES = 20, /* UINT64_MAX */
};

bool buf_reserve(struct buf *buf, size_t extra)
{
    if (extra > buf->max_bytes || buf->len > buf->max_bytes - extra) {
        buf->overflowed = true;
        return false;
    }
    size_t need = buf->len + extra + 1;
    if (need <= buf->capacity)
        return true;
    size_t capacity = buf->capacity ? buf->capacity * 2 : 64;
    if (capacity < need)
        capacity = need;
    buf->ptr = mem_grow(buf->ptr, capacity, 1);
    buf->capacity = capacity;
    return true;
}

void buf_put(struct buf *buf, struct slice s)
{
    if (!buf_reserve(buf, s.len))
        return;
    if (s.len > 0)
        memcpy(buf->ptr + buf->len, s.ptr, s.len);
    buf->len += s.len;
    buf->ptr[buf->len] = '\0';
}

void buf_puts(struct buf *buf, const char *text)
{
    buf_put(buf, slice_of(text));
}

void buf_putc(struct buf *buf, char c)
{
    if (!buf_reserve(buf, 1))
        return;
    buf->ptr[buf->len++] = c;
    buf->ptr[buf->len] = '\0';
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    char brief[BRIEF_BYTES];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(brief, sizeof brief, format, args);
    va_end(args);
    must(len >= 0);
    if ((size_t)len < sizeof brief) {
        buf_put(buf, slice_make(brief, (size_t)len));
        return;
    }
    char *text = NULL;
    va_start(args, format);
    len = vasprintf(&text, format, args);
    va_end(args);
    mem_there(len >= 0 ? text : NULL);
    buf_put(buf, slice_make(text, (size_t)len));
    free(text);
}

void buf_put_number(struct buf *buf, uint64_t number, size_t digits)
{
    char text[NUMBER_BYTES];
    size_t at = sizeof text;
    must(digits <= sizeof text);
    while (number > 0 || at == sizeof text || sizeof text - at < digits) {
        text[--at] = (char)('0' + number % 10);
        number /= 10;
    }
    buf_put(buf, slice_make(text + at, sizeof text - at));
}

void buf_put_u64(struct buf *buf, uint64_t value)
{
    char bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (char)(value >> (8 * i));
    buf_put(buf, slice_make(bytes, sizeof bytes));
}

void buf_put_bytes(struct buf *buf, struct slice s)
{
    buf_put_u64(buf, s.len);
    buf_put(buf, s);
}

void buf_drop(struct buf *buf, size_t count)
{
    must(count <= buf->len);
    if (count == 0)
        return;
    buf->len -= count;
    memmove(buf->ptr, buf->ptr + count, buf->len);
    buf->ptr[buf->len] = '\0';
}

void buf_clear(struct buf *buf)
{
    buf->len = 0;
    buf->overflowed = false;
    if (buf->ptr)
        buf->ptr[0] = '\0';
}

void buf_free(struct buf *buf)
{
    free(buf->ptr);
    *buf = (struct buf){ .max_bytes = buf->max_bytes };
}

uint64_t unbuf_u64(struct unbuf *in)
{
    uint64_t value = 0;
    if (in->failed || in->rest.len < 8) {
        in->failed = true;
        return 0;
    }
    for (int i = 0; i < 8; i++)
        value |= (uint64_t)(unsigned char)in->rest.ptr[i] << (8 * i);
    in->rest.ptr += 8;
    in->rest.len -= 8;
    return value;
}

struct slice unbuf_bytes(struct unbuf *in)
{
    uint64_t len = unbuf_u64(in);
    if (in->failed || in->rest.len < len) {
        in->failed = true;
        return SLICE("");
    }
    struct slice bytes = slice_make(in->rest.ptr, (size_t)len);
    in->rest.ptr += len;
    in->rest.len -= (size_t)len;
    return bytes;
}
