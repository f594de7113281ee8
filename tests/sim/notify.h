/**
 * inotify of a simulated world: a short queue that melts equal events that follow each
 * other into one, comes late, overflows, and, if it is that bad, leaves events out, as
 * it does for files on a network or for those that are written through mmap.
 */
#ifndef TOCSIN_TESTS_SIM_NOTIFY_H
#define TOCSIN_TESTS_SIM_NOTIFY_H

#include "agent/base/now.h"
#include "disk.h"

enum { NOTIFY_EVENTS = 8 };

struct notify {
    const struct now *now; /**< borrowed */
    struct rng rng;
    bool is_late, is_leaky; /**< events come late; some do not come at all */
    bool is_open, is_on;    /**< the folder is watched */
    struct {
        uint32_t mask;
        char name[DISK_NAME_BYTES];
    } events[NOTIFY_EVENTS];
    size_t count;
    bool has_overflowed;
    int64_t ready_ms; /**< when the reader is woken */
};

/** What the agent calls; its ctx is the disk, whose `notify` is called. */
extern const struct fs_watch notify_watch;

/** Something happened to @name in the folder. */
void notify_tell(struct notify *notify, enum disk_event event, const char *name);
/** The process is gone. */
void notify_close(struct notify *notify);
bool notify_is_ready(const struct notify *notify);
/** When it will be, in mono_ms; NEVER_MS. */
int64_t notify_wake_at(const struct notify *notify);

#endif
