/** The sample configuration and its loading. */
#include "sample_schema.h"

#include "test.h"

static const struct field digest_fields[] = {
    DURATION(struct sample_digest, every, .doc = "How often."),
    TEXT(struct sample_digest, at, .doc = "At what time."),
};
static const struct schema digest_schema = {
    .name = "digest",
    .doc = "One mail for many.",
    .size = sizeof(struct sample_digest),
    .node_offset = offsetof(struct sample_digest, node),
    .fields = digest_fields,
    .field_count = sizeof digest_fields / sizeof *digest_fields,
};

static const char *const severities[] = { "info", "warning", "critical", NULL };

static const struct field rule_fields[] = {
    TEXT(struct sample_rule, name, .is_required = true, .doc = "What it is called."),
    TEXTS(struct sample_rule, match, .is_required = true, .doc = "Which lines."),
    TEXTS(struct sample_rule, by, .def = "[rule, host]", .doc = "One state a value."),
    COUNT(struct sample_rule, count, .def = "1", .min = 1, .max = 1000,
          .doc = "How many."),
    DURATION(struct sample_rule, within, .def = "5m", .min = 1000, .max = 86400000,
             .doc = "In what time."),
    SIZE(struct sample_rule, size, .def = "64KiB", .max = 1024 * 1024,
         .doc = "How much."),
    CHOICE(struct sample_rule, severity, .choices = severities, .def = "warning",
           .doc = "How bad."),
    BOOL(struct sample_rule, enabled, .def = "true", .doc = "Whether at all."),
    PAIRS(struct sample_rule, labels, .doc = "Said of every alert."),
    TEXT(struct sample_rule, password, .is_secret = true, .doc = "Not to be shown."),
    BLOCK(struct sample_rule, digest, struct sample_digest, .sub = &digest_schema,
          .doc = "Tell later."),
};
const struct schema sample_rule_schema = {
    .name = "rule",
    .doc = "Which lines are worth a mail.",
    .size = sizeof(struct sample_rule),
    .node_offset = offsetof(struct sample_rule, node),
    .fields = rule_fields,
    .field_count = sizeof rule_fields / sizeof *rule_fields,
};

static const struct field root_fields[] = {
    BLOCKS(struct sample_root, rules, .sub = &sample_rule_schema, .doc = "The rules."),
    TEXTS(struct sample_root, include, .doc = "More files."),
    TEXT(struct sample_root, state_dir, .def = "/var/lib/x", .doc = "Where."),
    DURATION(struct sample_root, settle, .def = "0s", .doc = "When."),
};
const struct schema sample_root_schema = {
    .name = "configuration",
    .doc = "All of it.",
    .size = sizeof(struct sample_root),
    .node_offset = offsetof(struct sample_root, node),
    .fields = root_fields,
    .field_count = sizeof root_fields / sizeof *root_fields,
};

static const char *sample_env(const char *name)
{
    if (strcmp(name, "TOCSIN_USER") == 0)
        return "eve";
    if (strcmp(name, "TOCSIN_PORT") == 0)
        return "587";
    return strcmp(name, "TOCSIN_EMPTY") == 0 ? "" : NULL;
}

void sample_load_more(struct sample *sample, const char *name, const char *yaml)
{
    struct source_text *source = arena_zalloc(&sample->arena, sizeof *source);
    *source = (struct source_text){ name, slice_of(yaml) };
    const struct yaml_node *node = yaml_parse(source, &sample->complaints);
    if (node)
        schema_load(&sample_root_schema, node, &sample->root, sample_env,
                    &sample->complaints);
    buf_clear(&sample->printed);
    complaints_print(&sample->complaints, &sample->printed, false);
}

/* What stays reachable is no leak: a test is a process. */
static struct sample *last_sample;

struct sample *sample_load(const char *yaml)
{
    struct sample *sample = mem_zalloc(sizeof *sample);
    sample->before = last_sample;
    last_sample = sample;
    sample->complaints.arena = &sample->arena;
    sample->printed = buf_make(256 * 1024);
    sample_load_more(sample, "t.yaml", yaml);
    return sample;
}

void check_printed(const char *yaml, const char *expected)
{
    struct sample *sample = sample_load(yaml);
    ck_assert_str_eq(sample->printed.ptr ? sample->printed.ptr : "", expected);
}
