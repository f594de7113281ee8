/**
 * A log that is not any more what was read of it: truncated and written anew, or only
 * cut. What was not read yet is taken from its copy, or is lost and told.
 */
#ifndef TOCSIN_INPUTS_CUTS_H
#define TOCSIN_INPUTS_CUTS_H

#include "agent/inputs/tail.h"

/** The bytes before the offset are not those that were read. @file is open. */
void cuts_settle(struct tail *tail, struct tail_file *file);

#endif
