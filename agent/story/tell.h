/**
 * `tocsin test` on one file: a story is told; a configuration or a file of rules has
 * its rules' own samples run. Prints a line for each test, and everything about those
 * that fail.
 */
#ifndef TOCSIN_STORY_TELL_H
#define TOCSIN_STORY_TELL_H

#include "agent/base/buf.h"

struct test_tally {
    uint64_t passed, failed, skipped;
    bool is_invalid; /**< a file could not be read or has errors */
};

struct test_options {
    bool color;
    bool is_verbose; /**< the agent's log, also of stories that pass */
};

/** Test the file @path. What there is to say goes to @out. */
void tell_file(const char *path, const struct test_options *options,
               struct test_tally *tally, struct buf *out);

#endif
