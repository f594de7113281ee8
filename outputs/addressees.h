/**
 * Who a mail is for when its headers alone decide (Gmail's API): where they name others
 * than its envelope does, the envelope is put in their place.
 */
#ifndef TOCSIN_OUTPUTS_ADDRESSEES_H
#define TOCSIN_OUTPUTS_ADDRESSEES_H

#include "agent/base/buf.h"
#include "agent/base/limits.h"

/** Zero-initialised is nobody. */
struct addressees {
    struct buf texts; /**< addresses, each with a line feed behind */
    size_t count;
};

/** @return false past LIMIT_RECIPIENTS: it is not put. */
bool addressees_put(struct addressees *to, struct slice address);
/** Have To of @mail name exactly these, and Cc and Bcc nobody. Nothing of it changes
 *  when To does so already. */
void addressees_apply(const struct addressees *to, struct buf *mail);
/** Forget all. */
void addressees_clear(struct addressees *to);

#endif
