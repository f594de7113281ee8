/**
 * A reader of PCRE2's syntax that asks of each part which texts it takes. It follows
 * pcre2pattern(3) as far as that is needed to know where a part ends; what it does not
 * know may be any text, and what could change the meaning of all the rest (verbs,
 * conditions, callouts) makes it give up.
 */
#include "rules/literals.h"

#include "agent/base/limits.h"
#include "rules/literal_sets.h"
#include "rules/pattern_text.h"

struct parser {
    struct pattern_text text;
    struct set_maker maker;
    size_t depth;
};

/* What (?...) sets: for the rest of its group, later alternatives too. */
struct options {
    bool is_nocase, is_extended;
};

static struct part parse_alternatives(struct parser *parser, struct options options);

/* --- bytes and escapes ------------------------------------------------------------ */

static bool is_letter(unsigned char byte)
{
    return (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
}

static struct part byte_part(const struct parser *parser, unsigned char byte,
                             const struct options *options)
{
    if (options->is_nocase && byte >= 0x80)
        return part_unknown(&parser->maker);
    if (options->is_nocase && is_letter(byte))
        return part_byte(&parser->maker, byte | 0x20, true);
    return part_byte(&parser->maker, byte, false);
}

static struct part parse_escape(struct parser *parser, const struct options *options)
{
    unsigned char byte = 0;
    switch (pattern_escape(&parser->text, &byte)) {
    case ESCAPE_BYTE:
        return byte_part(parser, byte, options);
    case ESCAPE_NOTHING:
        return part_nothing(&parser->maker);
    case ESCAPE_ANY:
        break;
    }
    return part_unknown(&parser->maker);
}

/* --- classes ---------------------------------------------------------------------- */

/* Both cases of a letter are one text. */
static struct part class_part(const struct parser *parser, const bool *has)
{
    struct part part = { 0 };
    for (int byte = 0; byte < 256; byte++) {
        bool is_upper = byte >= 'A' && byte <= 'Z';
        bool is_lower = byte >= 'a' && byte <= 'z';
        if (!has[byte] || (is_upper && has[byte | 0x20]))
            continue;
        struct part one = part_byte(&parser->maker, (unsigned char)byte,
                                    is_lower && has[byte & ~0x20]);
        part = part.first.count ? part_either(&parser->maker, &part, &one) : one;
    }
    return part;
}

/* A class of a few bytes is told apart; of the others only the end is wanted. */
static struct part parse_class(struct parser *parser, const struct options *options)
{
    enum { TEXTS_MAX = 4 };
    bool has[256] = { false };
    size_t count = 0;
    if (!pattern_class(&parser->text, has))
        return part_unknown(&parser->maker);
    for (int byte = 'a'; byte <= 'z' && options->is_nocase; byte++)
        has[byte] = has[byte & ~0x20] = has[byte] || has[byte & ~0x20];
    for (int byte = 0; byte < 256; byte++)
        count += has[byte] && !(byte >= 'A' && byte <= 'Z' && has[byte | 0x20]);
    for (int byte = 0x80; byte < 256 && options->is_nocase; byte++)
        count += has[byte] ? TEXTS_MAX : 0;
    if (count == 0 || count > TEXTS_MAX)
        return part_unknown(&parser->maker);
    return class_part(parser, has);
}

/* --- groups ----------------------------------------------------------------------- */

/* "(?i-s" up to its ')' or ':'. @return false when it is none of these. */
static bool parse_options(struct parser *parser, struct options *options)
{
    struct pattern_text *text = &parser->text;
    bool is_on = true;
    if (pattern_take(text, '^'))
        *options = (struct options){ 0 };
    while (text->at < text->end && *text->at != ')' && *text->at != ':') {
        char c = *text->at++;
        if (c == '-')
            is_on = false;
        else if (c == 'i')
            options->is_nocase = is_on;
        else if (c == 'x' && !pattern_take(text, 'x')) /* (?xx) changes classes */
            options->is_extended = is_on;
        else if (!memchr("msnJU", c, 5))
            return false;
    }
    return text->at < text->end;
}

/* (?=...) and the like take nothing; what a positive one holds is in the subject. */
static struct part parse_look_around(struct parser *parser, struct options options,
                                     bool is_positive)
{
    struct part inside = parse_alternatives(parser, options);
    struct part part = part_nothing(&parser->maker);
    if (is_positive)
        part.best = inside.best;
    return part;
}

/* References and recursion: "(?1)", "(?&name)", "(?P=name)". */
static struct part parse_reference(struct parser *parser)
{
    pattern_skip_past(&parser->text, ')');
    return part_unknown(&parser->maker);
}

static bool is_reference(struct pattern_text text)
{
    if (pattern_take(&text, 'P'))
        return text.at < text.end && (*text.at == '=' || *text.at == '>');
    if (pattern_take(&text, '+') || pattern_take(&text, '-'))
        return text.at < text.end && *text.at >= '0' && *text.at <= '9';
    return text.at < text.end && memchr("R&0123456789", *text.at, 12) != NULL;
}

static struct part parse_named(struct parser *parser, struct options options,
                               char end_of_name)
{
    pattern_skip_past(&parser->text, end_of_name);
    return parse_alternatives(parser, options);
}

/* Behind "(?". @outer changes when the options of its group do. */
static struct part parse_special(struct parser *parser, struct options *outer)
{
    struct pattern_text *text = &parser->text;
    struct options inner = *outer;
    if (is_reference(*text))
        return parse_reference(parser);
    if (pattern_take(text, '|') || pattern_take(text, '>'))
        return parse_alternatives(parser, inner);
    if (pattern_take(text, '=') || pattern_take_text(text, SLICE("<=")))
        return parse_look_around(parser, inner, true);
    if (pattern_take(text, '!') || pattern_take_text(text, SLICE("<!")))
        return parse_look_around(parser, inner, false);
    if (pattern_take_text(text, SLICE("<*")))
        text->is_odd = true;
    if (pattern_take_text(text, SLICE("P<")) || pattern_take(text, '<'))
        return parse_named(parser, inner, '>');
    if (pattern_take(text, '\''))
        return parse_named(parser, inner, '\'');
    if (!parse_options(parser, &inner)) {
        text->is_odd = true;
        return part_unknown(&parser->maker);
    }
    if (*text->at++ == ':')
        return parse_alternatives(parser, inner);
    *outer = inner;
    return part_nothing(&parser->maker);
}

static struct part parse_group(struct parser *parser, struct options *options)
{
    struct part part;
    if (pattern_take(&parser->text, '*'))
        parser->text.is_odd = true;
    if (++parser->depth > LIMIT_REGEX_PARENS)
        parser->text.is_odd = true;
    if (parser->text.is_odd)
        return part_unknown(&parser->maker);
    if (pattern_take(&parser->text, '?'))
        part = parse_special(parser, options);
    else
        part = parse_alternatives(parser, *options);
    parser->depth--;
    return part;
}

/* --- sequences and alternatives --------------------------------------------------- */

static struct part parse_atom(struct parser *parser, struct options *options)
{
    char c = *parser->text.at++;
    switch (c) {
    case '\\':
        return parse_escape(parser, options);
    case '[':
        return parse_class(parser, options);
    case '(':
        return parse_group(parser, options);
    case '.':
        return part_unknown(&parser->maker);
    case '^':
    case '$':
        return part_nothing(&parser->maker);
    case '*':
    case '+':
    case '?':
        parser->text.is_odd = true; /* nothing stands before that it could repeat */
        return part_unknown(&parser->maker);
    default:
        return byte_part(parser, (unsigned char)c, options);
    }
}

/* What stands before as often as its quantifiers say. */
static struct part parse_quantified(struct parser *parser, struct options *options)
{
    struct part part = parse_atom(parser, options);
    size_t min, max;
    for (;;) {
        pattern_skip_ignored(&parser->text, options->is_extended);
        switch (pattern_quantifier(&parser->text, &min, &max)) {
        case QUANTIFIER_NONE:
            return part;
        case QUANTIFIER_COUNTED:
            part = part_repeated(&parser->maker, &part, min, max);
            break;
        case QUANTIFIER_ODD:
            part = part_unknown(&parser->maker);
            break;
        }
    }
}

static bool take_quantifier(struct parser *parser, const struct options *options)
{
    size_t min, max;
    pattern_skip_ignored(&parser->text, options->is_extended);
    return pattern_quantifier(&parser->text, &min, &max) != QUANTIFIER_NONE;
}

/* \Q...\E: its bytes mean themselves; the last one can have a quantifier behind it. */
static void parse_quoted(struct parser *parser, const struct options *options,
                         struct sequence *sequence)
{
    struct slice quoted = pattern_quoted(&parser->text);
    for (size_t i = 0; i < quoted.len; i++) {
        struct part part = byte_part(parser, (unsigned char)quoted.ptr[i], options);
        while (i + 1 == quoted.len && take_quantifier(parser, options))
            part = part_unknown(&parser->maker);
        sequence_add(sequence, &part);
    }
}

static struct part parse_sequence(struct parser *parser, struct options *options)
{
    struct pattern_text *text = &parser->text;
    struct sequence sequence = sequence_begin(&parser->maker);
    for (;;) {
        pattern_skip_ignored(text, options->is_extended);
        if (text->is_odd || text->at == text->end || *text->at == '|' ||
            *text->at == ')')
            return sequence_end(&sequence);
        if (pattern_take_text(text, SLICE("\\Q"))) {
            parse_quoted(parser, options, &sequence);
            continue;
        }
        struct part part = parse_quantified(parser, options);
        sequence_add(&sequence, &part);
    }
}

/* Up to the ')' of the group, which is taken, or the end of the pattern. */
static struct part parse_alternatives(struct parser *parser, struct options options)
{
    struct part part = parse_sequence(parser, &options);
    while (pattern_take(&parser->text, '|')) {
        struct part next = parse_sequence(parser, &options);
        part = part_either(&parser->maker, &part, &next);
    }
    (void)pattern_take(&parser->text, ')');
    return part;
}

bool literals_of_pattern(struct slice pattern, const struct rarity *rarity,
                         struct arena *arena, struct literals *set)
{
    struct parser parser = { .text = { pattern.ptr, pattern.ptr + pattern.len, false },
                             .maker = { rarity, arena } };
    *set = (struct literals){ 0 };
    struct part part = parse_alternatives(&parser, (struct options){ 0 });
    if (parser.text.is_odd || parser.text.at != parser.text.end)
        return false;
    *set = part.best;
    return set->count > 0;
}
