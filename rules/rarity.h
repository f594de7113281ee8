/**
 * How often a text is to be expected in logs: as logs are in general, or as a sample of
 * those that are read shows. Only a guess, for choosing what to look for; a wrong one
 * costs time and never a match.
 */
#ifndef TOCSIN_RULES_RARITY_H
#define TOCSIN_RULES_RARITY_H

#include "agent/base/slice.h"

/** A sample, counted: 512 KiB, so it is kept for no longer than there is a backlog. */
struct rarity;

/** Of nothing yet. @return owned by the caller: rarity_free(). */
struct rarity *rarity_create(void);
/** Count @sample, too. */
void rarity_add(struct rarity *rarity, struct slice sample);
void rarity_free(struct rarity *rarity);

/** Expected occurrences of @text in a byte of log; cases are not told apart.
 *  @rarity  NULL: as logs are in general */
double rarity_of(const struct rarity *rarity, struct slice text);

#endif
