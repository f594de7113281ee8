/**
 * An operator is one row: how its value is prepared once, and when it holds. Everything
 * that can be done at load is done there, so that a line costs a comparison.
 */
#include "rules/where.h"

#include "agent/base/map.h"
#include "rules/cidr.h"
#include "rules/decimal.h"
#include "rules/regex.h"
#include "rules/where_parse.h"

struct operator_row;

struct condition {
    const struct conf_text *source;
    struct where_parts parts;
    const struct operator_row *op;
    struct regex *regex;
    struct decimal number;
    struct cidr *cidrs;
    size_t cidr_count;
    struct map set;
};

struct where {
    struct condition *conditions;
    size_t count;
};

/* What the preparation of a value may need. */
struct where_context {
    const struct where_files *files;
    struct arena *arena;
    struct complaints *complaints;
};

struct operator_row {
    /* NULL: the value is taken as it is. @return false after a complaint. */
    bool (*prepare)(struct condition *condition, const struct where_context *context);
    /* One of the two; patterns need room. */
    bool (*holds)(const struct condition *condition, struct slice value);
    bool (*fits)(const struct condition *condition, struct slice value,
                 struct regex_room *room);
};

/* --- prepare ---------------------------------------------------------------------- */

static struct place value_place(const struct condition *condition)
{
    return where_place(condition->source, condition->parts.value_at,
                       condition->parts.value.len);
}

static bool prepare_regex(struct condition *condition,
                          const struct where_context *context)
{
    const struct where_parts *parts = &condition->parts;
    condition->regex = regex_compile_part(parts->value, condition->source->node,
                                          parts->value_at, true, context->complaints);
    return condition->regex != NULL;
}

static bool prepare_number(struct condition *condition,
                           const struct where_context *context)
{
    if (decimal_parse(condition->parts.value, &condition->number))
        return true;
    complain(
        context->complaints, value_place(condition),
        "'%.*s' compares numbers, but '%.*s' is none; a number is written as 5 or 0.5",
        SLICE_ARG(condition->parts.op), SLICE_ARG(condition->parts.value));
    return false;
}

static size_t count_parts(struct slice list)
{
    size_t count = 0;
    struct slice part;
    while (slice_next(&list, ',', &part))
        count++;
    return count;
}

static bool prepare_cidrs(struct condition *condition,
                          const struct where_context *context)
{
    struct slice list = condition->parts.value, part;
    condition->cidrs =
        arena_zalloc(context->arena, count_parts(list) * sizeof *condition->cidrs);
    while (slice_next(&list, ',', &part)) {
        if (cidr_parse(part, &condition->cidrs[condition->cidr_count++]))
            continue;
        complain(
            context->complaints, value_place(condition),
            "'%.*s' is no network; write it as 10.0.0.0/8 or 2001:db8::/32, several "
            "with commas between them",
            SLICE_ARG(slice_trim(part)));
        return false;
    }
    if (condition->cidr_count == 0)
        complain(context->complaints, value_place(condition),
                 "'in_cidr' names no network; write it as 10.0.0.0/8");
    return condition->cidr_count > 0;
}

static struct slice without_comment(struct slice line)
{
    for (size_t i = 0; i < line.len; i++) {
        bool begins = i == 0 || line.ptr[i - 1] == ' ' || line.ptr[i - 1] == '\t';
        if (line.ptr[i] == '#' && begins)
            return slice_make(line.ptr, i);
    }
    return line;
}

static bool prepare_file(struct condition *condition,
                         const struct where_context *context)
{
    struct slice bytes, line;
    struct err err = { 0 };
    const struct where_files *files = context->files;
    if (!files) {
        complain(context->complaints, value_place(condition),
                 "'in_file' can only be used in the 'where' of a rule");
        return false;
    }
    const char *path = arena_text(context->arena, condition->parts.value);
    if (!files->read(files->ctx, path, context->arena, &bytes, &err)) {
        complain(context->complaints, value_place(condition), "%s", err.text);
        return false;
    }
    while (slice_next(&bytes, '\n', &line)) {
        line = slice_trim(without_comment(line));
        if (line.len > 0)
            map_put(&condition->set, line, condition);
    }
    return true;
}

/* --- hold ------------------------------------------------------------------------- */

static bool is_equal(const struct condition *condition, struct slice value)
{
    return slice_equal(value, condition->parts.value);
}

static bool is_different(const struct condition *condition, struct slice value)
{
    return !is_equal(condition, value);
}

static bool is_match(const struct condition *condition, struct slice value,
                     struct regex_room *room)
{
    return regex_match_in(condition->regex, room, value, NULL, NULL) == REGEX_YES;
}

/* A value that PCRE2 gave up on counts as different: then the alarm is told. */
static bool is_no_match(const struct condition *condition, struct slice value,
                        struct regex_room *room)
{
    return !is_match(condition, value, room);
}

static bool compare(const struct condition *condition, struct slice value, int *order)
{
    struct decimal number;
    if (!decimal_parse(value, &number))
        return false;
    *order = decimal_compare(&number, &condition->number);
    return true;
}

static bool is_less(const struct condition *condition, struct slice value)
{
    int order;
    return compare(condition, value, &order) && order < 0;
}

static bool is_at_most(const struct condition *condition, struct slice value)
{
    int order;
    return compare(condition, value, &order) && order <= 0;
}

static bool is_more(const struct condition *condition, struct slice value)
{
    int order;
    return compare(condition, value, &order) && order > 0;
}

static bool is_at_least(const struct condition *condition, struct slice value)
{
    int order;
    return compare(condition, value, &order) && order >= 0;
}

static bool is_in_cidr(const struct condition *condition, struct slice value)
{
    for (size_t i = 0; i < condition->cidr_count; i++)
        if (cidr_has(&condition->cidrs[i], value))
            return true;
    return false;
}

static bool is_in_file(const struct condition *condition, struct slice value)
{
    return value.len > 0 && map_find(&condition->set, value) != NULL;
}

/* --- the operators ---------------------------------------------------------------- */

static const char *const operator_names[] = {
    "=", "!=", "=~", "!~", "<", "<=", ">", ">=", "in_cidr", "in_file", NULL
};

/* Parallel to operator_names. */
static const struct operator_row operators[] = {
    { NULL, is_equal, NULL },
    { NULL, is_different, NULL },
    { prepare_regex, NULL, is_match },
    { prepare_regex, NULL, is_no_match },
    { prepare_number, is_less, NULL },
    { prepare_number, is_at_most, NULL },
    { prepare_number, is_more, NULL },
    { prepare_number, is_at_least, NULL },
    { prepare_cidrs, is_in_cidr, NULL },
    { prepare_file, is_in_file, NULL },
};
_Static_assert(sizeof operators / sizeof *operators ==
                   sizeof operator_names / sizeof *operator_names - 1,
               "each operator has a name");

static const struct operator_row *find_operator(struct slice name)
{
    size_t i = 0;
    while (!slice_equal(name, slice_of(operator_names[i])))
        i++;
    return &operators[i];
}

static bool compile_condition(struct condition *condition,
                              const struct where_context *context)
{
    struct where_parts *parts = &condition->parts;
    if (!where_parse(condition->source, operator_names, parts, context->complaints))
        return false;
    condition->op = find_operator(parts->op);
    if (!condition->op->prepare)
        return true;
    if (parts->value.len == 0 && !parts->is_quoted) {
        complain(context->complaints,
                 where_place(condition->source, parts->op_at, parts->op.len),
                 "a value is expected behind '%.*s'", SLICE_ARG(parts->op));
        return false;
    }
    return condition->op->prepare(condition, context);
}

struct where *where_compile(const struct conf_texts *texts,
                            const struct where_files *files, struct arena *arena,
                            struct complaints *complaints)
{
    const struct where_context context = { files, arena, complaints };
    bool is_right = true;
    if (texts->count == 0)
        return NULL;
    struct where *where = arena_zalloc(arena, sizeof *where);
    where->count = texts->count;
    where->conditions = arena_zalloc(arena, where->count * sizeof *where->conditions);
    for (size_t i = 0; i < where->count; i++) {
        where->conditions[i].source = &texts->items[i];
        is_right &= compile_condition(&where->conditions[i], &context);
    }
    if (is_right)
        return where;
    where_free(where);
    return NULL;
}

void where_names(const struct where *where,
                 void (*each)(void *ctx, struct slice name, struct place at), void *ctx)
{
    for (size_t i = 0; where && i < where->count; i++) {
        const struct condition *condition = &where->conditions[i];
        const struct where_parts *parts = &condition->parts;
        each(ctx, parts->name,
             where_place(condition->source, parts->name_at, parts->name.len));
    }
}

void where_values(const struct where *where,
                  void (*each)(void *ctx, struct slice name, struct slice value,
                               struct place at),
                  void *ctx)
{
    for (size_t i = 0; where && i < where->count; i++) {
        const struct condition *condition = &where->conditions[i];
        if (condition->op->holds == is_equal)
            each(ctx, condition->parts.name, condition->parts.value,
                 value_place(condition));
    }
}

/* Of a long value a part is enough. */
static bool literals_of_value(struct slice value, struct arena *arena,
                              struct literals *set)
{
    if (value.len < LITERAL_MIN_BYTES)
        return false;
    *set = (struct literals){ arena_zalloc(arena, sizeof *set->items), 1 };
    set->items->len =
        (uint8_t)(value.len < LITERAL_BYTES ? value.len : (size_t)LITERAL_BYTES);
    memcpy(set->items->bytes, value.ptr, set->items->len);
    return true;
}

void where_literals(
    const struct where *where, const struct rarity *rarity, struct arena *arena,
    void (*each)(void *ctx, struct slice name, const struct literals *set), void *ctx)
{
    for (size_t i = 0; where && i < where->count; i++) {
        const struct condition *condition = &where->conditions[i];
        struct slice value = condition->parts.value;
        struct literals set;
        bool has = false;
        if (condition->op->holds == is_equal)
            has = literals_of_value(value, arena, &set);
        else if (condition->op->fits == is_match)
            has = literals_of_pattern(value, rarity, arena, &set);
        if (has)
            each(ctx, condition->parts.name, &set);
    }
}

static bool holds(const struct condition *condition, struct slice value,
                  struct regex_room *room)
{
    if (condition->op->fits)
        return condition->op->fits(condition, value, room);
    return condition->op->holds(condition, value);
}

/* @return the first that does not hold, or NULL. */
static const struct condition *first_failed(const struct where *where,
                                            struct slice (*look_up)(const void *ctx,
                                                                    struct slice name),
                                            const void *ctx, struct regex_room *room)
{
    for (size_t i = 0; where && i < where->count; i++) {
        const struct condition *condition = &where->conditions[i];
        if (!holds(condition, look_up(ctx, condition->parts.name), room))
            return condition;
    }
    return NULL;
}

bool where_holds(const struct where *where,
                 struct slice (*look_up)(const void *ctx, struct slice name),
                 const void *ctx, struct slice *failed)
{
    const struct condition *condition = first_failed(where, look_up, ctx, NULL);
    if (condition && failed)
        *failed = condition->source->value;
    return !condition;
}

bool where_holds_in(const struct where *where,
                    struct slice (*look_up)(const void *ctx, struct slice name),
                    const void *ctx, struct regex_room *room)
{
    return !first_failed(where, look_up, ctx, room);
}

void where_free(struct where *where)
{
    for (size_t i = 0; where && i < where->count; i++) {
        regex_free(where->conditions[i].regex);
        map_free(&where->conditions[i].set);
    }
}
