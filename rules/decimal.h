/**
 * Decimal numbers as they stand in a log, compared exactly: digit by digit, without
 * rounding, overflow or locale.
 */
#ifndef TOCSIN_RULES_DECIMAL_H
#define TOCSIN_RULES_DECIMAL_H

#include "agent/base/slice.h"

/** A number in parts, borrowed from its text: no leading zeros in `whole`, no trailing
 *  ones in `fraction`; zero is never negative. */
struct decimal {
    struct slice whole, fraction;
    bool is_negative;
};

/** Parse "12", "-0.5", "+3", ".5", blanks around it apart. @return false for anything
 *  else, as exponents, hexadecimal or units. */
bool decimal_parse(struct slice text, struct decimal *number);

/** <0, 0, >0 */
int decimal_compare(const struct decimal *a, const struct decimal *b);

#endif
