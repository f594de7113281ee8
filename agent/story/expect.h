/** What a story expects: each expectation that is not met is a complaint at its
 *  place. */
#ifndef TOCSIN_STORY_EXPECT_H
#define TOCSIN_STORY_EXPECT_H

#include "agent/story/act.h"

/** Compare everything that @expect names. */
void expect_all(struct telling *telling, const struct story_expect *expect);

/** Put a request to the agent, which runs, and look into its answer. */
void expect_answer(struct telling *telling, const struct story_ask *ask);

/** Put a line for each mail that arrived: when, to whom, what. */
void expect_list_mails(const struct stage *stage, struct buf *out);

#endif
