/** Somebody who posts alerts to the agent of a story. */
#ifndef TOCSIN_STORY_CALLER_H
#define TOCSIN_STORY_CALLER_H

#include "agent/story/stage.h"
#include "agent/story/step.h"

/** Post what @posted says; it is durable when the agent has settled. The body goes in
 *  at the door behind the HTTP server. @return false when it is answered otherwise
 *  than the step says. */
bool caller_post(struct stage *stage, const struct story_posted *posted,
                 struct err *err);

#endif
