/** A strict reader of the HTML that mails hold: an allow list of elements, attributes
 *  and URLs, balanced, nothing that could run or be fetched. */
#ifndef TOCSIN_TESTS_HTML_CHECK_H
#define TOCSIN_TESTS_HTML_CHECK_H

#include "agent/base/slice.h"

/** Fails the test on the first thing that is not allowed. */
void check_html(struct slice html);

#endif
