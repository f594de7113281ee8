/**
 * The running agent: its parts, and the turn that moves events along the road.
 * app_turn() is the program; what calls it (the loop, a story, a test) only decides
 * when.
 */
#ifndef TOCSIN_AGENT_APP_H
#define TOCSIN_AGENT_APP_H

#include "agent/config.h"
#include "agent/metrics.h"
#include "agent/world.h"

struct app;

/** Open the store in the configuration's state_dir (made when missing), restore rules'
 * state, positions and outbox. Takes over @config, also when it fails. @world is
 * copied; what it points to is borrowed. Fails: ERR_BUSY another instance, ERR_BROKEN,
 * ERR_DENIED, ERR_FULL, ERR_IO. */
struct app *app_create(struct config *config, const struct world *world,
                       struct err *err) __attribute__((warn_unused_result));

/** Let go of everything at once. What was not committed is as lost as in a kill -9;
 * that is how stories crash. A clean end is app_stop() and turns until
 * app_is_stopped(). */
void app_free(struct app *app);

/** One turn: read, due, write, confirm, send. Never blocks but for the commit. */
void app_turn(struct app *app);

/** How long the last turn took, measured by the loop: for the longest_turn_ms metric.
 */
void app_turn_took(struct app *app, int64_t ms);

/** Hand in a body as the HTTP server does, which is durable with the commit of the next
 *  turn; for stories. Its source, keys and time are put in here. */
struct webhook_reply app_post(struct app *app, const struct webhook_request *request);

/** How much it has done: grows with all that is read, stored, answered or tried, and
 *  stands still while turns change nothing. */
uint64_t app_moves(const struct app *app);

/** When to call the next turn at the latest, in mono_ms; already past: at once. */
int64_t app_wake_at(const struct app *app);

/** Is the store full, so that nothing is read and ready descriptors are to be ignored
 * until app_wake_at()? */
bool app_is_held_back(const struct app *app);

/** Take @config as the new generation at the end of the next turn that committed. Open
 *  groups, counts, digests, positions and mails under way go on. Takes over @config. */
void app_reload(struct app *app, struct config *config);

/** Did somebody ask for a reload over HTTP, since the last call? */
bool app_takes_reload(struct app *app);

/** The new configuration had errors: count it and say that the old one goes on. */
void app_refuse_reload(struct app *app);

/** Read nothing more, finish the mail under way (at most 10 s), commit. */
void app_stop(struct app *app);
/** Read everything to its end, tell all that was counted, send, then stop (run --once).
 */
void app_finish(struct app *app);
bool app_is_stopped(const struct app *app);

/** Why the agent had to stop by itself (a store that cannot be written to, broken
 * state); ERR_NONE: it did not. */
const struct err *app_failure(const struct app *app);

const struct config *app_config(const struct app *app);
void app_measure(const struct app *app, struct metrics *metrics);

/** What the control socket asks for; see control.h. */
bool app_answer(struct app *app, struct slice request, struct buf *out,
                struct err *err);

/** Listen on the configuration's control socket. A failure costs the commands, not the
 *  agent: it is returned to be logged. */
bool app_listen(struct app *app, struct err *err);

#endif
