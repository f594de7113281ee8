/** Any body at any door: refused as a whole or taken as a whole, with labels in order
 *  and in bounds, and links that are links. The first byte chooses the door. */
#include "frame/fuzz.h"

#include "agent/inputs/webhook/webhook.h"

#include "agent/base/limits.h"
#include "agent/base/mem.h"

static const struct {
    const char *path, *query, *type;
} doors[] = {
    { "/webhook/alertmanager", "", "application/json" },
    { "/webhook/grafana", "", "application/json; charset=utf-8" },
    { "/webhook/generic", "severity=critical&host=a%20b", "application/json" },
    { "/webhook/generic", "", "application/x-www-form-urlencoded" },
    { "/webhook/text", "title=disk+full&%", "text/plain" },
};

static const struct source source = { .name = { "http", 4 } };

static void take(void *ctx, const struct incoming *incoming)
{
    size_t *count = ctx;
    const struct labels *labels = &incoming->labels;
    must(labels->count <= LIMIT_LABELS);
    for (size_t i = 0; i < labels->count; i++) {
        must(labels->items[i].value.len > 0);
        must(labels->items[i].value.len <= LIMIT_LABEL_BYTES);
        must(i == 0 ||
             slice_compare(labels->items[i - 1].name, labels->items[i].name) < 0);
    }
    must(incoming->starts_unix_ms >= 0 && incoming->ends_unix_ms >= 0);
    must(slice_find(incoming->links, SLICE("javascript:")) == SIZE_MAX ||
         slice_find(incoming->links, SLICE("http")) != SIZE_MAX);
    ++*count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    size_t door = data[0] % (sizeof doors / sizeof *doors), count = 0;
    struct arena scratch = { 0 };
    struct intake intake = { .alert = take, .ctx = &count };
    struct webhook_request request = { .path = slice_of(doors[door].path),
                                       .query = slice_of(doors[door].query),
                                       .content_type = slice_of(doors[door].type),
                                       .body = fuzz_input(data + 1, size - 1),
                                       .source = &source,
                                       .now_unix_ms = INT64_C(1795750000000) };
    struct webhook_reply reply = webhook_take(&request, &intake, &scratch);
    must(reply.status == 200 || (reply.status >= 400 && reply.status < 500));
    must(reply.text != NULL && reply.alert_count == count);
    must(reply.status == 200 || count == 0);
    arena_free(&scratch);
    return 0;
}
