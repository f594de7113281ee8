/**
 * Reads the mail that follows DATA: undoes dot-stuffing, finds the end, and notes what
 * RFC 5321 and 5322 forbid. Only CRLF ends a line: "LF.LF" is text, as it must be
 * (otherwise a second mail could be smuggled in).
 */
#ifndef TOCSIN_SINK_DOT_H
#define TOCSIN_SINK_DOT_H

#include "agent/base/buf.h"

enum {
    DOT_BARE_LF = 1,
    DOT_BARE_CR = 2,
    DOT_UNSTUFFED = 4,  /**< a line began with one dot and went on */
    DOT_LONG_LINE = 8,  /**< over 998 octets */
    DOT_EIGHT_BIT = 16, /**< octets over 127 */
    DOT_NUL = 32,
};

struct dot_reader {
    int state;
    size_t line_bytes;
    uint64_t line_count;
    unsigned faults; /**< DOT_* seen */
    struct buf body; /**< overflows at the size limit; the end is found all the same */
};

void dot_begin(struct dot_reader *reader, size_t max_bytes);
/** Take what belongs to the mail. *@is_done: its end was there.
 *  @return how many bytes were taken; less than all only when it is done */
size_t dot_feed(struct dot_reader *reader, struct slice bytes, bool *is_done);
void dot_clear(struct dot_reader *reader);

/** A sentence's end for the lowest of @faults: "a bare LF in the mail". NULL for 0. */
const char *dot_fault_text(unsigned faults);

#endif
