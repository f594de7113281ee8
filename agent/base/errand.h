/**
 * Programs that another process runs for one that gave up the right to: it is asked by
 * a name, knows itself what is run under it, and connects the program with the pipes
 * that came along. What the program prints never passes through its memory.
 */
#ifndef TOCSIN_BASE_ERRAND_H
#define TOCSIN_BASE_ERRAND_H

#include "agent/base/err.h"
#include "agent/base/slice.h"

enum {
    ERRAND_NAME_BYTES = 120,
    ERRANDS_MAX = 32, /* at a time; a further one is lost, and tried again */
};

/** How it ended, as it is told through the third pipe. */
struct errand_end {
    int error;  /**< errno of the start; 0: it was started */
    int status; /**< of waitpid(2) */
};

/** Ask at @door for what is known as @name. @pipes are the writing ends for its output,
 *  its complaints and its end, and stay the caller's; when nobody reads its end any
 *  more, the program is killed. Never blocks. Fails: ERR_IO, ERR_INVALID. */
bool errand_ask(int door, struct slice name, const int pipes[3], struct err *err)
    __attribute__((warn_unused_result));
/** What is known by which name is to be looked up anew before the next one. */
void errand_reload(int door);

struct errand_world {
    int door; /**< our end of a socket pair of whole messages (SOCK_SEQPACKET) */
    /** Program and arguments of @name, borrowed until the next call; NULL: unknown. */
    const struct slice *(*words)(void *ctx, struct slice name, size_t *count);
    void (*reload)(void *ctx);
    void *ctx;
};
/** Serve until the other end is closed; then what still runs is killed. */
void errand_serve(const struct errand_world *world);

#endif
