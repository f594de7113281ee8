/**
 * What a table of configuration keys tells people and editors: the man page and the
 * JSON Schema come from the same rows that load the file, so neither can be out of
 * date.
 */
#ifndef TOCSIN_BASE_SCHEMA_DOC_H
#define TOCSIN_BASE_SCHEMA_DOC_H

#include "agent/base/schema.h"

/** Blocks nest no deeper than this: schema_check() sees to it. */
#define SCHEMA_MAX_DEPTH 8

/** The page tocsin.yaml(5) in roff: how values are written, then the keys of @schema
 *  and of every block below it with type, default, bounds and doc, then @more, which is
 *  roff. @out bounds it. */
void schema_put_man(const struct schema *schema, const char *more, struct buf *out);

/** The same as a JSON Schema (draft-07) for editors. */
void schema_put_json_schema(const struct schema *schema, struct buf *out);

/** Is the table complete, and every table below it: names unique, docs there, defaults
 *  and bounds sane? For tests.
 *  @problems  gets one line a problem
 *  @return true when there is none */
bool schema_check(const struct schema *schema, struct buf *problems);

#endif
