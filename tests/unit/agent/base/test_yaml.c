/** The tree knows its places; what people get wrong in YAML has its own sentence. */
#include "agent/base/yaml.h"

#include "agent/base/limits.h"
#include "sample_schema.h"
#include "test.h"

static struct yaml_node *parse(const char *text, struct complaints *complaints)
{
    static struct arena arena;
    struct source_text *source = arena_zalloc(&arena, sizeof *source);
    *source = (struct source_text){ "t.yaml", slice_of(text) };
    complaints->arena = &arena;
    return yaml_parse(source, complaints);
}

static void check_place(struct place at, uint32_t line, uint32_t column, uint32_t width)
{
    ck_assert_uint_eq(at.line, line);
    ck_assert_uint_eq(at.column, column);
    ck_assert_uint_eq(at.width, width);
}

TEST(yaml, every_node_knows_its_line_and_its_byte)
{
    static struct complaints complaints;
    struct yaml_node *root = parse("# \xc3\xbc\n"
                                   "\xc3\xbc: {b: 'c d'}\n"
                                   "e:\n"
                                   "  - \xc3\xa4\xc3\xa4\n"
                                   "  - |\n"
                                   "    x\n",
                                   &complaints);
    ck_assert_uint_eq(complaints.error_count, 0);
    ck_assert_uint_eq(root->count, 4);
    check_place(root->items[0]->at, 2, 1, 2);
    const struct yaml_node *map = root->items[1];
    check_place(map->items[0]->at, 2, 6, 1);
    check_place(map->items[1]->at, 2, 9, 5);
    ck_assert_slice(map->items[1]->text, "c d");
    const struct yaml_node *list = yaml_find(root, SLICE("e"));
    check_place(list->items[0]->at, 4, 5, 4);
    check_place(list->items[1]->at, 5, 5, 1);
    ck_assert_slice(list->items[1]->text, "x\n");
}

TEST(yaml, a_byte_order_mark_and_an_empty_file_are_no_mistakes)
{
    static struct complaints complaints;
    struct yaml_node *root = parse("\xef\xbb\xbf"
                                   "a: b\n",
                                   &complaints);
    ck_assert_slice(root->items[0]->text, "a");
    static const char *const empty[] = { "", "\n", "# nothing\n", "---\n",
                                         "--- \n...\n" };
    for (size_t i = 0; i < sizeof empty / sizeof *empty; i++) {
        root = parse(empty[i], &complaints);
        ck_assert_int_eq(root->kind, YAML_MAP);
        ck_assert_uint_eq(root->count, 0);
    }
    ck_assert_uint_eq(complaints.error_count, 0);
}

TEST(yaml, C03_a_hundred_thousand_brackets_are_refused_at_once)
{
    static struct complaints complaints;
    static char *text;
    text = mem_zalloc(100001);
    memset(text, '[', 100000);
    ck_assert_ptr_null(parse(text, &complaints));
    ck_assert_uint_eq(complaints.error_count, 1);
    ck_assert_str_eq(complaints.items[0].text, "nested deeper than 32 levels");
    check_place(complaints.items[0].at, 1, 33, 1);
}

TEST(yaml, C03_nesting_in_blocks_is_bounded_as_well)
{
    static struct complaints complaints;
    static struct buf text;
    text = buf_make(100000);
    for (int depth = 0; depth < LIMIT_YAML_DEPTH; depth++)
        buf_printf(&text, "%*sa:\n", depth, "");
    ck_assert_ptr_nonnull(parse(text.ptr, &complaints));
    buf_printf(&text, "%*sa: b\n", LIMIT_YAML_DEPTH, "");
    ck_assert_ptr_null(parse(text.ptr, &complaints));
    ck_assert_str_eq(complaints.items[0].text, "nested deeper than 32 levels");
}

TEST(yaml, C04_a_file_over_the_limit_is_not_even_parsed)
{
    static struct complaints complaints;
    static char *text;
    text = mem_zalloc(LIMIT_CONFIG_BYTES + 2);
    memset(text, 'a', LIMIT_CONFIG_BYTES + 1);
    ck_assert_ptr_null(parse(text, &complaints));
    ck_assert_str_eq(complaints.items[0].text, "the file is larger than 1024 KiB");
}

TEST(yaml, the_number_of_values_is_bounded)
{
    static struct complaints complaints;
    static struct buf text;
    text = buf_make(LIMIT_CONFIG_BYTES);
    buf_puts(&text, "a: [");
    for (int i = 0; i < LIMIT_YAML_NODES; i++)
        buf_puts(&text, "b,");
    buf_puts(&text, "]\n");
    ck_assert_ptr_null(parse(text.ptr, &complaints));
    ck_assert_str_eq(complaints.items[0].text, "more than 200000 values in one file");
}

TEST(yaml, a_map_with_very_many_keys_is_read_in_no_time)
{
    static struct complaints complaints;
    static struct buf text;
    text = buf_make(LIMIT_CONFIG_BYTES);
    for (int i = 0; i < 90000; i++)
        buf_printf(&text, "k%05d: \n", i);
    ck_assert_ptr_nonnull(parse(text.ptr, &complaints));
    ck_assert_uint_eq(complaints.error_count, 0);
}

TEST(yaml, C01_aliases_are_never_followed)
{
    static struct complaints complaints;
    struct yaml_node *root = parse("a: &a [x, x, x]\n"
                                   "b: &b [*a, *a, *a]\n"
                                   "c: [*b, *b, *b]\n",
                                   &complaints);
    ck_assert_uint_eq(complaints.error_count, 2 + 6);
    ck_assert_uint_lt(complaints.arena->total_bytes, 16384);
    ck_assert(yaml_find(root, SLICE("c"))->items[0]->is_refused);
}

/* --- places inside --------------------------------------------------------------- */

static void check_inside(const char *yaml, size_t offset, uint32_t line,
                         uint32_t column)
{
    static struct complaints complaints;
    struct yaml_node *root = parse(yaml, &complaints);
    struct place at = yaml_place_inside(root->items[1], offset);
    ck_assert_msg(at.line == line && at.column == column,
                  "%zu in %s is at %u:%u, not %u:%u", offset, yaml, at.line, at.column,
                  line, column);
}

TEST(yaml, a_place_inside_a_plain_value_is_exact)
{
    check_inside("m: abc\n", 0, 1, 4);
    check_inside("m: abc\n", 2, 1, 6);
    check_inside("m: abc\n", 3, 1, 7);
    check_inside("m: abc\n", 4, 1, 4);
    check_inside("m: ab\n  cd\n", 1, 1, 5);
    check_inside("m: ab\n  cd\n", 4, 1, 4);
}

TEST(yaml, a_place_inside_a_quoted_value_counts_what_is_written)
{
    check_inside("m: 'abc'\n", 2, 1, 7);
    check_inside("m: 'a''c'\n", 2, 1, 8);
    check_inside("m: \"abc\"\n", 2, 1, 7);
    check_inside("m: \"\\t\\\\c\"\n", 2, 1, 9);
    check_inside("m: \"\\x41b\"\n", 1, 1, 9);
    check_inside("m: \"\\xe4b\"\n", 2, 1, 9);
    check_inside("m: \"\\u20acb\"\n", 3, 1, 11);
    check_inside("m: \"\\U0001f600b\"\n", 4, 1, 15);
    check_inside("m: \"\\_b\"\n", 2, 1, 7);
    check_inside("m: \"\\Lb\"\n", 3, 1, 7);
}

TEST(yaml, a_place_inside_a_block_of_text_finds_its_line)
{
    static const char literal[] = "m: |\n"
                                  "    one\n"
                                  "\n"
                                  "      two\n"
                                  "    three\n";
    check_inside(literal, 0, 2, 5);
    check_inside(literal, 2, 2, 7);
    check_inside(literal, 7, 4, 7);
    check_inside(literal, 12, 5, 6);
    check_inside("m: |-\n\n  a\n", 1, 3, 3);
}

TEST(yaml, a_place_inside_a_folded_block_finds_its_line)
{
    static const char folded[] = "m: >\n"
                                 "  one\n"
                                 "  two\n"
                                 "\n"
                                 "  three\n";
    check_inside(folded, 4, 3, 3);
    check_inside(folded, 8, 5, 3);
    check_inside(folded, 12, 5, 7);
}

TEST(yaml, where_the_exact_place_is_unknown_the_whole_value_is_shown)
{
    check_inside("m: |2\n    x\n", 1, 1, 4);
    check_inside("m: 'ab\n  cd'\n", 4, 1, 4);
}

/* --- mistakes -------------------------------------------------------------------- */

TEST(yaml, a_tab_is_called_a_tab)
{
    check_printed("state_dir:\n\t- b\n",
                  "t.yaml:2:1: error: a tab is used for indentation; use spaces\n"
                  "   2 |  - b\n"
                  "     | ^\n");
    check_printed("rules:\n  - name: a\n\tmatch: b\n",
                  "t.yaml:3:1: error: a tab is used for indentation; use spaces\n"
                  "   3 |  match: b\n"
                  "     | ^\n");
    check_printed("state_dir: |\n\tb\n",
                  "t.yaml:2:1: error: a tab is used for indentation; use spaces\n"
                  "   2 |  b\n"
                  "     | ^\n");
}

TEST(yaml, a_bracket_in_a_pattern_is_shown_where_it_opens)
{
    check_printed(
        "rules:\n"
        "  - match: [error\n"
        "    name: x\n",
        "t.yaml:2:12: error: '[' starts a list that does not end well; close it "
        "with ']', or put a pattern in single quotes: '...'\n"
        "   2 |   - match: [error\n"
        "     |            ^\n");
    check_printed(
        "rules:\n"
        "  - match: [0-9]+ errors\n",
        "t.yaml:2:12: error: '[' starts a list, and text follows its ']'; put a "
        "pattern in single quotes: '...'\n"
        "   2 |   - match: [0-9]+ errors\n"
        "     |            ^~~~~~~~~~~~~\n");
}

TEST(yaml, a_template_without_quotes_is_explained)
{
    check_printed(
        "rules:\n"
        "  - name: {{rule}}\n"
        "    match: x\n",
        "t.yaml:2:12: error: a map cannot be a key; put a template '{{...}}' in "
        "single quotes\n"
        "   2 |   - name: {{rule}}\n"
        "     |            ^\n");
}

TEST(yaml, a_backslash_in_double_quotes_is_explained)
{
    check_printed("state_dir: \"a\\d+\"\n",
                  "t.yaml:1:14: error: '\\d' means nothing inside double quotes; put a "
                  "pattern in single quotes: '...'\n"
                  "   1 | state_dir: \"a\\d+\"\n"
                  "     |              ^~\n");
}

TEST(yaml, a_second_colon_is_shown_with_its_value)
{
    check_printed(
        "state_dir: foo: bar\n",
        "t.yaml:1:12: error: a value with ': ' in it; put the value in single "
        "quotes: '...'\n"
        "   1 | state_dir: foo: bar\n"
        "     |            ^~~~~~~~\n");
    check_printed("state_dir: a\n"
                  "  settle: 1s\n",
                  "t.yaml:2:9: error: a ':' where no key can stand; is the line above "
                  "without its ':', or this line indented too far?\n"
                  "   2 |   settle: 1s\n"
                  "     |         ^\n");
}

TEST(yaml, signs_that_start_no_value_are_named)
{
    check_printed("state_dir: %x\n",
                  "t.yaml:1:12: error: no value can start with '%'; put the value in "
                  "single quotes: '...'\n"
                  "   1 | state_dir: %x\n"
                  "     |            ^\n");
    check_printed("include: [*.yaml]\n",
                  "t.yaml:1:11: error: no value can start with '*'; put the value in "
                  "quotes: '...'\n"
                  "   1 | include: [*.yaml]\n"
                  "     |           ^\n");
    check_printed("state_dir: !x y\n",
                  "t.yaml:1:12: error: tags are not used here ('!x'); put a text that "
                  "starts with '!' in quotes\n"
                  "   1 | state_dir: !x y\n"
                  "     |            ^~~~\n");
}

TEST(yaml, a_quote_that_is_never_closed_is_shown_where_it_opens)
{
    check_printed("state_dir: 'a\nsettle: 1s\n",
                  "t.yaml:1:12: error: this quote is never closed\n"
                  "   1 | state_dir: 'a\n"
                  "     |            ^\n");
    check_printed("state_dir: 'it's'\n",
                  "t.yaml:1:16: error: text behind the closing quote; a single quote "
                  "inside single quotes is written twice: ''\n"
                  "   1 | state_dir: 'it's'\n"
                  "     |                ^\n");
}

TEST(yaml, wrong_indentation_is_shown_on_its_line)
{
    check_printed(
        "rules:\n"
        "  - name: a\n"
        "    match: b\n"
        "   count: 1\n",
        "t.yaml:4:4: error: the indentation fits neither the list above nor the "
        "keys of its last item; keys of one block start in the same column\n"
        "   4 |    count: 1\n"
        "     |    ^\n");
}

TEST(yaml, a_line_without_its_colon_is_shown)
{
    check_printed("settle: 1s\nstate_dir /x\n",
                  "t.yaml:2:1: error: a ':' is missing behind this key\n"
                  "   2 | state_dir /x\n"
                  "     | ^\n");
}

TEST(yaml, a_variable_in_a_flow_list_wants_quotes)
{
    check_printed(
        "include: [a, ${HOME}]\n",
        "t.yaml:1:15: error: inside [...] and {...} a '${NAME}' has to stand in "
        "quotes\n"
        "   1 | include: [a, ${HOME}]\n"
        "     |               ^\n");
}

TEST(yaml, bytes_that_are_no_text_are_placed)
{
    check_printed("state_dir: x\nsettle: \xff\n",
                  "t.yaml:2:9: error: this byte is not UTF-8; save the file as UTF-8\n"
                  "   2 | settle: \\xFF\n"
                  "     |         ^~~~\n");
    check_printed("\xef\xbb\xbf"
                  "settle: \x01\n",
                  "t.yaml:1:12: error: a control character stands here; write it as "
                  "\"\\xNN\" in double quotes\n"
                  "   1 | settle: \\x01\n"
                  "     |         ^~~~\n");
}

TEST(yaml, a_second_document_is_refused)
{
    check_printed(
        "settle: 1s\n---\nsettle: 2s\n",
        "t.yaml:2:1: error: a second document starts here; one file holds one "
        "document\n"
        "   2 | ---\n"
        "     | ^~~\n");
}

TEST(yaml, C01_C02_aliases_and_anchors_are_refused_and_the_rest_is_still_read)
{
    check_printed(
        "state_dir: &a /x\n"
        "include: *a\n"
        "setle: 1s\n",
        "t.yaml:1:12: error: anchors are not used here ('&a'); write the value "
        "out where it is needed, or put a text that starts with '&' in quotes\n"
        "   1 | state_dir: &a /x\n"
        "     |            ^~~~~\n"
        "t.yaml:2:10: error: aliases are not used here ('*a'); write the value "
        "out, or put a text that starts with '*' in quotes\n"
        "   2 | include: *a\n"
        "     |          ^~\n"
        "t.yaml:3:1: error: unknown key 'setle' in this configuration, did you "
        "mean 'settle'?\n"
        "   3 | setle: 1s\n"
        "     | ^~~~~\n");
    check_printed(
        "include: &a [*a]\n",
        "t.yaml:1:10: error: anchors are not used here ('&a'); write the value "
        "out where it is needed, or put a text that starts with '&' in quotes\n"
        "   1 | include: &a [*a]\n"
        "     |          ^~~~\n"
        "t.yaml:1:14: error: aliases are not used here ('*a'); write the value "
        "out, or put a text that starts with '*' in quotes\n"
        "   1 | include: &a [*a]\n"
        "     |              ^~\n");
}

TEST(yaml, C07_a_key_that_stands_twice_is_refused)
{
    check_printed(
        "settle: 1s\nstate_dir: /x\nsettle: 2s\n",
        "t.yaml:3:1: error: the key 'settle' stands here twice, first in line 1; "
        "which one is meant?\n"
        "   3 | settle: 2s\n"
        "     | ^~~~~~\n");
}
