/** `${ENV}`, `${ENV:-default}` and `\${` in the values of a configuration. */
#ifndef TOCSIN_BASE_SCHEMA_EXPAND_H
#define TOCSIN_BASE_SCHEMA_EXPAND_H

#include "agent/base/schema_value.h"

/** @node itself when there is nothing to expand, otherwise a copy that is_expanded.
 *  @return NULL after a complaint: a variable is not set, or '${' starts none. */
const struct yaml_node *value_expand(const struct loader *loader,
                                     const struct yaml_node *node);

#endif
