/** Alerts that others post, as a kind of input. */
#ifndef TOCSIN_HTTP_HTTP_H
#define TOCSIN_HTTP_HTTP_H

#include "agent/inputs/kind.h"

extern const struct input_kind http_kind;

#endif
