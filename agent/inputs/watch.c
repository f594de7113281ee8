/** The one file that knows inotify. */
#include "agent/inputs/watch.h"

#include <errno.h>
#include <inotifytools/inotify.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/base/map.h"
#include "agent/base/mem.h"
#include "agent/base/plant.h"
#include "agent/inputs/search.h"

enum {
    FOLDER_EVENTS = IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE |
                    IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF,
    FILE_EVENTS = IN_MODIFY | IN_ATTRIB,
    READS_PER_TURN = 16, /* the rest wakes the next turn */
    EVENT_BUFFER_BYTES = 64 * 1024,
    FOLDERS_PER_CHECK = 64, /* each costs a call of the kernel */
};

/** A path that is watched. Several paths can share a descriptor (hard and soft
 *  links). */
struct watched {
    int wd; /* -1: the kernel had none to give */
    bool is_folder;
    char *path;
};

struct watch {
    int fd;
    const struct fs_watch *ops;
    void *ctx;
    const struct wakes *wakes;
    struct log_sink *log;
    struct inputs_tally *tally;
    struct map by_path, by_wd;
    size_t check_at; /* in by_path: the folder that is asked about next */
    bool was_told;
    char *buffer;
};

/* --- the kernel ------------------------------------------------------------------- */

static int kernel_open(void *ctx)
{
    (void)ctx;
    return inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
}

static void kernel_close(void *ctx, int fd)
{
    (void)ctx;
    close(fd);
}

static int kernel_add(void *ctx, int fd, const char *path, uint32_t events)
{
    (void)ctx;
    return inotify_add_watch(fd, path, events);
}

static void kernel_remove(void *ctx, int fd, int watch)
{
    (void)ctx;
    inotify_rm_watch(fd, watch);
}

static ssize_t kernel_read(void *ctx, int fd, void *into, size_t size)
{
    (void)ctx;
    return read(fd, into, size);
}

static const struct fs_watch kernel = { kernel_open, kernel_close, kernel_add,
                                        kernel_remove, kernel_read };

/* --- watches ---------------------------------------------------------------------- */

static void tell_once(struct watch *watch, const char *what)
{
    watch->tally->watch_failures++;
    if (watch->was_told)
        return;
    watch->was_told = true;
    log_warning(watch->log,
                "inotify cannot watch '%s' (%s); it is looked at by the sweep alone. "
                "'sysctl fs.inotify' shows the limits",
                what, strerror(errno));
}

struct watch *watch_create(const struct fs *fs, const struct wakes *wakes,
                           struct log_sink *log, struct inputs_tally *tally)
{
    const struct fs_watch *ops = fs->watch ? fs->watch : &kernel;
    int fd = ops->open(fs->ctx);
    if (fd < 0) {
        tally->watch_failures++;
        log_warning(log,
                    "inotify is not available (%s); files are looked at by the "
                    "sweep alone",
                    strerror(errno));
        return NULL;
    }
    struct watch *watch = mem_zalloc(sizeof *watch);
    *watch = (struct watch){
        .fd = fd, .ops = ops, .ctx = fs->ctx, .wakes = wakes, .log = log, .tally = tally
    };
    watch->buffer = mem_zalloc(EVENT_BUFFER_BYTES);
    wakes_set(wakes, fd, WAKE_READ);
    return watch;
}

static struct slice wd_key(const struct watched *watched)
{
    return slice_make((const char *)&watched->wd, sizeof watched->wd);
}

static void watched_free(struct watched *watched)
{
    free(watched->path);
    free(watched);
}

void watch_free(struct watch *watch)
{
    size_t at = 0;
    struct watched *watched;
    if (!watch)
        return;
    wakes_set(watch->wakes, watch->fd, 0);
    watch->ops->close(watch->ctx, watch->fd);
    while ((watched = map_next(&watch->by_path, &at)) != NULL)
        watched_free(watched);
    map_free(&watch->by_path);
    map_free(&watch->by_wd);
    free(watch->buffer);
    free(watch);
}

static void forget(struct watch *watch, struct watched *watched)
{
    if (map_find(&watch->by_wd, wd_key(watched)) == watched)
        map_take(&watch->by_wd, wd_key(watched));
    map_take(&watch->by_path, slice_of(watched->path));
    watched_free(watched);
}

/** @path could not be watched: counted once, however often it is tried. */
static bool add_failed(struct watch *watch, const char *path, struct watched *watched)
{
    if (watched || errno == ENOENT || errno == ENOTDIR)
        return false;
    tell_once(watch, path);
    watched = mem_zalloc(sizeof *watched);
    *watched = (struct watched){ .wd = -1, .path = mem_copy_text(path) };
    map_put(&watch->by_path, slice_of(watched->path), watched);
    return false;
}

static bool add(struct watch *watch, const char *path, bool is_folder)
{
    if (!watch)
        return false;
    struct watched *watched = map_find(&watch->by_path, slice_of(path));
    if (watched && watched->wd >= 0)
        return true;
    uint32_t events = is_folder ? FOLDER_EVENTS | IN_ONLYDIR : FILE_EVENTS;
    int wd = watch->ops->add(watch->ctx, watch->fd, path[0] ? path : ".", events);
    if (wd < 0)
        return add_failed(watch, path, watched);
    if (watched)
        forget(watch, watched);
    watched = mem_zalloc(sizeof *watched);
    *watched = (struct watched){ wd, is_folder, mem_copy_text(path) };
    /* The first path of an inode is told; for the others the sweep is there. */
    if (map_find(&watch->by_wd, wd_key(watched))) {
        watched_free(watched);
        return false;
    }
    map_put(&watch->by_path, slice_of(watched->path), watched);
    map_put(&watch->by_wd, wd_key(watched), watched);
    return true;
}

bool watch_folder(struct watch *watch, const char *path)
{
    return add(watch, path, true);
}

bool watch_file(struct watch *watch, const char *path)
{
    return add(watch, path, false);
}

/** A watch whose path may mean another inode by now. */
static void give_up(struct watch *watch, struct watched *watched)
{
    watch->ops->remove(watch->ctx, watch->fd, watched->wd);
    forget(watch, watched);
}

void watch_forget_file(struct watch *watch, const char *path)
{
    struct watched *watched = watch ? map_find(&watch->by_path, slice_of(path)) : NULL;
    if (watched && !watched->is_folder)
        give_up(watch, watched);
}

/** A folder moved away, and took along the folders below, whose paths are wrong now. */
static void give_up_below(struct watch *watch, const char *path)
{
    size_t at = 0;
    struct watched *watched;
    struct slice top = slice_of(path);
    while ((watched = map_next(&watch->by_path, &at)) != NULL) {
        struct slice below = slice_of(watched->path);
        if (below.len > top.len && slice_starts(below, top) &&
            below.ptr[top.len] == '/')
            give_up(watch, watched);
    }
}

/** A folder in a watched folder came or went. */
static void tell_folder(struct watch *watch, const struct watched *above,
                        const struct inotify_event *event,
                        const struct watch_hints *hints)
{
    if (event->mask & (IN_CREATE | IN_MOVED_TO))
        hints->scan(hints->ctx);
    if (!(event->mask & (IN_DELETE | IN_MOVED_FROM)))
        return;
    /* A file in it that is still open keeps it alive, so it does not say itself that it
     * is gone. */
    char *path = path_join(slice_of(above->path), slice_of(event->name));
    struct watched *watched = map_find(&watch->by_path, slice_of(path));
    give_up_below(watch, path);
    if (watched)
        give_up(watch, watched);
    free(path);
    hints->all(hints->ctx);
}

static void tell_lost_folder(struct watch *watch, struct watched *watched,
                             uint32_t mask, const struct watch_hints *hints)
{
    if (mask & IN_MOVE_SELF)
        give_up_below(watch, watched->path);
    if (mask & IN_IGNORED)
        forget(watch, watched);
    else
        give_up(watch, watched);
    /* Another folder may have the name by now, with files that grew unwatched. */
    hints->all(hints->ctx);
}

static void tell_name(const struct watched *watched, const struct inotify_event *event,
                      const struct watch_hints *hints)
{
    if (!watched->is_folder || event->len == 0) {
        hints->file(hints->ctx, watched->path);
        return;
    }
    char *path = path_join(slice_of(watched->path), slice_of(event->name));
    hints->file(hints->ctx, path);
    free(path);
}

static void tell_event(struct watch *watch, const struct inotify_event *event,
                       const struct watch_hints *hints)
{
    if (event->mask & IN_Q_OVERFLOW) {
        watch->tally->watch_overflows++;
        if (!planted(PLANT_OVERFLOW_IGNORED))
            hints->all(hints->ctx);
        return;
    }
    struct slice key = slice_make((const char *)&event->wd, sizeof event->wd);
    struct watched *watched = map_find(&watch->by_wd, key);
    if (!watched)
        return;
    if (event->mask & (IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF)) {
        tell_lost_folder(watch, watched, event->mask, hints);
        return;
    }
    if (event->mask & IN_ISDIR) {
        tell_folder(watch, watched, event, hints);
        return;
    }
    tell_name(watched, event, hints);
}

static void tell_events(struct watch *watch, size_t len,
                        const struct watch_hints *hints)
{
    size_t at = 0;
    while (at + sizeof(struct inotify_event) <= len) {
        /* The kernel pads names, so that each event is aligned. */
        const void *here = watch->buffer + at;
        const struct inotify_event *event = here;
        at += sizeof *event + event->len;
        tell_event(watch, event, hints);
    }
}

/** The kernel gives the watch that an inode has already, or else a new one. */
static bool is_same_folder(struct watch *watch, const struct watched *watched)
{
    int wd =
        watch->ops->add(watch->ctx, watch->fd, watched->path[0] ? watched->path : ".",
                        FOLDER_EVENTS | IN_ONLYDIR);
    struct slice key = slice_make((const char *)&wd, sizeof wd);
    if (wd >= 0 && !map_find(&watch->by_wd, key))
        watch->ops->remove(watch->ctx, watch->fd, wd);
    return wd == watched->wd;
}

/** The next folder in turn. NULL: the round is over. */
static struct watched *next_folder(struct watch *watch)
{
    struct watched *watched;
    while ((watched = map_next(&watch->by_path, &watch->check_at)) != NULL) {
        if (watched->is_folder && watched->wd >= 0)
            return watched;
    }
    watch->check_at = 0;
    return NULL;
}

bool watch_lost_folders(struct watch *watch)
{
    bool is_lost = false;
    struct watched *watched;
    for (int i = 0; watch && i < FOLDERS_PER_CHECK; i++) {
        if ((watched = next_folder(watch)) == NULL)
            break;
        if (is_same_folder(watch, watched))
            continue;
        give_up(watch, watched);
        is_lost = true;
    }
    return is_lost;
}

void watch_read(struct watch *watch, const struct watch_hints *hints)
{
    if (!watch)
        return;
    for (int i = 0; i < READS_PER_TURN; i++) {
        ssize_t len =
            watch->ops->read(watch->ctx, watch->fd, watch->buffer, EVENT_BUFFER_BYTES);
        if (len <= 0)
            return;
        tell_events(watch, (size_t)len, hints);
    }
}
