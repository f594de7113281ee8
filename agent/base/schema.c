/**
 * Blocks of configuration: a map of keys becomes a struct by its table. Mistakes never
 * stop the loading, so that one run finds all of them.
 */
#include "agent/base/schema.h"

#include "agent/base/must.h"
#include "agent/base/schema_value.h"

static bool field_load(const struct loader *loader, const struct field *field,
                       const struct yaml_node *node, void *value);

/** "rule 'oom'", or "this rule" as long as it has no name. */
static const char *block_title(struct arena *arena, const struct schema *schema,
                               const struct yaml_node *node)
{
    const struct yaml_node *name = yaml_find(node, SLICE("name"));
    if (!name || name->kind != YAML_TEXT || name->text.len == 0)
        return arena_printf(arena, "this %s", schema->name);
    return arena_printf(arena, "%s '%.*s'", schema->name, SLICE_ARG(name->text));
}

static const struct field *field_find(const struct schema *schema, struct slice name)
{
    for (size_t i = 0; i < schema->field_count; i++)
        if (slice_equal(slice_of(schema->fields[i].name), name))
            return &schema->fields[i];
    return NULL;
}

static void refuse_key(const struct loader *loader, const struct schema *schema,
                       const struct yaml_node *block, const struct yaml_node *key)
{
    struct arena *arena = loader->complaints->arena;
    const char **names = arena_zalloc(arena, (schema->field_count + 1) * sizeof *names);
    for (size_t i = 0; i < schema->field_count; i++)
        names[i] = schema->fields[i].name;
    const char *title = block_title(arena, schema, block);
    const char *near = did_you_mean(arena, key->text, names);
    if (near[0])
        complain(loader->complaints, key->at, "unknown key '%.*s' in %s%s",
                 SLICE_ARG(key->text), title, near);
    else
        complain(loader->complaints, key->at,
                 "unknown key '%.*s' in %s; it can have: %s", SLICE_ARG(key->text),
                 title, names_join(arena, names));
}

static bool is_list(enum field_type type)
{
    return type == FIELD_TEXTS || type == FIELD_PAIRS || type == FIELD_BLOCKS;
}

static size_t value_size(enum field_type type)
{
    static const size_t sizes[] = {
        [FIELD_TEXT] = sizeof(struct conf_text),
        [FIELD_TEXTS] = sizeof(struct conf_texts),
        [FIELD_BOOL] = sizeof(bool),
        [FIELD_COUNT] = sizeof(int64_t),
        [FIELD_DURATION] = sizeof(int64_t),
        [FIELD_SIZE] = sizeof(int64_t),
        [FIELD_CHOICE] = sizeof(int),
        [FIELD_PAIRS] = sizeof(struct conf_pairs),
        [FIELD_BLOCK] = sizeof(void *),
        [FIELD_BLOCKS] = sizeof(struct conf_blocks),
        [FIELD_NODE] = sizeof(void *),
    };
    return sizes[type];
}

/** Load one key of a block; @before is what earlier files said of the same block. */
static void load_key(const struct loader *loader, const struct field *field,
                     const struct yaml_node *const *pair,
                     const struct yaml_node *before, void *value)
{
    const struct yaml_node *earlier = before ? yaml_find(before, pair[0]->text) : NULL;
    if (pair[1]->is_refused)
        return;
    if (earlier && !is_list(field->type)) {
        complain(loader->complaints, pair[0]->at, "'%s' is set already in %s:%u",
                 field->name, earlier->at.source->name, earlier->at.line);
        return;
    }
    /* A list replaces its default and adds to what another file says. */
    if (!earlier && is_list(field->type))
        memset(value, 0, value_size(field->type));
    if (field_load(loader, field, pair[1], value) && field->check)
        field->check(field, value, pair[1], loader->complaints);
}

static void check_required(const struct loader *loader, const struct schema *schema,
                           const struct yaml_node *node)
{
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct field *field = &schema->fields[i];
        if (!field->is_required || yaml_find(node, slice_of(field->name)))
            continue;
        complain(loader->complaints, node->at, "the key '%s' is missing in %s",
                 field->name, block_title(loader->complaints->arena, schema, node));
    }
}

/** Both maps as one, at the place of the first. */
static const struct yaml_node *maps_join(struct arena *arena,
                                         const struct yaml_node *first,
                                         const struct yaml_node *second)
{
    struct yaml_node *both = arena_zalloc(arena, sizeof *both);
    size_t size = sizeof *both->items;
    *both = *first;
    both->count = first->count + second->count;
    both->items = arena_zalloc(arena, both->count * size);
    if (first->count > 0)
        memcpy(both->items, first->items, first->count * size);
    if (second->count > 0)
        memcpy(both->items + first->count, second->items, second->count * size);
    return both;
}

static void load_keys(const struct loader *loader, const struct schema *schema,
                      const struct yaml_node *node, void *into)
{
    const struct yaml_node **own = (void *)((char *)into + schema->node_offset);
    for (size_t i = 0; i + 1 < node->count; i += 2) {
        const struct yaml_node *const *pair =
            (const struct yaml_node *const *)node->items + i;
        const struct field *field = field_find(schema, pair[0]->text);
        if (field)
            load_key(loader, field, pair, *own, (char *)into + field->offset);
        else
            refuse_key(loader, schema, node, pair[0]);
    }
    if (!*own)
        check_required(loader, schema, node);
    *own = *own ? maps_join(loader->complaints->arena, *own, node) : node;
}

static bool load_block(const struct loader *loader, const struct field *field,
                       const struct yaml_node *node, void **value)
{
    if (node->kind != YAML_MAP) {
        value_refuse(loader, field, node, "");
        return false;
    }
    void *into = arena_zalloc(loader->complaints->arena, field->sub->size);
    schema_defaults(field->sub, into, loader->complaints);
    load_keys(loader, field->sub, node, into);
    *value = into;
    return true;
}

static bool load_item(const struct loader *loader, const struct field *field,
                      const struct yaml_node *node, struct conf_blocks *value)
{
    const struct schema *sub = field->sub;
    if (node->is_refused)
        return false;
    if (node->kind != YAML_MAP) {
        complain(loader->complaints, node->at,
                 "%s: each item is a %s, a map of keys like '- name: ...'", field->name,
                 sub->name);
        return false;
    }
    value->items = array_with_room(loader->complaints->arena, value->items,
                                   value->count, sub->size);
    void *into = (char *)value->items + value->count * sub->size;
    memset(into, 0, sub->size);
    value->count++;
    schema_defaults(sub, into, loader->complaints);
    load_keys(loader, sub, node, into);
    return true;
}

static bool load_blocks(const struct loader *loader, const struct field *field,
                        const struct yaml_node *node, struct conf_blocks *value)
{
    bool is_good = true;
    if (node->kind != YAML_LIST) {
        value_refuse(loader, field, node,
                     node->kind == YAML_MAP ? "; put '- ' before each item" : "");
        return false;
    }
    for (size_t i = 0; i < node->count; i++)
        is_good = load_item(loader, field, node->items[i], value) && is_good;
    return is_good;
}

static bool field_load(const struct loader *loader, const struct field *field,
                       const struct yaml_node *node, void *value)
{
    if (field->type == FIELD_BLOCK)
        return load_block(loader, field, node, value);
    if (field->type == FIELD_BLOCKS)
        return load_blocks(loader, field, node, value);
    if (field->type == FIELD_NODE) {
        *(const struct yaml_node **)value = node;
        return true;
    }
    return value_load(loader, field, node, value);
}

/** Most defaults are one word and need no YAML parser; and a default like {{line}} is
 *  no map where a text is wanted. */
static const struct yaml_node *default_node(const struct field *field,
                                            struct complaints *complaints)
{
    struct slice text = slice_of(field->def);
    const char *signs = is_list(field->type) || field->sub ? "[{'\"" : "'\"";
    if (text.len > 0 && strchr(signs, text.ptr[0])) {
        struct source_text *source = arena_zalloc(complaints->arena, sizeof *source);
        *source = (struct source_text){ "default", text };
        return yaml_parse(source, complaints);
    }
    struct yaml_node *node = arena_zalloc(complaints->arena, sizeof *node);
    *node = (struct yaml_node){ .kind = YAML_TEXT, .is_plain = true, .text = text };
    return node;
}

bool field_load_default(const struct field *field, void *value,
                        struct complaints *complaints)
{
    const struct loader loader = { .complaints = complaints, .is_default = true };
    const struct yaml_node *node = default_node(field, complaints);
    return node && field_load(&loader, field, node, value);
}

void schema_defaults(const struct schema *schema, void *into,
                     struct complaints *complaints)
{
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct field *field = &schema->fields[i];
        if (!field->def)
            continue;
        bool is_good =
            field_load_default(field, (char *)into + field->offset, complaints);
        must(is_good);
    }
}

void schema_load(const struct schema *schema, const struct yaml_node *node, void *into,
                 const char *(*env)(const char *name), struct complaints *complaints)
{
    const struct loader loader = { .env = env, .complaints = complaints };
    const struct yaml_node **own = (void *)((char *)into + schema->node_offset);
    if (!*own)
        schema_defaults(schema, into, complaints);
    if (node->kind == YAML_MAP) {
        load_keys(&loader, schema, node, into);
        return;
    }
    if (!node->is_refused)
        complain(complaints, node->at,
                 "expected a map of keys ('key: value') for the %s", schema->name);
    if (!*own)
        *own = node;
}
