/** The letters of PCRE2's syntax: where an escape, a class, a quantifier ends. */
#ifndef TOCSIN_RULES_PATTERN_TEXT_H
#define TOCSIN_RULES_PATTERN_TEXT_H

#include "agent/base/slice.h"

/** What is left of a pattern. */
struct pattern_text {
    const char *at, *end;
    bool is_odd; /**< something that is not understood: nothing can be said of it all */
};

/** Take @c, or @word, if it comes next. */
bool pattern_take(struct pattern_text *text, char c);
bool pattern_take_text(struct pattern_text *text, struct slice word);
/** Go behind the next @c; odd when there is none. */
void pattern_skip_past(struct pattern_text *text, char c);
/** Comments, empty quotes, and in extended mode blanks. */
void pattern_skip_ignored(struct pattern_text *text, bool is_extended);
/** Behind "\Q": the bytes up to "\E" or the end. */
struct slice pattern_quoted(struct pattern_text *text);

enum escape {
    ESCAPE_BYTE,    /**< a byte that means itself */
    ESCAPE_NOTHING, /**< takes nothing: \b, \A, \K */
    ESCAPE_ANY      /**< takes text that is not known */
};
/** Behind a backslash outside of classes. */
enum escape pattern_escape(struct pattern_text *text, unsigned char *byte);

/** Behind '[': up to and with its ']'.
 *  @has  zeroed; set to the bytes in it
 *  @return false when they are not known; the end was found all the same. */
bool pattern_class(struct pattern_text *text, bool has[256]);

enum quantifier {
    QUANTIFIER_NONE,
    QUANTIFIER_COUNTED, /**< @min to @max (SIZE_MAX: no bound) */
    QUANTIFIER_ODD      /**< one for some versions of PCRE2, text for others */
};
enum quantifier pattern_quantifier(struct pattern_text *text, size_t *min, size_t *max);

#endif
