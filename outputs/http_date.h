/** Dates as HTTP writes them: the one form of today and the two that are obsolete. */
#ifndef TOCSIN_OUTPUTS_HTTP_DATE_H
#define TOCSIN_OUTPUTS_HTTP_DATE_H

#include <stdbool.h>

#include "agent/base/slice.h"

/** Read @text: "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT" or
 *  "Sun Nov  6 08:49:37 1994", each in UTC. Whether the day of the week is right is not
 *  asked.
 *  @now_s   unix; a year of two digits is the one that is at most 50 years away
 *  @unix_s  set when it is one of them, and a day of the calendar
 *  Source: RFC 9110, 5.6.7. */
bool http_date_parse(struct slice text, int64_t now_s, int64_t *unix_s)
    __attribute__((warn_unused_result));

#endif
