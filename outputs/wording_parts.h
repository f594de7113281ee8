/** Parts of sentences, shared by the files of wording alone. */
#ifndef TOCSIN_OUTPUTS_WORDING_PARTS_H
#define TOCSIN_OUTPUTS_WORDING_PARTS_H

#include "outputs/wording.h"

/** A moment as "2026-11-23 06:17:01 +0100", in the profile's zone. */
void wording_put_time(struct buf *out, const struct mail_view *view, int64_t unix_ms);
/** "once", "3 times". */
void wording_put_times(struct buf *out, uint64_t count);
/** A name from a log or a configuration, cleaned and cut. */
void wording_put_name(struct buf *out, struct slice name);
/** How long a posted alert lasted, or lasts: in whole seconds. */
int64_t wording_lasting_ms(const struct mail_view *view,
                           const struct notice_alert *alert);
/** Has the reader had a mail about these alerts before? */
bool wording_is_follow_up(const struct notice *notice);

#endif
