/** A table loads what is right, and says of what is wrong what, where and a remedy. */
#include "agent/base/schema.h"

#include "sample_schema.h"
#include "test.h"

static const struct sample_rule *only_rule(const struct sample *sample)
{
    ck_assert_msg(sample->complaints.error_count == 0, "%s", sample->printed.ptr);
    ck_assert_uint_eq(sample->root.rules.count, 1);
    return sample->root.rules.items;
}

/* --- what is right --------------------------------------------------------------- */

TEST(schema, every_type_is_loaded)
{
    const struct sample_rule *rule =
        only_rule(sample_load("rules:\n"
                              "  - name: oom\n"
                              "    match: ['a', b]\n"
                              "    count: 7\n"
                              "    within: 1h30m\n"
                              "    size: 128KiB\n"
                              "    severity: critical\n"
                              "    enabled: false\n"
                              "    labels: {team: shop, 'x y': \"1\"}\n"
                              "    digest: {every: '1d', at: '08:00'}\n"));
    ck_assert_slice(rule->name.value, "oom");
    ck_assert_uint_eq(rule->name.node->at.line, 2);
    ck_assert_uint_eq(rule->match.count, 2);
    ck_assert_slice(rule->match.items[1].value, "b");
    ck_assert_int_eq(rule->count, 7);
    ck_assert_int_eq(rule->within, 5400000);
    ck_assert_int_eq(rule->size, 131072);
    ck_assert_int_eq(rule->severity, 2);
    ck_assert(!rule->enabled);
    ck_assert_uint_eq(rule->labels.count, 2);
    ck_assert_slice(rule->labels.items[1].name.value, "x y");
    ck_assert_slice(rule->labels.items[1].value.value, "1");
    ck_assert_int_eq(rule->digest->every, 86400000);
    ck_assert_uint_eq(rule->digest->node->at.line, 10);
}

TEST(schema, what_is_left_out_has_its_default)
{
    struct sample *sample = sample_load("rules: [{name: a, match: b}]\n");
    const struct sample_rule *rule = only_rule(sample);
    ck_assert_uint_eq(rule->by.count, 2);
    ck_assert_slice(rule->by.items[1].value, "host");
    ck_assert_ptr_null(rule->by.items[1].node);
    ck_assert_int_eq(rule->count, 1);
    ck_assert_int_eq(rule->within, 300000);
    ck_assert_int_eq(rule->severity, 1);
    ck_assert(rule->enabled);
    ck_assert_ptr_null(rule->digest);
    ck_assert_slice(sample->root.state_dir.value, "/var/lib/x");
}

TEST(schema, a_list_replaces_its_default)
{
    const struct sample_rule *rule =
        only_rule(sample_load("rules: [{name: a, match: b, by: ip}]\n"));
    ck_assert_uint_eq(rule->by.count, 1);
    ck_assert_slice(rule->by.items[0].value, "ip");
}

TEST(schema, C06_a_text_stays_the_text_that_stands_there)
{
    static const char *const traps[] = { "no",    "on",    "1e3",  "0123",
                                         "12:30", "~",     "null", "true",
                                         "0x1F",  "1_000", "3.10", "2026-11-23" };
    for (size_t i = 0; i < sizeof traps / sizeof *traps; i++) {
        char yaml[100];
        snprintf(yaml, sizeof yaml, "rules: [{name: %s, match: [%s]}]\n", traps[i],
                 traps[i]);
        const struct sample_rule *rule = only_rule(sample_load(yaml));
        ck_assert_slice(rule->name.value, traps[i]);
        ck_assert_slice(rule->match.items[0].value, traps[i]);
    }
}

TEST(schema, ten_thousand_blocks_are_loaded_in_little_memory)
{
    static struct buf yaml;
    buf_free(&yaml);
    yaml = buf_make(1024 * 1024);
    buf_puts(&yaml, "rules:\n");
    for (int i = 0; i < 10000; i++)
        buf_printf(&yaml, "  - {name: r%d, match: x}\n", i);
    struct sample *sample = sample_load(yaml.ptr);
    ck_assert_uint_eq(sample->root.rules.count, 10000);
    const struct sample_rule *rules = sample->root.rules.items;
    ck_assert_slice(rules[9999].name.value, "r9999");
    ck_assert_uint_lt(sample->arena.total_bytes, 64 * 1024 * 1024);
}

/* --- several files --------------------------------------------------------------- */

TEST(schema, lists_of_several_files_are_added_together)
{
    struct sample *sample =
        sample_load("rules: [{name: a, match: x}]\ninclude: [b]\nsettle: 2s\n");
    sample_load_more(sample, "u.yaml", "rules: [{name: b, match: y}]\ninclude: c\n");
    sample_load_more(sample, "v.yaml", "rules: [{name: c, match: z}]\n");
    ck_assert_uint_eq(sample->complaints.error_count, 0);
    ck_assert_uint_eq(sample->root.rules.count, 3);
    const struct sample_rule *rules = sample->root.rules.items;
    ck_assert_slice(rules[2].name.value, "c");
    ck_assert_str_eq(rules[2].name.node->at.source->name, "v.yaml");
    ck_assert_uint_eq(sample->root.include.count, 2);
    ck_assert_int_eq(sample->root.settle, 2000);
}

TEST(schema, a_single_value_in_two_files_is_a_mistake_in_the_second)
{
    struct sample *sample = sample_load("# the first\nstate_dir: /a\n");
    sample_load_more(sample, "u.yaml", "settle: 1s\n");
    sample_load_more(sample, "v.yaml", "settle: 2s\nstate_dir: /a\n");
    ck_assert_str_eq(sample->printed.ptr,
                     "v.yaml:1:1: error: 'settle' is set already in u.yaml:1\n"
                     "   1 | settle: 2s\n"
                     "     | ^~~~~~\n"
                     "v.yaml:2:1: error: 'state_dir' is set already in t.yaml:2\n"
                     "   2 | state_dir: /a\n"
                     "     | ^~~~~~~~~\n");
}

/* --- variables ------------------------------------------------------------------- */

static const char *expanded(const char *value)
{
    char yaml[200];
    snprintf(yaml, sizeof yaml, "state_dir: '%s'\n", value);
    struct sample *sample = sample_load(yaml);
    ck_assert_msg(sample->complaints.error_count == 0, "%s", sample->printed.ptr);
    return arena_text(&sample->arena, sample->root.state_dir.value);
}

TEST(schema, variables_are_filled_in)
{
    ck_assert_str_eq(expanded("/${TOCSIN_USER}/${TOCSIN_USER}x"), "/eve/evex");
    ck_assert_str_eq(expanded("${TOCSIN_NONE:-a b}"), "a b");
    ck_assert_str_eq(expanded("${TOCSIN_NONE:-}"), "");
    ck_assert_str_eq(expanded("${TOCSIN_USER:-adam}"), "eve");
    ck_assert_str_eq(expanded("${TOCSIN_EMPTY:-adam}"), "adam");
    ck_assert_str_eq(expanded("${TOCSIN_EMPTY}"), "");
    ck_assert_str_eq(expanded("\\${TOCSIN_USER}$x$"), "${TOCSIN_USER}$x$");
}

TEST(schema, variables_work_in_lists_pairs_and_numbers_but_not_in_keys)
{
    const struct sample_rule *rule =
        only_rule(sample_load("rules:\n"
                              "  - name: ${TOCSIN_USER}\n"
                              "    match: ['${TOCSIN_USER}', \"${TOCSIN_PORT}\"]\n"
                              "    count: \"${TOCSIN_PORT}\"\n"
                              "    enabled: '${TOCSIN_NONE:-false}'\n"
                              "    labels: {\"${TOCSIN_USER}\": '${TOCSIN_USER}'}\n"));
    ck_assert_slice(rule->name.value, "eve");
    ck_assert_slice(rule->match.items[1].value, "587");
    ck_assert_int_eq(rule->count, 587);
    ck_assert(!rule->enabled);
    ck_assert_slice(rule->labels.items[0].name.value, "${TOCSIN_USER}");
    ck_assert_slice(rule->labels.items[0].value.value, "eve");
}

TEST(schema, a_variable_that_is_not_set_is_underlined)
{
    check_printed(
        "state_dir: /a/${TOCSIN_NONE}/b\n",
        "t.yaml:1:15: error: the environment variable 'TOCSIN_NONE' is not set; "
        "set it, or write ${TOCSIN_NONE:-default}\n"
        "   1 | state_dir: /a/${TOCSIN_NONE}/b\n"
        "     |               ^~~~~~~~~~~~~~\n");
    check_printed("state_dir: 'a${2}'\n",
                  "t.yaml:1:14: error: '${' starts a variable, ${NAME} or "
                  "${NAME:-default}; write \\${ for the text itself\n"
                  "   1 | state_dir: 'a${2}'\n"
                  "     |              ^~\n");
}

/* --- mistakes -------------------------------------------------------------------- */

TEST(schema, C05_an_unknown_key_gets_a_suggestion)
{
    check_printed(
        "rules:\n"
        "  - name: oom\n"
        "    match: x\n"
        "    severty: critical\n",
        "t.yaml:4:5: error: unknown key 'severty' in rule 'oom', did you mean "
        "'severity'?\n"
        "   4 |     severty: critical\n"
        "     |     ^~~~~~~\n");
}

TEST(schema, C05_without_a_near_name_the_allowed_keys_are_listed)
{
    check_printed(
        "inhibit: []\n",
        "t.yaml:1:1: error: unknown key 'inhibit' in this configuration; it can "
        "have: rules, include, state_dir, settle\n"
        "   1 | inhibit: []\n"
        "     | ^~~~~~~\n");
}

TEST(schema, C20_a_bad_duration_names_what_was_wanted_and_what_was_found)
{
    check_printed(
        "settle: soon\n",
        "t.yaml:1:9: error: settle: expected a duration like 30s or 5m, found "
        "the text 'soon'\n"
        "   1 | settle: soon\n"
        "     |         ^~~~\n");
    check_printed(
        "settle: 30\n",
        "t.yaml:1:9: error: settle: expected a duration like 30s or 5m, found "
        "the number 30; it needs its unit: 30s\n"
        "   1 | settle: 30\n"
        "     |         ^~\n");
    check_printed(
        "settle: 1e9d\n",
        "t.yaml:1:9: error: settle: expected a duration like 30s or 5m, found "
        "the text '1e9d'\n"
        "   1 | settle: 1e9d\n"
        "     |         ^~~~\n");
    check_printed(
        "settle: -1s\n",
        "t.yaml:1:9: error: settle: expected a duration like 30s or 5m, found "
        "the text '-1s'\n"
        "   1 | settle: -1s\n"
        "     |         ^~~\n");
}

/** What is said of @value of the key @key in a rule that is right otherwise. */
static const char *said_of(const char *key, const char *value)
{
    static struct buf yaml;
    buf_free(&yaml);
    yaml = buf_make(1000);
    buf_printf(&yaml,
               "rules:\n- {name: a, match: b}\n- name: c\n  match: d\n  %s: %s\n", key,
               value);
    struct sample *sample = sample_load(yaml.ptr);
    ck_assert_msg(sample->complaints.error_count == 1, "%s", sample->printed.ptr);
    return sample->complaints.items[0].text;
}

#define ck_assert_said(key, value, text) ck_assert_str_eq(said_of(key, value), text)

TEST(schema, C06_numbers_are_decimal_and_nothing_else)
{
#define WANTED "count: expected a whole number, found "
    ck_assert_said("count", "1e3", WANTED "the text '1e3'");
    ck_assert_said("count", "12:30", WANTED "the text '12:30'");
    ck_assert_said("count", "0x1F", WANTED "the text '0x1F'");
    ck_assert_said("count", "1_000", WANTED "the text '1_000'");
    ck_assert_said("count", "+5", WANTED "the text '+5'");
    ck_assert_said("count", "3.0", WANTED "the text '3.0'");
    ck_assert_said("count", "~", WANTED "the text '~'");
    ck_assert_said("count", "", WANTED "nothing");
    ck_assert_said("count", "[1]", WANTED "a list");
    ck_assert_said("count", "0123",
                   WANTED "the number 0123; leave the leading zeros out");
    ck_assert_said("count", "'5'", WANTED "the quoted text '5'; take the quotes off");
    ck_assert_said("count", "99999999999999999999",
                   WANTED "the text '99999999999999999999'; it is too large");
#undef WANTED
}

TEST(schema, C06_truth_has_two_spellings)
{
#define WANTED "enabled: expected true or false, found "
    ck_assert_said("enabled", "no", WANTED "the text 'no'; write false");
    ck_assert_said("enabled", "on", WANTED "the text 'on'; write true");
    ck_assert_said("enabled", "True", WANTED "the text 'True'; write true");
    ck_assert_said("enabled", "1", WANTED "the number 1; write true");
    ck_assert_said("enabled", "~", WANTED "the text '~'");
    ck_assert_said("enabled", "'true'",
                   WANTED "the quoted text 'true'; take the quotes off");
#undef WANTED
}

TEST(schema, bounds_are_named_as_a_person_would_write_them)
{
    ck_assert_said("count", "0", "count: '0' is too small; the smallest is 1");
    ck_assert_said("count", "-5", "count: '-5' is too small; the smallest is 1");
    ck_assert_said("count", "1001", "count: '1001' is too large; the largest is 1000");
    ck_assert_said("within", "2d", "within: '2d' is too large; the largest is 1d");
    ck_assert_said("within", "5ms", "within: '5ms' is too small; the smallest is 1s");
    ck_assert_said("size", "1GiB", "size: '1GiB' is too large; the largest is 1MiB");
}

TEST(schema, a_size_needs_its_unit)
{
    ck_assert_said("size", "64",
                   "size: expected a size like 64KiB or 10MiB, found the number 64; it "
                   "needs its unit: 64B");
}

TEST(schema, a_choice_lists_all_and_suggests_the_nearest)
{
#define WANTED "severity: expected one of: info, warning, critical, found "
    ck_assert_said("severity", "warn",
                   WANTED "the text 'warn', did you mean 'warning'?");
    ck_assert_said("severity", "Critical",
                   WANTED "the text 'Critical', did you mean 'critical'?");
    ck_assert_said("severity", "no", WANTED "the text 'no'");
    ck_assert_said("severity", "{a: b}", WANTED "a map");
#undef WANTED
}

TEST(schema, blocks_lists_and_maps_are_told_apart)
{
    ck_assert_said("by", "{a: b}",
                   "by: expected a text or a list of texts, found a map");
    ck_assert_said("by", "[[a]]",
                   "by: expected a text or a list of texts, found a list");
    ck_assert_said("labels", "[a]",
                   "labels: expected a map of texts, like {name: value}, found a list");
    ck_assert_said("labels", "{a: [b]}",
                   "labels: expected a map of texts, like {name: value}, found a list");
    ck_assert_said(
        "digest", "x",
        "digest: expected a map with the keys of a digest, found the text 'x'");
    ck_assert_said("digest", "{evry: 1m}",
                   "unknown key 'evry' in this digest, did you mean 'every'?");
    check_printed(
        "rules:\n"
        "  name: a\n",
        "t.yaml:2:3: error: rules: expected a list with an item for each rule, "
        "found a map; put '- ' before each item\n"
        "   2 |   name: a\n"
        "     |   ^\n");
    check_printed(
        "rules: [a]\n",
        "t.yaml:1:9: error: rules: each item is a rule, a map of keys like '- "
        "name: ...'\n"
        "   1 | rules: [a]\n"
        "     |         ^\n");
}

TEST(schema, C06_nothing_is_no_text)
{
    check_printed(
        "state_dir:\nsettle: 1s\n",
        "t.yaml:1:11: error: state_dir: expected a text, found nothing; write '' "
        "for an empty text\n"
        "   1 | state_dir:\n"
        "     |           ^\n");
    ck_assert_uint_eq(sample_load("state_dir: ''\n")->complaints.error_count, 0);
}

TEST(schema, a_nul_byte_is_refused)
{
    check_printed("state_dir: \"a\\0b\"\n",
                  "t.yaml:1:12: error: a NUL byte in a text; in a pattern write \\x00 "
                  "inside single quotes\n"
                  "   1 | state_dir: \"a\\0b\"\n"
                  "     |            ^~~~~~\n");
}

TEST(schema, a_missing_key_is_shown_at_its_block)
{
    check_printed("rules:\n"
                  "  - count: 1\n"
                  "    match: x\n"
                  "  - name: two\n",
                  "t.yaml:2:5: error: the key 'name' is missing in this rule\n"
                  "   2 |   - count: 1\n"
                  "     |     ^\n"
                  "t.yaml:4:5: error: the key 'match' is missing in rule 'two'\n"
                  "   4 |   - name: two\n"
                  "     |     ^\n");
}

TEST(schema, a_secret_is_never_said_in_a_sentence)
{
    ck_assert_said("password", "[geheim]", "password: expected a text, found a list");
}

TEST(schema, all_mistakes_come_in_one_run)
{
    check_printed(
        "rules:\n"
        "  - name: oom\n"
        "    match: x\n"
        "    within: soon\n"
        "    count: 0123\n"
        "    summry: y\n"
        "  - match: z\n"
        "    severity: fatal\n"
        "settle: 1s\n"
        "settle: 2s\n",
        "t.yaml:4:13: error: within: expected a duration like 30s or 5m, found "
        "the text 'soon'\n"
        "   4 |     within: soon\n"
        "     |             ^~~~\n"
        "t.yaml:5:12: error: count: expected a whole number, found the number "
        "0123; leave the leading zeros out\n"
        "   5 |     count: 0123\n"
        "     |            ^~~~\n"
        "t.yaml:6:5: error: unknown key 'summry' in rule 'oom'; it can have: "
        "name, match, by, count, within, size, severity, enabled, labels, "
        "password, digest\n"
        "   6 |     summry: y\n"
        "     |     ^~~~~~\n"
        "t.yaml:7:5: error: the key 'name' is missing in this rule\n"
        "   7 |   - match: z\n"
        "     |     ^\n"
        "t.yaml:8:15: error: severity: expected one of: info, warning, critical, "
        "found the text 'fatal'\n"
        "   8 |     severity: fatal\n"
        "     |               ^~~~~\n"
        "t.yaml:10:1: error: the key 'settle' stands here twice, first in line "
        "9; which one is meant?\n"
        "  10 | settle: 2s\n"
        "     | ^~~~~~\n");
}
