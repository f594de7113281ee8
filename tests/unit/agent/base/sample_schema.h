/** A small configuration with a row of every type, for the tests of tables. */
#ifndef TOCSIN_TESTS_UNIT_AGENT_BASE_SAMPLE_SCHEMA_H
#define TOCSIN_TESTS_UNIT_AGENT_BASE_SAMPLE_SCHEMA_H

#include "agent/base/schema.h"

struct sample_digest {
    const struct yaml_node *node;
    int64_t every;
    struct conf_text at;
};

struct sample_rule {
    const struct yaml_node *node;
    struct conf_text name;
    struct conf_texts match, by;
    int64_t count, within, size;
    int severity;
    bool enabled;
    struct conf_pairs labels;
    struct conf_text password;
    struct sample_digest *digest;
};

struct sample_root {
    const struct yaml_node *node;
    struct conf_blocks rules;
    struct conf_texts include;
    struct conf_text state_dir;
    int64_t settle;
};

extern const struct schema sample_root_schema, sample_rule_schema;

/** What one load gave; it is never freed. */
struct sample {
    struct sample *before; /**< the one loaded before it */
    struct sample_root root;
    struct arena arena;
    struct complaints complaints;
    struct buf printed;
};

/** Load @yaml as the file "t.yaml". TOCSIN_USER is "eve", TOCSIN_PORT "587",
 *  TOCSIN_EMPTY "". */
struct sample *sample_load(const char *yaml);

/** Load a further file on top. */
void sample_load_more(struct sample *sample, const char *name, const char *yaml);

/** What is printed of @yaml's mistakes is exactly @expected. */
void check_printed(const char *yaml, const char *expected);

#endif
