/** Text of unknown origin becomes safe text, and stays what it is when that is done
 *  again; and taking secrets out adds and moves nothing. */
#include "frame/fuzz.h"

#include "agent/base/mem.h"
#include "agent/base/text.h"
#include "agent/base/utf8.h"
#include "rules/redact.h"

enum { OUT_BYTES = 8 << 20 };

static void must_be_clean(struct slice text, bool keep_lines)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        must((c >= 0x20 && c != 0x7F) || (keep_lines && c == '\n'));
    }
    must(slice_find(text, SLICE("\xE2\x80\xAE")) == SIZE_MAX);
    must(slice_find(text, SLICE("\xE2\x80\xA8")) == SIZE_MAX);
    must(slice_find(text, SLICE("\xC2\x9B")) == SIZE_MAX);
}

static void clean(struct slice bytes, bool keep_lines)
{
    struct buf once = buf_make(OUT_BYTES), twice = buf_make(OUT_BYTES);
    text_put_clean(&once, bytes, keep_lines);
    must(!once.overflowed);
    must_be_clean(buf_slice(&once), keep_lines);
    text_put_clean(&twice, buf_slice(&once), keep_lines);
    must(slice_equal(buf_slice(&once), buf_slice(&twice)));
    struct slice part = text_cut(buf_slice(&once), once.len / 2);
    must(part.len <= once.len / 2);
    buf_free(&once);
    buf_free(&twice);
}

/** What is left of the text stands in it, in the same order. */
static void redact(struct slice bytes)
{
    struct arena arena = { 0 };
    struct slice rest = redact_text(NULL, bytes, &arena), from = bytes;
    while (rest.len > 0) {
        size_t len = slice_find(rest, SLICE("[redacted]"));
        struct slice part = slice_make(rest.ptr, len < rest.len ? len : rest.len);
        size_t at = slice_find(from, part), gap = len < rest.len ? 10 : 0;
        must(at != SIZE_MAX);
        from = slice_make(from.ptr + at + part.len, from.len - at - part.len);
        rest = slice_make(rest.ptr + part.len + gap, rest.len - part.len - gap);
    }
    arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 256 * 1024)
        return 0;
    struct slice bytes = fuzz_input(data, size);
    clean(bytes, false);
    clean(bytes, true);
    redact(bytes);
    return 0;
}
