/** What all kinds of bodies have in common. */
#include "agent/inputs/webhook/reading.h"

#include "agent/base/hash.h"
#include "agent/base/limits.h"
#include "agent/base/now.h"
#include "agent/base/text.h"

enum { ROOM_BYTES = 200 }; /* for what hiding secrets adds to a text */

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

/** The first of @labels; that there were more is noted. */
static void keep_labels(struct reading *reading, struct incoming *incoming,
                        const struct pairs *labels, struct buf *notes)
{
    size_t kept = labels->count;
    if (kept > LIMIT_POSTED_LABELS) {
        kept = LIMIT_POSTED_LABELS;
        text_put_count(notes, labels->count - kept, "further label", "further labels");
        buf_printf(notes, " left out: an alert has %d at most.\n", LIMIT_POSTED_LABELS);
    }
    incoming->labels = labels_make(reading->arena, labels->items, kept);
}

struct slice reading_title(struct slice text, struct slice *rest)
{
    struct slice title = SLICE(""), behind = slice_trim(text);
    (void)slice_next(&behind, '\n', &title);
    if (rest)
        *rest = behind;
    return slice_trim(title);
}

static struct slice without_last_feeds(struct slice text)
{
    while (text.len > 0 && text.ptr[text.len - 1] == '\n')
        text.len--;
    return text;
}

/** @parts, but for the empty ones, with an empty line between two. */
static struct slice join(struct arena *arena, const struct slice *parts, size_t count)
{
    struct buf all = buf_make(READING_TEXT_BYTES);
    for (size_t i = 0; i < count; i++) {
        if (parts[i].len > 0)
            buf_puts(&all, all.len > 0 ? "\n\n" : "");
        buf_put(&all, parts[i]);
    }
    struct slice own = arena_slice(arena, buf_slice(&all));
    buf_free(&all);
    return own;
}

/** What was written, and what is noted of it: behind it, or before it where the end
 *  would be cut off. A title that is too long for one stands in the text as well. */
static struct slice body_of(struct reading *reading, struct slice title,
                            struct slice notes)
{
    struct slice text = without_last_feeds(buf_slice(&reading->text));
    if (title.len <= LIMIT_SUMMARY_BYTES)
        title = SLICE("");
    if (title.len == 0 && notes.len == 0)
        return arena_slice(reading->arena, text);
    bool is_long =
        title.len + text.len + notes.len + ROOM_BYTES > LIMIT_DESCRIPTION_BYTES;
    const struct slice parts[] = { is_long ? notes : SLICE(""), title, text,
                                   is_long ? SLICE("") : notes };
    return join(reading->arena, parts, sizeof parts / sizeof *parts);
}

void reading_finish(struct reading *reading, struct incoming *incoming,
                    const struct pairs *labels, const struct pairs *others)
{
    struct buf notes = buf_make(READING_TEXT_BYTES);
    keep_labels(reading, incoming, labels, &notes);
    buf_put(&notes, reading->note);
    incoming->body =
        body_of(reading, incoming->title, without_last_feeds(buf_slice(&notes)));
    buf_free(&notes);
    incoming->links = arena_slice(reading->arena, buf_slice(&reading->links));
    put_fields(reading, incoming, labels, others);
}

uint64_t reading_fingerprint(const char *salt, struct slice text)
{
    uint64_t hash = hash_more(hash_bytes(slice_of(salt)), text);
    return hash ? hash : 1;
}
