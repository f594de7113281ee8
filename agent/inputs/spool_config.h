/** The keys of the block `spool`. */
#ifndef TOCSIN_INPUTS_SPOOL_CONFIG_H
#define TOCSIN_INPUTS_SPOOL_CONFIG_H

#include "agent/base/schema.h"

struct spool_config {
    const struct yaml_node *node;
    struct conf_text folder;
    int64_t resolve_after; /**< ms */
};
extern const struct schema spool_schema;

#endif
