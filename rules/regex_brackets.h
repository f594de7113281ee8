/**
 * Where does the bracket stand that nothing closes? PCRE2 notices at the end of the
 * pattern and says no more.
 */
#ifndef TOCSIN_RULES_REGEX_BRACKETS_H
#define TOCSIN_RULES_REGEX_BRACKETS_H

#include "agent/base/slice.h"

/** The offset of the '[' that is not closed, or SIZE_MAX. */
size_t regex_open_class(struct slice pattern);

/** The offset of the innermost '(' that is not closed, or SIZE_MAX. */
size_t regex_open_paren(struct slice pattern);

#endif
