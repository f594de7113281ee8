/** A shape stands in all that its pattern matches, and is known where it helps. */
#include "rules/shapes.h"

#include "agent/base/rng.h"
#include "rig.h"
#include "rules/gate.h"
#include "rules/regex.h"

static bool stands_at(const struct shape *shape, struct slice text)
{
    for (size_t i = 0; i < shape->len; i++)
        if (i >= text.len ||
            !byte_set_has(&shape->places[i], (unsigned char)text.ptr[i]))
            return false;
    return true;
}

static bool stands_in(const struct shape *shape, struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (stands_at(shape, slice_make(text.ptr + i, text.len - i)))
            return true;
    return false;
}

static struct shape shape_of(const char *pattern)
{
    struct shape shape;
    (void)shape_of_pattern(slice_of(pattern), &shape);
    return shape;
}

static const struct {
    const char *pattern, *has, *has_not; /* lines with their line feeds */
} rows[] = {
    { "[0-9]{4}[a-f]{2}[g-k]{3}[0-9]", "x1234abghi5", "x1234abghx5" },
    { "\\b[45]\\d\\d\\b", "GET 404 x", "1404 4045 x404" },
    { "^\\d+ [A-Z]+$", "\n17 OK\n", "17 ok\nX" },
    { "[A-Z]$", "x OK\r\n", "OK x" },
    { "(?<code>5[0-9][0-9]) (?:\\d+)", "\" 503 12", "\" 403 12" },
    { "(?i)x[yz] [0-9]", "XZ 7", "XA 7" },
    { "a[0-9]{2,}z", "a12345z", "a1z" },
    { "[0-9]+\\.[0-9]?[x-z]", "1.z", "1,z" },
};

TEST(shapes, a_line_without_the_kinds_of_bytes_has_not_the_shape)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct shape shape = shape_of(rows[i].pattern);
        ck_assert_msg(shape.len > 1, "%s", rows[i].pattern);
        ck_assert_msg(stands_in(&shape, slice_of(rows[i].has)), "%s", rows[i].pattern);
        ck_assert_msg(!stands_in(&shape, slice_of(rows[i].has_not)), "%s",
                      rows[i].pattern);
    }
}

TEST(shapes, of_what_is_not_understood_none_is_known)
{
    static const char *const patterns[] = {
        "[0-9]a|[0-9]b", "([0-9]a)?",    "(?=[0-9]a)[0-9]", "(?<!1)[0-9]a",
        "[0-9](*FAIL)a", "[0-9]\\Qa\\E", "x[0-9]{,3}a",     "\\R[0-9]a",
        "([0-9])a\\1",   "[0-9]a(?i)b",  "[0-9]",           "",
        "[0-9]*[a-f]*",  "a^[0-9]b",     "[0-9]{2}{3}",
    };
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
        ck_assert_msg(shape_of(patterns[i]).len == 0, "%s", patterns[i]);
}

TEST(shapes, one_that_stands_in_many_lines_is_not_looked_for)
{
    struct shape shape;
    ck_assert(!shape_of_pattern(SLICE("^\\S+ \\S+"), &shape));
    ck_assert(!shape_of_pattern(SLICE("[a-z]+ [a-z]+"), &shape));
    ck_assert(shape_of_pattern(SLICE("[A-Z]{3}[0-9]{2}"), &shape));
}

static const char *random_text(struct rng *rng, const char *const *parts, size_t count,
                               struct buf *out)
{
    buf_clear(out);
    for (uint64_t left = 1 + rng_next(rng) % 7; left > 0; left--)
        buf_puts(out, parts[rng_next(rng) % count]);
    return out->ptr;
}

static const char *const pieces[] = {
    "\\d", "[a-f]",  "[^ ]", ".",      "\\w",   "\\b",         "$",     "x",
    "{2}", "{1,3}",  "+",    "?",      "*",     "(",           ")",     "(?:",
    " ",   "\\s",    "\\W",  "[0-9x]", "\\D",   "-",           "\\S+?", "9",
    "\\.", "[\\d-]", "{3,}", "++",     "(?<n>", "[[:alpha:]]",
};
static const char *const words[] = { "1",  "a",  "x",  " ",  "9", "-",   ".",
                                     "b7", "xx", "\r", "12", "_", "\xe4" };

TEST(shapes, whatever_a_pattern_of_simple_pieces_matches_has_its_shape)
{
    struct rng rng;
    uint64_t matches = 0, known = 0;
    struct buf pattern = buf_make(1000), line = buf_make(1000), text = buf_make(1000);
    rng_seed(&rng, 8);
    for (int i = 0; i < 1500; i++) {
        struct arena arena = { 0 };
        struct complaints complaints = { .arena = &arena };
        bool is_anchored = rng_next(&rng) % 4 == 0;
        random_text(&rng, pieces, sizeof pieces / sizeof *pieces, &line);
        buf_clear(&pattern);
        buf_printf(&pattern, "%s%s", is_anchored ? "^" : "", line.ptr);
        struct regex *regex =
            regex_compile_part(buf_slice(&pattern), NULL, 0, false, &complaints);
        struct shape shape = shape_of(pattern.ptr);
        known += regex && shape.len > 0;
        for (int k = 0; regex && shape.len > 0 && k < 150; k++) {
            random_text(&rng, words, sizeof words / sizeof *words, &line);
            struct slice subject = buf_slice(&line);
            subject.len -= subject.ptr[subject.len - 1] == '\r';
            if (regex_match(regex, subject, NULL, NULL) != REGEX_YES)
                continue;
            buf_clear(&text);
            buf_printf(&text, "\n%s\n", line.ptr);
            ck_assert_msg(stands_in(&shape, buf_slice(&text)), "'%s' in '%s'",
                          pattern.ptr, line.ptr);
            matches++;
        }
        regex_free(regex);
        arena_free(&arena);
    }
    ck_assert_uint_gt(known, 150);
    ck_assert_uint_gt(matches, 1000);
    buf_free(&pattern);
    buf_free(&line);
    buf_free(&text);
}
