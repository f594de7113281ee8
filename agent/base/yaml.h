/**
 * A YAML document as a tree whose every node knows its place. libyaml reads it event by
 * event; aliases, anchors, tags, duplicate keys, a depth over LIMIT_YAML_DEPTH and more
 * than LIMIT_YAML_NODES are refused, so a tree is never larger than what stands in the
 * file. libyaml's terse messages are turned into sentences with a remedy (tab, '%', '['
 * in a pattern, "\d" in double quotes, a second ':' in a value).
 */
#ifndef TOCSIN_BASE_YAML_H
#define TOCSIN_BASE_YAML_H

#include "agent/base/buf.h"
#include "agent/base/complaint.h"

enum yaml_kind { YAML_TEXT, YAML_LIST, YAML_MAP };

struct yaml_node {
    enum yaml_kind kind;
    bool is_plain;    /**< a scalar without quotes: only these can be numbers or null */
    bool is_refused;  /**< complained about already, without a value: an alias */
    bool is_expanded; /**< the text is no longer what stands in the source */
    struct place at;  /**< of a quoted scalar: the quote; of a map: its first key */
    struct slice text; /**< of a scalar */
    struct yaml_node *
        *items;   /**< of a list: values; of a map: key, value, key, value */
    size_t count; /**< of items */
};

/** Parse one document. Everything lives in @complaints->arena; @source must too. An
 *  empty document is an empty map. After a complaint about one node (an alias, a
 *  duplicate key, a tag) the rest is read all the same, so that its mistakes are found
 *  in the same run: who asks whether all is well asks @complaints->error_count.
 *  @return NULL after a complaint about the document as a whole. */
struct yaml_node *yaml_parse(const struct source_text *source,
                             struct complaints *complaints);

/** The value of @key in the map @node, or NULL. */
const struct yaml_node *yaml_find(const struct yaml_node *node, struct slice key);

/** The place of byte @offset inside the scalar @node, right for plain and quoted
 *  scalars on one line and for block scalars; otherwise the scalar's own place. */
struct place yaml_place_inside(const struct yaml_node *node, size_t offset);

/** "libyaml 0.2.5". */
void yaml_put_version(struct buf *out);

#endif
