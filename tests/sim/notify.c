/** One watch is enough: all logs lie in one folder. */
#include "notify.h"

#include <errno.h>
#include <inotifytools/inotify.h>

#include "agent/base/must.h"

enum { DESCRIPTOR = 900, WATCH = 1, NAME_STEP_BYTES = 16, LATEST_MS = 3000 };

/* --- what happens ----------------------------------------------------------------- */

void notify_tell(struct notify *notify, enum disk_event event, const char *name)
{
    static const uint32_t masks[] = { [DISK_MODIFIED] = IN_MODIFY,
                                      [DISK_CREATED] = IN_CREATE,
                                      [DISK_LEFT] = IN_MOVED_FROM,
                                      [DISK_ARRIVED] = IN_MOVED_TO,
                                      [DISK_DELETED] = IN_DELETE };
    size_t count = notify->count;
    if (!notify->is_on || notify->has_overflowed ||
        (notify->is_leaky && rng_next(&notify->rng) % 8 == 0))
        return;
    if (count > 0 && notify->events[count - 1].mask == masks[event] &&
        strcmp(notify->events[count - 1].name, name) == 0)
        return;
    if (count == 0)
        notify->ready_ms = notify->now->mono_ms;
    if (count == 0 && notify->is_late)
        notify->ready_ms += (int64_t)(rng_next(&notify->rng) % LATEST_MS);
    if (count == NOTIFY_EVENTS) {
        notify->has_overflowed = true;
        return;
    }
    notify->events[count].mask = masks[event];
    memcpy(notify->events[count].name, name, strlen(name) + 1);
    notify->count++;
}

bool notify_is_ready(const struct notify *notify)
{
    return notify->count > 0 && notify->now->mono_ms >= notify->ready_ms;
}

int64_t notify_wake_at(const struct notify *notify)
{
    return notify->count > 0 ? notify->ready_ms : NEVER_MS;
}

void notify_close(struct notify *notify)
{
    notify->is_open = notify->is_on = notify->has_overflowed = false;
    notify->count = 0;
}

/* --- the seam --------------------------------------------------------------------- */

static struct notify *notify_of(void *ctx)
{
    return ((struct disk *)ctx)->notify;
}

static int watch_open(void *ctx)
{
    must(!notify_of(ctx)->is_open);
    notify_of(ctx)->is_open = true;
    return DESCRIPTOR;
}

static void watch_close(void *ctx, int fd)
{
    must(fd == DESCRIPTOR);
    notify_close(notify_of(ctx));
}

static int watch_add(void *ctx, int fd, const char *path, uint32_t events)
{
    const struct disk *disk = ctx;
    must(fd == DESCRIPTOR && (events & IN_MODIFY));
    if (strcmp(path, disk->folder) == 0) {
        disk->notify->is_on = true;
        return WATCH;
    }
    errno = ENOENT;
    return -1;
}

static void watch_remove(void *ctx, int fd, int watch)
{
    must(fd == DESCRIPTOR && watch == WATCH);
    notify_of(ctx)->is_on = false;
}

static size_t put_event(char *into, uint32_t mask, const char *name)
{
    struct inotify_event event = { .wd = name ? WATCH : -1, .mask = mask };
    size_t len = name ? strlen(name) + 1 : 0;
    event.len =
        (uint32_t)((len + NAME_STEP_BYTES - 1) / NAME_STEP_BYTES * NAME_STEP_BYTES);
    memcpy(into, &event, sizeof event);
    memset(into + sizeof event, 0, event.len);
    if (len > 0)
        memcpy(into + sizeof event, name, len);
    return sizeof event + event.len;
}

static ssize_t watch_read(void *ctx, int fd, void *into, size_t size)
{
    struct notify *notify = notify_of(ctx);
    size_t len = 0;
    must(fd == DESCRIPTOR &&
         size >=
             (NOTIFY_EVENTS + 1) * (sizeof(struct inotify_event) + DISK_NAME_BYTES));
    if (!notify_is_ready(notify)) {
        errno = EAGAIN;
        return -1;
    }
    for (size_t i = 0; i < notify->count; i++)
        len += put_event((char *)into + len, notify->events[i].mask,
                         notify->events[i].name);
    if (notify->has_overflowed)
        len += put_event((char *)into + len, IN_Q_OVERFLOW, NULL);
    notify->count = 0;
    notify->has_overflowed = false;
    return (ssize_t)len;
}

const struct fs_watch notify_watch = { watch_open, watch_close, watch_add, watch_remove,
                                       watch_read };
