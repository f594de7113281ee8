/** The grammar of one condition: name, operator, value. What they mean is where.c's. */
#ifndef TOCSIN_RULES_WHERE_PARSE_H
#define TOCSIN_RULES_WHERE_PARSE_H

#include "agent/base/schema.h"

/** The parts of a condition; offsets are those of its text. */
struct where_parts {
    struct slice name, op;
    struct slice value; /**< without its quotes and their escapes */
    bool is_quoted;
    size_t name_at, op_at, value_at;
};

/** The place of byte @offset of @text; no place for a default. */
struct place where_place(const struct conf_text *text, size_t offset, size_t width);

/** Take @text apart. @ops: the names of the operators, NULL-terminated.
 *  @return false after a complaint. */
bool where_parse(const struct conf_text *text, const char *const *ops,
                 struct where_parts *parts, struct complaints *complaints);

#endif
