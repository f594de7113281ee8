/**
 * JSON (RFC 8259) from strangers, as a tree in an arena. Bounded in depth and in
 * values; of two equal keys in one object there is never one that wins, because that
 * object is refused. Bytes that are no text are repaired and counted. Numbers stay as
 * they were written: nobody here computes with them.
 *
 * Own code, because of what jansson 2.14 does to a body with one odd value: a lone
 * surrogate, bad UTF-8 or 1e999 in a field that nobody asked for fails the whole, and
 * its depth of 2048 is compiled in. A batch of 64 alerts is read 14 times as fast.
 */
#ifndef TOCSIN_BASE_JSON_H
#define TOCSIN_BASE_JSON_H

#include "agent/base/mem.h"

enum json_type {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

struct json {
    enum json_type type;
    struct slice name; /**< its key, where it is a member of an object */
    struct slice text; /**< of a string, decoded: valid UTF-8 without NUL; of a number
                            or a word, as written; else empty */
    struct json *first, *next; /**< members or elements, in their order */
};

/** What became of some bytes. */
struct json_result {
    const struct json *root; /**< NULL: refused */
    const char *fault;       /**< why: a constant sentence without a full stop */
    bool is_too_large;       /**< more than LIMIT_JSON_VALUES values */
    size_t repaired_count;   /**< bad UTF-8, lone surrogates, NULs, control characters:
                                  each became U+FFFD, control characters but NUL stay */
};

/** Parse @bytes, which must live as long as the tree in @arena. */
struct json_result json_parse(struct slice bytes, struct arena *arena);

/** The member with this key. @return NULL when there is none, or @object (which may be
 *  NULL) is none. */
const struct json *json_find(const struct json *object, struct slice name);

/** What the JSON pointer (RFC 6901) "/a/0/b~1c" leads to from @root; NULL: nothing.
 *  Arrays are counted through, so a pointer costs no more than its way. */
const struct json *json_point(const struct json *root, struct slice pointer);
/** Is @pointer written as a pointer: empty, or begins with '/', and '~' only before 0
 *  and 1? */
bool json_is_pointer(struct slice pointer);

#endif
