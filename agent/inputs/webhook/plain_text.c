/**
 * Plain text: `curl -H 'Content-Type: text/plain' --data-binary @- .../webhook/text`.
 * The first line is the title; "?severity=critical" and "?status=resolved" say the
 * rest.
 */
#include "agent/base/hash.h"
#include "agent/base/now.h"
#include "agent/inputs/webhook/reading.h"
#include "agent/inputs/webhook/words.h"

/** The value of @name in "a=1&b=2". Words need no decoding. */
static struct slice query_value(struct slice query, struct slice name)
{
    struct slice pair, key;
    while (slice_next(&query, '&', &pair)) {
        if (slice_next(&pair, '=', &key) && slice_equal(key, name))
            return pair;
    }
    return SLICE("");
}

void reading_plain_text(struct reading *reading, struct slice text)
{
    static const struct pairs none = { 0 };
    struct slice query = reading->request->query;
    struct incoming *incoming = reading_add(reading);
    struct slice rest = slice_trim(text);
    (void)words_severity(query_value(query, SLICE("severity")), &incoming->severity);
    incoming->is_resolved = words_is_over(query_value(query, SLICE("status")));
    incoming->resolve_after_ms = earlier_ms(incoming->resolve_after_ms, HOUR_MS);
    incoming->fingerprint = 1;
    incoming->occurrence = hash_bytes(rest) | OCCURRENCE_IS_HASH;
    incoming->title = reading_title(rest, &rest);
    incoming->fingerprint = reading_fingerprint("text", incoming->title);
    buf_put(&reading->text, rest);
    reading_finish(reading, incoming, &none, &none);
}
