/**
 * A story is one YAML file: a configuration, and what happens at which time. It is told
 * to the same app_turn() that runs in earnest, on virtual time: 24 hours take
 * milliseconds.
 *
 *     scenario: a refused connection is mailed once
 *     clock: 2026-11-23 06:00:00          # UTC; this is the default
 *     files: {app.log: "old line\n"}      # there before the first start
 *     config: {...}                       # as in tocsin.yaml; own state_dir
 *     steps:
 *       - {at: 1s, append: {file: app.log, line: "db1: connection refused"}}
 *       - {at: 1s, expect: {mails: 1}}
 *
 * A step has one action (story_actions in act.c), or none: then time passes.
 */
#ifndef TOCSIN_STORY_STORY_H
#define TOCSIN_STORY_STORY_H

#include "agent/story/step.h"

struct story {
    const struct yaml_node *node;
    struct conf_text scenario, clock;
    struct conf_texts faults; /**< rows of tests/faults/faults.tsv that it shows */
    struct conf_pairs files;
    const struct yaml_node *config;
    bool start; /**< false: the first start is a step */
    struct conf_blocks steps;
    int64_t unix_ms; /**< of clock */
};

extern const struct schema story_schema, story_mails_schema;

/** Load the story in @root. Complaints tell all mistakes, those of its configuration
 *  apart.
 *  @return NULL after an error; lives in the complaints' arena. */
struct story *story_load(const struct yaml_node *root, struct complaints *complaints);

/** Does the block @node name @key? Tells 0 from left out. */
static inline bool story_has(const struct yaml_node *node, const char *key)
{
    return yaml_find(node, slice_of(key)) != NULL;
}

#endif
