/** Any bytes from an HTTPS server, cut at any place: they are the same response as at
 *  once, or the same refusal, within the bounds. The first byte is the seed of the
 *  cuts. */
#include "frame/fuzz.h"

#include "agent/base/rng.h"
#include "outputs/http.h"

struct outcome {
    enum http_state state;
    struct http_response response;
    size_t left; /* bytes that were not taken */
};

/** Feed @bytes in pieces that @rng chooses; NULL: at once. */
static struct outcome run(struct slice bytes, struct rng *rng)
{
    struct outcome outcome = { HTTP_MORE, { 0 }, 0 };
    struct err err;
    must(http_begin(&outcome.response, (struct now){ 0, 0 }, &err));
    while (bytes.len > 0 && outcome.state == HTTP_MORE) {
        size_t most = bytes.len < 512 ? bytes.len : 512;
        size_t len = rng ? 1 + rng_next(rng) % most : bytes.len;
        struct slice piece = slice_make(bytes.ptr, len);
        outcome.state = http_feed(&outcome.response, &piece);
        must(outcome.state != HTTP_MORE || piece.len == 0);
        bytes = slice_make(bytes.ptr + len - piece.len, bytes.len - len + piece.len);
    }
    outcome.left = bytes.len;
    return outcome;
}

static void check_bounds(const struct outcome *outcome)
{
    const struct http_response *response = &outcome->response;
    must(response->body.len <= LIMIT_REPLY_BODY_BYTES);
    must(response->head_bytes <= LIMIT_REPLY_HEAD_BYTES + 1);
    must(response->retry_after_s >= -1);
    if (outcome->state == HTTP_DONE)
        must(response->status >= 200 && response->status <= 999);
}

static void check_same(const struct outcome *a, const struct outcome *b)
{
    must(a->state == b->state);
    if (a->state == HTTP_BROKEN)
        return;
    must(a->left == b->left);
    must(a->response.status == b->response.status);
    must(a->response.closes == b->response.closes);
    must(a->response.retry_after_s == b->response.retry_after_s);
    must(slice_equal(secret_slice(&a->response.body), secret_slice(&b->response.body)));
    must(http_closed(&a->response) == http_closed(&b->response));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    struct rng rng;
    struct slice bytes = fuzz_input(data + 1, size - 1);
    rng_seed(&rng, data[0]);
    struct outcome at_once = run(bytes, NULL), in_pieces = run(bytes, &rng);
    check_bounds(&at_once);
    check_bounds(&in_pieces);
    check_same(&at_once, &in_pieces);
    http_clear(&at_once.response);
    http_clear(&in_pieces.response);
    return 0;
}
