/** Reads a condition from left to right; a mistake is complained about in place. */
#include "rules/where_parse.h"

struct place where_place(const struct conf_text *text, size_t offset, size_t width)
{
    if (!text->node)
        return (struct place){ 0 };
    struct place place = yaml_place_inside(text->node, offset);
    place.width = (uint32_t)width;
    return place;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_name_byte(char c)
{
    return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

static bool is_sign(char c)
{
    return c == '=' || c == '!' || c == '<' || c == '>' || c == '~';
}

static size_t skip_blanks(struct slice text, size_t at)
{
    while (at < text.len && (text.ptr[at] == ' ' || text.ptr[at] == '\t'))
        at++;
    return at;
}

static struct slice take_while(struct slice text, size_t at, bool (*fits)(char c))
{
    size_t end = at;
    while (end < text.len && fits(text.ptr[end]))
        end++;
    return slice_make(text.ptr + at, end - at);
}

static bool is_listed(struct slice word, const char *const *list)
{
    for (size_t i = 0; list[i]; i++)
        if (slice_equal(word, slice_of(list[i])))
            return true;
    return false;
}

/* What people write who come from other languages; too short to be guessed. */
static const char *usual_mistake(struct slice op)
{
    static const char *const pairs[][2] = {
        { "==", "=" },  { "===", "=" },  { "!==", "!=" }, { "<>", "!=" },
        { "=!", "!=" }, { "!", "!=" },   { "~", "=~" },   { "~=", "=~" },
        { "~~", "=~" }, { "!~=", "!~" }, { "~!", "!~" },  { "=>", ">=" },
        { "=<", "<=" }, { "=!~", "!~" }, { "==~", "=~" },
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (slice_equal(op, slice_of(pairs[i][0])))
            return pairs[i][1];
    return NULL;
}

static const char *remedy_for_op(struct slice op, const char *const *ops,
                                 struct arena *arena)
{
    const char *meant = usual_mistake(op);
    if (meant)
        return arena_printf(arena, ", did you mean '%s'?", meant);
    for (size_t len = op.len; len-- > 1;)
        if (is_listed(slice_make(op.ptr, len), ops))
            return arena_printf(
                arena, "; a value that begins with '%c' stands in double quotes",
                op.ptr[len]);
    const char *near = did_you_mean(arena, op, ops);
    return near[0] ? near : "; there are = != =~ !~ < <= > >= in_cidr in_file";
}

static bool check_op(const struct conf_text *text, const char *const *ops,
                     const struct where_parts *parts, struct complaints *complaints)
{
    if (parts->op.len == 0) {
        complain(complaints, where_place(text, parts->op_at, 1),
                 "an operator is expected behind '%.*s', as in 'user!=backup' or "
                 "'ip in_cidr 10.0.0.0/8'",
                 SLICE_ARG(parts->name));
        return false;
    }
    if (is_listed(parts->op, ops))
        return true;
    complain(complaints, where_place(text, parts->op_at, parts->op.len),
             "'%.*s' is no operator%s", SLICE_ARG(parts->op),
             remedy_for_op(parts->op, ops, complaints->arena));
    return false;
}

/* The closing quote of the value that opens at @at, or SIZE_MAX. */
static size_t find_quote(struct slice text, size_t at)
{
    for (size_t i = at + 1; i < text.len; i++) {
        if (text.ptr[i] == '\\')
            i++;
        else if (text.ptr[i] == '"')
            return i;
    }
    return SIZE_MAX;
}

static struct slice unescape(struct slice raw, struct arena *arena)
{
    char *out = arena_text(arena, raw);
    size_t len = 0;
    for (size_t i = 0; i < raw.len; i++) {
        bool is_escape = raw.ptr[i] == '\\' && i + 1 < raw.len &&
                         (raw.ptr[i + 1] == '\\' || raw.ptr[i + 1] == '"');
        if (is_escape)
            i++;
        out[len++] = raw.ptr[i];
    }
    return slice_make(out, len);
}

static bool parse_quoted(const struct conf_text *text, struct where_parts *parts,
                         struct complaints *complaints)
{
    struct slice all = text->value;
    size_t open = parts->value_at, close = find_quote(all, open);
    if (close == SIZE_MAX) {
        complain(
            complaints, where_place(text, open, 1),
            "the quoted value is not closed; write '\"' at its end, and \\\" for a "
            "quote inside");
        return false;
    }
    if (close + 1 < all.len) {
        complain(
            complaints, where_place(text, close + 1, all.len - close - 1),
            "nothing may stand behind the quoted value; write \\\" for a quote inside");
        return false;
    }
    parts->is_quoted = true;
    parts->value_at = open + 1;
    parts->value =
        unescape(slice_make(all.ptr + open + 1, close - open - 1), complaints->arena);
    return true;
}

bool where_parse(const struct conf_text *text, const char *const *ops,
                 struct where_parts *parts, struct complaints *complaints)
{
    struct conf_text own = *text;
    while (own.value.len > 0 && strchr(" \t\r\n", own.value.ptr[own.value.len - 1]))
        own.value.len--;
    struct slice all = own.value;
    *parts = (struct where_parts){ .name_at = skip_blanks(all, 0) };
    parts->name = take_while(all, parts->name_at, is_name_byte);
    if (parts->name.len == 0) {
        complain(complaints, where_place(text, parts->name_at, 1),
                 "a condition begins with the name of a field, as in 'user!=backup'");
        return false;
    }
    parts->op_at = skip_blanks(all, parts->name_at + parts->name.len);
    parts->op = take_while(all, parts->op_at, is_sign);
    if (parts->op.len == 0)
        parts->op = take_while(all, parts->op_at, is_letter);
    if (!check_op(&own, ops, parts, complaints))
        return false;
    parts->value_at = skip_blanks(all, parts->op_at + parts->op.len);
    if (parts->value_at < all.len && all.ptr[parts->value_at] == '"')
        return parse_quoted(&own, parts, complaints);
    parts->value = slice_make(all.ptr + parts->value_at, all.len - parts->value_at);
    return true;
}
