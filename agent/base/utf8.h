/** UTF-8 (RFC 3629), one character at a time, strict. */
#ifndef TOCSIN_BASE_UTF8_H
#define TOCSIN_BASE_UTF8_H

#include "agent/base/slice.h"

/** The length of the valid character that @bytes begins with, 1..4, and the character
 *  in *@code. @return 0 when it begins with none: overlong forms, surrogates, values
 *  past U+10FFFF, stray and missing continuation bytes. @bytes must not be empty. */
size_t utf8_next(struct slice bytes, uint32_t *code);

/** Would a reader not see this character, or see others in a wrong order? Bidi
 *  controls, zero-width and invisible characters, line separators, tags, noncharacters.
 *  (Unicode 15, Default_Ignorable_Code_Point without variation selectors, and UAX
 *  9.) */
bool utf8_is_hidden(uint32_t code);

#endif
