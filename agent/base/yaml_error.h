/**
 * libyaml's terse messages as sentences with a remedy. A table maps (message, what was
 * being read) to what a person most likely did.
 */
#ifndef TOCSIN_BASE_YAML_ERROR_H
#define TOCSIN_BASE_YAML_ERROR_H

#include "agent/base/complaint.h"

/** What libyaml said, with its places found in the source. */
struct yaml_trouble {
    const char *problem, *context; /**< libyaml's; context is "" where it gave none */
    struct place at;               /**< of the problem */
    struct place context_at; /**< of what was being read; zeroed without context */
};

/** Complain about @trouble in words that name the remedy. */
void yaml_explain(const struct yaml_trouble *trouble, struct complaints *complaints);

#endif
