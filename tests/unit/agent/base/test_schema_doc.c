/** The man page and the JSON Schema say what tables say, and tables are complete. */
#include "agent/base/schema_doc.h"

#include "sample_schema.h"
#include "test.h"

struct tiny {
    const struct yaml_node *node;
    struct conf_text name;
    int64_t wait;
    int64_t count;
    int kind;
};
static const char *const kinds[] = { "plain", "it's", NULL };
static const struct field tiny_fields[] = {
    TEXT(struct tiny, name, .is_required = true, .doc = "A \\d `b` \"name\"."),
    DURATION(struct tiny, wait, .def = "30s", .max = 3600000, .doc = "How long."),
    COUNT(struct tiny, count, .def = "1", .min = 1, .max = 9, .doc = "How many."),
    CHOICE(struct tiny, kind, .choices = kinds, .doc = "Which."),
};
static const struct schema tiny_schema = {
    .name = "tiny",
    .doc = "Very small.",
    .size = sizeof(struct tiny),
    .node_offset = offsetof(struct tiny, node),
    .fields = tiny_fields,
    .field_count = 4,
};

TEST(schema_doc, the_man_page_names_type_bounds_default_and_doc)
{
    static struct buf out;
    out = buf_make(64 * 1024);
    schema_put_man(&tiny_schema, "", &out);
    static const char expected[] =
        ".SH KEYS\n"
        "Very small.\n"
        ".TP\n"
        ".B name\n"
        "\\fItext\\fR; required\n"
        ".br\n"
        "A \\ed \\fBb\\fR \"name\".\n"
        ".TP\n"
        ".B wait\n"
        "\\fIduration\\fR; at most 1h; default: \\fB30s\\fR\n"
        ".br\n"
        "How long.\n"
        ".TP\n"
        ".B count\n"
        "\\fInumber\\fR; at least 1; at most 9; default: "
        "\\fB1\\fR\n"
        ".br\n"
        "How many.\n"
        ".TP\n"
        ".B kind\n"
        "\\fIone of plain, it\\(aqs\\fR\n"
        ".br\n"
        "Which.\n"
        ".SH SEE ALSO\n";
    ck_assert_msg(strstr(out.ptr, expected) != NULL, "%s", out.ptr);
}

TEST(schema_doc, every_block_has_its_own_section_in_the_man_page)
{
    static struct buf out;
    out = buf_make(64 * 1024);
    schema_put_man(&sample_root_schema, "", &out);
    ck_assert_ptr_nonnull(strstr(out.ptr, "\n.SH THE KEYS OF rules\n"));
    ck_assert_ptr_nonnull(strstr(out.ptr, "\n.SH THE KEYS OF rules.digest\n"));
    ck_assert_ptr_nonnull(strstr(out.ptr, "default: \\fB[rule, host]\\fR"));
    ck_assert(!out.overflowed);
}

TEST(schema_doc, the_json_schema_says_what_the_loader_takes)
{
    static struct buf out;
    out = buf_make(64 * 1024);
    schema_put_json_schema(&tiny_schema, &out);
    static const char expected[] =
        "{\"$schema\":\"http://json-schema.org/draft-07/schema#\",\"title\":\"tiny\","
        "\"type\":\"object\",\"description\":\"Very small.\","
        "\"additionalProperties\":false,\"properties\":{\n"
        "\"name\":{\"type\":[\"string\",\"number\",\"boolean\",\"null\"],"
        "\"description\":\"A \\\\d `b` \\\"name\\\".\"},\n"
        "\"wait\":{\"anyOf\":[{\"type\":\"string\",\"pattern\":"
        "\"^(0|([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?)$\"},{\"const\":0},"
        "{\"type\":\"string\",\"pattern\":\"\\\\$\\\\{\"}],"
        "\"description\":\"How long.\",\"default\":\"30s\"},\n"
        "\"count\":{\"anyOf\":[{\"type\":\"integer\",\"minimum\":1,\"maximum\":9},"
        "{\"type\":\"string\",\"pattern\":\"\\\\$\\\\{\"}],"
        "\"description\":\"How many.\",\"default\":1},\n"
        "\"kind\":{\"anyOf\":[{\"enum\":[\"plain\",\"it's\"]},"
        "{\"type\":\"string\",\"pattern\":\"\\\\$\\\\{\"}],\"description\":\"Which.\"}}"
        ","
        "\"required\":[\"name\"]}\n";
    ck_assert_str_eq(out.ptr, expected);
}

static const char *problems_of(struct field field)
{
    static struct buf out;
    struct schema schema = tiny_schema;
    schema.fields = &field;
    schema.field_count = 1;
    buf_free(&out);
    out = buf_make(4096);
    bool is_good = schema_check(&schema, &out);
    ck_assert_int_eq(is_good, out.len == 0);
    return out.ptr ? out.ptr : "";
}

TEST(schema_doc, an_incomplete_row_is_found)
{
    struct field good = tiny_fields[2], bad = good;
    ck_assert_str_eq(problems_of(good), "");
    bad.doc = NULL;
    ck_assert_str_eq(problems_of(bad), "tiny.count: the doc is no sentence\n");
    bad = good;
    bad.def = "10";
    ck_assert_str_eq(problems_of(bad),
                     "tiny.count: count: '10' is too large; the largest is 9\n");
    bad = good;
    bad.name = "Count";
    ck_assert_str_eq(problems_of(bad),
                     "tiny.Count: a key has small letters, digits and '_'\n");
    bad = good;
    bad.max = -1;
    ck_assert_str_eq(problems_of(bad), "tiny.count: the bounds leave nothing\n");
    bad = tiny_fields[3];
    bad.choices = NULL;
    ck_assert_str_eq(problems_of(bad), "tiny.kind: choices and type do not fit\n");
    bad = tiny_fields[0];
    bad.def = "x";
    ck_assert_str_eq(problems_of(bad), "tiny.name: what is required has no default\n");
}

TEST(schema_doc, a_name_that_stands_twice_is_found)
{
    struct field fields[] = { tiny_fields[0], tiny_fields[0] };
    struct schema schema = tiny_schema;
    static struct buf out;
    out = buf_make(4096);
    schema.fields = fields;
    schema.field_count = 2;
    ck_assert(!schema_check(&schema, &out));
    ck_assert_str_eq(out.ptr, "tiny.name: the name stands twice\n"
                              "tiny.name: two keys share a member\n");
}

TEST(schema_doc, the_sample_tables_are_complete)
{
    static struct buf out;
    out = buf_make(4096);
    ck_assert_msg(schema_check(&sample_root_schema, &out), "%s", out.ptr);
}
