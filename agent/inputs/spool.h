/**
 * What `tocsin notify` leaves in a folder, as a kind of input: monitoring systems hand
 * alerts over there, whether the agent runs or not. Each entry counts once: its name is
 * stored in the transaction that holds what it says, and the file goes after that.
 */
#ifndef TOCSIN_INPUTS_SPOOL_H
#define TOCSIN_INPUTS_SPOOL_H

#include "agent/inputs/kind.h"

extern const struct input_kind spool_kind;

#endif
