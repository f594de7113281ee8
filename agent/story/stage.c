/** The loop of a story: time jumps to whatever is next, and is never waited for. */
#include "agent/story/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/base/limits.h"

enum { MAX_TURNS = 1000000, STOP_MS = 15 * 1000, FIRST_MONO_MS = 1000 * 1000 };
enum { LOG_BYTES = 4 * 1024 * 1024 };

static struct now read_clock(void *ctx)
{
    return ((struct stage *)ctx)->now;
}

static void write_log(void *ctx, enum log_level level, const char *text)
{
    static const char *const names[] = { "error", "warning", "info", "debug" };
    struct stage *stage = ctx;
    buf_printf(&stage->log_text, "%8.3fs %s: %s\n",
               (double)(stage->now.mono_ms - stage->started_ms) / 1000, names[level],
               text);
}

/* --- the folder ------------------------------------------------------------------ */

/** Memory is faster than a disk, and a story is not about disks, unless somebody says
 *  on which it is to be told. */
static const char *parent_folder(void)
{
    const char *folder = getenv("TMPDIR");
    if (folder && *folder)
        return folder;
    return access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp";
}

static bool make_folder(struct stage *stage, struct err *err)
{
    snprintf(stage->folder, sizeof stage->folder, "%s/tocsin-story.XXXXXX",
             parent_folder());
    stage->home_fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (stage->home_fd < 0)
        return err_set_errno(err, "The working folder cannot be opened");
    if (!mkdtemp(stage->folder)) {
        err_set_errno(err, "The folder '%s' could not be made", stage->folder);
        stage->folder[0] = '\0';
        return false;
    }
    stage->folder_fd = open(stage->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (stage->folder_fd < 0 || fchdir(stage->folder_fd) != 0)
        return err_set_errno(err, "The folder '%s' cannot be entered", stage->folder);
    snprintf(stage->state_dir, sizeof stage->state_dir, "%.4000s/.state",
             stage->folder);
    return true;
}

static int remove_entry(const char *path, const struct stat *stat, int type,
                        struct FTW *ftw)
{
    (void)stat;
    (void)type;
    (void)ftw;
    return remove(path);
}

bool stage_open(struct stage *stage, const struct story *story, struct err *err)
{
    *stage = (struct stage){
        .home_fd = -1,
        .folder_fd = -1,
        .stdin_fds = { -1, -1 },
        .now = { FIRST_MONO_MS, story->unix_ms },
        .started_ms = FIRST_MONO_MS,
        .log = { .write = write_log, .ctx = stage, .max_level = LOG_LEVEL_INFO },
        .log_text = buf_make(LOG_BYTES),
        .config = story->config
    };
    stage->post = post_create(&stage->now);
    stage->disk = full_disk_create();
    /* Non-blocking: a story that writes more than a pipe takes is told so. */
    if (pipe2(stage->stdin_fds, O_CLOEXEC | O_NONBLOCK) != 0)
        return err_set_errno(err, "A pipe for the standard input cannot be made");
    return make_folder(stage, err);
}

void stage_close(struct stage *stage)
{
    stage_crash(stage);
    post_free(stage->post);
    full_disk_free(stage->disk);
    buf_free(&stage->log_text);
    if (stage->home_fd >= 0) {
        /* Nothing could be done about it; what follows uses full paths alone. */
        if (fchdir(stage->home_fd) != 0)
            errno = 0;
        close(stage->home_fd);
    }
    if (stage->folder_fd >= 0)
        close(stage->folder_fd);
    for (int i = 0; i < 2; i++) {
        if (stage->stdin_fds[i] >= 0)
            close(stage->stdin_fds[i]);
    }
    if (stage->folder[0])
        nftw(stage->folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* --- the agent ------------------------------------------------------------------- */

struct config *stage_load(struct stage *stage, const struct yaml_node *node,
                          struct buf *out)
{
    /* What a story includes stands beside it, not in the stage's folder. */
    bool is_home = fchdir(stage->home_fd) == 0;
    struct config *config = config_load_node(node, "story", out, false);
    bool is_back = fchdir(stage->folder_fd) == 0;
    if (!is_home || !is_back) {
        buf_puts(out, "The working folder cannot be changed.\n");
        config_free(config);
        return NULL;
    }
    if (config)
        config->state_dir.value = slice_of(stage->state_dir);
    return config;
}

bool stage_start(struct stage *stage, struct err *err)
{
    struct buf complaints = buf_make(LIMIT_CONFIG_BYTES);
    struct config *config = stage_load(stage, stage->config, &complaints);
    struct world world = { .clock = { read_clock, stage },
                           .fs = fs_real(),
                           .links = post_links(stage->post),
                           .log = &stage->log,
                           .seed = 1,
                           .vfs = full_disk_vfs(stage->disk),
                           .stdin_fd = stage->stdin_fds[0] };
    if (!config) {
        err_set(err, ERR_INVALID, "The configuration has errors: %.400s",
                complaints.ptr ? complaints.ptr : "");
        buf_free(&complaints);
        return false;
    }
    buf_free(&complaints);
    stage->app = app_create(config, &world, err);
    return stage->app != NULL;
}

void stage_crash(struct stage *stage)
{
    app_free(stage->app);
    stage->app = NULL;
}

/* --- time ------------------------------------------------------------------------ */

static bool turn(struct stage *stage, struct err *err)
{
    app_turn(stage->app);
    const struct err *failure = app_failure(stage->app);
    if (failure->kind != ERR_NONE) {
        *err = *failure;
        return false;
    }
    if (++stage->turns > MAX_TURNS)
        return err_set(err, ERR_BROKEN,
                       "The agent turned %d times without time passing: a busy loop.",
                       MAX_TURNS);
    return true;
}

static bool has_work(const struct stage *stage)
{
    if (app_is_stopped(stage->app))
        return false;
    if (app_wake_at(stage->app) <= stage->now.mono_ms)
        return true;
    return !app_is_held_back(stage->app) && post_is_ready(stage->post);
}

bool stage_settle(struct stage *stage, struct err *err)
{
    bool is_good = !stage->app || turn(stage, err);
    while (is_good && stage->app && has_work(stage))
        is_good = turn(stage, err);
    return is_good;
}

static void pass(struct stage *stage, int64_t to_ms)
{
    if (to_ms <= stage->now.mono_ms)
        return;
    stage->now.unix_ms += to_ms - stage->now.mono_ms;
    stage->now.mono_ms = to_ms;
    stage->turns = 0;
}

static int64_t next_moment(const struct stage *stage, int64_t to_ms)
{
    int64_t due = post_wake_at(stage->post);
    if (!stage->app)
        return to_ms;
    if (due <= stage->now.mono_ms)
        due = NEVER_MS;
    return earlier_ms(to_ms, earlier_ms(due, app_wake_at(stage->app)));
}

bool stage_advance(struct stage *stage, int64_t at_ms, struct err *err)
{
    int64_t to_ms = stage->started_ms + at_ms;
    while (stage->now.mono_ms < to_ms) {
        pass(stage, next_moment(stage, to_ms));
        if (!stage_settle(stage, err))
            return false;
    }
    return true;
}

bool stage_stop(struct stage *stage, struct err *err)
{
    int64_t to_ms = stage->now.mono_ms + STOP_MS;
    app_stop(stage->app);
    bool is_good = stage_settle(stage, err);
    while (is_good && !app_is_stopped(stage->app) && stage->now.mono_ms < to_ms) {
        pass(stage, next_moment(stage, to_ms));
        is_good = stage_settle(stage, err);
    }
    if (is_good && !app_is_stopped(stage->app))
        is_good = err_set(err, ERR_BROKEN, "The agent did not stop within 15 s.");
    stage_crash(stage);
    return is_good;
}
