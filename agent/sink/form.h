/** Fields of an HTML form or a query (application/x-www-form-urlencoded). */
#ifndef TOCSIN_SINK_FORM_H
#define TOCSIN_SINK_FORM_H

#include "agent/base/buf.h"

/** Put the decoded value of the first field @name of @form into @out, which is cleared
 *  before. @return false when there is none. */
bool form_find(struct slice form, const char *name, struct buf *out);
/** Put @value percent-encoded. */
void form_put(struct buf *out, struct slice value);

#endif
