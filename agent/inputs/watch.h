/**
 * inotify, as a hint and nothing more: it makes reading early, and everything is right
 * without it. Folders are watched, not files, so that ten thousand files in one folder
 * cost one watch; a file behind a symbolic link gets its own, since nothing else would
 * tell.
 */
#ifndef TOCSIN_INPUTS_WATCH_H
#define TOCSIN_INPUTS_WATCH_H

#include "agent/base/log.h"
#include "agent/base/wakes.h"
#include "agent/inputs/input.h"

struct watch;

struct watch_hints {
    void (*file)(void *ctx, const char *path); /**< something happened to this name */
    void (*scan)(void *ctx); /**< folders came: look for files again */
    void (*all)(void *ctx);  /**< hints or folders were lost: look at everything */
    void *ctx;
};

/** Open inotify, or what @fs has instead. @return NULL when there is none to give;
 *  counted and told. */
struct watch *watch_create(const struct fs *fs, const struct wakes *wakes,
                           struct log_sink *log, struct inputs_tally *tally);
void watch_free(struct watch *watch);

/** Watch the folder @path ("" is the current one), or the file @path. Watching again is
 *  free. @return false when it cannot be watched: it must be polled. NULL @watch:
 *  false. */
bool watch_folder(struct watch *watch, const char *path);
bool watch_file(struct watch *watch, const char *path);

/** The file @path is another one now. */
void watch_forget_file(struct watch *watch, const char *path);

/** Is the path of a watched folder another folder's by now, or nobody's? Then it is not
 *  watched any more, and everything has to be looked at. A folder that was removed says
 *  nothing itself while a file in it is open. A call of the kernel each, so that very
 *  many folders take turns, 64 in each call: for sweeps. */
bool watch_lost_folders(struct watch *watch);

/** Hand out the hints that are there. Never blocks. */
void watch_read(struct watch *watch, const struct watch_hints *hints);

#endif
