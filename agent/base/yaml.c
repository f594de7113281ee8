/**
 * The tree is built with a stack of open lists and maps instead of recursion, and every
 * node is attached to its parent as soon as it starts. libyaml counts characters where
 * a place counts bytes, so a cursor walks through the source along with the events.
 */
#include "agent/base/yaml.h"

#include <stdlib.h>
#include <yaml.h>

#include "agent/base/limits.h"
#include "agent/base/map.h"
#include "agent/base/mem.h"
#include "agent/base/must.h"
#include "agent/base/yaml_error.h"

static const char byte_order_mark[] = "\xef\xbb\xbf";

/** Where the character with number @index starts. */
struct cursor {
    size_t index;
    size_t offset;
    size_t line_start;
    uint32_t line;
};

/** A list or a map that is not closed yet. */
struct frame {
    struct yaml_node *node;
    struct yaml_node **items;
    size_t count, capacity;
    struct map keys;  /**< of a map: each key's node */
    bool has_key;     /**< of a map: the next node is a value */
    bool is_skipping; /**< of a map: that value has no good key */
};

struct builder {
    const struct source_text *source;
    struct complaints *complaints;
    struct cursor cursor;
    struct frame frames[LIMIT_YAML_DEPTH];
    size_t depth;
    size_t node_count, document_count;
    struct yaml_node *root;
};

/* --- places ---------------------------------------------------------------------- */

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

static void cursor_step(struct cursor *cursor, struct slice bytes)
{
    bool is_line_end = bytes.ptr[cursor->offset] == '\n';
    cursor->offset++;
    while (cursor->offset < bytes.len && is_continuation(bytes.ptr[cursor->offset]))
        cursor->offset++;
    cursor->index++;
    if (is_line_end) {
        cursor->line++;
        cursor->line_start = cursor->offset;
    }
}

static void cursor_rewind(struct cursor *cursor, struct slice bytes)
{
    bool has_mark = slice_starts(bytes, slice_of(byte_order_mark));
    *cursor = (struct cursor){ .line = 1 };
    if (has_mark)
        cursor->offset = sizeof byte_order_mark - 1;
}

/** Only errors point backwards, and after an error nothing more is read. */
static void cursor_seek(struct builder *builder, size_t index)
{
    struct slice bytes = builder->source->bytes;
    if (index < builder->cursor.index)
        cursor_rewind(&builder->cursor, bytes);
    while (builder->cursor.index < index && builder->cursor.offset < bytes.len)
        cursor_step(&builder->cursor, bytes);
}

static struct place place_at(struct builder *builder, const yaml_mark_t *mark)
{
    cursor_seek(builder, mark->index);
    const struct cursor *cursor = &builder->cursor;
    return (struct place){
        .source = builder->source,
        .line = cursor->line,
        .column = (uint32_t)(cursor->offset - cursor->line_start) + 1,
    };
}

static size_t line_end(struct slice bytes, size_t offset)
{
    const char *end = memchr(bytes.ptr + offset, '\n', bytes.len - offset);
    return end ? (size_t)(end - bytes.ptr) : bytes.len;
}

/** The place of an event on one line; of what goes over several, its head. */
static struct place place_of(struct builder *builder, const yaml_event_t *event)
{
    struct place at = place_at(builder, &event->start_mark);
    size_t start = builder->cursor.offset, end;
    if (event->end_mark.line == event->start_mark.line) {
        cursor_seek(builder, event->end_mark.index);
        end = builder->cursor.offset;
    } else {
        end = line_end(builder->source->bytes, start);
    }
    at.width = (uint32_t)(end - start);
    return at;
}

/** The place of byte @offset behind a byte order mark: reading errors count bytes. */
static struct place place_of_byte(struct builder *builder, size_t offset)
{
    struct cursor *cursor = &builder->cursor;
    cursor_rewind(cursor, builder->source->bytes);
    offset += cursor->offset;
    while (cursor->offset < offset && cursor->offset < builder->source->bytes.len)
        cursor_step(cursor, builder->source->bytes);
    if (cursor->offset < offset)
        offset = cursor->offset;
    return (struct place){
        .source = builder->source,
        .line = cursor->line,
        .column = (uint32_t)(offset - cursor->line_start) + 1,
    };
}

/* --- the tree -------------------------------------------------------------------- */

static void refuse_key(struct builder *builder, const struct yaml_node *key)
{
    if (key->kind == YAML_MAP)
        complain(builder->complaints, key->at,
                 "a map cannot be a key; put a template '{{...}}' in single quotes");
    else
        complain(builder->complaints, key->at,
                 "a list cannot be a key; put a text that starts with '[' in quotes");
}

static bool key_is_good(struct builder *builder, struct frame *frame,
                        struct yaml_node *key)
{
    if (key->is_refused)
        return false;
    if (key->kind != YAML_TEXT) {
        refuse_key(builder, key);
        frame->node->is_refused = true;
        return false;
    }
    if (key->is_plain && key->text.len == 0) {
        complain(builder->complaints, key->at, "the key before this ':' is missing");
        return false;
    }
    const struct yaml_node *first = map_find(&frame->keys, key->text);
    if (!first) {
        map_put(&frame->keys, key->text, key);
        return true;
    }
    complain(builder->complaints, key->at,
             "the key '%.*s' stands here twice, first in line %u; which one is meant?",
             SLICE_ARG(key->text), first->at.line);
    return false;
}

static void attach(struct builder *builder, struct yaml_node *node)
{
    if (builder->depth == 0) {
        builder->root = node;
        return;
    }
    struct frame *frame = &builder->frames[builder->depth - 1];
    bool is_key = frame->node->kind == YAML_MAP && !frame->has_key;
    if (is_key)
        frame->is_skipping = !key_is_good(builder, frame, node);
    if (frame->node->kind == YAML_MAP)
        frame->has_key = is_key;
    if (!frame->is_skipping)
        *mem_push(frame->items, frame->count, frame->capacity) = node;
}

static struct yaml_node *node_create(struct builder *builder, enum yaml_kind kind,
                                     const yaml_event_t *event)
{
    struct yaml_node *node =
        arena_zalloc(builder->complaints->arena, sizeof(struct yaml_node));
    node->kind = kind;
    node->at = place_of(builder, event);
    builder->node_count++;
    return node;
}

static void refuse_anchor_and_tag(struct builder *builder, const struct yaml_node *node,
                                  const yaml_char_t *anchor, const yaml_char_t *tag)
{
    if (anchor)
        complain(builder->complaints, node->at,
                 "anchors are not used here ('&%s'); write the value out where it is "
                 "needed, or put a text that starts with '&' in quotes",
                 (const char *)anchor);
    if (tag)
        complain(
            builder->complaints, node->at,
            "tags are not used here ('%s'); put a text that starts with '!' in quotes",
            (const char *)tag);
}

static void take_alias(struct builder *builder, const yaml_event_t *event)
{
    struct yaml_node *node = node_create(builder, YAML_TEXT, event);
    node->is_refused = true;
    complain(
        builder->complaints, node->at,
        "aliases are not used here ('*%s'); write the value out, or put a text that "
        "starts with '*' in quotes",
        (const char *)event->data.alias.anchor);
    attach(builder, node);
}

static void take_scalar(struct builder *builder, const yaml_event_t *event)
{
    struct yaml_node *node = node_create(builder, YAML_TEXT, event);
    struct slice text =
        slice_make((const char *)event->data.scalar.value, event->data.scalar.length);
    node->text = arena_slice(builder->complaints->arena, text);
    node->is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    refuse_anchor_and_tag(builder, node, event->data.scalar.anchor,
                          event->data.scalar.tag);
    attach(builder, node);
}

/** @return false when it would be nested too deeply. */
static bool open_frame(struct builder *builder, enum yaml_kind kind,
                       const yaml_event_t *event)
{
    struct yaml_node *node = node_create(builder, kind, event);
    if (kind == YAML_MAP)
        refuse_anchor_and_tag(builder, node, event->data.mapping_start.anchor,
                              event->data.mapping_start.tag);
    else
        refuse_anchor_and_tag(builder, node, event->data.sequence_start.anchor,
                              event->data.sequence_start.tag);
    if (builder->depth == LIMIT_YAML_DEPTH) {
        complain(builder->complaints, node->at, "nested deeper than %d levels",
                 LIMIT_YAML_DEPTH);
        return false;
    }
    attach(builder, node);
    builder->frames[builder->depth++] = (struct frame){ .node = node };
    return true;
}

static void frame_clear(struct frame *frame)
{
    map_free(&frame->keys);
    free(frame->items);
    *frame = (struct frame){ 0 };
}

static void close_frame(struct builder *builder)
{
    struct frame *frame = &builder->frames[--builder->depth];
    size_t bytes = frame->count * sizeof *frame->items;
    frame->node->items = arena_zalloc(builder->complaints->arena, bytes);
    frame->node->count = frame->count;
    if (bytes > 0)
        memcpy(frame->node->items, frame->items, bytes);
    frame_clear(frame);
}

static bool open_document(struct builder *builder, const yaml_event_t *event)
{
    if (++builder->document_count == 1)
        return true;
    struct place at = place_of(builder, event);
    complain(builder->complaints, at,
             "a second document starts here; one file holds one document");
    return false;
}

/** @return false when reading on makes no sense. */
static bool take_event(struct builder *builder, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        return open_document(builder, event);
    case YAML_ALIAS_EVENT:
        take_alias(builder, event);
        break;
    case YAML_SCALAR_EVENT:
        take_scalar(builder, event);
        break;
    case YAML_SEQUENCE_START_EVENT:
        return open_frame(builder, YAML_LIST, event);
    case YAML_MAPPING_START_EVENT:
        return open_frame(builder, YAML_MAP, event);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        close_frame(builder);
        break;
    default:
        break;
    }
    if (builder->node_count <= LIMIT_YAML_NODES)
        return true;
    complain(builder->complaints, place_of(builder, event),
             "more than %d values in one file", LIMIT_YAML_NODES);
    return false;
}

static void report(struct builder *builder, const yaml_parser_t *parser)
{
    /* The library is not to be asked where, and no configuration is wrong by that. */
    if (parser->error == YAML_MEMORY_ERROR)
        mem_there(NULL);
    struct yaml_trouble trouble = {
        .problem = parser->problem ? parser->problem : "it cannot be read",
        .context = parser->context ? parser->context : "",
    };
    if (parser->error == YAML_READER_ERROR)
        trouble.at = place_of_byte(builder, parser->problem_offset);
    else
        trouble.at = place_at(builder, &parser->problem_mark);
    if (parser->context)
        trouble.context_at = place_at(builder, &parser->context_mark);
    yaml_explain(&trouble, builder->complaints);
}

static bool build(struct builder *builder, yaml_parser_t *parser)
{
    bool is_good = true, is_done = false;
    while (is_good && !is_done) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event)) {
            report(builder, parser);
            return false;
        }
        is_good = take_event(builder, &event);
        is_done = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    return is_good;
}

static struct yaml_node *empty_map(struct builder *builder)
{
    struct yaml_node *node =
        arena_zalloc(builder->complaints->arena, sizeof(struct yaml_node));
    node->kind = YAML_MAP;
    node->at = (struct place){ .source = builder->source, .line = 1, .column = 1 };
    return node;
}

struct yaml_node *yaml_parse(const struct source_text *source,
                             struct complaints *complaints)
{
    struct builder builder = { .source = source, .complaints = complaints };
    yaml_parser_t parser;
    if (source->bytes.len > LIMIT_CONFIG_BYTES) {
        complain(complaints, (struct place){ .source = source },
                 "the file is larger than %d KiB", LIMIT_CONFIG_BYTES / 1024);
        return NULL;
    }
    mem_there(yaml_parser_initialize(&parser) == 1 ? &parser : NULL);
    cursor_rewind(&builder.cursor, source->bytes);
    size_t skipped = builder.cursor.offset;
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser,
                                 (const unsigned char *)source->bytes.ptr + skipped,
                                 source->bytes.len - skipped);
    bool is_good = build(&builder, &parser);
    yaml_parser_delete(&parser);
    while (builder.depth > 0)
        frame_clear(&builder.frames[--builder.depth]);
    if (!is_good)
        return NULL;
    struct yaml_node *root = builder.root;
    bool is_empty = !root || (root->kind == YAML_TEXT && root->is_plain &&
                              root->text.len == 0 && !root->is_refused);
    return is_empty ? empty_map(&builder) : root;
}

const struct yaml_node *yaml_find(const struct yaml_node *node, struct slice key)
{
    if (node->kind != YAML_MAP)
        return NULL;
    for (size_t i = 0; i + 1 < node->count; i += 2)
        if (slice_equal(node->items[i]->text, key))
            return node->items[i + 1];
    return NULL;
}

void yaml_put_version(struct buf *out)
{
    buf_printf(out, "libyaml %s", yaml_get_version_string());
}
