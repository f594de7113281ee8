/**
 * Variables are expanded after YAML was parsed and only once, so that what a variable
 * holds is always text: it can break neither the structure of the file nor refer to
 * another one.
 */
#include "agent/base/schema_expand.h"

#include <ctype.h>

#include "agent/base/limits.h"

/** One expansion under way. */
struct expansion {
    const struct loader *loader;
    const struct yaml_node *node;
    struct buf out;
    size_t at;
};

static size_t name_length(struct slice s)
{
    size_t length = 0;
    while (length < s.len &&
           (isalpha((unsigned char)s.ptr[length]) || s.ptr[length] == '_' ||
            (length > 0 && isdigit((unsigned char)s.ptr[length]))))
        length++;
    return length;
}

static bool refuse(const struct expansion *expansion, size_t width,
                   const char *sentence)
{
    struct place at = yaml_place_inside(expansion->node, expansion->at);
    if (at.width <= 1)
        at.width = (uint32_t)width;
    complain(expansion->loader->complaints, at, "%s", sentence);
    return false;
}

/** Expand the variable at "${". @return false after a complaint. */
static bool put_variable(struct expansion *expansion)
{
    struct slice text = expansion->node->text;
    struct slice rest =
        slice_make(text.ptr + expansion->at + 2, text.len - expansion->at - 2);
    size_t length = name_length(rest), end = slice_find(rest, SLICE("}"));
    struct slice behind = slice_make(rest.ptr + length, rest.len - length);
    bool has_default = slice_starts(behind, SLICE(":-"));
    if (length == 0 || end == SIZE_MAX || (end != length && !has_default))
        return refuse(
            expansion, 2,
            "'${' starts a variable, ${NAME} or ${NAME:-default}; write \\${ for "
            "the text itself");
    struct arena *arena = expansion->loader->complaints->arena;
    const char *name = arena_text(arena, slice_make(rest.ptr, length));
    const char *value = expansion->loader->env ? expansion->loader->env(name) : NULL;
    if (!has_default && !value)
        return refuse(
            expansion, end + 3,
            arena_printf(arena,
                         "the environment variable '%s' is not set; set it, or "
                         "write ${%s:-default}",
                         name, name));
    /* As in the shell, ':-' also stands in for an empty value. */
    if (value && (value[0] || !has_default))
        buf_puts(&expansion->out, value);
    else
        buf_put(&expansion->out, slice_make(rest.ptr + length + 2, end - length - 2));
    expansion->at += end + 3;
    return true;
}

static bool put_all(struct expansion *expansion)
{
    struct slice text = expansion->node->text;
    while (expansion->at < text.len) {
        struct slice rest =
            slice_make(text.ptr + expansion->at, text.len - expansion->at);
        if (slice_starts(rest, SLICE("\\${"))) {
            buf_puts(&expansion->out, "${");
            expansion->at += 3;
        } else if (!slice_starts(rest, SLICE("${"))) {
            buf_putc(&expansion->out, rest.ptr[0]);
            expansion->at++;
        } else if (!put_variable(expansion)) {
            return false;
        }
    }
    if (expansion->out.overflowed)
        complain(expansion->loader->complaints, expansion->node->at,
                 "the value is larger than %d KiB when its variables are filled in",
                 LIMIT_CONFIG_BYTES / 1024);
    return !expansion->out.overflowed;
}

const struct yaml_node *value_expand(const struct loader *loader,
                                     const struct yaml_node *node)
{
    struct expansion expansion = { .loader = loader,
                                   .node = node,
                                   .out = buf_make(LIMIT_CONFIG_BYTES) };
    struct yaml_node *copy = NULL;
    if (loader->is_default || slice_find(node->text, SLICE("${")) == SIZE_MAX)
        return node;
    if (put_all(&expansion)) {
        copy = arena_zalloc(loader->complaints->arena, sizeof *copy);
        *copy = *node;
        copy->text = arena_slice(loader->complaints->arena, buf_slice(&expansion.out));
        copy->is_expanded = true;
    }
    buf_free(&expansion.out);
    return copy;
}
