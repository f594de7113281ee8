/**
 * Lines of UTF-16, handed on as UTF-8. Whatever is consumed is a whole number of code
 * units, so that an offset stays even over restarts.
 */
#ifndef TOCSIN_INPUTS_UTF16_H
#define TOCSIN_INPUTS_UTF16_H

#include "agent/inputs/lines.h"

/** A longer line is cut there: UTF-8 of it still fits into LIMIT_LINE_BYTES. */
enum { UTF16_LINE_BYTES = LIMIT_LINE_BYTES / 6 * 4 };

/** As lines_feed(). Each line is a block of its own, whose offset is the one in the
 *  file. A byte order mark at offset 0 is no part of the first line; a lone surrogate
 *  becomes U+FFFD. */
size_t utf16_feed(struct line_feed *to, struct slice bytes, bool is_big_endian,
                  bool is_full, bool is_final);

/** Where the last line that is whole ends in @bytes, which begin at an even offset; 0
 *  when there is none. */
size_t utf16_last_line_end(struct slice bytes, bool is_big_endian);

#endif
