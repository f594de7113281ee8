/** From a grammar, by chance. What a pattern says is read only roughly: the truth is
 *  asked of PCRE2. */
#include "patterns.h"

#include <stdlib.h>

#define PICK(rng, list) (list)[roll(rng, sizeof(list) / sizeof *(list))]

/* --- patterns --------------------------------------------------------------------- */

static const char *const fuzz_words[] = {
    "error", "fail",     "Failed password for ",
    "sshd",  "kernel: ", "ab",
    "abc",   "x",        "aaaa",
    "time",  "OOM",      "user",
    "disk",  " is ",     "full",
    "]: ",   "refused",  "from ",
    "0x",    "a",        "b",
    "Z",     "9",        "-",
    " ",     "ERROR ",   "warn",
    "=",     "/var/",    "id",
    "\"",    ",",
};
static const char *const fuzz_bytes[] = {
    "\\[", "\\]",  "\\(",  "\\)",  "\\.",      "\\x41", "\\x{62}", "\\0101",
    "\\t", "\\\\", "\\/",  "\\ ",  "\\o{101}", "\\cA",  "\\e",     "\\x4",
    "\\<", "\\-",  "\xe9", "\xff", "\\060",    "\\08",  "{",       "a{",
    "\\x", "]",    "}",    "{,3}", "{x}",      "#",     "\\#",     "\\1",
};
static const char *const fuzz_classes[] = {
    ".",       "\\d",        "\\w+",      "\\S+",        "\\s*",
    "[0-9]+",  "[a-z]",      "[Ff]",      "[ab]",        "[^ ]*",
    "[]a]",    "[^]a]",      "[a-]",      "[[:digit:]]", "[[:alpha:]_-]+",
    "[\\]x]",  "[\\Qa]\\E]", "[\\x41-C]", "[\\d.]+",     "[a\\-z]",
    "[[]",     "[[.]",       "[:x]",      "[a[:x]",      "\\h",
    "\\R",     "\\N",        "\\X",       "\\p{L}",      "\\pL",
    "[^\\n]+", ".*",         ".*?",       ".+",          "[A-Za-z0-9.-]+",
    "[\\b]",   "[eE]",       "[xyzXYZ]",  "[\\]\\[]",    "[--/]",
    "[\\w-]",  "[a-c-e]",
};
static const char *const fuzz_marks[] = {
    "^",    "$",     "\\b",    "\\B",    "\\A",        "\\z",       "(?#r)x)",
    "(?#)", "(?=a)", "(?!b)",  "(?<=a)", "(?<!b)",     "\\K",       "(?=.*err)",
    "\\G",  "\\E",   "\\Q\\E", "(?i)",   "(?!error )", "(?<!sshd)", "(?-i)",
    "(?x)", "(?s)",  "(?m)",   "(?^)",   "(?x-i)",     "(?U)",      "(?-x)",
    "\\Z",  "(?J)",  "(?xx)",  "(?n)",   "(?ix)",      "()",
};
static const char *const fuzz_odd[] = {
    "(?R)?",     "(?1)?",      "\\1",       "\\g{-1}",
    "(?(1)a|b)", "(*ACCEPT)",  "(*COMMIT)", "(?(?=a)b|c)",
    "\\g<1>?",   "(?&n)?",     "(?<n>ab)",  "(?P<n>ab)(?P=n)",
    "(?'n'a+)",  "\\k<n>",     "(*FAIL)",   "(?(DEFINE)(?<d>err))(?&d)",
    "(?C1)",     "(*napla:a)", "\\k{n}",    "(?|(ab)|(c))",
};
static const char *const fuzz_opens[] = {
    "(",    "(?:", "(?i:", "(?>",  "(?=",   "(?!",   "(?<=",
    "(?<!", "(?|", "(?x:", "(?<g", "(?-i:", "(?is:", "(?^:",
};
static const char *const fuzz_repeats[] = {
    "?",      "*",    "+",   "??",   "*?",   "+?",     "?+",    "*+",
    "++",     "{2}",  "{0}", "{1}",  "{3,}", "{1,2}",  "{0,1}", "{2,4}?",
    "{1,2}+", "{,2}", "{9}", "{0,}", " +",   "{2}{2}",
};

static void put_alternatives(struct rng *rng, struct buf *out, int depth);

static void put_group(struct rng *rng, struct buf *out, int depth)
{
    const char *open = PICK(rng, fuzz_opens);
    buf_puts(out, open);
    if (strcmp(open, "(?<g") == 0)
        buf_printf(out, "%zu>", roll(rng, 1000));
    put_alternatives(rng, out, depth + 1);
    buf_putc(out, ')');
}

static void put_quoted(struct rng *rng, struct buf *out)
{
    buf_puts(out, "\\Q");
    buf_puts(out, PICK(rng, fuzz_words));
    buf_puts(out, roll(rng, 2) ? ".(+" : "");
    buf_puts(out, roll(rng, 8) ? "\\E" : "");
}

static void put_atom(struct rng *rng, struct buf *out, int depth)
{
    size_t die = roll(rng, 100);
    if (die < 45)
        buf_puts(out, PICK(rng, fuzz_words));
    else if (die < 55)
        buf_puts(out, PICK(rng, fuzz_bytes));
    else if (die < 70)
        buf_puts(out, PICK(rng, fuzz_classes));
    else if (die < 78)
        buf_puts(out, PICK(rng, fuzz_marks));
    else if (die < 80)
        buf_puts(out, PICK(rng, fuzz_odd));
    else if (die < 83)
        put_quoted(rng, out);
    else if (depth < 4)
        put_group(rng, out, depth);
    if (roll(rng, 5) == 0)
        buf_puts(out, PICK(rng, fuzz_repeats));
}

static void put_alternatives(struct rng *rng, struct buf *out, int depth)
{
    do {
        for (size_t left = roll(rng, 5) + (depth == 0); left > 0; left--)
            put_atom(rng, out, depth);
    } while (roll(rng, depth ? 2 : 8) == 0 && (buf_putc(out, '|'), true));
}

void put_pattern(struct rng *rng, struct buf *out)
{
    put_alternatives(rng, out, 0);
}

void mutate(struct rng *rng, struct buf *text, const char *bytes)
{
    for (size_t left = 1 + roll(rng, 3); left > 0 && text->len > 1; left--) {
        size_t at = roll(rng, text->len), die = roll(rng, 4);
        if (die == 0)
            text->ptr[at] = bytes[roll(rng, strlen(bytes))];
        else if (die == 1)
            memmove(text->ptr + at, text->ptr + at + 1, --text->len - at);
        else if (die == 2)
            text->ptr[at] ^= 0x20;
        else if (at > 0)
            text->ptr[at] = text->ptr[at - 1];
    }
    for (size_t i = 0; i < text->len; i++)
        if (text->ptr[i] == '\n')
            text->ptr[i] = ' ';
}

/* --- lines ------------------------------------------------------------------------ */

/** What is left of a pattern that a line is made of. */
struct sampler {
    struct rng *rng;
    const char *at, *end;
    struct buf *out;
    int depth;
};

static void sample_class(struct sampler *to)
{
    const char *begin = to->at;
    if (to->at < to->end && *to->at == '^')
        to->at++;
    for (bool is_first = true; to->at < to->end; is_first = false, to->at++) {
        if (*to->at == ']' && !is_first)
            break;
        if (*to->at == '\\' || (*to->at == '[' && to->at + 1 < to->end))
            to->at++;
    }
    size_t len = (size_t)(to->at - begin);
    char c =
        len && *begin != '^' ? begin[roll(to->rng, len)] : "a0 _Z."[roll(to->rng, 6)];
    buf_putc(to->out, c);
    to->at += to->at < to->end;
}

static void sample_escape(struct sampler *to)
{
    if (to->at == to->end)
        return;
    char c = *to->at++;
    const char *known = strchr("dwsStNhx", c);
    if (!known || !c)
        buf_putc(to->out, c == 'b' || c == 'Q' || c == 'E' ? ' ' : c);
    else
        buf_putc(to->out, "0a .\t. A"[known - "dwsStNhx"]);
}

static void sample_alternatives(struct sampler *to);

static void sample_atom(struct sampler *to)
{
    char c = *to->at++;
    if (c == '\\')
        sample_escape(to);
    else if (c == '[')
        sample_class(to);
    else if (c == '(' && to->depth < 20)
        sample_alternatives(to);
    else if (c == '.')
        buf_putc(to->out, "x 0-"[roll(to->rng, 4)]);
    else if (!strchr("^$?*+", c) || !c)
        buf_putc(to->out, roll(to->rng, 40) ? c : (char)(c ^ 0x20));
}

/* An atom as often as a quantifier behind it may say. */
static void sample_repeated(struct sampler *to)
{
    size_t before = to->out->len;
    sample_atom(to);
    size_t len = to->out->len - before;
    char c = to->at < to->end ? *to->at : 0;
    if ((c == '?' || c == '*') && roll(to->rng, 2))
        to->out->len = before;
    if ((c == '+' || c == '*') && roll(to->rng, 3) == 0 && len > 0 && len < 50 &&
        to->out->len > before) {
        char copy[64];
        memcpy(copy, to->out->ptr + before, len);
        buf_put(to->out, slice_make(copy, len));
    }
    if (c == '{')
        while (to->at < to->end && *to->at++ != '}')
            ;
}

/* One of the branches up to the ')' that ends them. */
static void sample_alternatives(struct sampler *to)
{
    size_t kept_from = to->out->len, branches = 1;
    to->depth++;
    if (to->at + 1 < to->end && *to->at == '?') {
        to->at++;
        while (to->at < to->end && !strchr(":>=!|)'", *to->at))
            to->at++;
        if (to->at < to->end && *to->at != ')')
            to->at++;
    }
    while (to->at < to->end && *to->at != ')') {
        if (*to->at != '|') {
            sample_repeated(to);
            continue;
        }
        to->at++;
        branches++;
        if (roll(to->rng, branches)) { /* the branch before stays: forget this one */
            size_t len = to->out->len;
            while (to->at < to->end && *to->at != ')' && *to->at != '|')
                sample_repeated(to);
            to->out->len = len;
        } else {
            to->out->len = kept_from;
        }
    }
    to->at += to->at < to->end;
    to->depth--;
}

void put_sample(struct rng *rng, struct buf *out, struct slice pattern)
{
    struct sampler to = { rng, pattern.ptr, pattern.ptr + pattern.len, out, 0 };
    while (to.at < to.end)
        sample_alternatives(&to);
}
