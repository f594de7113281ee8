/**
 * The seam to the event loop: a part says which descriptors it waits for, and a ready
 * one makes the next app_turn() happen at once. Nothing is called back: each part finds
 * out by a non-blocking read what is there, so a lost or extra wake-up can do no harm.
 */
#ifndef TOCSIN_BASE_WAKES_H
#define TOCSIN_BASE_WAKES_H

enum {
    WAKE_READ = 1,
    WAKE_WRITE = 2,
    WAKE_ALWAYS = 4, /**< also while the store is full, when input is not listened to */
};

struct wakes {
    /** Wait for @events on @fd; 0 stops waiting and must come before close(). */
    void (*set)(void *ctx, int fd, int events);
    void *ctx;
};

/** Change what is waited for. NULL @wakes: there is no loop (tests, --once). */
static inline void wakes_set(const struct wakes *wakes, int fd, int events)
{
    if (wakes && wakes->set && fd >= 0)
        wakes->set(wakes->ctx, fd, events);
}

#endif
