/**
 * One trial of the equality proof: patterns by chance and from a list, lines by chance
 * and from a list, and PCRE2 on each pair. The matcher must find the same pairs in the
 * same order, at every level of the gate, however the lines lie in blocks.
 */
#ifndef TOCSIN_TESTS_UNIT_RULES_TRIAL_H
#define TOCSIN_TESTS_UNIT_RULES_TRIAL_H

#include "agent/base/mem.h"

/** What trials draw from. */
struct corpus {
    struct slice *patterns, *lines; /**< real ones */
    size_t pattern_count, line_count;
    size_t rules, lines_a_trial; /**< of one trial */
};

/** What they did. */
struct trial_sum {
    uint64_t pairs, matches;
    uint64_t patterns, with_literal; /**< that PCRE2 took */
    uint64_t refused;                /**< that it did not */
    char failure[8192];              /**< of the one that failed; else empty */
};

/** Run one trial. @return false when it failed, and says so in @sum. */
bool trial_run(const struct corpus *corpus, uint64_t seed, struct trial_sum *sum);

/** The same with patterns and lines that are given, one on each line of @patterns and
 *  @lines; at most 16 and 64, and what is too long is left out. */
bool trial_of(struct slice patterns, struct slice lines, struct trial_sum *sum);

/** The lines of @text that are not empty and not long. @lines: set, in @arena
 *  @return how many */
size_t corpus_split(struct slice text, struct arena *arena, struct slice **lines);

#endif
