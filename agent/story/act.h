/**
 * What happens in a story: one function an action, in one table. Expectations are an
 * action too (expect.c).
 */
#ifndef TOCSIN_STORY_ACT_H
#define TOCSIN_STORY_ACT_H

#include "agent/story/stage.h"

/** A story that is being told. */
struct telling {
    struct stage *stage;
    struct complaints *failures; /**< what was otherwise than expected */
    size_t mails_seen;           /**< by the expectation before */
    bool wants_mails;            /**< the failures are to be followed by the mails */
};

/** Do what @step says, at the moment that is. What cannot be done is a failure.
 *  @return false when the story cannot go on. */
bool act(struct telling *telling, const struct story_step *step);

/** Put @bytes at the end of @path, which is made with its folders when missing. */
bool act_append(const char *path, struct slice bytes, struct err *err);

#endif
