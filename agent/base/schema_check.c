/** Is a table of configuration keys complete? What a compiler cannot see. */
#include "agent/base/schema_doc.h"
#include "agent/base/schema_value.h"

/** The table and the row that are looked at. */
struct spot {
    const struct schema *schema;
    const struct field *field;
    struct buf *problems;
};

static void report(const struct spot *spot, const char *problem)
{
    buf_printf(spot->problems, "%s%s%s: %s\n",
               spot->schema->name ? spot->schema->name : "(no name)",
               spot->field ? "." : "", spot->field ? spot->field->name : "", problem);
}

static bool is_key(const char *name)
{
    const char *c = name;
    while ((*c >= 'a' && *c <= 'z') || *c == '_' ||
           (c > name && *c >= '0' && *c <= '9'))
        c++;
    return *name && !*c;
}

/** A doc is a sentence. */
static bool is_sentence(const char *doc)
{
    size_t len = doc ? strlen(doc) : 0;
    return len > 1 && doc[len - 1] == '.';
}

static void check_default(const struct spot *spot)
{
    union {
        struct conf_text text;
        struct conf_texts texts;
        struct conf_pairs pairs;
        struct conf_blocks blocks;
        int64_t amount;
        int choice;
        bool is_true;
        void *block;
    } value = { 0 };
    struct arena arena = { 0 };
    struct complaints complaints = { .arena = &arena };
    if (!field_load_default(spot->field, &value, &complaints))
        report(spot, complaints.count > 0 ? complaints.items[0].text
                                          : "the default does not load");
    complaints_free(&complaints);
    arena_free(&arena);
}

static void check_field(const struct spot *spot)
{
    const struct field *field = spot->field;
    bool is_block = field->type == FIELD_BLOCK || field->type == FIELD_BLOCKS;
    bool is_amount = field->type == FIELD_COUNT || field->type == FIELD_DURATION ||
                     field->type == FIELD_SIZE;
    if (!is_key(field->name))
        report(spot, "a key has small letters, digits and '_'");
    if (!is_sentence(field->doc))
        report(spot, "the doc is no sentence");
    if ((field->type == FIELD_CHOICE) != (field->choices && field->choices[0]))
        report(spot, "choices and type do not fit");
    if (is_block != (field->sub != NULL))
        report(spot, "sub-schema and type do not fit");
    if (!is_amount && (field->min != 0 || field->max != 0))
        report(spot, "only amounts have bounds");
    if (field_min(field) > field_max(field) ||
        (field->max != 0 && field->max < field->min))
        report(spot, "the bounds leave nothing");
    if (field->offset >= spot->schema->size)
        report(spot, "the member is outside of the struct");
    if (field->is_required && field->def)
        report(spot, "what is required has no default");
    bool can_load =
        (field->type != FIELD_CHOICE || field->choices) && (!is_block || field->sub);
    if (field->def && can_load)
        check_default(spot);
}

static void check_twins(const struct spot *spot)
{
    for (const struct field *other = spot->schema->fields; other < spot->field;
         other++) {
        if (strcmp(other->name, spot->field->name) == 0)
            report(spot, "the name stands twice");
        if (other->offset == spot->field->offset)
            report(spot, "two keys share a member");
    }
}

static void check_below(const struct schema *schema, struct buf *problems, int depth)
{
    struct spot spot = { .schema = schema, .problems = problems };
    if (!schema->name || !schema->name[0])
        report(&spot, "the table has no name");
    if (!is_sentence(schema->doc))
        report(&spot, "the doc is no sentence");
    if (schema->node_offset + sizeof(void *) > schema->size)
        report(&spot, "the node is outside of the struct");
    if (depth == SCHEMA_MAX_DEPTH) {
        report(&spot, "blocks are nested too deeply");
        return;
    }
    for (size_t i = 0; i < schema->field_count; i++) {
        spot.field = &schema->fields[i];
        check_field(&spot);
        check_twins(&spot);
        if (spot.field->sub)
            check_below(spot.field->sub, problems, depth + 1);
    }
}

bool schema_check(const struct schema *schema, struct buf *problems)
{
    size_t before = problems->len;
    check_below(schema, problems, 0);
    return problems->len == before && !problems->overflowed;
}
