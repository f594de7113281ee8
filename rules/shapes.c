/**
 * A reader of simple patterns: atoms behind each other with their quantifiers, in plain
 * groups. Which bytes an atom takes is asked of PCRE2 itself, byte by byte. Whatever
 * else stands in a pattern makes the reader give up.
 */
#include "rules/shapes.h"

#include <math.h>

#include "agent/base/mem.h"
#include "rules/pattern_text.h"
#include "rules/regex.h"

enum {
    RUN_PLACES = 48,    /* further ones are left off */
    REPEATED_PLACES = 8 /* of one atom */
};

/* Rarer than in one of so many bytes, about every third line: else it saves nothing. */
static const double common = 1.0 / 400;

struct reader {
    struct pattern_text text;
    struct byte_set run[RUN_PLACES]; /* what stands side by side in each match */
    size_t len;
    bool has_lead;           /* run[0] is one */
    bool is_begun;           /* something was read before */
    bool is_nocase;          /* "(?i)" */
    bool is_word_end;        /* "\b" behind the last place */
    bool is_word_begin;      /* "\b" before the run */
    struct byte_set no_word; /* \W */
    struct shape best;
    double best_rarity;
};

/* --- sets ------------------------------------------------------------------------- */

static void set_put(struct byte_set *set, unsigned char byte)
{
    set->bits[byte >> 6] |= UINT64_C(1) << (byte & 63);
}

static bool sets_meet(const struct byte_set *a, const struct byte_set *b)
{
    bool meet = false;
    for (size_t i = 0; i < 4; i++)
        meet |= (a->bits[i] & b->bits[i]) != 0;
    return meet;
}

static bool set_is_empty(const struct byte_set *set)
{
    return !sets_meet(set, set);
}

/* About how often a byte stands in logs. */
static double weight_of(unsigned char byte)
{
    if (byte == ' ')
        return 0.12;
    if (byte >= '0' && byte <= '9')
        return 0.025;
    if (byte >= 'a' && byte <= 'z')
        return 0.017;
    if (byte >= 'A' && byte <= 'Z')
        return 0.003;
    if (byte == '\n')
        return 0.008;
    return byte > ' ' && byte < 0x7f ? 0.006 : 0.0005;
}

static double weight_of_set(const struct byte_set *set)
{
    double sum = 0;
    for (int byte = 0; byte < 256; byte++)
        if (byte_set_has(set, (unsigned char)byte))
            sum += weight_of((unsigned char)byte);
    return sum < 1 ? sum : 1;
}

/* What @atom takes, asked of PCRE2; false when that is no single byte. */
static bool ask_set(struct slice atom, bool is_nocase, struct byte_set *set)
{
    struct arena arena = { 0 };
    struct complaints complaints = { .arena = &arena };
    const char *text =
        arena_printf(&arena, "%s%.*s", is_nocase ? "(?i)" : "", SLICE_ARG(atom));
    struct regex *regex =
        regex_compile_part(slice_of(text), NULL, 0, true, &complaints);
    *set = (struct byte_set){ 0 };
    for (int byte = 0; regex && byte < 256; byte++) {
        char subject = (char)byte;
        if (byte != '\n' &&
            regex_match(regex, slice_make(&subject, 1), NULL, NULL) == REGEX_YES)
            set_put(set, (unsigned char)byte);
    }
    regex_free(regex);
    complaints_free(&complaints);
    arena_free(&arena);
    return !set_is_empty(set);
}

/* --- runs ------------------------------------------------------------------------- */

static bool is_line_begin(const struct byte_set *set)
{
    struct byte_set rest = *set;
    rest.bits['\n' >> 6] &= ~(UINT64_C(1) << '\n');
    return byte_set_has(set, '\n') && set_is_empty(&rest);
}

/* The lines of a log begin alike, all of them or none. */
double shape_rarity(const struct shape *shape, size_t from, size_t to)
{
    bool is_behind_begin = false;
    double rarity = 1;
    for (size_t i = from; i < to; i++) {
        double weight = weight_of_set(&shape->places[i]);
        rarity *= is_behind_begin ? sqrt(weight) : weight;
        is_behind_begin |= is_line_begin(&shape->places[i]);
    }
    return rarity;
}

static void consider(struct reader *reader, size_t begin, size_t len)
{
    struct shape shape = { .len = (uint8_t)len,
                           .has_lead = begin == 0 && reader->has_lead };
    memcpy(shape.places, reader->run + begin, len * sizeof *shape.places);
    double rarity = shape_rarity(&shape, 0, len);
    if (reader->best.len > 0 && rarity >= reader->best_rarity)
        return;
    reader->best = shape;
    reader->best_rarity = rarity;
}

static void put_place(struct reader *reader, const struct byte_set *set)
{
    if (reader->len < RUN_PLACES)
        reader->run[reader->len++] = *set;
}

/* Any text may follow. */
static void end_run(struct reader *reader)
{
    if (reader->is_word_end)
        put_place(reader, &reader->no_word);
    size_t len = reader->len < SHAPE_PLACES ? reader->len : SHAPE_PLACES;
    for (size_t i = 0; len > 1 && i + len <= reader->len; i++)
        consider(reader, i, len);
    reader->len = 0;
    reader->has_lead = reader->is_word_end = reader->is_word_begin = false;
}

static bool is_of_words(const struct reader *reader, const struct byte_set *set)
{
    return !sets_meet(set, &reader->no_word);
}

static void add_place(struct reader *reader, const struct byte_set *set)
{
    if (reader->is_word_begin && is_of_words(reader, set)) {
        put_place(reader, &reader->no_word);
        reader->has_lead = true;
    }
    reader->is_word_begin = reader->is_word_end = false;
    put_place(reader, set);
}

/* @min to @max bytes of @set. */
static void add_places(struct reader *reader, const struct byte_set *set, size_t min,
                       size_t max)
{
    size_t count = min < REPEATED_PLACES ? min : REPEATED_PLACES;
    for (size_t i = 0; i < count; i++)
        add_place(reader, set);
    if (min == max && count == min && reader->len < RUN_PLACES)
        return;
    end_run(reader);
    for (size_t i = 0; i < count; i++)
        add_place(reader, set);
}

/* --- the pattern ------------------------------------------------------------------ */

/* Where the atom that begins at text.at ends; false: not one that is known. */
static bool skip_atom(struct pattern_text *text)
{
    static const char single[] = "dDwWsShHvVNaefnrt";
    bool has[256] = { false };
    char c = *text->at++;
    if (c == '[') {
        (void)pattern_class(text, has);
        return !text->is_odd;
    }
    if (c != '\\')
        return c != '\0';
    if (text->at == text->end)
        return false;
    c = *text->at++;
    bool is_alnum = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
    return is_alnum ? memchr(single, c, sizeof single - 1) != NULL
                    : (unsigned char)c < 0x80;
}

static bool has_quantifier(struct pattern_text text)
{
    size_t min, max;
    return pattern_quantifier(&text, &min, &max) != QUANTIFIER_NONE;
}

static bool read_atom(struct reader *reader)
{
    struct byte_set set;
    size_t min, max;
    const char *begin = reader->text.at;
    if (!skip_atom(&reader->text) ||
        !ask_set(slice_make(begin, (size_t)(reader->text.at - begin)),
                 reader->is_nocase, &set))
        return false;
    enum quantifier quantifier = pattern_quantifier(&reader->text, &min, &max);
    if (quantifier == QUANTIFIER_NONE)
        min = max = 1;
    if (quantifier == QUANTIFIER_ODD || has_quantifier(reader->text))
        return false;
    add_places(reader, &set, min, max);
    return true;
}

static void add_line_begin(struct reader *reader)
{
    struct byte_set feed = { 0 };
    set_put(&feed, '\n');
    put_place(reader, &feed);
    reader->has_lead = true;
}

/* A CR at the end of a line is none of it. */
static void add_line_end(struct reader *reader)
{
    struct byte_set ends = { 0 };
    set_put(&ends, '\n');
    set_put(&ends, '\r');
    if (reader->len > 0)
        put_place(reader, &ends);
    reader->is_word_end = false;
    end_run(reader);
}

static void add_word_edge(struct reader *reader)
{
    if (reader->len == 0)
        reader->is_word_begin = true;
    else
        reader->is_word_end = is_of_words(reader, &reader->run[reader->len - 1]);
}

/* "(", "(?:", "(?<name>": the group only says where captures are. */
static bool read_open(struct pattern_text *text)
{
    if (text->at < text->end && *text->at == '*')
        return false;
    if (!pattern_take(text, '?') || pattern_take(text, ':'))
        return true;
    (void)pattern_take(text, 'P');
    if (!pattern_take(text, '<') || text->at == text->end ||
        memchr("=!*", *text->at, 3))
        return false;
    pattern_skip_past(text, '>');
    return !text->is_odd;
}

/* One piece of the pattern. @return false: it is not understood. */
static bool read_piece(struct reader *reader)
{
    struct pattern_text *text = &reader->text;
    bool is_first = !reader->is_begun;
    reader->is_begun = true;
    if (pattern_take(text, '(')) {
        reader->is_begun = !is_first;
        return read_open(text);
    }
    if (pattern_take(text, ')'))
        return !has_quantifier(*text);
    if (pattern_take(text, '^') || pattern_take_text(text, SLICE("\\A"))) {
        add_line_begin(reader);
        return is_first && !has_quantifier(*text);
    }
    if (pattern_take(text, '$')) {
        add_line_end(reader);
        return !has_quantifier(*text);
    }
    if (pattern_take_text(text, SLICE("\\b"))) {
        add_word_edge(reader);
        return !has_quantifier(*text);
    }
    if (memchr("|*+?", *text->at, 4))
        return false;
    return read_atom(reader);
}

bool shape_of_pattern(struct slice pattern, struct shape *shape)
{
    struct reader reader = { .text = { pattern.ptr, pattern.ptr + pattern.len,
                                       false } };
    *shape = (struct shape){ .len = 0 };
    if (!ask_set(SLICE("\\W"), false, &reader.no_word))
        return false;
    set_put(&reader.no_word, '\n');
    reader.is_nocase = pattern_take_text(&reader.text, SLICE("(?i)"));
    while (reader.text.at < reader.text.end)
        if (!read_piece(&reader))
            return false;
    end_run(&reader);
    *shape = reader.best;
    return reader.best.len > 0 && reader.best_rarity < common;
}
