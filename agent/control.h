/**
 * The control socket: how the other commands talk to the running agent, which alone
 * opens the store. One request a connection, a line of text; the answer is "ok\n" and
 * a body, or "error <kind>: <sentence>\n", then the end. Only the agent's own user and
 * root are answered (SO_PEERCRED). Requests run inside the turn, answers leave after
 * its commit.
 */
#ifndef TOCSIN_AGENT_CONTROL_H
#define TOCSIN_AGENT_CONTROL_H

#include "agent/base/buf.h"
#include "agent/base/err.h"
#include "agent/base/wakes.h"

struct control;

/** Answers one request: fills @out, or returns false with a sentence. */
typedef bool control_answer_fn(void *ctx, struct slice request, struct buf *out,
                               struct err *err);

/** Listen on @path; a socket that nobody listens on any more is replaced.
 *  Fails: ERR_BUSY, ERR_DENIED, ERR_INVALID (path too long), ERR_IO. */
struct control *control_open(const char *path, const struct wakes *wakes,
                             struct err *err) __attribute__((warn_unused_result));
void control_close(struct control *control);

/** Take what clients sent and answer whole requests by @answer. NULL @control: nothing.
 */
void control_read(struct control *control, control_answer_fn *answer, void *ctx);
/** Does anybody wait for a commit to get an answer? */
bool control_has_answers(const struct control *control);
/** The turn's commit failed: what has not left yet is answered anew, by @answer as
 *  things are now. */
void control_again(struct control *control, control_answer_fn *answer, void *ctx);
/** There will be no commit: turn the answers that have not left yet into this error. */
void control_refuse(struct control *control, const struct err *err);
/** The turn's commit is durable: send the answers, as far as it goes without blocking.
 */
void control_write(struct control *control);

/** The client's side: send @request to the agent at @path and wait for the answer.
 *  @return false with the agent's kind and sentence, or ERR_BUSY or ERR_DENIED and why
 *  nobody answers; @answer is empty then. */
bool control_ask(const char *path, struct slice request, struct buf *answer,
                 struct err *err) __attribute__((warn_unused_result));

#endif
