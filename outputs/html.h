/**
 * The HTML part of a mail: tables and inline styles, no script, nothing remote,
 * readable in light and dark, below the size at which Gmail clips a mail (about 102 KB,
 * decoded).
 */
#ifndef TOCSIN_OUTPUTS_HTML_H
#define TOCSIN_OUTPUTS_HTML_H

#include "outputs/wording.h"

/** Put it into @out, which takes LIMIT_MAIL_HTML_BYTES. */
void html_put(struct buf *out, const struct mail_view *view);

/** Put clean @text as the content of an element: nothing in it is markup any more. */
void html_put_text(struct buf *out, struct slice text);

#endif
