/**
 * Any JSON object, or an array of them: where what stands is configured, or guessed by
 * the names that most senders use. (shared/facts/payloads.md A9)
 */
#include "agent/base/hash.h"
#include "agent/base/limits.h"
#include "agent/inputs/webhook/reading.h"
#include "agent/inputs/webhook/words.h"

/** One alert that is read. */
struct generic {
    struct reading *reading;
    const struct json *root;
    const struct json *used[8]; /**< values that are told elsewhere in the mail */
    size_t used_count;
};

/** The names that are tried, in order, where nothing is configured. */
static const char *const default_title[] = { "title",   "subject", "name", "alertname",
                                             "message", "msg",     "text", NULL };
static const char *const default_body[] = { "body", "description", "details", "message",
                                            "msg",  "text",        NULL };
static const char *const default_severity[] = { "severity", "level", "priority", NULL };
static const char *const default_status[] = { "status", "state", "event_type", NULL };
static const char *const default_fingerprint[] = { "fingerprint", "alert_id",
                                                   "event_id",    "id",
                                                   "key",         NULL };
static const char *const default_time[] = { "time", "timestamp", "startsAt", "date",
                                            NULL };
static const char *const default_labels[] = { "labels", "tags", NULL };

/** A text that is one, not a list; the rest is passed over. */
static bool is_text(const struct json *value)
{
    return value && value->text.len > 0 && value->type != JSON_NULL;
}

static bool is_list(const struct json *value)
{
    return value && (value->type == JSON_OBJECT || value->type == JSON_ARRAY);
}

/** The first that is there and of the right kind. */
static const struct json *look_up(struct generic *generic,
                                  const struct conf_texts *pointers,
                                  const char *const *names,
                                  bool (*is_right)(const struct json *))
{
    const struct json *found = NULL;
    for (size_t i = 0; pointers && i < pointers->count && !is_right(found); i++)
        found = json_point(generic->root, pointers->items[i].value);
    if (pointers && pointers->count > 0)
        return is_right(found) ? found : NULL;
    for (; *names && !is_right(found); names++)
        found = json_find(generic->root, slice_of(*names));
    return is_right(found) ? found : NULL;
}

/** It is told elsewhere in the mail. */
static void use(struct generic *generic, const struct json *value)
{
    if (generic->used_count < sizeof generic->used / sizeof *generic->used)
        generic->used[generic->used_count++] = value;
}

static struct slice text_at(struct generic *generic, const struct conf_texts *pointers,
                            const char *const *names)
{
    const struct json *found = look_up(generic, pointers, names, is_text);
    if (!found)
        return SLICE("");
    use(generic, found);
    return found->text;
}

/* --- labels ----------------------------------------------------------------------- */

/** "name=value" or "name:value"; a word alone is the label `tag`. */
static void put_tag(struct generic *generic, struct pairs *labels, struct slice text)
{
    size_t at = slice_find(text, SLICE("="));
    if (at == SIZE_MAX)
        at = slice_find(text, SLICE(":"));
    bool is_pair = at != SIZE_MAX && at > 0 && at + 1 < text.len;
    struct slice name = is_pair ? slice_make(text.ptr, at) : SLICE("tag");
    struct slice value =
        is_pair ? slice_make(text.ptr + at + 1, text.len - at - 1) : text;
    if (pairs_find(labels, name).len == 0)
        pairs_put(labels, generic->reading->arena, name, value);
}

/** {"tag": "dc", "value": "fra"}, also with "name" or "key". */
static void put_tag_object(struct generic *generic, struct pairs *labels,
                           const struct json *item)
{
    static const char *const names[] = { "tag", "name", "key" };
    const struct json *name = NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names && !name; i++)
        name = json_find(item, slice_of(names[i]));
    const struct json *value = json_find(item, SLICE("value"));
    if (is_text(name) && is_text(value) && pairs_find(labels, name->text).len == 0)
        pairs_put(labels, generic->reading->arena, name->text, value->text);
    else
        generic->reading->odd_count++;
}

static void read_labels(struct generic *generic, struct pairs *labels,
                        const struct json *value)
{
    if (!value || value->type == JSON_OBJECT) {
        pairs_read(labels, generic->reading, value);
        return;
    }
    for (const struct json *item = value->first; item; item = item->next) {
        if (is_text(item))
            put_tag(generic, labels, item->text);
        else
            put_tag_object(generic, labels, item);
    }
}

/* --- texts ------------------------------------------------------------------------ */

static bool is_used(const struct generic *generic, const struct json *value)
{
    for (size_t i = 0; i < generic->used_count; i++) {
        if (generic->used[i] == value)
            return true;
    }
    return false;
}

/** Every text of the body's first level that a person has not read yet. */
static void put_rest(struct generic *generic, struct pairs *fields)
{
    struct reading *reading = generic->reading;
    for (const struct json *item = generic->root->first; item; item = item->next) {
        if (!is_text(item) || item->name.len == 0)
            continue;
        pairs_put(fields, reading->arena, item->name, item->text);
        if (is_used(generic, item))
            continue;
        if (reading_is_link(item->text)) {
            reading_link(reading, "Link", item->text);
            continue;
        }
        buf_put(&reading->text, item->name);
        buf_puts(&reading->text, ": ");
        buf_put(&reading->text, item->text);
        buf_putc(&reading->text, '\n');
    }
}

static void put_texts(struct generic *generic, struct incoming *incoming,
                      const struct webhook_config *config, struct pairs *fields)
{
    struct buf *text = &generic->reading->text;
    struct slice title =
        slice_trim(text_at(generic, config ? &config->title : NULL, default_title));
    if (title.len == 0) /* of a sender that the pointers were not made for */
        title = slice_trim(text_at(generic, NULL, default_title));
    struct slice body =
        slice_trim(text_at(generic, config ? &config->body : NULL, default_body));
    struct slice rest;
    incoming->title = reading_title(title, &rest);
    if (rest.len > 0) {
        buf_put(text, rest);
        buf_putc(text, '\n');
    }
    if (!slice_equal(body, title) && body.len > 0) {
        buf_put(text, body);
        buf_puts(text, "\n\n");
    }
    put_rest(generic, fields);
}

/* --- identity --------------------------------------------------------------------- */

/** By what the sender calls it, or else by its labels and its title; without one by its
 *  text. */
static void identify(struct generic *generic, struct incoming *incoming,
                     struct pairs *labels, struct slice key)
{
    struct slice text = buf_slice(&generic->reading->text);
    if (key.len > 0) {
        incoming->fingerprint = reading_fingerprint("generic", key);
        if (pairs_find(labels, SLICE("fingerprint")).len == 0)
            pairs_put(labels, generic->reading->arena, SLICE("fingerprint"), key);
        return;
    }
    struct labels sorted =
        labels_make(generic->reading->arena, labels->items, labels->count);
    incoming->fingerprint =
        hash_more(labels_hash(&sorted),
                  incoming->title.len > 0 ? incoming->title : text) |
        1;
}

/** When it began, if that is said; else the same words are the same occurrence. */
static void date(struct incoming *incoming, struct slice time, struct slice body)
{
    int64_t unix_ms = words_moment(time);
    if (incoming->is_resolved)
        incoming->ends_unix_ms = unix_ms;
    else
        incoming->starts_unix_ms = unix_ms;
    incoming->occurrence =
        unix_ms > 0 ? (uint64_t)unix_ms
                    : hash_more(hash_bytes(incoming->title), body) | OCCURRENCE_IS_HASH;
}

/** A word that is none of ours is left to be told with the rest. */
static void read_severity(struct generic *generic, struct incoming *incoming,
                          const struct pairs *labels)
{
    const struct webhook_config *config = generic->reading->request->config;
    const struct json *found =
        look_up(generic, config ? &config->severity : NULL, default_severity, is_text);
    if (found && words_severity(found->text, &incoming->severity))
        use(generic, found);
    else
        (void)words_severity(pairs_find(labels, SLICE("severity")),
                             &incoming->severity);
}

static void read_one(struct reading *reading, const struct json *root)
{
    const struct webhook_config *config = reading->request->config;
    struct generic generic = { .reading = reading, .root = root };
    struct incoming *incoming = reading_add(reading);
    struct pairs labels = { 0 }, fields = { 0 };
    read_labels(&generic, &labels,
                look_up(&generic, config ? &config->labels : NULL, default_labels,
                        is_list));
    struct slice key =
        text_at(&generic, config ? &config->fingerprint : NULL, default_fingerprint);
    struct slice time = text_at(&generic, config ? &config->time : NULL, default_time);
    incoming->is_resolved = words_is_over(
        text_at(&generic, config ? &config->status : NULL, default_status));
    read_severity(&generic, incoming, &labels);
    put_texts(&generic, incoming, config, &fields);
    identify(&generic, incoming, &labels, key);
    date(incoming, time, buf_slice(&reading->text));
    incoming->is_untitled = incoming->title.len == 0;
    if (incoming->is_untitled)
        incoming->title = SLICE("an alert without a title");
    reading_finish(reading, incoming, &labels, &fields);
}

bool reading_generic(struct reading *reading, const struct json *root)
{
    if (root->type != JSON_ARRAY) {
        read_one(reading, root);
        return true;
    }
    for (const struct json *item = root->first; item; item = item->next) {
        if (reading->count == LIMIT_BODY_ALERTS)
            return false;
        if (item->type == JSON_OBJECT)
            read_one(reading, item);
        else
            reading->odd_count++;
    }
    return true;
}
