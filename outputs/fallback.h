/**
 * Fallbacks: a mail that waits for too long, or is given up, is told by other outputs
 * too. It is made anew for them, with a note that says why it comes this way.
 */
#ifndef TOCSIN_OUTPUTS_FALLBACK_H
#define TOCSIN_OUTPUTS_FALLBACK_H

#include "outputs/compiled.h"

/** A mail that was put for a fallback. */
struct fallback_put {
    const struct output *output;
    int64_t id; /**< of the mail that it stands for */
};

/** In the transaction: put what is due, LIMIT_TURN_FALLBACKS mails at most.
 *  @tell  is called for each mail that was put */
void fallback_write(struct db *db, const struct outputs_config *config, struct now now,
                    void (*tell)(void *ctx, const struct fallback_put *put), void *ctx);

#endif
