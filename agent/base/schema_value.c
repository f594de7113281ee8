/**
 * Values of configuration keys. YAML 1.1's guesses are not made: `no`, `1e3`, `0123`,
 * `12:30` and `~` are texts where a text is wanted and mistakes where a number is, and
 * the complaint names both what was wanted and what was found.
 */
#include "agent/base/schema_value.h"

#include "agent/base/must.h"
#include "agent/base/schema_expand.h"
#include "agent/base/text.h"

enum { SHOWN_MAX_BYTES = 60 };

int64_t field_min(const struct field *field)
{
    bool is_bounded = field->min != 0 || field->max != 0;
    return is_bounded || field->type != FIELD_COUNT ? field->min : INT64_MIN;
}

int64_t field_max(const struct field *field)
{
    return field->max > field->min || (field->max == field->min && field->max != 0)
               ? field->max
               : INT64_MAX;
}

static void put_size(struct buf *out, int64_t bytes)
{
    static const char *const units[] = { "B", "KiB", "MiB", "GiB" };
    size_t unit = 0;
    for (; unit < 3 && bytes != 0 && bytes % 1024 == 0; unit++)
        bytes /= 1024;
    buf_printf(out, "%lld%s", (long long)bytes, units[unit]);
}

void field_put_amount(struct buf *out, const struct field *field, int64_t amount)
{
    if (field->type == FIELD_DURATION)
        text_put_duration(out, amount);
    else if (field->type == FIELD_SIZE)
        put_size(out, amount);
    else
        buf_printf(out, "%lld", (long long)amount);
}

const char *names_join(struct arena *arena, const char *const *names)
{
    struct buf out = buf_make(4096);
    for (size_t i = 0; names[i]; i++)
        buf_printf(&out, "%s%s", i ? ", " : "", names[i]);
    const char *joined = arena_text(arena, buf_slice(&out));
    buf_free(&out);
    return joined;
}

const char *field_wants(struct arena *arena, const struct field *field)
{
    static const char *const wants[] = {
        [FIELD_TEXT] = "a text",
        [FIELD_TEXTS] = "a text or a list of texts",
        [FIELD_BOOL] = "true or false",
        [FIELD_COUNT] = "a whole number",
        [FIELD_DURATION] = "a duration like 30s or 5m",
        [FIELD_SIZE] = "a size like 64KiB or 10MiB",
        [FIELD_PAIRS] = "a map of texts, like {name: value}",
        [FIELD_NODE] = "any YAML",
    };
    if (field->type == FIELD_CHOICE)
        return arena_printf(arena, "one of: %s", names_join(arena, field->choices));
    if (field->type == FIELD_BLOCK)
        return arena_printf(arena, "a map with the keys of a %s", field->sub->name);
    if (field->type == FIELD_BLOCKS)
        return arena_printf(arena, "a list with an item for each %s", field->sub->name);
    return wants[field->type];
}

/* --- complaints ------------------------------------------------------------------ */

/** "the number 30", "the text 'soon'", "a list". */
static const char *found(struct arena *arena, const struct field *field,
                         const struct yaml_node *node)
{
    int64_t number;
    struct slice shown = text_cut(node->text, SHOWN_MAX_BYTES);
    const char *more = shown.len < node->text.len ? "..." : "";
    if (node->kind != YAML_TEXT)
        return node->kind == YAML_LIST ? "a list" : "a map";
    if (node->is_plain && node->text.len == 0)
        return "nothing";
    if (field->is_secret)
        return "a text";
    if (node->is_plain && slice_to_int(node->text, &number))
        return arena_printf(arena, "the number %.*s%s", SLICE_ARG(shown), more);
    return arena_printf(arena, "the %stext '%.*s'%s", node->is_plain ? "" : "quoted ",
                        SLICE_ARG(shown), more);
}

void value_refuse(const struct loader *loader, const struct field *field,
                  const struct yaml_node *node, const char *hint)
{
    struct arena *arena = loader->complaints->arena;
    complain(loader->complaints, node->at, "%s: expected %s, found %s%s", field->name,
             field_wants(arena, field), found(arena, field, node), hint);
}

static bool is_word(struct slice text, const char *const *words)
{
    for (; *words; words++)
        if (slice_equal_nocase(text, slice_of(*words)))
            return true;
    return false;
}

static const char *bool_hint(const struct yaml_node *node)
{
    static const char *const yes[] = { "true", "yes", "on", "y", "1", NULL };
    static const char *const no[] = { "false", "no", "off", "n", "0", NULL };
    if (node->kind == YAML_TEXT && !node->is_plain &&
        (slice_equal(node->text, SLICE("true")) ||
         slice_equal(node->text, SLICE("false"))))
        return "; take the quotes off";
    if (node->kind == YAML_TEXT && is_word(node->text, yes))
        return "; write true";
    return node->kind == YAML_TEXT && is_word(node->text, no) ? "; write false" : "";
}

/** Digits and nothing else? */
static bool is_digits(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
    return text.len > 0;
}

static const char *amount_hint(struct arena *arena, const struct field *field,
                               const struct yaml_node *node)
{
    int64_t number;
    if (node->kind != YAML_TEXT || node->text.len > 20)
        return "";
    if (field->type == FIELD_COUNT && is_digits(node->text))
        return node->text.ptr[0] == '0' && node->text.len > 1
                   ? "; leave the leading zeros out"
               : node->is_plain ? "; it is too large"
                                : "; take the quotes off";
    if (field->type == FIELD_COUNT || !slice_to_int(node->text, &number))
        return "";
    if (number < 0)
        return "; it cannot be negative";
    return arena_printf(arena, "; it needs its unit: %lld%s", (long long)number,
                        field->type == FIELD_SIZE ? "B" : "s");
}

/* --- amounts --------------------------------------------------------------------- */

static bool amount_is_bounded(const struct loader *loader, const struct field *field,
                              const struct yaml_node *node, int64_t amount)
{
    bool is_small = amount < field_min(field);
    struct buf text = buf_make(128);
    if (!is_small && amount <= field_max(field))
        return true;
    field_put_amount(&text, field, is_small ? field_min(field) : field_max(field));
    complain(loader->complaints, node->at, "%s: '%.*s' is too %s; the %s is %s",
             field->name, SLICE_ARG(text_cut(node->text, SHOWN_MAX_BYTES)),
             is_small ? "small" : "large", is_small ? "smallest" : "largest", text.ptr);
    buf_free(&text);
    return false;
}

/** Decimal, without the leading zeros that mean octal elsewhere. */
static bool text_to_count(const struct yaml_node *node, int64_t *count)
{
    struct slice digits = node->text;
    if (digits.len > 0 && digits.ptr[0] == '-')
        digits = slice_make(digits.ptr + 1, digits.len - 1);
    if (digits.len > 1 && digits.ptr[0] == '0')
        return false;
    return (node->is_plain || node->is_expanded) && slice_to_int(node->text, count);
}

static bool load_amount(const struct loader *loader, const struct field *field,
                        const struct yaml_node *node, int64_t *value)
{
    int64_t amount = 0;
    bool is_good = node->kind == YAML_TEXT;
    if (field->type == FIELD_COUNT)
        is_good = is_good && text_to_count(node, &amount);
    else if (field->type == FIELD_DURATION)
        is_good = is_good && text_to_duration(node->text, &amount);
    else
        is_good = is_good && text_to_size(node->text, &amount);
    if (!is_good) {
        value_refuse(loader, field, node,
                     amount_hint(loader->complaints->arena, field, node));
        return false;
    }
    if (!amount_is_bounded(loader, field, node, amount))
        return false;
    *value = amount;
    return true;
}

static bool load_bool(const struct loader *loader, const struct field *field,
                      const struct yaml_node *node, bool *value)
{
    bool is_text = node->kind == YAML_TEXT && (node->is_plain || node->is_expanded);
    bool is_true = is_text && slice_equal(node->text, SLICE("true"));
    if (!is_true && !(is_text && slice_equal(node->text, SLICE("false")))) {
        value_refuse(loader, field, node, bool_hint(node));
        return false;
    }
    *value = is_true;
    return true;
}

static bool load_choice(const struct loader *loader, const struct field *field,
                        const struct yaml_node *node, int *value)
{
    for (int i = 0; field->choices[i] && node->kind == YAML_TEXT; i++) {
        if (!slice_equal(node->text, slice_of(field->choices[i])))
            continue;
        *value = i;
        return true;
    }
    const char *near =
        node->kind == YAML_TEXT
            ? did_you_mean(loader->complaints->arena, node->text, field->choices)
            : "";
    value_refuse(loader, field, node, near);
    return false;
}

/* --- texts ----------------------------------------------------------------------- */

static bool has_nul(const struct loader *loader, const struct yaml_node *node)
{
    if (!memchr(node->text.ptr, '\0', node->text.len))
        return false;
    complain(loader->complaints, node->at,
             "a NUL byte in a text; in a pattern write \\x00 inside single quotes");
    return true;
}

static bool load_text(const struct loader *loader, const struct field *field,
                      const struct yaml_node *node, struct conf_text *value)
{
    if (node->kind != YAML_TEXT || (node->is_plain && node->text.len == 0)) {
        value_refuse(loader, field, node,
                     node->kind == YAML_TEXT && !node->is_expanded
                         ? "; write '' for an empty text"
                         : "");
        return false;
    }
    if (has_nul(loader, node))
        return false;
    *value = (struct conf_text){
        .value = node->text,
        .node = loader->is_default ? NULL : node,
    };
    return true;
}

void *array_with_room(struct arena *arena, void *items, size_t count, size_t size)
{
    bool is_full = (count & (count - 1)) == 0; /* the room is always a power of two */
    if (!is_full)
        return items;
    void *larger = arena_zalloc(arena, (count ? count * 2 : 1) * size);
    if (count > 0)
        memcpy(larger, items, count * size);
    return larger;
}

static bool load_into_texts(const struct loader *loader, const struct field *field,
                            const struct yaml_node *node, struct conf_texts *value)
{
    struct conf_text text = { 0 };
    const struct yaml_node *expanded = node;
    if (node->is_refused)
        return false;
    if (node->kind == YAML_TEXT)
        expanded = value_expand(loader, node);
    if (!expanded || !load_text(loader, field, expanded, &text))
        return false;
    value->items = array_with_room(loader->complaints->arena, value->items,
                                   value->count, sizeof *value->items);
    value->items[value->count++] = text;
    return true;
}

static bool load_texts(const struct loader *loader, const struct field *field,
                       const struct yaml_node *node, struct conf_texts *value)
{
    bool is_good = true;
    if (node->kind != YAML_LIST)
        return load_into_texts(loader, field, node, value);
    for (size_t i = 0; i < node->count; i++)
        is_good = load_into_texts(loader, field, node->items[i], value) && is_good;
    return is_good;
}

static bool load_pair(const struct loader *loader, const struct field *field,
                      const struct yaml_node *const *pair, struct conf_pairs *value)
{
    struct conf_pair loaded = { .name = { pair[0]->text, pair[0] } };
    const struct yaml_node *node = pair[1];
    if (node->is_refused || has_nul(loader, pair[0]))
        return false;
    if (node->kind == YAML_TEXT)
        node = value_expand(loader, node);
    if (!node || !load_text(loader, field, node, &loaded.value))
        return false;
    if (loader->is_default)
        loaded.name.node = NULL;
    value->items = array_with_room(loader->complaints->arena, value->items,
                                   value->count, sizeof *value->items);
    value->items[value->count++] = loaded;
    return true;
}

static bool load_pairs(const struct loader *loader, const struct field *field,
                       const struct yaml_node *node, struct conf_pairs *value)
{
    bool is_good = true;
    if (node->kind != YAML_MAP) {
        value_refuse(loader, field, node, "");
        return false;
    }
    for (size_t i = 0; i + 1 < node->count; i += 2)
        is_good = load_pair(loader, field,
                            (const struct yaml_node *const *)node->items + i, value) &&
                  is_good;
    return is_good;
}

bool value_load(const struct loader *loader, const struct field *field,
                const struct yaml_node *node, void *value)
{
    if (field->type == FIELD_TEXTS)
        return load_texts(loader, field, node, value);
    if (field->type == FIELD_PAIRS)
        return load_pairs(loader, field, node, value);
    if (node->kind == YAML_TEXT)
        node = value_expand(loader, node);
    if (!node)
        return false;
    switch (field->type) {
    case FIELD_TEXT:
        return load_text(loader, field, node, value);
    case FIELD_BOOL:
        return load_bool(loader, field, node, value);
    case FIELD_CHOICE:
        return load_choice(loader, field, node, value);
    case FIELD_COUNT:
    case FIELD_DURATION:
    case FIELD_SIZE:
        return load_amount(loader, field, node, value);
    default:
        must(!"a block is no value");
        return false;
    }
}
