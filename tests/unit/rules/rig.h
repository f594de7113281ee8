/** What tests of rules share: texts with places, rules from YAML, and an event. */
#ifndef TOCSIN_TESTS_UNIT_RULES_RIG_H
#define TOCSIN_TESTS_UNIT_RULES_RIG_H

#include "agent/base/yaml.h"
#include "rules/rule.h"

#include "test.h"

struct rig {
    struct arena arena;
    struct complaints complaints;
    struct source sources[2]; /* "app" with the label team=shop, and "auth" */
    struct rules_setting setting;
    struct rules *rules;
    struct scanner *scanner; /* of the rules */
};

static inline struct rig *rig_create(void)
{
    struct rig *rig = mem_zalloc(sizeof *rig);
    rig->complaints.arena = &rig->arena;
    rig->sources[0] = (struct source){ .name = SLICE("app"), .index = 0 };
    rig->sources[1] = (struct source){ .name = SLICE("auth"), .index = 1 };
    labels_set(&rig->sources[0].labels, &rig->arena, SLICE("team"), SLICE("shop"));
    rig->setting = (struct rules_setting){ .sources = rig->sources,
                                           .source_count = 2,
                                           .host = SLICE("web1") };
    return rig;
}

static inline void rig_free(struct rig *rig)
{
    scanner_free(rig->scanner);
    rules_free(rig->rules);
    complaints_free(&rig->complaints);
    arena_free(&rig->arena);
    free(rig);
}

static inline struct yaml_node *rig_yaml(struct rig *rig, const char *yaml)
{
    struct source_text *source = arena_zalloc(&rig->arena, sizeof *source);
    *source = (struct source_text){ "t.yaml", slice_of(yaml) };
    return yaml_parse(source, &rig->complaints);
}

/** The scalar that @yaml is, with its place in "t.yaml". */
static inline struct conf_text *rig_text(struct rig *rig, const char *yaml)
{
    struct yaml_node *node = rig_yaml(rig, yaml);
    ck_assert_ptr_nonnull(node);
    struct conf_text *text = arena_zalloc(&rig->arena, sizeof *text);
    *text = (struct conf_text){ node->text, node };
    return text;
}

struct rig_root {
    const struct yaml_node *node;
    struct conf_blocks rules;
};

/** Load and compile `rules:`; rig->rules is NULL after a complaint. */
static inline struct rules *rig_rules(struct rig *rig, const char *yaml)
{
    static const struct field fields[] = {
        BLOCKS(struct rig_root, rules, .sub = &rule_schema),
    };
    static const struct schema schema = { .name = "root",
                                          .size = sizeof(struct rig_root),
                                          .node_offset =
                                              offsetof(struct rig_root, node),
                                          .fields = fields,
                                          .field_count = 1 };
    struct rig_root *root = arena_zalloc(&rig->arena, sizeof *root);
    struct yaml_node *node = rig_yaml(rig, yaml);
    ck_assert_ptr_nonnull(node);
    schema_load(&schema, node, root, NULL, &rig->complaints);
    rig->rules =
        rules_compile(&root->rules, &rig->setting, &rig->arena, &rig->complaints);
    scanner_free(rig->scanner);
    rig->scanner = rig->rules ? scanner_create(rig->rules) : NULL;
    return rig->rules;
}

/** The first complaint, in short: "line:column text", or "". */
static inline const char *rig_complaint(struct rig *rig)
{
    if (rig->complaints.count == 0)
        return "";
    const struct complaint *first = &rig->complaints.items[0];
    return arena_printf(&rig->arena, "%u:%u %s", first->at.line, first->at.column,
                        first->text);
}

/** Is there a complaint that holds @text? */
static inline bool rig_has(const struct rig *rig, const char *text)
{
    for (size_t i = 0; i < rig->complaints.count; i++)
        if (strstr(rig->complaints.items[i].text, text))
            return true;
    return false;
}

#define ck_assert_complaint(rig, text)                                              \
    ck_assert_msg(rig_has(rig, text), "no complaint holds '%s'; the first is '%s'", \
                  (text), rig_complaint(rig))

/** An event of @line from the first source, at offset 42 of /var/log/app.log. */
static inline struct event rig_event(const struct rig *rig, struct slice line)
{
    return (struct event){ .source = &rig->sources[0],
                           .path = SLICE("/var/log/app.log"),
                           .offset = 42,
                           .line = line,
                           .unix_ms = 1000 };
}

#endif
