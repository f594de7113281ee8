/** The man page of a configuration, from its tables. */
#include "agent/base/schema_doc.h"
#include "agent/base/schema_value.h"

static const char values_text[] =
    ".SH VALUES\n"
    "The file is YAML, in UTF\\-8 and at most 1 MiB large. Unknown keys, keys that "
    "stand\n"
    "twice, anchors, aliases and tags are refused. A value is taken as it stands: "
    "where a\n"
    "text is wanted, \\fBno\\fR, \\fB12:30\\fR and \\fB1e3\\fR are texts.\n"
    ".TP\n"
    ".I duration\n"
    "Numbers with a unit: \\fB250ms\\fR, \\fB90s\\fR, \\fB15m\\fR, \\fB4h\\fR, "
    "\\fB7d\\fR,\n"
    "or several from large to small: \\fB1h30m\\fR.\n"
    ".TP\n"
    ".I size\n"
    "A number with a unit: \\fB512B\\fR, \\fB64KiB\\fR, \\fB1MiB\\fR; \\fBKB\\fR and\n"
    "\\fBMB\\fR count in thousands.\n"
    ".TP\n"
    ".I true or false\n"
    "These two words and no others.\n"
    ".TP\n"
    ".I text\n"
    "Put patterns and templates in single quotes: YAML gives \\fB[\\fR, \\fB{\\fR, "
    "\\fB*\\fR\n"
    "and \\fB\\e\\fR a meaning of its own elsewhere.\n"
    ".PP\n"
    "\\fB${NAME}\\fR in a value stands for an environment variable, "
    "\\fB${NAME:\\-text}\\fR\n"
    "for \\fItext\\fR when it is not set or empty, and \\fB\\e${\\fR for the two "
    "signs\n"
    "themselves.\n";

/** Text for roff: no byte of it is taken for a request or an escape. What stands
 *  between backticks is bold. */
static void put_roff(struct buf *out, const char *text)
{
    bool is_bold = false;
    for (const char *c = text; *c; c++) {
        if (c == text && (*c == '.' || *c == '\''))
            buf_puts(out, "\\&");
        if (*c == '`')
            buf_puts(out, (is_bold = !is_bold) ? "\\fB" : "\\fR");
        else if (*c == '\\')
            buf_puts(out, "\\e");
        else if (*c == '-')
            buf_puts(out, "\\-");
        else if (*c == '\'')
            buf_puts(out, "\\(aq");
        else
            buf_putc(out, *c == '\n' ? ' ' : *c);
    }
    if (is_bold)
        buf_puts(out, "\\fR");
}

static void put_type(struct buf *out, const struct field *field)
{
    static const char *const names[] = {
        [FIELD_TEXT] = "text",
        [FIELD_TEXTS] = "text or list of texts",
        [FIELD_BOOL] = "true or false",
        [FIELD_COUNT] = "number",
        [FIELD_DURATION] = "duration",
        [FIELD_SIZE] = "size",
        [FIELD_PAIRS] = "map of texts",
        [FIELD_BLOCK] = "block, see below",
        [FIELD_BLOCKS] = "list of blocks, see below",
        [FIELD_NODE] = "any YAML",
    };
    if (field->type != FIELD_CHOICE) {
        buf_puts(out, names[field->type]);
        return;
    }
    for (size_t i = 0; field->choices[i]; i++) {
        buf_puts(out, i ? ", " : "one of ");
        put_roff(out, field->choices[i]);
    }
}

static void put_bounds(struct buf *out, const struct field *field)
{
    bool is_amount = field->type == FIELD_COUNT || field->type == FIELD_DURATION ||
                     field->type == FIELD_SIZE;
    if (!is_amount)
        return;
    if (field_min(field) > 0 ||
        (field->min == 0 && field->max != 0 && field->type == FIELD_COUNT)) {
        buf_puts(out, "; at least ");
        field_put_amount(out, field, field_min(field));
    }
    if (field_max(field) != INT64_MAX) {
        buf_puts(out, "; at most ");
        field_put_amount(out, field, field_max(field));
    }
}

static void put_field(struct buf *out, const struct field *field)
{
    buf_puts(out, ".TP\n.B ");
    put_roff(out, field->name);
    buf_puts(out, "\n\\fI");
    put_type(out, field);
    buf_puts(out, "\\fR");
    put_bounds(out, field);
    if (field->is_required)
        buf_puts(out, "; required");
    if (field->def) {
        buf_puts(out, "; default: \\fB");
        put_roff(out, field->def[0] ? field->def : "(empty)");
        buf_puts(out, "\\fR");
    }
    buf_puts(out, "\n.br\n");
    put_roff(out, field->doc);
    buf_puts(out, "\n");
}

/** The keys of @schema, which stands at @path, then those of the blocks in it. */
static void put_section(struct buf *out, const struct schema *schema, const char *path,
                        int depth)
{
    if (depth == 0)
        buf_puts(out, ".SH KEYS\n");
    else
        buf_printf(out, ".SH THE KEYS OF %s\n", path);
    put_roff(out, schema->doc);
    buf_putc(out, '\n');
    for (size_t i = 0; i < schema->field_count; i++)
        put_field(out, &schema->fields[i]);
    for (size_t i = 0; i < schema->field_count && depth < SCHEMA_MAX_DEPTH; i++) {
        const struct field *field = &schema->fields[i];
        struct buf below = buf_make(1024);
        if (!field->sub)
            continue;
        buf_printf(&below, "%s%s%s", path, path[0] ? "." : "", field->name);
        put_section(out, field->sub, below.ptr, depth + 1);
        buf_free(&below);
    }
}

void schema_put_man(const struct schema *schema, const char *more, struct buf *out)
{
    buf_puts(
        out,
        ".TH TOCSIN.YAML 5 \"\" tocsin \"File formats\"\n"
        ".SH NAME\n"
        "tocsin.yaml \\- configuration of tocsin(1)\n"
        ".SH SYNOPSIS\n"
        ".I /etc/tocsin/tocsin.yaml\n"
        ".SH DESCRIPTION\n"
        "\\fBtocsin check\\fR finds every mistake in one run and says where it stands\n"
        "and what to do about it. \\fBtocsin schema\\fR prints a JSON Schema for\n"
        "editors.\n");
    buf_puts(out, values_text);
    put_section(out, schema, "", 0);
    buf_puts(out, more);
    buf_puts(out, ".SH SEE ALSO\n.BR tocsin (1)\n");
}
