/** Lines do not depend on where reads happened to end: what comes out of the bytes cut
 *  at any place is what comes out of them at once, and every byte is accounted for. The
 *  first byte is the seed of the cuts; an odd one: UTF-16. */
#include "frame/fuzz.h"

#include "agent/base/buf.h"
#include "agent/base/rng.h"
#include "agent/inputs/utf16.h"

enum { OUT_BYTES = 16 << 20 };

struct heard {
    struct buf text;
    uint64_t line_bytes;
};

static void hear(void *ctx, const struct block *block)
{
    struct heard *heard = ctx;
    must(block->bytes.len > 0);
    must(block->is_cut || block->is_unterminated ||
         block->bytes.ptr[block->bytes.len - 1] == '\n');
    must(!block->is_cut || block->bytes.len <= LIMIT_LINE_BYTES);
    buf_put(&heard->text, block->bytes);
    if (block->is_cut)
        buf_puts(&heard->text, "<cut>");
    if (block->is_unterminated)
        buf_puts(&heard->text, "<end>");
    heard->line_bytes += block->bytes.len;
}

static size_t feed(struct line_feed *to, struct slice bytes, bool is_wide,
                   bool is_final)
{
    bool is_full = bytes.len >= LIMIT_BLOCK_BYTES;
    if (is_wide)
        return utf16_feed(to, bytes, false, is_full, is_final);
    return lines_feed(to, bytes, is_full, is_final);
}

/** Feed @bytes in pieces that @rng chooses; NULL: at once. */
static struct heard run(struct slice bytes, bool is_wide, struct rng *rng)
{
    struct heard heard = { .text = buf_make(OUT_BYTES) };
    struct source source = { .name = SLICE("fuzz") };
    struct line_feed to = { .feed = hear, .ctx = &heard, .source = &source };
    size_t done = 0, end = 0;
    while (end < bytes.len) {
        size_t left = bytes.len - end;
        end += rng ? 1 + rng_next(rng) % (left < 4096 ? left : 4096) : left;
        size_t taken = feed(&to, slice_make(bytes.ptr + done, end - done), is_wide,
                            end == bytes.len);
        must(taken <= end - done);
        done += taken;
    }
    size_t mark = slice_starts(bytes, SLICE("\xef\xbb\xbf")) && done > 0 ? 3 : 0;
    if (!is_wide)
        must(mark + heard.line_bytes + to.nul_bytes + to.hole_bytes + to.rest_bytes ==
             done);
    must(is_wide || to.offset == (int64_t)done);
    return heard;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > LIMIT_BLOCK_BYTES)
        return 0;
    struct rng rng;
    rng_seed(&rng, data[0]);
    struct slice bytes = fuzz_input(data + 1, size - 1);
    bool is_wide = data[0] & 1;
    struct heard at_once = run(bytes, is_wide, NULL),
                 in_pieces = run(bytes, is_wide, &rng);
    must(slice_equal(buf_slice(&at_once.text), buf_slice(&in_pieces.text)));
    buf_free(&at_once.text);
    buf_free(&in_pieces.text);
    return 0;
}
