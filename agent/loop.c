/**
 * libuv as a sleeping place. Callbacks only note that something happened: the parts
 * find out for themselves by non-blocking reads, so that an extra wake-up does no
 * harm.
 */
#include "agent/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#include "agent/base/mem.h"
#include "agent/base/must.h"
#include "agent/service.h"
#include "agent/watchdog.h"

struct watched_fd {
    uv_poll_t poll; /* first: freed through the handle */
    int fd;
    int events;
    struct watched_fd *next;
};

struct loop {
    uv_loop_t uv;
    uv_timer_t timer;
    uv_signal_t signals[3];
    struct watched_fd *fds;
    struct wakes wakes;
    bool is_deaf; /* held back: only what is WAKE_ALWAYS is listened to */
    int stop_signals, reload_signals;
};

/** A timer that is due runs before libuv polls, which would then sleep without any:
 * uv_stop() makes that poll return at once. */
static void on_timer(uv_timer_t *timer)
{
    uv_stop(timer->loop);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    (void)poll;
    (void)status;
    (void)events;
}

static void on_signal(uv_signal_t *signal, int number)
{
    struct loop *loop = signal->data;
    if (number == SIGHUP)
        loop->reload_signals++;
    else
        loop->stop_signals++;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle);
}

static int uv_events(int events)
{
    return (events & WAKE_READ ? UV_READABLE : 0) |
           (events & WAKE_WRITE ? UV_WRITABLE : 0);
}

static void drop_fd(struct loop *loop, int fd)
{
    for (struct watched_fd **at = &loop->fds; *at; at = &(*at)->next) {
        if ((*at)->fd != fd)
            continue;
        struct watched_fd *gone = *at;
        *at = gone->next;
        uv_poll_stop(&gone->poll);
        uv_close((uv_handle_t *)&gone->poll, on_closed);
        return;
    }
}

static void listen_to(const struct loop *loop, struct watched_fd *watched)
{
    if (!loop->is_deaf || (watched->events & WAKE_ALWAYS))
        uv_poll_start(&watched->poll, uv_events(watched->events), on_ready);
    else
        uv_poll_stop(&watched->poll);
}

static struct watched_fd *find_fd(struct loop *loop, int fd)
{
    struct watched_fd *at = loop->fds;
    while (at && at->fd != fd)
        at = at->next;
    return at;
}

/** A descriptor that epoll does not take (a regular file as stdin) is left to the
 * sweep. */
static struct watched_fd *add_fd(struct loop *loop, int fd)
{
    struct watched_fd *watched = mem_zalloc(sizeof *watched);
    if (uv_poll_init(&loop->uv, &watched->poll, fd) != 0) {
        free(watched);
        return NULL;
    }
    watched->fd = fd;
    watched->next = loop->fds;
    loop->fds = watched;
    return watched;
}

static void set_wake(void *ctx, int fd, int events)
{
    struct loop *loop = ctx;
    if (events == 0) {
        drop_fd(loop, fd);
        return;
    }
    struct watched_fd *watched = find_fd(loop, fd);
    if (!watched)
        watched = add_fd(loop, fd);
    if (!watched || watched->events == events)
        return;
    watched->events = events;
    listen_to(loop, watched);
}

/** While the store is full, input stays ready and must not turn the loop. */
static void set_deaf(struct loop *loop, bool is_deaf)
{
    if (loop->is_deaf == is_deaf)
        return;
    loop->is_deaf = is_deaf;
    for (struct watched_fd *at = loop->fds; at; at = at->next)
        listen_to(loop, at);
}

/* What libuv opens for itself: epoll, an event, a pipe, spares. It calls abort() when
 * the pipe for signals cannot be had, so that is found out before. */
enum { LOOP_DESCRIPTORS = 8 };

static bool has_descriptors(struct err *err)
{
    int fds[LOOP_DESCRIPTORS], count = 0;
    while (count < LOOP_DESCRIPTORS &&
           (fds[count] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
        count++;
    bool is_good = count == LOOP_DESCRIPTORS || (errno != EMFILE && errno != ENFILE);
    while (count > 0)
        close(fds[--count]);
    return is_good || err_set(err, ERR_FULL,
                              "too few file descriptors are left for the event loop; "
                              "raise LimitNOFILE= or `ulimit -n`");
}

static bool start_uv(uv_loop_t *uv, struct err *err)
{
    if (!has_descriptors(err))
        return false;
    /* Without memory it would abort, as if by a bug. */
    must(uv_replace_allocator(mem_malloc, mem_realloc, mem_calloc, free) == 0);
    int code = uv_loop_init(uv);
    return code == 0 ||
           err_set(err, ERR_IO, "the event loop cannot start: %s", uv_strerror(code));
}

struct loop *loop_create(struct err *err)
{
    static const int numbers[] = { SIGTERM, SIGINT, SIGHUP };
    /* A reader that went away, a file past its limit, and what other daemons take for
     * "open your logs again". */
    static const int ignored[] = { SIGPIPE, SIGXFSZ, SIGUSR1, SIGUSR2 };
    struct loop *loop = mem_zalloc(sizeof *loop);
    if (!start_uv(&loop->uv, err)) {
        free(loop);
        return NULL;
    }
    must(uv_timer_init(&loop->uv, &loop->timer) == 0);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        must(uv_signal_init(&loop->uv, &loop->signals[i]) == 0);
        loop->signals[i].data = loop;
        must(uv_signal_start(&loop->signals[i], on_signal, numbers[i]) == 0);
    }
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
        signal(ignored[i], SIG_IGN);
    loop->wakes = (struct wakes){ .set = set_wake, .ctx = loop };
    return loop;
}

const struct wakes *loop_wakes(struct loop *loop)
{
    return &loop->wakes;
}

static int64_t mono_ms(void)
{
    struct clock_source clock = clock_real();
    return clock_read(&clock).mono_ms;
}

static void sleep_until(struct loop *loop, int64_t wake_at_ms)
{
    int64_t now_ms = mono_ms();
    int64_t wait = wake_at_ms <= now_ms ? 0 : wake_at_ms - now_ms;
    uv_update_time(&loop->uv);
    if (wake_at_ms == NEVER_MS)
        uv_timer_stop(&loop->timer);
    else
        uv_timer_start(&loop->timer, on_timer, (uint64_t)wait, 0);
    uv_run(&loop->uv, UV_RUN_ONCE);
}

static void obey_signals(struct loop *loop, struct app *app,
                         const struct loop_calls *calls)
{
    if (loop->stop_signals > 0)
        app_stop(app);
    if (loop->reload_signals > 0)
        calls->reload(calls->ctx);
    loop->reload_signals = 0;
}

void loop_run(struct loop *loop, struct app *app, const struct loop_calls *calls)
{
    struct watchdog watchdog = watchdog_of_service();
    while (!app_is_stopped(app) && loop->stop_signals < 2) {
        int64_t began_ms = mono_ms(), ended_ms;
        app_turn(app);
        ended_ms = mono_ms();
        app_turn_took(app, ended_ms - began_ms);
        if (watchdog_sees(&watchdog, app_moves(app), app_wake_at(app), ended_ms) &&
            calls->is_whole(calls->ctx))
            service_notify("WATCHDOG=1");
        if (app_is_stopped(app))
            break;
        if (app_takes_reload(app))
            calls->reload(calls->ctx);
        set_deaf(loop, app_is_held_back(app));
        sleep_until(loop, earlier_ms(app_wake_at(app), watchdog_wake_at(&watchdog)));
        obey_signals(loop, app, calls);
    }
}

void loop_free(struct loop *loop)
{
    if (!loop)
        return;
    while (loop->fds)
        drop_fd(loop, loop->fds->fd);
    uv_close((uv_handle_t *)&loop->timer, NULL);
    for (size_t i = 0; i < sizeof loop->signals / sizeof *loop->signals; i++)
        uv_close((uv_handle_t *)&loop->signals[i], NULL);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    must(uv_loop_close(&loop->uv) == 0);
    free(loop);
}

void loop_put_version(struct buf *out)
{
    buf_printf(out, "libuv %s", uv_version_string());
}
