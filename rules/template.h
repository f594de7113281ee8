/**
 * Text with {{fields}}: a mustache subset of our own, without code.
 *
 *   {{name}}            the field, as it is (the mail cleans it); "" when missing
 *   {{#name}}...{{/name}}   the inside, when the field is there and not empty
 *   {{^name}}...{{/name}}   the inside, when it is missing or empty
 *   {{! comment}}       nothing
 *
 * A section's or comment's tag that stands alone on its line takes the line with it.
 * Sections nest to depth 8. (mustache(5); no partials, no lambdas, no set delimiters.)
 */
#ifndef TOCSIN_RULES_TEMPLATE_H
#define TOCSIN_RULES_TEMPLATE_H

#include "agent/base/schema.h"

struct template;

/** Compile @text. Everything lives in @arena. Complains with the place inside the text:
 *  unclosed tag or section, a section closed by another name, no name. NULL then. */
const struct template *template_compile(const struct conf_text *text,
                                        struct arena *arena,
                                        struct complaints *complaints);

/** Is there any tag in it? */
bool template_is_plain(const struct template *template);

/** A template that is one text or one field needs no rendering: set *@text to what it
 *  renders to within @max_bytes, borrowed. @return false for any other. */
bool template_is_one(const struct template *template,
                     struct slice (*look_up)(const void *ctx, struct slice name),
                     const void *ctx, size_t max_bytes, struct slice *text);

/** Call @each for every field it names, with the place of the name. */
void template_names(const struct template *template,
                    void (*each)(void *ctx, struct slice name, struct place at),
                    void *ctx);

/** Render into @out, which bounds it: what does not fit is cut there, between two
 *  characters, and @out->overflowed is set. NULL @template renders nothing.
 *  @look_up as in where_holds(). */
void template_render(const struct template *template,
                     struct slice (*look_up)(const void *ctx, struct slice name),
                     const void *ctx, struct buf *out);

#endif
