/**
 * A block on its way through a thread: its owner puts it here, any thread runs it, and
 * the owner takes what was found. Only gate and rules are asked meanwhile; what is
 * found becomes events and sightings where it always does, in the engine.
 */
#ifndef TOCSIN_RULES_SCAN_JOB_H
#define TOCSIN_RULES_SCAN_JOB_H

#include "rules/hits.h"
#include "rules/matcher.h"

/** A line on which PCRE2 gave up; the first in the block for its rule. */
struct given_up {
    struct rule *rule;
    struct slice line;
};

/** Zero-initialised is empty. Its memory is kept from block to block. */
struct scan_job {
    struct block block; /**< the path is our own */
    char *bytes, *path;
    size_t bytes_capacity, path_capacity;
    int64_t unix_ms;
    struct hits hits; /**< LIMIT_HITS, and those of one line more, at most */
    struct given_up *given_up;
    size_t given_up_count, given_up_capacity;
    uint64_t lines;
    size_t end; /**< what stands from here on was not tried: there were too many hits */
};

void scan_job_free(struct scan_job *job);

/** Take @block, which is no record, of at most LIMIT_BLOCK_BYTES.
 *  @stays    its bytes stay where they are until the job is taken; else they are copied
 *  @unix_ms  when it was read */
void scan_job_put(struct scan_job *job, const struct block *block, bool stays,
                  int64_t unix_ms);

/** Scan it, in any thread. Nothing but @job and @scanner is written to. */
void scan_job_run(struct scan_job *job, const struct matcher *matcher,
                  struct scanner *scanner);

/** What was not tried. @return false: all was. */
bool scan_job_rest(const struct scan_job *job, struct block *rest);

#endif
