/**
 * The world that a running agent lives in: every seam in one struct. main gives it the
 * kernel; a story (agent/story) and the simulator give it their own.
 */
#ifndef TOCSIN_AGENT_WORLD_H
#define TOCSIN_AGENT_WORLD_H

#include "agent/base/clock.h"
#include "agent/base/fs.h"
#include "agent/base/log.h"
#include "agent/base/wakes.h"
#include "outputs/link.h"

struct journal_ops;
struct sandbox;

struct world {
    struct clock_source clock;
    struct fs fs;
    const struct link_ops *links;
    const struct wakes *wakes;          /**< NULL: no loop */
    struct log_sink *log;               /**< NULL: silence */
    uint64_t seed;                      /**< of all random numbers */
    const char *vfs;                    /**< SQLite VFS; NULL: the default */
    const struct journal_ops *journals; /**< NULL: none can be read */
    const struct sandbox *sandbox;      /**< told of by `tocsin status`; NULL: none */
    const struct link_ops *sender; /**< links, when a process of its own has them: told
                                        of by `tocsin status`; NULL: none has */
    int stdin_fd;
    bool has_threads;  /**< false: see agent/crew.h */
    bool trims_memory; /**< the process is all ours: see agent/trim.h */
    bool listens; /**< false: nobody can post alerts, whatever the configuration says */
    bool empties_spool; /**< false: what lies there stays, unread */
};

#endif
