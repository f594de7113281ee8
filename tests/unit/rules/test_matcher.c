/** The walk over a block: every line once, in order, with its place. */
#include "rules/matcher.h"

#include "rig.h"
#include "rules/gate.h"

struct finding {
    struct rig *rig;
    struct buf out;
    uint64_t lines;
};

static void note(void *ctx, struct rule *rule, const struct event *event)
{
    struct finding *finding = ctx;
    buf_printf(&finding->out, "%.*s@%lld:", SLICE_ARG(rule_name(rule)),
               (long long)event->offset);
    buf_put(&finding->out, event->line);
    buf_puts(&finding->out, event->is_cut ? "~;" : ";");
    ck_assert_int_eq(event->unix_ms, 7);
}

static void check_block(const char *rules, struct block block, uint64_t lines,
                        const char *wanted)
{
    struct rig *rig = rig_create();
    struct finding finding = { .out = buf_make(10000) };
    ck_assert_msg(rig_rules(rig, rules) != NULL, "%s", rig_complaint(rig));
    struct matcher *matcher = matcher_create(rig->rules, rig->setting.source_count);
    block.source = &rig->sources[block.source ? 1 : 0];
    ck_assert_uint_eq(matcher_scan(matcher, &block, 7, note, &finding), lines);
    ck_assert_slice(buf_slice(&finding.out), wanted);
    buf_free(&finding.out);
    matcher_free(matcher);
    rig_free(rig);
}

static const char rules[] = "rules:\n"
                            "  - {name: b, match: 'x|^$'}\n"
                            "  - {name: a, match: '[xy]$'}\n"
                            "  - {name: s, from: [auth], match: 'x'}\n";

TEST(matcher, findings_come_in_the_order_of_lines_then_of_rules)
{
    check_block(rules, (struct block){ .bytes = SLICE("ax\nn\ny\n") }, 3,
                "b@0:ax;a@0:ax;a@5:y;");
}

TEST(matcher, a_rule_sees_only_its_own_sources)
{
    static const struct source any;
    check_block(rules, (struct block){ .source = &any, .bytes = SLICE("x\n") }, 1,
                "b@0:x;a@0:x;s@0:x;");
}

TEST(matcher, offsets_are_those_of_the_file)
{
    check_block(rules, (struct block){ .offset = 1000, .bytes = SLICE("nn\nx\n") }, 2,
                "b@1003:x;a@1003:x;");
    check_block(rules, (struct block){ .offset = -1, .bytes = SLICE("nn\nx\n") }, 2,
                "b@-1:x;a@-1:x;");
}

TEST(matcher, blank_and_unterminated_lines_are_lines)
{
    check_block(rules, (struct block){ .bytes = SLICE("\n\nn\n\n") }, 4,
                "b@0:;b@1:;b@4:;");
    check_block(rules,
                (struct block){ .bytes = SLICE("n\nx"), .is_unterminated = true }, 2,
                "b@2:x;a@2:x;");
    check_block(rules, (struct block){ .bytes = SLICE("") }, 0, "");
}

TEST(matcher, L39_one_cr_at_the_end_is_no_part_of_the_line)
{
    check_block(rules, (struct block){ .bytes = SLICE("y\r\n\r\ny\r\r\na\ry\n") }, 4,
                "a@0:y;b@3:;a@9:a\ry;");
    check_block(rules, (struct block){ .bytes = SLICE("x\r"), .is_unterminated = true },
                1, "b@0:x;a@0:x;");
}

/* The rules have no literal, so that a shape is looked for, which may hold the line
 * feeds around its line. */
static const char shaped[] = "rules:\n"
                             "  - {name: b, match: '^[A-Z]{3}\\d'}\n"
                             "  - {name: e, match: '[A-Z]{3}$'}\n"
                             "  - {name: w, match: '\\b[A-Z]{2}\\d\\b'}\n";

TEST(matcher, a_shape_is_found_in_the_first_the_next_and_the_last_line)
{
    check_block(shaped,
                (struct block){ .bytes = SLICE("ABC1\nx\nABC2\nAB3\nxABC\r\nx\n") }, 6,
                "b@0:ABC1;b@7:ABC2;w@12:AB3;e@16:xABC;");
    check_block(shaped,
                (struct block){ .bytes = SLICE("AB1\nx\nxABC"),
                                .is_unterminated = true },
                3, "w@0:AB1;e@6:xABC;");
    check_block(shaped,
                (struct block){ .bytes = SLICE("x\nAB1"), .is_unterminated = true }, 2,
                "w@2:AB1;");
}

TEST(matcher, a_shape_is_not_looked_for_in_a_record)
{
    check_block(shaped, (struct block){ .bytes = SLICE("x\nABC"), .is_record = true },
                1, "e@0:x\nABC;");
    check_block("rules: [{name: n, match: '^$'}]\n",
                (struct block){ .bytes = SLICE(""), .is_record = true }, 1, "n@0:;");
}

TEST(matcher, more_rules_than_shapes_are_looked_for_find_all_the_same)
{
    struct buf many = buf_make(10000), wanted = buf_make(10000);
    buf_puts(&many, "rules:\n");
    for (int i = 0; i < 2 * GATE_SHAPES; i++) {
        buf_printf(&many, "  - {name: r%d, match: '[A-Z]{3}\\d'}\n", i);
        buf_printf(&wanted, "r%d@2:ABC1;", i);
    }
    check_block(many.ptr, (struct block){ .bytes = SLICE("x\nABC1\nx\n") }, 3,
                wanted.ptr);
    buf_free(&many);
    buf_free(&wanted);
}

TEST(matcher, a_cut_line_keeps_its_last_byte)
{
    check_block(rules, (struct block){ .bytes = SLICE("x\r"), .is_cut = true }, 1,
                "b@0:x\r~;");
}

TEST(matcher, L37_L38_nul_and_bad_utf8_end_no_line)
{
    struct rig *rig = rig_create();
    struct finding finding = { .out = buf_make(100) };
    rig_rules(rig, "rules:\n  - {name: n, match: '\\x00.\\xff$'}\n");
    struct matcher *matcher = matcher_create(rig->rules, 2);
    struct block block = { .source = &rig->sources[0],
                           .bytes = SLICE("a\0b\xff\nc\0\n") };
    ck_assert_uint_eq(matcher_scan(matcher, &block, 7, note, &finding), 2);
    ck_assert(slice_equal(buf_slice(&finding.out), SLICE("n@0:a\0b\xff;")));
    buf_free(&finding.out);
    matcher_free(matcher);
    rig_free(rig);
}

TEST(matcher, C09_other_rules_still_see_a_line_that_one_gave_up_on)
{
    check_block("rules:\n"
                "  - {name: a, match: '(a+)+$'}\n"
                "  - {name: b, match: 'b$'}\n",
                (struct block){
                    .bytes = SLICE("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\naa\n") },
                2, "b@0:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab;a@42:aa;");
}

TEST(matcher, without_rules_lines_are_counted_all_the_same)
{
    check_block("rules: []\n", (struct block){ .bytes = SLICE("a\nb\n") }, 2, "");
}

TEST(matcher, a_record_is_one_whatever_it_holds)
{
    check_block(rules,
                (struct block){
                    .offset = -1, .bytes = SLICE("a\nx"), .is_record = true },
                1, "b@-1:a\nx;a@-1:a\nx;");
    check_block(rules, (struct block){ .bytes = SLICE(""), .is_record = true }, 1,
                "b@0:;");
}

TEST(matcher, conditions_see_the_fields_of_a_record)
{
    const struct capture fields[] = { { SLICE("unit"), SLICE("ssh") } };
    struct block block = {
        .bytes = SLICE("y"), .is_record = true, .fields = fields, .field_count = 1
    };
    check_block("rules:\n"
                "  - {name: a, where: [unit=ssh]}\n"
                "  - {name: b, where: [unit=cron]}\n"
                "  - {name: c, match: y, where: [unit=ssh]}\n",
                block, 1, "a@0:y;c@0:y;");
}

TEST(matcher, a_line_is_tried_only_by_rules_whose_literal_or_shape_it_holds)
{
    struct rig *rig = rig_create();
    struct finding finding = { .out = buf_make(100) };
    rig_rules(rig, "rules:\n"
                   "  - {name: a, match: 'disk [a-z]+ is full'}\n"
                   "  - {name: b, match: '[^ -~]'}\n"
                   "  - {name: c, match: '\\d\\d$'}\n");
    struct matcher *matcher = matcher_create(rig->rules, 2);
    struct block block = { .source = &rig->sources[0],
                           .bytes =
                               SLICE("one\ndisk X is full\n\ndisk sda is full\n") };
    matcher_scan(matcher, &block, 7, note, &finding);
    ck_assert_slice(buf_slice(&finding.out), "a@20:disk sda is full;");
    ck_assert_uint_eq(rule_tally(rules_get(rig->rules, 0)).tries, 2);
    ck_assert_uint_eq(rule_tally(rules_get(rig->rules, 1)).tries, 4);
    ck_assert_uint_eq(rule_tally(rules_get(rig->rules, 2)).tries, 1);
    buf_free(&finding.out);
    matcher_free(matcher);
    rig_free(rig);
}

TEST(matcher, a_literal_over_two_lines_is_in_none)
{
    check_block("rules:\n  - {name: a, match: 'no\\s+route'}\n"
                "  - {name: b, match: 'route'}\n",
                (struct block){ .bytes = SLICE("no\nroute\nno route\n") }, 3,
                "b@3:route;a@9:no route;b@9:no route;");
}

TEST(matcher, a_record_is_one_text_whatever_line_feeds_it_holds)
{
    check_block("rules:\n  - {name: a, match: 'failed\\nCaused by: disk'}\n",
                (struct block){ .bytes = SLICE("job failed\nCaused by: disk\n"),
                                .is_record = true },
                1, "a@0:job failed\nCaused by: disk\n;");
}
