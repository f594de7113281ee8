/** The text part of a mail: complete by itself, for terminals and simple clients. */
#ifndef TOCSIN_OUTPUTS_PLAIN_H
#define TOCSIN_OUTPUTS_PLAIN_H

#include "outputs/wording.h"

/** Put it into @out, which takes LIMIT_MAIL_TEXT_BYTES. Lines end with '\n'. Every line
 *  that holds bytes of a log is indented, so that none can pose as a line of ours. */
void plain_put(struct buf *out, const struct mail_view *view);

#endif
