/**
 * A configuration key is one row of a table: the row drives parser, bounds, default,
 * "did you mean", `check`, the man page and the JSON Schema. The row's type is checked
 * against the member at compile time.
 */
#ifndef TOCSIN_BASE_SCHEMA_H
#define TOCSIN_BASE_SCHEMA_H

#include "agent/base/yaml.h"

/** A text with its place, for what is compiled later and may be complained of then. */
struct conf_text {
    struct slice value;
    const struct yaml_node *node; /**< NULL when it is a default */
};
struct conf_texts { /**< one text or a list of texts */
    struct conf_text *items;
    size_t count;
};
struct conf_pair {
    struct conf_text name, value;
};
struct conf_pairs { /**< a map of texts */
    struct conf_pair *items;
    size_t count;
};
struct conf_blocks { /**< a list of maps, each an element of the sub-schema's struct */
    void *items;
    size_t count;
};

enum field_type {
    FIELD_TEXT,     /**< struct conf_text */
    FIELD_TEXTS,    /**< struct conf_texts */
    FIELD_BOOL,     /**< bool: true or false, nothing else */
    FIELD_COUNT,    /**< int64_t in [min, max] */
    FIELD_DURATION, /**< int64_t milliseconds in [min, max]; written 90s 15m 4h 7d */
    FIELD_SIZE,     /**< int64_t bytes in [min, max]; written 512B 64KiB 1MiB */
    FIELD_CHOICE,   /**< int: index into choices */
    FIELD_PAIRS,    /**< struct conf_pairs */
    FIELD_BLOCK,    /**< pointer to the sub-schema's struct, NULL when absent */
    FIELD_BLOCKS,   /**< struct conf_blocks */
    FIELD_NODE,     /**< const struct yaml_node *: any YAML, looked at by who asked */
};

struct schema;

struct field {
    const char *name;
    enum field_type type;
    size_t offset;
    const char *def;            /**< the default, written as in YAML; NULL: zeroed */
    const char *doc;            /**< one or two sentences for the man page */
    int64_t min, max;           /**< both 0: no bounds but those of the type */
    const char *const *choices; /**< NULL-terminated */
    const struct schema *sub;
    bool is_required;
    bool is_secret; /**< never printed */
    /** Optional: a closer look at a value that parsed. Complains itself. */
    void (*check)(const struct field *field, const void *value,
                  const struct yaml_node *node, struct complaints *complaints);
};

struct schema {
    const char *name; /**< what one of these is called in a message: "rule" */
    const char *doc;
    size_t size;        /**< of the struct */
    size_t node_offset; /**< of its `const struct yaml_node *node` member */
    const struct field *fields;
    size_t field_count;
};

#define FIELD_HAS_TYPE(type, s, m) (0 * sizeof(_Generic(((s *)0)->m, type : 1)))
#define FIELD_AS(key, ftype, ctype, s, m, ...)                              \
    {                                                                       \
        .name = (key), .type = (ftype),                                     \
        .offset = offsetof(s, m) + FIELD_HAS_TYPE(ctype, s, m), __VA_ARGS__ \
    }
/* The key is the member's name; FIELD_AS is for where that cannot be (`continue`). */
#define FIELD_ROW(ftype, ctype, s, m, ...) FIELD_AS(#m, ftype, ctype, s, m, __VA_ARGS__)
#define TEXT(s, m, ...) FIELD_ROW(FIELD_TEXT, struct conf_text, s, m, __VA_ARGS__)
#define TEXTS(s, m, ...) FIELD_ROW(FIELD_TEXTS, struct conf_texts, s, m, __VA_ARGS__)
#define BOOL(s, m, ...) FIELD_ROW(FIELD_BOOL, bool, s, m, __VA_ARGS__)
#define COUNT(s, m, ...) FIELD_ROW(FIELD_COUNT, int64_t, s, m, __VA_ARGS__)
#define DURATION(s, m, ...) FIELD_ROW(FIELD_DURATION, int64_t, s, m, __VA_ARGS__)
#define SIZE(s, m, ...) FIELD_ROW(FIELD_SIZE, int64_t, s, m, __VA_ARGS__)
#define CHOICE(s, m, ...) FIELD_ROW(FIELD_CHOICE, int, s, m, __VA_ARGS__)
#define PAIRS(s, m, ...) FIELD_ROW(FIELD_PAIRS, struct conf_pairs, s, m, __VA_ARGS__)
#define BLOCKS(s, m, ...) FIELD_ROW(FIELD_BLOCKS, struct conf_blocks, s, m, __VA_ARGS__)
#define NODE(s, m, ...) \
    FIELD_ROW(FIELD_NODE, const struct yaml_node *, s, m, __VA_ARGS__)
#define BLOCK(s, m, type, ...) FIELD_ROW(FIELD_BLOCK, type *, s, m, __VA_ARGS__)

/** Fill *@into (zeroed, of schema->size, in the complaints' arena) from the map @node.
 *  Every mistake is complained about; what is right is loaded all the same, so that
 *  later checks find their mistakes too. Called again with a further file, lists are
 *  appended and a single value that stands in both is an error. `${ENV}`,
 *  `${ENV:-default}` and `\${` are expanded in values by @env (NULL: none). */
void schema_load(const struct schema *schema, const struct yaml_node *node, void *into,
                 const char *(*env)(const char *name), struct complaints *complaints);

/** Fill *@into with the defaults. schema_load() does it itself on the first file. */
void schema_defaults(const struct schema *schema, void *into,
                     struct complaints *complaints);

#endif
