/** What to do about a pattern that PCRE2 refused: the mistakes people make most. */
#ifndef TOCSIN_RULES_REGEX_REMEDY_H
#define TOCSIN_RULES_REGEX_REMEDY_H

#include "agent/base/slice.h"

/** The remedy for PCRE2's compile error @code, or "" when none is known.
 *  @offset  PCRE2's error offset; moved to the byte that a person has to change */
const char *regex_remedy(struct slice pattern, int code, size_t *offset);

#endif
