/**
 * Labels: a sorted array in an arena. Each change makes a new array, because a struct
 * labels is passed about by value and a copy must stay what it was.
 */
#include "rules/label.h"

#include "agent/base/hash.h"
#include "agent/base/limits.h"
#include "agent/base/must.h"

/** The place of @name, or where it would have to stand. */
static size_t find_place(const struct labels *labels, struct slice name, bool *is_there)
{
    size_t at = 0;
    int order = 1;
    /* They come sorted, nearly always. */
    if (labels->count > 0 &&
        slice_compare(labels->items[labels->count - 1].name, name) < 0)
        at = labels->count;
    while (at < labels->count) {
        order = slice_compare(labels->items[at].name, name);
        if (order >= 0)
            break;
        at++;
    }
    *is_there = at < labels->count && order == 0;
    return at;
}

/** The label at @at makes way for @fresh; NULL: for nothing. */
static void replace(struct labels *labels, struct arena *arena, size_t at,
                    size_t taken_count, const struct label *fresh)
{
    size_t put_count = fresh ? 1 : 0;
    size_t behind = labels->count - at - taken_count;
    size_t count = at + put_count + behind;
    struct label *items = arena_zalloc(arena, count * sizeof *items);
    if (at > 0)
        memcpy(items, labels->items, at * sizeof *items);
    if (fresh)
        items[at] = *fresh;
    if (behind > 0)
        memcpy(items + at + put_count, labels->items + at + taken_count,
               behind * sizeof *items);
    *labels = (struct labels){ items, count };
}

/** Names and values are bounded, so that all that is made of labels is. */
static struct slice cut(struct slice value)
{
    return slice_make(value.ptr,
                      value.len < LIMIT_LABEL_BYTES ? value.len : LIMIT_LABEL_BYTES);
}

bool labels_set(struct labels *labels, struct arena *arena, struct slice name,
                struct slice value)
{
    bool is_there;
    name = cut(name);
    size_t at = find_place(labels, name, &is_there);
    if (value.len == 0) {
        if (is_there)
            replace(labels, arena, at, 1, NULL);
        return true;
    }
    if (!is_there && labels->count >= LIMIT_LABELS)
        return false;
    struct label fresh = { is_there ? labels->items[at].name : arena_slice(arena, name),
                           arena_slice(arena, cut(value)) };
    replace(labels, arena, at, is_there, &fresh);
    return true;
}

/** @label comes to stand at @at, and the rest one further. */
static void insert(struct labels *labels, size_t at, struct label label)
{
    memmove(labels->items + at + 1, labels->items + at,
            (labels->count - at) * sizeof label);
    labels->items[at] = label;
    labels->count++;
}

bool labels_put(struct labels *labels, struct slice name, struct slice value)
{
    bool is_there;
    size_t at = find_place(labels, cut(name), &is_there);
    struct label label = { cut(name), cut(value) };
    must(value.len > 0);
    if (is_there)
        labels->items[at] = label;
    else if (labels->count < LIMIT_LABELS)
        insert(labels, at, label);
    else
        return false;
    return true;
}

struct labels labels_make(struct arena *arena, const struct label *pairs, size_t count)
{
    size_t most = count < LIMIT_LABELS ? count : LIMIT_LABELS;
    struct labels labels = { arena_zalloc(arena, most * sizeof(struct label)), 0 };
    for (size_t i = 0; i < count && labels.count < LIMIT_LABELS; i++) {
        struct label label = { cut(pairs[i].name), cut(pairs[i].value) };
        bool is_there;
        size_t at = find_place(&labels, label.name, &is_there);
        /* Two long names can be equal when they are cut. */
        if (label.value.len == 0 || is_there)
            continue;
        insert(&labels, at, label);
    }
    return labels;
}

struct slice labels_find(const struct labels *labels, struct slice name)
{
    bool is_there;
    size_t at = find_place(labels, name, &is_there);
    return is_there ? labels->items[at].value : SLICE("");
}

uint64_t labels_hash(const struct labels *labels)
{
    uint64_t hash = labels->count;
    for (size_t i = 0; i < labels->count; i++) {
        hash = hash_more(hash, labels->items[i].name);
        hash = hash_more(hash, labels->items[i].value);
    }
    return hash;
}

bool labels_equal(const struct labels *a, const struct labels *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (!slice_equal(a->items[i].name, b->items[i].name) ||
            !slice_equal(a->items[i].value, b->items[i].value))
            return false;
    }
    return true;
}

struct labels labels_copy(struct arena *arena, const struct labels *labels)
{
    struct labels copy = { arena_zalloc(arena, labels->count * sizeof(struct label)),
                           labels->count };
    for (size_t i = 0; i < labels->count; i++) {
        copy.items[i].name = arena_slice(arena, labels->items[i].name);
        copy.items[i].value = arena_slice(arena, labels->items[i].value);
    }
    return copy;
}

bool labels_are_good(const struct labels *labels)
{
    if (labels->count > LIMIT_LABELS)
        return false;
    for (size_t i = 0; i < labels->count; i++) {
        const struct label *item = &labels->items[i];
        if (item->name.len > LIMIT_LABEL_BYTES || item->value.len > LIMIT_LABEL_BYTES ||
            item->value.len == 0 ||
            (i > 0 && slice_compare(item[-1].name, item->name) >= 0))
            return false;
    }
    return true;
}

/* --- stored ----------------------------------------------------------------------- */

/* Two bytes are enough for the length of a name or value; a group's map holds many. */
enum { LENGTH_BYTES = 2 };

size_t labels_key_bytes(const struct labels *labels)
{
    size_t bytes = 1;
    for (size_t i = 0; i < labels->count; i++)
        bytes +=
            2 * LENGTH_BYTES + labels->items[i].name.len + labels->items[i].value.len;
    return bytes;
}

static char *put_text(char *at, struct slice text)
{
    at[0] = (char)(text.len & 0xFF);
    at[1] = (char)(text.len >> 8);
    if (text.len > 0)
        memcpy(at + LENGTH_BYTES, text.ptr, text.len);
    return at + LENGTH_BYTES + text.len;
}

void labels_save(const struct labels *labels, struct buf *out)
{
    size_t bytes = labels_key_bytes(labels);
    char *at = buf_room(out, bytes);
    if (!at)
        return;
    *at++ = (char)labels->count;
    for (size_t i = 0; i < labels->count; i++) {
        at = put_text(at, labels->items[i].name);
        at = put_text(at, labels->items[i].value);
    }
    buf_wrote(out, bytes);
}

static struct slice load_text(struct unbuf *in)
{
    const unsigned char *bytes = (const unsigned char *)in->rest.ptr;
    size_t len = in->rest.len >= LENGTH_BYTES ? bytes[0] | (size_t)bytes[1] << 8 : 0;
    if (in->rest.len < LENGTH_BYTES + len) {
        *in = (struct unbuf){ SLICE(""), true };
        return SLICE("");
    }
    struct slice text = slice_make(in->rest.ptr + LENGTH_BYTES, len);
    in->rest = slice_make(text.ptr + len, in->rest.len - LENGTH_BYTES - len);
    return text;
}

/** The number of labels, taken off the front. */
static bool load_count(struct unbuf *in, size_t *count)
{
    *count = in->rest.len > 0 ? (unsigned char)in->rest.ptr[0] : SIZE_MAX;
    if (in->failed || *count > LIMIT_LABELS)
        return false;
    in->rest = slice_make(in->rest.ptr + 1, in->rest.len - 1);
    return true;
}

static bool load_items(struct labels *labels, struct unbuf *in)
{
    for (size_t i = 0; i < labels->count; i++) {
        labels->items[i].name = load_text(in);
        labels->items[i].value = load_text(in);
    }
    return !in->failed && labels_are_good(labels);
}

bool labels_load_into(struct labels *labels, struct unbuf *in)
{
    return load_count(in, &labels->count) && load_items(labels, in);
}

bool labels_load(struct labels *labels, struct unbuf *in, struct arena *arena)
{
    if (!load_count(in, &labels->count))
        return false;
    labels->items = arena_zalloc(arena, labels->count * sizeof *labels->items);
    return load_items(labels, in);
}
