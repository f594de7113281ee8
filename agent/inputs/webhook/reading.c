/** What all kinds of bodies have in common. */
#include "agent/inputs/webhook/reading.h"

#include "agent/base/hash.h"
#include "agent/base/limits.h"
#include "agent/base/now.h"
#include "agent/base/text.h"

/** One more item of an array in an arena. */
static void *arena_push(struct arena *arena, void *items, size_t count,
                        size_t *capacity, size_t size)
{
    if (count < *capacity)
        return items;
    *capacity = *capacity ? 2 * *capacity : 16;
    void *grown = arena_zalloc(arena, *capacity * size);
    if (count > 0)
        memcpy(grown, items, count * size);
    return grown;
}

void pairs_put(struct pairs *pairs, struct arena *arena, struct slice name,
               struct slice value)
{
    pairs->items = arena_push(arena, pairs->items, pairs->count, &pairs->capacity,
                              sizeof *pairs->items);
    pairs->items[pairs->count++] = (struct label){ name, value };
}

struct slice pairs_find(const struct pairs *pairs, struct slice name)
{
    for (size_t i = 0; i < pairs->count; i++) {
        if (slice_equal(pairs->items[i].name, name))
            return pairs->items[i].value;
    }
    return SLICE("");
}

void pairs_read(struct pairs *pairs, struct reading *reading, const struct json *value)
{
    if (!value || value->type == JSON_NULL)
        return;
    if (value->type != JSON_OBJECT)
        reading->odd_count++;
    for (const struct json *item = value->first; item && value->type == JSON_OBJECT;
         item = item->next) {
        struct slice text = reading_text(reading, item);
        if (text.len > 0 && item->name.len > 0)
            pairs_put(pairs, reading->arena, item->name, text);
    }
}

struct incoming *reading_add(struct reading *reading)
{
    reading->items = arena_push(reading->arena, reading->items, reading->count,
                                &reading->capacity, sizeof *reading->items);
    struct incoming *incoming = &reading->items[reading->count++];
    const struct webhook_request *request = reading->request;
    *incoming = (struct incoming){
        .source = request->source,
        .severity = SEVERITY_WARNING,
        .resolve_after_ms =
            request->resolve_after_ms > 0 ? request->resolve_after_ms : DAY_MS,
    };
    buf_clear(&reading->text);
    buf_clear(&reading->links);
    return incoming;
}

struct slice reading_text(struct reading *reading, const struct json *value)
{
    if (!value || value->type == JSON_NULL)
        return SLICE("");
    if (value->type == JSON_ARRAY || value->type == JSON_OBJECT)
        reading->odd_count++;
    return value->text;
}

static bool is_of_link(char c)
{
    static const bool breaks_off[UINT8_MAX + 1] = {
        ['"'] = true, ['\''] = true, ['<'] = true,
        ['>'] = true, ['\\'] = true, ['`'] = true
    };
    return c > ' ' && c <= '~' && !breaks_off[(uint8_t)c];
}

bool reading_is_link(struct slice url)
{
    if (!slice_starts(url, SLICE("http://")) && !slice_starts(url, SLICE("https://")))
        return false;
    for (size_t i = 0; i < url.len; i++) {
        if (!is_of_link(url.ptr[i]))
            return false;
    }
    return true;
}

void reading_link(struct reading *reading, const char *name, struct slice url)
{
    if (!reading_is_link(url) ||
        reading->links.len + strlen(name) + url.len + 2 > LIMIT_LINKS_BYTES)
        return;
    buf_puts(&reading->links, name);
    buf_putc(&reading->links, ' ');
    buf_put(&reading->links, url);
    buf_putc(&reading->links, '\n');
}

static void put_fields(struct reading *reading, struct incoming *incoming,
                       const struct pairs *labels, const struct pairs *others)
{
    size_t count = labels->count + others->count;
    struct capture *fields = arena_zalloc(reading->arena, count * sizeof *fields);
    for (size_t i = 0; i < labels->count; i++)
        fields[i] = (struct capture){ labels->items[i].name, labels->items[i].value };
    for (size_t i = 0; i < others->count; i++)
        fields[labels->count + i] =
            (struct capture){ others->items[i].name, others->items[i].value };
    incoming->fields = fields;
    incoming->field_count = count;
}

/** What is kept of @labels: the first ones, and that there were more is told. */
static void keep_labels(struct reading *reading, struct incoming *incoming,
                        const struct pairs *labels)
{
    size_t kept = labels->count;
    if (kept > LIMIT_POSTED_LABELS) {
        kept = LIMIT_POSTED_LABELS;
        buf_puts(&reading->text, reading->text.len > 0 ? "\n" : "");
        text_put_count(&reading->text, labels->count - kept, "further label",
                       "further labels");
        buf_printf(&reading->text, " left out: an alert has %d at most.\n",
                   LIMIT_POSTED_LABELS);
    }
    incoming->labels = labels_make(reading->arena, labels->items, kept);
}

void reading_finish(struct reading *reading, struct incoming *incoming,
                    const struct pairs *labels, const struct pairs *others)
{
    struct buf *text = &reading->text;
    keep_labels(reading, incoming, labels);
    while (text->len > 0 && text->ptr[text->len - 1] == '\n')
        text->len--;
    if (reading->note.len > 0) {
        buf_puts(text, text->len > 0 ? "\n\n" : "");
        buf_put(text, reading->note);
    }
    incoming->body = arena_slice(reading->arena, buf_slice(text));
    incoming->links = arena_slice(reading->arena, buf_slice(&reading->links));
    put_fields(reading, incoming, labels, others);
}

uint64_t reading_fingerprint(const char *salt, struct slice text)
{
    uint64_t hash = hash_more(hash_bytes(slice_of(salt)), text);
    return hash ? hash : 1;
}
