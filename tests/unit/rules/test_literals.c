#include "rules/literals.h"

#include "agent/base/buf.h"
#include "test.h"

/* The set as text: literals with '|' between them, 'i:' before one in any case. */
static void put_set(const struct literals *set, struct buf *out)
{
    for (size_t i = 0; i < set->count; i++) {
        buf_puts(out, i ? "|" : "");
        buf_puts(out, set->items[i].nocase ? "i:" : "");
        buf_put(out, slice_make(set->items[i].bytes, set->items[i].len));
    }
}

static void check_pattern(const char *pattern, const char *wanted)
{
    struct arena arena = { 0 };
    struct literals set;
    struct buf out = buf_make(10000);
    literals_of_pattern(slice_of(pattern), NULL, &arena, &set);
    put_set(&set, &out);
    ck_assert_msg(slice_equal(buf_slice(&out), slice_of(wanted)),
                  "'%s' gives '%.*s', not '%s'", pattern, SLICE_ARG(buf_slice(&out)),
                  wanted);
    buf_free(&out);
    arena_free(&arena);
}

static void check_rows(const char *const (*rows)[2], size_t count)
{
    for (size_t i = 0; i < count; i++)
        check_pattern(rows[i][0], rows[i][1]);
}
#define CHECK_ROWS(rows) check_rows(rows, sizeof(rows) / sizeof *(rows))

TEST(literals, what_must_stand_in_every_match_is_found)
{
    static const char *const rows[][2] = {
        { "Out of memory", "Out of memory" },
        { "^a.*connection refused$", "connection refused" },
        { "sshd\\[\\d+\\]: Failed password", "]: Failed password" },
        { "(invalid user )?from [0-9.]+ port", " port" },
        { "(?<user>\\S+) logged in", " logged in" },
        { "x(?:timeout|refused|reset)y", "xtimeouty|xrefusedy|xresety" },
        { "(ERROR|FATAL).*", "ERROR|FATAL" },
        { "no (re|space)+ left", "re left|space left" },
        { "(?:abc){2}", "abcabc" },
        { "wait a{3}h", "wait aaah" },
        { "killed +by", "killed " },
        { "\\QA.B (c)\\E+ d", "A.B (c" },
        { "(?#all) disk (?#is) full", " disk  full" },
        { "foo(?=bar)bar", "foobar" },
        { "(?=.*panic).*", "panic" },
        { "(?<=kernel: )x", "kernel: " },
        { "\\x41\\x42\\x43\\x2fd", "ABC/d" },
        { "\\Aready\\b\\Z", "ready" },
        { "[e]rr[o]r", "error" },
        { "err(?#x)?or", "error|eror" },
    };
    CHECK_ROWS(rows);
}

TEST(literals, either_case_is_one_literal)
{
    static const char *const rows[][2] = {
        { "(?i)Failed", "i:failed" },         { "[Ff]ailed", "i:failed" },
        { "a(?i:OOM)b", "i:aoomb" },          { "x(?i)y(?-i)error", "i:xyerror" },
        { "(a(?i)bcd|efg)", "i:abcd|i:efg" }, { "(?i:a)bcdef", "i:abcdef" },
        { "(?i)(?^:Error)", "Error" },        { "(?i)[0-9]+ lost", "i: lost" },
    };
    CHECK_ROWS(rows);
}

TEST(literals, blanks_of_extended_patterns_are_none)
{
    static const char *const rows[][2] = {
        { "(?x) no \\ space # left\n on", "no spaceon" },
        { "(?x) abcd + efgh", "defgh" },
        { "(?x: a b c ) d e f", "abc d e f" },
        { "(?xx) [a b] cdef", "" },
        { "(?x) \x85 abcd", "" }, /* a blank for some PCRE2 */
    };
    CHECK_ROWS(rows);
}

TEST(literals, what_need_not_stand_there_is_not_claimed)
{
    static const char *const rows[][2] = {
        { "(error)?", "" },     { "(error|.)", "" },
        { "(error)*x", "" },    { "(?!error).*", "" },
        { "(?<!error)x", "" },  { "error{0}", "erro" },
        { "error|", "" },       { "(error){0,3}", "" },
        { "[^e]rr", "" },       { "ab", "" },
        { ".*", "" },           { "", "" },
        { "\\d+", "" },         { "(?:error|ab)", "" },
        { "errors?", "error" }, { "(?=error)?x", "" },
        { "(?=error)*x", "" },  { "erro{,3}x", "err" },
        { "a(?|b|)f.*", "" },   { "(?i)\xe9\xe9\xe9", "" },
        { "(?#x)(err)?", "" },
    };
    CHECK_ROWS(rows);
}

TEST(literals, what_is_not_understood_gives_none)
{
    static const char *const rows[][2] = {
        { "(*ACCEPT)error", "" }, { "(?(1)error|failed)", "" },
        { "(?C1)error", "" },     { "(?(DEFINE)(?<d>error))", "" },
        { "(*COMMIT)error", "" }, { "(error", "error" },
        { "error)x", "" },        { "[error", "" },
        { "error\\", "" },        { "+error", "" },
        { "(?*error)", "" },      { "[[.error", "" },
    };
    CHECK_ROWS(rows);
}

TEST(literals, references_may_be_any_text)
{
    static const char *const rows[][2] = {
        { "(a|b)error\\1", "aerror|berror" }, { "(?<q>['\"])x\\k<q>failed", "failed" },
        { "\\10failed", "failed" },           { "(?R)?failed", "failed" },
        { "(ab)\\g{-1}failed", "failed" },    { "(?&name)?failed", "failed" },
    };
    CHECK_ROWS(rows);
}

TEST(literals, classes_end_where_pcre2_ends_them)
{
    static const char *const rows[][2] = {
        { "[]abc]def", "]def|adef|bdef|cdef" },
        { "[^]abc]def", "def" },
        { "[[:alpha:]]error", "error" },
        { "[a[:x]error", ":error|[error|aerror|xerror" },
        { "[\\]]error", "]error" },
        { "[x\\Q]\\E]error", "error" },
        { "[a-]error", "-error|aerror" },
        { "[--/]error", "-error|.error|/error" },
        { "[\\d-z]error", "error" },
        { "[\\c]]error", "error" },
    };
    CHECK_ROWS(rows);
}

TEST(literals, the_rarer_of_two_is_taken)
{
    struct arena arena = { 0 };
    struct literals set;
    char sample[4000] = { 0 };
    for (size_t i = 0; i + 20 < sizeof sample; i += 20)
        memcpy(sample + i, "authentication fail\n", 20);
    struct rarity *rarity = rarity_create();
    rarity_add(rarity, slice_make(sample, sizeof sample));
    struct slice pattern = SLICE("authentication fail.*mount of disk");
    ck_assert(literals_of_pattern(pattern, rarity, &arena, &set));
    ck_assert_slice(slice_make(set.items[0].bytes, set.items[0].len), "mount of disk");
    rarity_free(rarity);
    arena_free(&arena);
}

TEST(literals, a_long_text_is_cut_and_a_large_choice_is_none)
{
    check_pattern("authentication failure of a user that is not known, "
                  "who comes from a host that nobody has seen before",
                  "authentication failure of a user that is not kno");
    check_pattern("[0-9][0-9][0-9]", "");
}
