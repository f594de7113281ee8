/**
 * The JSON Schema of a configuration, from its tables. Wherever a value is not a text
 * it may also be a text with a `${NAME}` in it, as the loader expands it.
 */
#include "agent/base/schema_doc.h"
#include "agent/base/schema_value.h"

static const char variable[] = "{\"type\":\"string\",\"pattern\":\"\\\\$\\\\{\"}";
/* Editors read YAML's guesses as numbers; tocsin takes them as the texts they are. */
static const char any_text[] = "\"type\":[\"string\",\"number\",\"boolean\",\"null\"]";
static const char duration_pattern[] =
    "^(0|([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?)$";
static const char size_pattern[] = "^[0-9]+([KMGT]i?)?B$";

static void put_object(struct buf *out, const struct schema *schema, int depth);

static void put_string(struct buf *out, const char *text)
{
    buf_putc(out, '"');
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            buf_printf(out, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            buf_printf(out, "\\u%04x", c);
        else
            buf_putc(out, (char)c);
    }
    buf_putc(out, '"');
}

static void put_count(struct buf *out, const struct field *field)
{
    buf_puts(out, "\"anyOf\":[{\"type\":\"integer\"");
    if (field_min(field) != INT64_MIN)
        buf_printf(out, ",\"minimum\":%lld", (long long)field_min(field));
    if (field_max(field) != INT64_MAX)
        buf_printf(out, ",\"maximum\":%lld", (long long)field_max(field));
    buf_printf(out, "},%s]", variable);
}

static void put_choice(struct buf *out, const struct field *field)
{
    buf_puts(out, "\"anyOf\":[{\"enum\":[");
    for (size_t i = 0; field->choices[i]; i++) {
        if (i > 0)
            buf_putc(out, ',');
        put_string(out, field->choices[i]);
    }
    buf_printf(out, "]},%s]", variable);
}

static void put_type(struct buf *out, const struct field *field, int depth)
{
    switch (field->type) {
    case FIELD_TEXT:
        buf_puts(out, any_text);
        break;
    case FIELD_TEXTS:
        buf_printf(out, "\"anyOf\":[{%s},{\"type\":\"array\",\"items\":{%s}}]",
                   any_text, any_text);
        break;
    case FIELD_BOOL:
        buf_printf(out, "\"anyOf\":[{\"type\":\"boolean\"},%s]", variable);
        break;
    case FIELD_COUNT:
        put_count(out, field);
        break;
    case FIELD_DURATION:
        buf_printf(out,
                   "\"anyOf\":[{\"type\":\"string\",\"pattern\":\"%s\"},"
                   "{\"const\":0},%s]",
                   duration_pattern, variable);
        break;
    case FIELD_SIZE:
        buf_printf(out, "\"anyOf\":[{\"type\":\"string\",\"pattern\":\"%s\"},%s]",
                   size_pattern, variable);
        break;
    case FIELD_CHOICE:
        put_choice(out, field);
        break;
    case FIELD_PAIRS:
        buf_printf(out, "\"type\":\"object\",\"additionalProperties\":{%s}", any_text);
        break;
    case FIELD_BLOCK:
        put_object(out, field->sub, depth + 1);
        break;
    case FIELD_BLOCKS:
        buf_puts(out, "\"type\":\"array\",\"items\":{");
        put_object(out, field->sub, depth + 1);
        buf_putc(out, '}');
        break;
    case FIELD_NODE:
        buf_puts(out, "\"title\":\"any\"");
        break;
    }
}

/** A default that is a list has no place in one JSON string. */
static void put_default(struct buf *out, const struct field *field)
{
    bool is_bare = field->type == FIELD_BOOL || field->type == FIELD_COUNT;
    bool is_one =
        field->type != FIELD_TEXTS && field->type != FIELD_PAIRS && !field->sub;
    if (!field->def || !is_one || strchr("'\"", field->def[0]))
        return;
    buf_puts(out, ",\"default\":");
    if (is_bare)
        buf_puts(out, field->def);
    else
        put_string(out, field->def);
}

static void put_property(struct buf *out, const struct field *field, int depth)
{
    put_string(out, field->name);
    buf_puts(out, ":{");
    put_type(out, field, depth);
    /* A block brings the description of its own table. */
    if (field->type != FIELD_BLOCK) {
        buf_puts(out, ",\"description\":");
        put_string(out, field->doc);
    }
    put_default(out, field);
    buf_putc(out, '}');
}

static void put_required(struct buf *out, const struct schema *schema)
{
    bool is_first = true;
    for (size_t i = 0; i < schema->field_count; i++) {
        if (!schema->fields[i].is_required)
            continue;
        buf_puts(out, is_first ? ",\"required\":[" : ",");
        put_string(out, schema->fields[i].name);
        is_first = false;
    }
    if (!is_first)
        buf_putc(out, ']');
}

/** The inside of an object's schema, without its braces. */
static void put_object(struct buf *out, const struct schema *schema, int depth)
{
    buf_puts(out, "\"type\":\"object\",\"description\":");
    put_string(out, schema->doc);
    buf_puts(out, ",\"additionalProperties\":false,\"properties\":{");
    for (size_t i = 0; i < schema->field_count && depth <= SCHEMA_MAX_DEPTH; i++) {
        buf_puts(out, i ? ",\n" : "\n");
        put_property(out, &schema->fields[i], depth);
    }
    buf_putc(out, '}');
    put_required(out, schema);
}

void schema_put_json_schema(const struct schema *schema, struct buf *out)
{
    buf_puts(out,
             "{\"$schema\":\"http://json-schema.org/draft-07/schema#\",\"title\":");
    put_string(out, schema->name);
    buf_putc(out, ',');
    put_object(out, schema, 0);
    buf_puts(out, "}\n");
}
