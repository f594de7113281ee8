/**
 * The event loop: ready descriptors, one timer and signals make the next app_turn()
 * happen. Nothing is decided here.
 */
#ifndef TOCSIN_AGENT_LOOP_H
#define TOCSIN_AGENT_LOOP_H

#include "agent/app.h"
#include "agent/base/buf.h"
#include "agent/base/err.h"

struct loop;

/** Fails: ERR_FULL, too few descriptors are left; ERR_IO. */
struct loop *loop_create(struct err *err) __attribute__((warn_unused_result));
/** The seam through which the parts say what they wait for. Lives as long as the loop.
 */
const struct wakes *loop_wakes(struct loop *loop);

/** What the loop asks for, of who started it. */
struct loop_calls {
    void (*reload)(void *ctx);
    bool (*is_whole)(void *ctx); /**< are all processes there that we need? */
    void *ctx;
};

/** Turn until the app has stopped.
 *  SIGTERM and SIGINT stop it; a second one ends the wait for the mail under way.
 *  SIGHUP, or who asks for it over HTTP, calls reload(), however many of them came
 *  since the last turn. The service manager is told that all is well while the app gets
 *  on and is_whole(). */
void loop_run(struct loop *loop, struct app *app, const struct loop_calls *calls);

/** After app_free(). */
void loop_free(struct loop *loop);

/** "libuv 1.44.2". */
void loop_put_version(struct buf *out);

#endif
