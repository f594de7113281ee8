/**
 * A stored mail made anew: shorter, because the server found it too large, or for
 * another output, because its own does not work. Its headers stay what they were, its
 * text becomes one plain part behind a note that says why it looks so.
 */
#ifndef TOCSIN_OUTPUTS_RECAST_H
#define TOCSIN_OUTPUTS_RECAST_H

#include "agent/base/mem.h"

struct recast {
    struct slice note;       /**< clean text, lines end with '\n' */
    size_t text_max;         /**< bytes of the old text that are kept */
    struct slice message_id; /**< new, with angle brackets */
    /** For another output; NULL: sender and recipients stay. */
    const struct slice *to;
    size_t to_count;
    struct slice from, from_name;
};

/** @mail  a mail composed by compose_message(). @return its new bytes, in @arena. */
struct slice recast_mail(struct slice mail, const struct recast *how,
                         struct arena *arena);

/** A Message-ID that follows from @message_id and @why: the same each time. */
struct slice recast_id(struct slice message_id, struct slice why, struct arena *arena);

#endif
