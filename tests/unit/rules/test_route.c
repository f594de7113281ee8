/** What a person may write wrong about routes, and what is said then. */
#include "rules/route.h"

#include "agent/base/now.h"
#include "test.h"

/** Routes from YAML, and the first complaint about them. */
struct sketch {
    struct arena arena;
    struct complaints complaints;
    struct routes routes;
    bool is_good;
};

struct sketch_file {
    const struct yaml_node *node;
    struct conf_blocks routes;
};
static const struct field file_fields[] = {
    BLOCKS(struct sketch_file, routes, .sub = &route_schema),
};
static const struct schema file_schema = {
    .name = "file",
    .size = sizeof(struct sketch_file),
    .node_offset = offsetof(struct sketch_file, node),
    .fields = file_fields,
    .field_count = 1,
};

static void draw(struct sketch *sketch, const char *yaml)
{
    static const struct conf_text outputs[] = { { { "ops", 3 }, NULL },
                                                { { "oncall", 6 }, NULL } };
    struct routes_setting setting = { .outputs = outputs, .output_count = 2 };
    *sketch = (struct sketch){ 0 };
    sketch->complaints.arena = &sketch->arena;
    struct source_text *source = arena_zalloc(&sketch->arena, sizeof *source);
    struct sketch_file *file = arena_zalloc(&sketch->arena, sizeof *file);
    *source = (struct source_text){ "t.yaml", slice_of(yaml) };
    struct yaml_node *node = yaml_parse(source, &sketch->complaints);
    ck_assert_ptr_nonnull(node);
    schema_load(&file_schema, node, file, NULL, &sketch->complaints);
    sketch->is_good = routes_compile(&file->routes, &setting, &sketch->arena,
                                     &sketch->routes, &sketch->complaints);
}

static void clear(struct sketch *sketch)
{
    routes_free(&sketch->routes);
    complaints_free(&sketch->complaints);
    arena_free(&sketch->arena);
}

/** Is @text part of some complaint about @yaml, on @line? */
static void expect_complaint(const char *yaml, uint32_t line, const char *text)
{
    struct sketch sketch;
    bool is_said = false;
    draw(&sketch, yaml);
    for (size_t i = 0; i < sketch.complaints.count; i++) {
        const struct complaint *complaint = &sketch.complaints.items[i];
        is_said |= complaint->at.line == line && strstr(complaint->text, text);
    }
    ck_assert_msg(is_said, "not said: %s; but: %s", text,
                  sketch.complaints.count ? sketch.complaints.items[0].text
                                          : "nothing");
    clear(&sketch);
}

TEST(route, defaults_are_those_of_alertmanager)
{
    struct sketch sketch;
    draw(&sketch, "routes: [{to: ops}]\n");
    ck_assert(sketch.is_good);
    ck_assert_uint_eq(sketch.complaints.count, 0);
    const struct route *route = &sketch.routes.items[0];
    ck_assert_slice(route->name, "route-1");
    ck_assert_int_eq(route->config->group_wait, 30 * SECOND_MS);
    ck_assert_int_eq(route->config->group_interval, 5 * MINUTE_MS);
    ck_assert_int_eq(route->config->repeat_interval, 4 * HOUR_MS);
    ck_assert_uint_eq(route->config->group_by.count, 1);
    ck_assert_slice(route->config->group_by.items[0].value, "rule");
    ck_assert(!route->config->send_resolved);
    ck_assert_int_eq(route->digest_minute, -1);
    clear(&sketch);
}

TEST(route, a_digest_has_its_minute_and_its_zone)
{
    struct sketch sketch;
    draw(&sketch, "routes: [{to: ops, digest: {at: '08:30', zone: UTC}}]\n");
    ck_assert(sketch.is_good);
    ck_assert_int_eq(sketch.routes.items[0].digest_minute, 8 * 60 + 30);
    ck_assert_ptr_nonnull(sketch.routes.items[0].digest_zone);
    clear(&sketch);
}

TEST(route, mistakes_are_named_with_their_place_and_a_remedy)
{
    expect_complaint("routes: []\n", 0, "there are no routes");
    expect_complaint("routes:\n  - {to: [opps]}\n", 2,
                     "there is no output named 'opps', did you mean 'ops'?");
    expect_complaint("routes:\n  - {to: [ops, ops]}\n", 2, "stands twice");
    expect_complaint("routes:\n  - {to: ops, match: [a=b]}\n", 2,
                     "the last route must have no 'match'");
    expect_complaint("routes:\n  - {to: ops}\n  - {to: oncall}\n", 3,
                     "'route-2' is never reached");
    expect_complaint("routes:\n  - {to: ops, continue: true, name: a}\n"
                     "  - {to: oncall, name: a}\n",
                     3, "two routes are named 'a'");
    expect_complaint("routes:\n  - {to: ops, group_by: [rule, '...']}\n", 2,
                     "must stand alone");
    expect_complaint("routes:\n  - {to: ops, group_interval: 10ms}\n", 2,
                     "group_interval");
}

TEST(route, C20_digests_and_limits_that_make_no_sense_are_refused)
{
    expect_complaint("routes:\n  - {to: ops, digest: {at: '25:00'}}\n", 2,
                     "not a time of day");
    expect_complaint("routes:\n  - {to: ops, digest: {at: '05:00', every: 1h}}\n", 2,
                     "not both");
    expect_complaint("routes:\n  - {to: ops, digest: {empty: send}}\n", 2,
                     "needs 'at'");
    expect_complaint("routes:\n  - {to: ops, digest: {every: 1h, zone: UTC}}\n", 2,
                     "means nothing");
    expect_complaint("routes:\n  - {to: ops, digest: {at: '05:00', zone: Mars/Base}}\n",
                     2, "Mars/Base");
    expect_complaint("routes:\n  - {to: ops, digest: {every: 1h},"
                     " limit: {mails: 1, per: 1h}}\n",
                     2, "one mail already");
    expect_complaint("routes:\n  - {to: ops, limit: {mails: 0, per: 1h}}\n", 2,
                     "mails");
}

TEST(route, a_route_that_continues_is_no_wall)
{
    struct sketch sketch;
    draw(&sketch, "routes: [{to: ops, continue: true}, {to: oncall}]\n");
    ck_assert(sketch.is_good);
    ck_assert_uint_eq(sketch.complaints.count, 0);
    clear(&sketch);
}

TEST(route, a_route_behind_one_that_asks_no_more_is_never_reached)
{
    expect_complaint("routes:\n"
                     "  - {to: ops, match: [a=b, c=d]}\n"
                     "  - {to: oncall, match: [c=d, a=b]}\n"
                     "  - {to: ops}\n",
                     3, "'route-2' is never reached: 'route-1' before it takes all");
    expect_complaint("routes:\n"
                     "  - {to: ops, match: [c=d]}\n"
                     "  - {to: oncall, match: [a=b, c=d]}\n"
                     "  - {to: ops}\n",
                     3, "'route-2' is never reached");
    struct sketch sketch;
    draw(&sketch, "routes:\n"
                  "  - {to: ops, match: [a=b], continue: true}\n"
                  "  - {to: oncall, match: [a=b]}\n"
                  "  - {to: ops}\n");
    ck_assert_uint_eq(sketch.complaints.count, 0);
    clear(&sketch);
}

TEST(route, the_key_of_a_nameless_route_does_not_depend_on_its_place)
{
    struct sketch a, b;
    draw(&a, "routes:\n"
             "  - {to: ops, match: [a=b, c=d]}\n"
             "  - {to: ops, name: rest}\n");
    draw(&b, "routes:\n"
             "  - {to: ops, match: [x=y]}\n"
             "  - {to: ops, match: [c=d, a=b], group_wait: 1m}\n"
             "  - {to: ops, match: [a=b, c=d], group_by: [rule, host]}\n"
             "  - {to: ops, match: [a=b, c=d]}\n"
             "  - {to: ops, name: rest}\n");
    ck_assert_slice(b.routes.items[1].name, "route-2");
    ck_assert(slice_equal(a.routes.items[0].key, b.routes.items[1].key));
    ck_assert_slice(b.routes.items[4].key, "rest");
    for (size_t i = 0; i < b.routes.count; i++)
        for (size_t k = 0; k < i; k++)
            ck_assert(!slice_equal(b.routes.items[i].key, b.routes.items[k].key));
    clear(&a);
    clear(&b);
}
