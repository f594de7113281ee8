/**
 * Where a story is played: a folder of its own, a clock that jumps, a mail server in
 * memory, a disk that can be full, and the agent, which may run, crash and start again.
 */
#ifndef TOCSIN_STORY_STAGE_H
#define TOCSIN_STORY_STAGE_H

#include <limits.h>

#include "agent/app.h"
#include "agent/story/full_disk.h"
#include "agent/story/post.h"
#include "agent/story/story.h"

struct stage {
    char folder[PATH_MAX]; /**< the working folder while the stage is open */
    char state_dir[PATH_MAX];
    int home_fd;      /**< the working folder before and after */
    int folder_fd;    /**< of folder */
    int stdin_fds[2]; /**< a pipe: the agent reads the first, over crashes too */
    struct now now;
    int64_t started_ms; /**< mono_ms at which the story began */
    struct post *post;
    struct full_disk *disk;
    struct log_sink log;
    struct buf log_text;
    const struct yaml_node *config; /**< in force; borrowed */
    struct app *app;                /**< NULL: not running */
    uint64_t turns;                 /**< without time passing */
};

/** Make the folder and go there. Fails: ERR_IO, ERR_DENIED, ERR_FULL. */
bool stage_open(struct stage *stage, const struct story *story, struct err *err)
    __attribute__((warn_unused_result));
/** End everything, go back, and remove the folder. */
void stage_close(struct stage *stage);

/** Load @node as a configuration, in the folder where the story stands.
 *  @out  gets its complaints; @return NULL when there was an error */
struct config *stage_load(struct stage *stage, const struct yaml_node *node,
                          struct buf *out);

/** Start the agent with the configuration in force. Fails: as app_create(). */
bool stage_start(struct stage *stage, struct err *err)
    __attribute__((warn_unused_result));
/** As kill -9. */
void stage_crash(struct stage *stage);
/** As SIGTERM; takes up to 15 s of the story. Fails: ERR_BROKEN, it never ended. */
bool stage_stop(struct stage *stage, struct err *err)
    __attribute__((warn_unused_result));

/** Turn as the loop would until nothing is left to do at this moment.
 *  Fails: ERR_BROKEN, a busy loop, or the agent stopped by itself. */
bool stage_settle(struct stage *stage, struct err *err)
    __attribute__((warn_unused_result));
/** Let time pass until @at_ms of the story, with every turn that is due on the way.
 *  Fails: as stage_settle(). */
bool stage_advance(struct stage *stage, int64_t at_ms, struct err *err)
    __attribute__((warn_unused_result));

#endif
