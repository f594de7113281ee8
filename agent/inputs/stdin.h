/** Standard input as a source: no position, no second look, and an end. */
#ifndef TOCSIN_INPUTS_STDIN_H
#define TOCSIN_INPUTS_STDIN_H

#include "agent/inputs/kind.h"

extern const struct input_kind stdin_kind;

#endif
