/** JSON from strangers. */
#include "agent/base/json.h"

#include "agent/base/buf.h"
#include "agent/base/limits.h"
#include "test.h"

static struct arena arena;

static struct json_result parse(const char *text)
{
    return json_parse(slice_of(text), &arena);
}

/** What the whole of @text is as one string. */
static struct slice string_of(const char *text)
{
    struct json_result result = parse(text);
    ck_assert_msg(result.root && result.root->type == JSON_STRING, "%s: %s", text,
                  result.fault);
    return result.root->text;
}

TEST(json, members_are_found_by_their_decoded_names)
{
    struct json_result result =
        parse("{\"a\": [1, {\"b\\u0063\": true}], \"d\": null}");
    ck_assert_ptr_nonnull(result.root);
    const struct json *list = json_find(result.root, SLICE("a"));
    ck_assert_int_eq(list->type, JSON_ARRAY);
    ck_assert_slice(list->first->text, "1");
    ck_assert_int_eq(json_find(list->first->next, SLICE("bc"))->type, JSON_TRUE);
    ck_assert_int_eq(json_find(result.root, SLICE("d"))->type, JSON_NULL);
    ck_assert_ptr_null(json_find(result.root, SLICE("e")));
    ck_assert_ptr_null(json_find(list, SLICE("a")));
    ck_assert_ptr_null(json_find(NULL, SLICE("a")));
    arena_free(&arena);
}

TEST(json, escapes_and_characters_of_any_length_are_decoded)
{
    ck_assert_slice(string_of("\"\""), "");
    ck_assert_slice(string_of("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), "\"\\/\b\f\n\r\t");
    ck_assert_slice(string_of("\"\\u0041\\u00e9\\u20AC\\uD83D\\uDE00\""),
                    "A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
    ck_assert_slice(string_of(" \"\xC3\xA9\xF0\x9F\x98\x80\" "),
                    "\xC3\xA9\xF0\x9F\x98\x80");
    arena_free(&arena);
}

TEST(json, what_is_no_text_is_repaired_and_counted)
{
    static const struct {
        const char *json, *text;
        size_t repaired;
    } rows[] = { { "\"a\\u0000b\"",
                   "a\xEF\xBF\xBD"
                   "b",
                   1 },
                 { "\"\\uD800x\"", "\xEF\xBF\xBDx", 1 },
                 { "\"\\uDC00\\uD800\"", "\xEF\xBF\xBD\xEF\xBF\xBD", 2 },
                 { "\"\\uD83D\\u0041\"",
                   "\xEF\xBF\xBD"
                   "A",
                   1 },
                 { "\"\xFF\xC0\xAF\"", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD", 3 },
                 { "\"\xED\xA0\x80\"", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD", 3 },
                 { "\"\xE2\x82\"", "\xEF\xBF\xBD\xEF\xBF\xBD", 2 },
                 { "\"a\nb\"", "a\nb", 1 } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct json_result result = parse(rows[i].json);
        ck_assert_msg(result.root != NULL, "row %zu: %s", i, result.fault);
        ck_assert_slice(result.root->text, rows[i].text);
        ck_assert_uint_eq(result.repaired_count, rows[i].repaired);
    }
    struct json_result raw = json_parse(SLICE("\"a\0b\""), &arena);
    ck_assert_slice(raw.root->text, "a\xEF\xBF\xBD"
                                    "b");
    arena_free(&arena);
}

TEST(json, numbers_stay_as_they_were_written)
{
    static const char *const numbers[] = {
        "0", "-0", "1e999", "-1.5E+3", "18446744073709551616", "0.10", "2e-7"
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct json_result result = parse(numbers[i]);
        ck_assert_msg(result.root != NULL, "%s: %s", numbers[i], result.fault);
        ck_assert_int_eq(result.root->type, JSON_NUMBER);
        ck_assert_slice(result.root->text, numbers[i]);
    }
    arena_free(&arena);
}

TEST(json, what_is_no_json_is_refused)
{
    static const char *const bodies[] = {
        "",         " ",          "{",         "}",          "[1",          "[1,]",
        "[,1]",     "{\"a\"}",    "{\"a\":}",  "{\"a\":1,}", "{a:1}",       "{1:1}",
        "\"a",      "\"\\\"",     "\"\\x\"",   "\"\\u12\"",  "\"\\u12g4\"", "01",
        "1.",       ".5",         "1e",        "+1",         "-",           "NaN",
        "Infinity", "nul",        "truefalse", "{} {}",      "[1 2]",       "'a'",
        "\xEF\xBB", "{\"a\":1}x", "\"\\"
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct json_result result = parse(bodies[i]);
        ck_assert_msg(result.root == NULL, "'%s' was taken", bodies[i]);
        ck_assert_ptr_nonnull(result.fault);
    }
    ck_assert_ptr_null(json_parse(SLICE("nul\0"), &arena).root);
    ck_assert_ptr_null(json_parse(SLICE("{}\0"), &arena).root);
    arena_free(&arena);
}

TEST(json, a_byte_order_mark_at_the_begin_is_no_fault)
{
    ck_assert_ptr_nonnull(parse("\xEF\xBB\xBF{}").root);
    arena_free(&arena);
}

TEST(json, no_prefix_of_a_body_is_read_past_its_end)
{
    const char body[] =
        "{\"a\":[1.5e+3,\"\\uD83D\\uDE00\xC3\xA9\",true,null],\"b\":{}}";
    for (size_t len = 0; len < sizeof body - 1; len++) {
        char *copy = malloc(len + 1); /* its end is the end of the memory, for ASan */
        memcpy(copy, body, len);
        copy = realloc(copy, len ? len : 1);
        ck_assert_ptr_null(json_parse(slice_make(copy, len), &arena).root);
        free(copy);
    }
    ck_assert_ptr_nonnull(parse(body).root);
    arena_free(&arena);
}

TEST(json, the_same_key_twice_is_refused_however_it_is_written)
{
    ck_assert_ptr_null(parse("{\"a\":1,\"\\u0061\":2}").root);
    ck_assert_ptr_null(parse("[{\"b\":{\"a\":1,\"c\":2,\"a\":1}}]").root);
    ck_assert_ptr_nonnull(parse("[{\"a\":1},{\"a\":1}]").root);
    for (int has_twins = 0; has_twins < 2; has_twins++) {
        struct buf many = buf_make(16384);
        buf_puts(&many, "{\"k0\":0");
        for (int i = 1; i < 500; i++)
            buf_printf(&many, ",\"k%d\":0", i);
        buf_puts(&many, has_twins ? ",\"k250\":0}" : "}");
        ck_assert((parse(many.ptr).root == NULL) == has_twins);
        buf_free(&many);
    }
    arena_free(&arena);
}

TEST(json, depth_and_number_of_values_have_bounds)
{
    char text[256];
    memset(text, '[', LIMIT_JSON_DEPTH);
    memset(text + LIMIT_JSON_DEPTH, ']', LIMIT_JSON_DEPTH);
    ck_assert_ptr_nonnull(
        json_parse(slice_make(text, 2 * LIMIT_JSON_DEPTH), &arena).root);
    memset(text, '[', LIMIT_JSON_DEPTH + 1);
    memset(text + LIMIT_JSON_DEPTH + 1, ']', LIMIT_JSON_DEPTH + 1);
    ck_assert_ptr_null(
        json_parse(slice_make(text, 2 * LIMIT_JSON_DEPTH + 2), &arena).root);
    char *many = arena_zalloc(&arena, 2 * LIMIT_JSON_VALUES + 2);
    memset(many, '[', 1);
    for (int i = 0; i < LIMIT_JSON_VALUES; i++)
        memcpy(many + 1 + 2 * i, i + 1 == LIMIT_JSON_VALUES ? "1]" : "1,", 2);
    struct json_result result = parse(many);
    ck_assert_ptr_null(result.root);
    ck_assert(result.is_too_large);
    arena_free(&arena);
}

TEST(json, pointers_lead_as_rfc_6901_says)
{
    static const struct {
        const char *pointer, *value;
    } rows[] = { { "/foo/0", "bar" }, { "/foo/1", "baz" }, { "/", "0" },
                 { "/a~1b", "1" },    { "/c%d", "2" },     { "/e^f", "3" },
                 { "/g|h", "4" },     { "/i\\j", "5" },    { "/k\"l", "6" },
                 { "/ ", "7" },       { "/m~0n", "8" } };
    struct json_result result =
        parse("{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,\"e^f\":3,"
              "\"g|h\":4,\"i\\\\j\":5,\"k\\\"l\":6,\" \":7,\"m~n\":8}");
    ck_assert_ptr_nonnull(result.root);
    ck_assert_ptr_eq(json_point(result.root, SLICE("")), result.root);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ck_assert(json_is_pointer(slice_of(rows[i].pointer)));
        const struct json *found = json_point(result.root, slice_of(rows[i].pointer));
        ck_assert_msg(found != NULL, "%s", rows[i].pointer);
        ck_assert_slice(found->text, rows[i].value);
    }
    static const char *const nothing[] = { "/foo/2", "/foo/00", "/foo/-",  "/foo/+1",
                                           "/bar",   "/foo/0/", "/foo/-1", "/m~1n" };
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++)
        ck_assert_msg(!json_point(result.root, slice_of(nothing[i])), "%s", nothing[i]);
    ck_assert(!json_is_pointer(SLICE("foo")));
    ck_assert(!json_is_pointer(SLICE("/a~2")));
    ck_assert(!json_is_pointer(SLICE("/a~")));
    arena_free(&arena);
}

TEST(json, a_string_is_read_alike_wherever_its_odd_byte_stands)
{
    static const char *const odd[] = { "\\n", "\x01", "\xc3\xa4", "\x7f", "\\\\" };
    static const char *const read[] = { "\n", "\x01", "\xc3\xa4", "\x7f", "\\" };
    for (size_t kind = 0; kind < sizeof odd / sizeof *odd; kind++) {
        for (int before = 0; before < 20; before++) {
            const char *text =
                arena_printf(&arena, "\"%.*s%s%.*s\"", before, "aaaaaaaaaaaaaaaaaaaa",
                             odd[kind], 20 - before, "bbbbbbbbbbbbbbbbbbbb");
            const char *wanted =
                arena_printf(&arena, "%.*s%s%.*s", before, "aaaaaaaaaaaaaaaaaaaa",
                             read[kind], 20 - before, "bbbbbbbbbbbbbbbbbbbb");
            struct json_result result = json_parse(slice_of(text), &arena);
            ck_assert_ptr_nonnull(result.root);
            ck_assert(slice_equal(result.root->text, slice_of(wanted)));
        }
    }
}
