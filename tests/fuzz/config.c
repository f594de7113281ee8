/** Any bytes as a configuration: a generation or complaints, the same ones each time.
 *  Without `include`, which reads files. */
#include "frame/fuzz.h"

#include "agent/config.h"

enum { OUT_BYTES = 4 << 20 };

static bool load(struct slice yaml, struct buf *out)
{
    struct config *config = config_load_text("fuzz.yaml", yaml, out);
    if (!config)
        return false;
    config_put_counts(config, out);
    config_free(config);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice yaml = fuzz_input(data, size);
    if (size > 64 * 1024 || slice_find(yaml, SLICE("include")) != SIZE_MAX)
        return 0;
    struct buf once = buf_make(OUT_BYTES), twice = buf_make(OUT_BYTES);
    bool is_good = load(yaml, &once), is_good_again = load(yaml, &twice);
    must(is_good == is_good_again);
    must(is_good || slice_find(buf_slice(&once), SLICE("error")) != SIZE_MAX);
    must(slice_equal(buf_slice(&once), buf_slice(&twice)));
    buf_free(&once);
    buf_free(&twice);
    return 0;
}
