/**
 * One value of a configuration key, from its YAML node into its member. Only schema*.c
 * see this; the rest of the program sees schema.h.
 */
#ifndef TOCSIN_BASE_SCHEMA_VALUE_H
#define TOCSIN_BASE_SCHEMA_VALUE_H

#include "agent/base/schema.h"

/** What loading needs besides table and tree. */
struct loader {
    const char *(*env)(const char *name);
    struct complaints *complaints;
    bool is_default; /**< the text is a row's default: no place, nothing is expanded */
};

/** Load the value of a row that is no block; lists and pairs are appended to what
 *  *@value holds. @return false after a complaint; then *@value is as it was. */
bool value_load(const struct loader *loader, const struct field *field,
                const struct yaml_node *node, void *value);

/** Load the default of a row of any type, which must have one. */
bool field_load_default(const struct field *field, void *value,
                        struct complaints *complaints);

/** Complain that @node is not what @field wants, with @hint behind it. */
void value_refuse(const struct loader *loader, const struct field *field,
                  const struct yaml_node *node, const char *hint);

/** A list grows in an arena by doubling: an array with room for one more than the
 *  @count elements of @size at @items, which is @items itself most of the time. */
void *array_with_room(struct arena *arena, void *items, size_t count, size_t size);

/** What the row wants, for a person: "a duration like 30s or 5m". In @arena. */
const char *field_wants(struct arena *arena, const struct field *field);

/** The names in @choices, "a, b, c". In @arena. */
const char *names_join(struct arena *arena, const char *const *names);

/** Put the bound or default @amount of @field as a person would write it. */
void field_put_amount(struct buf *out, const struct field *field, int64_t amount);

/** Bounds that hold, those of the type included. */
int64_t field_min(const struct field *field);
int64_t field_max(const struct field *field);

#endif
