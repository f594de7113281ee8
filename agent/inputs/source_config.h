/** What configuration says of one source: the keys below `sources:`. */
#ifndef TOCSIN_INPUTS_SOURCE_CONFIG_H
#define TOCSIN_INPUTS_SOURCE_CONFIG_H

#include "agent/base/schema.h"

struct journal_config;

enum { START_END, START_BEGINNING };

struct source_config {
    const struct yaml_node *node;
    struct conf_text name;
    struct conf_texts files, exclude; /**< patterns, see agent/inputs/glob.h */
    bool is_stdin;                    /**< key `stdin` */
    struct journal_config *journal;   /**< NULL: none */
    int start;           /**< START_*: where begins what was there at the first start */
    int encoding;        /**< enum encoding; ENCODING_UNKNOWN: by the byte order mark */
    bool archives;       /**< unread generations are finished inside of .gz and .zst */
    bool inotify;        /**< false: the sweep alone */
    int64_t sweep;       /**< ms between two looks at every file */
    int64_t rotate_wait; /**< ms a rotated file is followed after its last growth */
    struct conf_pairs labels;
};
extern const struct schema source_schema;

#endif
