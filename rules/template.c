/**
 * A template is compiled to a flat list of operations: a section is a jump over its
 * inside, so rendering needs no recursion and no depth.
 */
#include "rules/template.h"

#include "agent/base/limits.h"
#include "agent/base/text.h"

enum op_kind { OP_TEXT, OP_FIELD, OP_IF, OP_UNLESS, OP_END };

struct op {
    enum op_kind kind;
    struct slice text; /* of OP_TEXT: the text; else the name */
    size_t past;       /* of OP_IF and OP_UNLESS: the operation behind the inside */
};

struct template
{
    struct op *ops;
    size_t count;
    const struct conf_text *source;
};

/* --- compile ---------------------------------------------------------------------- */

/* A tag as it stands in the text; offsets are those of the whole text. */
struct tag {
    size_t begin, end; /* of "{{" and behind "}}" */
    char sigil;        /* '#', '^', '/', '!', ... or 0 for a plain field */
    struct slice name;
};

struct compiler {
    const struct conf_text *source;
    struct slice text;
    struct template *template;
    size_t open[LIMIT_TEMPLATE_DEPTH]; /* operations of the sections that are open */
    size_t open_count;
    struct complaints *complaints;
};

static struct place place_of(const struct conf_text *source, const char *at,
                             size_t width)
{
    if (!source->node)
        return (struct place){ 0 };
    struct place place =
        yaml_place_inside(source->node, (size_t)(at - source->value.ptr));
    place.width = (uint32_t)width;
    return place;
}

static struct op *add_op(struct compiler *compiler, enum op_kind kind,
                         struct slice text)
{
    struct op *op = &compiler->template->ops[compiler->template->count++];
    *op = (struct op){ .kind = kind, .text = text };
    return op;
}

static void add_text(struct compiler *compiler, size_t from, size_t to)
{
    if (to > from)
        add_op(compiler, OP_TEXT, slice_make(compiler->text.ptr + from, to - from));
}

static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '_' || c == '-' || c == '.';
}

static bool is_name(struct slice name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!is_name_byte(name.ptr[i]))
            return false;
    return name.len > 0;
}

/* Read the tag that begins at @begin. @return false after a complaint. */
static bool read_tag(struct compiler *compiler, size_t begin, struct tag *tag)
{
    const char *at = compiler->text.ptr + begin;
    struct slice rest = slice_make(at + 2, compiler->text.len - begin - 2);
    size_t len = slice_find(rest, SLICE("}}"));
    if (len == SIZE_MAX) {
        complain(compiler->complaints, place_of(compiler->source, at, 2),
                 "this '{{' is not closed; write '}}' behind the field's name");
        return false;
    }
    struct slice inside = slice_trim(slice_make(rest.ptr, len));
    *tag = (struct tag){ .begin = begin, .end = begin + 2 + len + 2 };
    if (inside.len > 0 && inside.ptr[0] && strchr("#^/!&>={", inside.ptr[0])) {
        tag->sigil = inside.ptr[0];
        inside = slice_trim(slice_make(inside.ptr + 1, inside.len - 1));
    }
    tag->name = inside;
    return true;
}

static bool check_tag(struct compiler *compiler, const struct tag *tag)
{
    const char *at = compiler->text.ptr + tag->begin;
    struct place place = place_of(compiler->source, at, tag->end - tag->begin);
    if (tag->sigil == '!')
        return true;
    if (tag->sigil && !strchr("#^/", tag->sigil)) {
        complain(compiler->complaints, place,
                 "'{{%c' is not known here; there are {{name}}, {{#name}}, {{^name}}, "
                 "{{/name}} and {{! comment}}",
                 tag->sigil);
        return false;
    }
    if (tag->name.len == 0) {
        complain(compiler->complaints, place, "this tag names no field");
        return false;
    }
    if (!is_name(tag->name)) {
        complain(
            compiler->complaints, place,
            "'%.*s' cannot be a field; a name is made of letters, digits, '_', '-' "
            "and '.'",
            SLICE_ARG(tag->name));
        return false;
    }
    return true;
}

static bool open_section(struct compiler *compiler, const struct tag *tag)
{
    if (compiler->open_count == LIMIT_TEMPLATE_DEPTH) {
        complain(compiler->complaints,
                 place_of(compiler->source, compiler->text.ptr + tag->begin,
                          tag->end - tag->begin),
                 "sections nest to depth %d, this one is deeper", LIMIT_TEMPLATE_DEPTH);
        return false;
    }
    compiler->open[compiler->open_count++] = compiler->template->count;
    add_op(compiler, tag->sigil == '#' ? OP_IF : OP_UNLESS, tag->name);
    return true;
}

static bool close_section(struct compiler *compiler, const struct tag *tag)
{
    struct place place = place_of(compiler->source, compiler->text.ptr + tag->begin,
                                  tag->end - tag->begin);
    if (compiler->open_count == 0) {
        complain(compiler->complaints, place,
                 "'{{/%.*s}}' closes a section that is not open", SLICE_ARG(tag->name));
        return false;
    }
    struct op *op = &compiler->template->ops[compiler->open[--compiler->open_count]];
    if (!slice_equal(op->text, tag->name)) {
        complain(compiler->complaints, place,
                 "'{{/%.*s}}' closes the section '%.*s'; write '{{/%.*s}}'",
                 SLICE_ARG(tag->name), SLICE_ARG(op->text), SLICE_ARG(op->text));
        return false;
    }
    add_op(compiler, OP_END, tag->name);
    op->past = compiler->template->count;
    return true;
}

static bool put_tag(struct compiler *compiler, const struct tag *tag)
{
    if (!check_tag(compiler, tag))
        return false;
    switch (tag->sigil) {
    case '!':
        return true;
    case '#':
    case '^':
        return open_section(compiler, tag);
    case '/':
        return close_section(compiler, tag);
    default:
        add_op(compiler, OP_FIELD, tag->name);
        return true;
    }
}

/* A section's or comment's tag alone on its line takes the line along (mustache(5)). */
static void widen_to_line(struct slice text, struct tag *tag)
{
    size_t begin = tag->begin, end = tag->end;
    while (begin > 0 && (text.ptr[begin - 1] == ' ' || text.ptr[begin - 1] == '\t'))
        begin--;
    while (end < text.len && (text.ptr[end] == ' ' || text.ptr[end] == '\t'))
        end++;
    bool is_first = begin == 0 || text.ptr[begin - 1] == '\n';
    bool is_last = end == text.len || text.ptr[end] == '\n';
    bool is_whole_text = begin == 0 && end == text.len;
    if (!is_first || !is_last || is_whole_text)
        return;
    tag->begin = begin;
    tag->end = end < text.len ? end + 1 : end;
}

static bool put_all(struct compiler *compiler)
{
    size_t at = 0;
    bool is_right = true;
    while (at < compiler->text.len) {
        struct slice rest =
            slice_make(compiler->text.ptr + at, compiler->text.len - at);
        size_t next = slice_find(rest, SLICE("{{"));
        if (next == SIZE_MAX)
            break;
        struct tag tag;
        if (!read_tag(compiler, at + next, &tag))
            return false;
        struct tag span = tag;
        if (tag.sigil)
            widen_to_line(compiler->text, &span);
        add_text(compiler, at, span.begin);
        is_right &= put_tag(compiler, &tag);
        at = span.end;
    }
    add_text(compiler, at, compiler->text.len);
    return is_right;
}

static bool check_closed(const struct compiler *compiler)
{
    if (compiler->open_count == 0)
        return true;
    const struct op *op =
        &compiler->template->ops[compiler->open[compiler->open_count - 1]];
    complain(compiler->complaints,
             place_of(compiler->source, op->text.ptr, op->text.len),
             "the section '%.*s' is not closed; write '{{/%.*s}}' behind it",
             SLICE_ARG(op->text), SLICE_ARG(op->text));
    return false;
}

/* Each tag makes one operation and at most one text before it. */
static size_t count_ops(struct slice text)
{
    size_t count = 1, at = 0, next = 0;
    while ((next = slice_find(slice_make(text.ptr + at, text.len - at), SLICE("{{"))) !=
           SIZE_MAX) {
        count += 2;
        at += next + 2;
    }
    return count;
}

const struct template *template_compile(const struct conf_text *text,
                                        struct arena *arena,
                                        struct complaints *complaints)
{
    struct template *template = arena_zalloc(arena, sizeof *template);
    struct conf_text *source = arena_zalloc(arena, sizeof *source);
    *source = *text;
    template->source = source;
    template->ops = arena_zalloc(arena, count_ops(text->value) * sizeof *template->ops);
    struct compiler compiler = { .source = source,
                                 .text = text->value,
                                 .template = template,
                                 .complaints = complaints };
    if (!put_all(&compiler) || !check_closed(&compiler))
        return NULL;
    return template;
}

bool template_is_plain(const struct template *template)
{
    return !template || template->count == 0 ||
           (template->count == 1 && template->ops[0].kind == OP_TEXT);
}

void template_names(const struct template *template,
                    void (*each)(void *ctx, struct slice name, struct place at),
                    void *ctx)
{
    for (size_t i = 0; template && i < template->count; i++) {
        const struct op *op = &template->ops[i];
        if (op->kind == OP_FIELD || op->kind == OP_IF || op->kind == OP_UNLESS)
            each(ctx, op->text, place_of(template->source, op->text.ptr, op->text.len));
    }
}

/* --- render ----------------------------------------------------------------------- */

static void put_cut(struct buf *out, struct slice text)
{
    size_t room = out->max_bytes - out->len;
    if (text.len <= room) {
        buf_put(out, text);
        return;
    }
    buf_put(out, text_cut(text, room));
    out->overflowed = true;
}

void template_render(const struct template *template,
                     struct slice (*look_up)(const void *ctx, struct slice name),
                     const void *ctx, struct buf *out)
{
    size_t at = 0;
    while (template && at < template->count && !out->overflowed) {
        const struct op *op = &template->ops[at++];
        bool is_section = op->kind == OP_IF || op->kind == OP_UNLESS;
        if (op->kind == OP_TEXT)
            put_cut(out, op->text);
        else if (op->kind == OP_FIELD)
            put_cut(out, look_up(ctx, op->text));
        else if (is_section && (look_up(ctx, op->text).len > 0) != (op->kind == OP_IF))
            at = op->past;
    }
}

bool template_is_one(const struct template *template,
                     struct slice (*look_up)(const void *ctx, struct slice name),
                     const void *ctx, size_t max_bytes, struct slice *text)
{
    *text = SLICE("");
    if (!template || template->count == 0)
        return true;
    const struct op *op = &template->ops[0];
    if (template->count > 1 || (op->kind != OP_TEXT && op->kind != OP_FIELD))
        return false;
    *text = op->kind == OP_TEXT ? op->text : look_up(ctx, op->text);
    if (text->len > max_bytes)
        *text = text_cut(*text, max_bytes);
    return true;
}
