/** Base64: three bytes are four digits. */
#include "agent/base/base64.h"

static const char digits[2][65] = {
    [BASE64] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    [BASE64_URL] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
};

/* The digits of the next three bytes. @return how many, with the '=' behind. */
static size_t encode(struct slice bytes, size_t at, enum base64_kind kind, char four[4])
{
    const unsigned char *from = (const unsigned char *)bytes.ptr + at;
    size_t left = bytes.len - at, count = left > 2 ? 4 : left + 1;
    uint32_t bits = (uint32_t)from[0] << 16;
    bits |= left > 1 ? (uint32_t)from[1] << 8 : 0;
    bits |= left > 2 ? from[2] : 0;
    for (size_t i = 0; i < 4; i++)
        four[i] = i < count ? digits[kind][bits >> (18 - 6 * i) & 63] : '=';
    return kind == BASE64 ? 4 : count;
}

void base64_put(struct buf *out, struct slice bytes, enum base64_kind kind)
{
    char four[4];
    for (size_t at = 0; at < bytes.len; at += 3)
        buf_put(out, slice_make(four, encode(bytes, at, kind, four)));
}

bool secret_put_base64(struct secret *out, struct slice bytes, enum base64_kind kind)
{
    char four[4];
    if ((bytes.len + 2) / 3 * 4 > out->capacity - out->len)
        return false;
    for (size_t at = 0; at < bytes.len; at += 3)
        if (!secret_put(out, slice_make(four, encode(bytes, at, kind, four))))
            return false;
    explicit_bzero(four, sizeof four);
    return true;
}

static int value_of(char c)
{
    for (int kind = BASE64; kind <= BASE64_URL; kind++) {
        const char *at = c == '\0' ? NULL : strchr(digits[kind], c);
        if (at)
            return (int)(at - digits[kind]);
    }
    return -1;
}

static bool is_skipped(char c)
{
    return c == '\n' || c == '\r' || c == ' ' || c == '\t';
}

bool secret_take_base64(struct secret *out, struct slice text)
{
    uint32_t bits = 0;
    int bit_count = 0;
    for (size_t i = 0; i < text.len && text.ptr[i] != '='; i++) {
        int value = value_of(text.ptr[i]);
        if (is_skipped(text.ptr[i]))
            continue;
        if (value < 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
        bit_count += 6;
        if (bit_count < 8)
            continue;
        bit_count -= 8;
        char byte = (char)(bits >> bit_count & 255);
        if (!secret_put(out, slice_make(&byte, 1)))
            return false;
    }
    return true;
}
