/** The turn of a tail: hints, sweep, hopes, then reading. */
#include "agent/inputs/tail.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "agent/base/mem.h"
#include "agent/base/plant.h"
#include "agent/inputs/archives.h"
#include "agent/inputs/cuts.h"
#include "agent/inputs/discover.h"
#include "agent/inputs/elders.h"
#include "agent/inputs/losses.h"
#include "agent/inputs/positions.h"
#include "agent/inputs/rotation.h"
#include "agent/inputs/sweep.h"
#include "agent/inputs/unpack.h"

enum { RESERVED_DESCRIPTORS = 40, MIN_OPEN_FILES = 8 };

/** Descriptors for files: what the process may have, less what mail and store need. */
static size_t open_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > LIMIT_OPEN_FILES * 2)
        return LIMIT_OPEN_FILES;
    size_t most = (size_t)limit.rlim_cur;
    if (most < RESERVED_DESCRIPTORS + MIN_OPEN_FILES)
        return MIN_OPEN_FILES;
    return most - RESERVED_DESCRIPTORS;
}

static void note_own_output(struct tail *tail)
{
    struct err err;
    const struct fs *fs = &tail->world->fs;
    static const int fds[2] = { STDOUT_FILENO, STDERR_FILENO };
    for (int i = 0; i < 2; i++) {
        if (!fs->fstat(fs->ctx, fds[i], &tail->own_output[i], &err))
            tail->own_output[i] = (struct fs_stat){ 0 };
    }
}

static void *create(const struct input_world *world, struct inputs_tally *tally)
{
    struct tail *tail = mem_zalloc(sizeof *tail);
    tail->world = world;
    tail->tally = tally;
    tail->search.fs = &world->fs;
    tail->reader = (struct tail_reader){ .fs = &world->fs, .tally = tally };
    tail->reader.buffer = tail->reader.own_buffer = mem_zalloc(TAIL_BUFFER_BYTES);
    files_init(&tail->files, &world->fs, world->log, tally, open_limit());
    tail->reader.ledgers = &tail->files.ledgers;
    tail->reader.archive = &tail->files.archive;
    ledgers_load(&tail->files.ledgers, world->db);
    note_own_output(tail);
    return tail;
}

static void forget_hopes(struct tail *tail)
{
    for (size_t i = 0; i < tail->hope_count; i++)
        free(tail->hopes[i].path);
    tail->hope_count = 0;
}

static void forget_sources(struct tail *tail)
{
    for (size_t i = 0; i < tail->source_count; i++)
        free(tail->sources[i].gaps);
    free(tail->sources);
}

static void destroy(void *self)
{
    struct tail *tail = self;
    elders_forget_all(tail);
    files_clear(&tail->files);
    search_clear(&tail->search);
    watch_free(tail->watch);
    forget_hopes(tail);
    free(tail->hopes);
    forget_sources(tail);
    free(tail->reader.own_buffer);
    free(tail);
}

/* --- sources ---------------------------------------------------------------------- */

size_t tail_source_of(const struct tail *tail, const struct tail_file *file)
{
    return (size_t)(file->config - tail->sources[0].config);
}

static bool wants_inotify(const struct tail *tail)
{
    for (size_t i = 0; i < tail->source_count; i++) {
        const struct source_config *config = tail->sources[i].config;
        if (config->inotify && config->files.count > 0)
            return true;
    }
    return false;
}

static size_t source_named(const struct tail *tail, struct slice name)
{
    size_t i = 0;
    while (i < tail->source_count && !slice_equal(tail->sources[i].source->name, name))
        i++;
    return i;
}

/** The source in the new list that goes on with @file, or source_count. */
static size_t heir_of(struct tail *tail, const struct tail_file *file,
                      struct slice old_name)
{
    size_t same = source_named(tail, old_name);
    bool is_rotated = file->state == TAIL_ROTATED || file->state == TAIL_ELDER;
    if (same < tail->source_count &&
        (is_rotated || discover_matches(tail->sources[same].config, file->path)))
        return same;
    return tail_wanted_by(tail, file->path);
}

/** @return false when no source wants it any more. */
static bool give_to_heir(struct tail *tail, struct tail_file *file)
{
    struct slice old_name = file->source->name;
    size_t heir = heir_of(tail, file, old_name);
    if (heir == tail->source_count)
        return false;
    const struct tail_source *source = &tail->sources[heir];
    file->is_dirty |= !slice_equal(source->source->name, old_name);
    file->source = source->source;
    file->config = source->config;
    return true;
}

/** Give each file to its source of the new generation; the old one is still alive. */
static void hand_over(struct tail *tail)
{
    size_t at = 0;
    struct tail_file *elder;
    struct files *files = &tail->files;
    for (size_t i = files->count; i-- > 0;) {
        if (i >= files->count)
            continue;
        if (!give_to_heir(tail, files->items[i]))
            files_drop(files, files->items[i], true);
    }
    while ((elder = elders_next(tail, &at)) != NULL) {
        if (!give_to_heir(tail, elder))
            elders_forget(tail, elder->path, true);
    }
}

static void take_sources(struct tail *tail, const struct inputs_config *config)
{
    const struct source_config *items = config->blocks->items;
    size_t count = config->blocks->count;
    forget_sources(tail);
    tail->sources = mem_zalloc(count * sizeof *tail->sources);
    tail->source_count = count;
    for (size_t i = 0; i < count; i++) {
        struct tail_source *source = &tail->sources[i];
        *source =
            (struct tail_source){ .source = &config->sources[i], .config = &items[i] };
        source->gaps = mem_zalloc(items[i].files.count * sizeof *source->gaps);
    }
}

static void take_now(struct tail *tail, struct now now)
{
    tail->now = tail->files.now = tail->reader.now = now;
}

void tail_configure(struct tail *tail, const struct inputs_config *config,
                    struct now now)
{
    take_now(tail, now);
    tail->has_changes = true;
    take_sources(tail, config);
    hand_over(tail);
    sweep_disturb_all(tail);
    watch_free(tail->watch);
    tail->watch = NULL;
    if (wants_inotify(tail))
        tail->watch = watch_create(&tail->world->fs, tail->world->wakes,
                                   tail->world->log, tail->tally);
    /* What the old queue had to tell is lost with it. */
    tail->wants_all = true;
    search_forget(&tail->search);
    positions_load(tail);
    for (size_t i = 0; i < tail->source_count; i++)
        sweep_begin(tail, i);
    tail_run_hopes(tail);
    for (size_t i = 0; i < tail->source_count; i++)
        tail->sources[i].is_starting = false;
}

/* --- looking ---------------------------------------------------------------------- */

/** Compare with what was seen before. */
static void observe(struct tail *tail, struct tail_file *file,
                    const struct fs_stat *stat)
{
    if (file->is_packed)
        return;
    bool may_retry = file->backoff_ms > 0 && tail->now.mono_ms >= file->retry_at_ms;
    bool is_same =
        stat->size_bytes == file->size_bytes && stat->modified_ns == file->modified_ns;
    if (is_same && !may_retry && tail_file_is_read(file))
        return;
    bool is_changed = stat->modified_ns != file->modified_ns;
    if (stat->size_bytes != file->size_bytes)
        file->grown_at_ms = tail->now.mono_ms;
    files_note(&tail->files, file, stat);
    if (tail_file_is_untouched(file) && is_changed && !rotation_missed(tail, file))
        file->modified_ns = 0; /* it has still to be found out */
    if (!tail_file_is_read(file) || may_retry)
        files_queue(&tail->files, file);
}

/** Look through the open descriptor. */
static bool look_inside(struct tail *tail, struct tail_file *file)
{
    struct err err;
    struct fs_stat stat;
    const struct fs *fs = tail->files.fs;
    if (file->fd < 0 || !fs->fstat(fs->ctx, file->fd, &stat, &err))
        return false;
    observe(tail, file, &stat);
    return true;
}

static void look_live(struct tail *tail, struct tail_file *file)
{
    struct err err = { 0 };
    struct fs_stat stat;
    const struct fs *fs = tail->files.fs;
    if (!file->place) {
        rotation_left(tail, file, false);
        return;
    }
    if (!fs->stat(fs->ctx, file->place, &stat, &err)) {
        if (err.kind == ERR_MISSING)
            rotation_left(tail, file, false);
        else if (!look_inside(tail, file) && tail->now.mono_ms >= file->retry_at_ms)
            files_back_off(&tail->files, file, tail->now, &err);
        return;
    }
    if (identity_is_inode(&file->id, &stat, false))
        observe(tail, file, &stat);
    else
        rotation_left(tail, file, false);
}

static bool still_lies_there(struct tail *tail, const struct tail_file *file)
{
    struct err err;
    struct fs_stat stat;
    const struct fs *fs = tail->files.fs;
    return fs->stat(fs->ctx, file->place, &stat, &err) &&
           identity_is_inode(&file->id, &stat, false);
}

static void look_rotated(struct tail *tail, struct tail_file *file)
{
    if (file->place && !still_lies_there(tail, file)) {
        rotation_left(tail, file, false);
        if (file->state != TAIL_ROTATED)
            return;
    }
    if (!look_inside(tail, file) && !file->is_queued)
        files_queue(&tail->files, file);
    int64_t silent_ms = tail->now.mono_ms - file->grown_at_ms;
    if (!file->is_queued && tail->reader.intake && !file->before &&
        !rotation_is_awaited(file) &&
        (silent_ms >= file->config->rotate_wait || planted(PLANT_ROTATED_ENDS_AT_ONCE)))
        rotation_finish(tail, file);
}

void tail_look(struct tail *tail, struct tail_file *file)
{
    switch (file->state) {
    case TAIL_LIVE:
    case TAIL_COPY:
        look_live(tail, file);
        return;
    case TAIL_ROTATED:
        look_rotated(tail, file);
        return;
    case TAIL_ABSENT:
        rotation_look_absent(tail, file);
        return;
    case TAIL_ELDER:
        return;
    }
}

/* --- hints ------------------------------------------------------------------------ */

static void hint_file(void *ctx, const char *path)
{
    struct tail *tail = ctx;
    struct tail_file *file = files_at(&tail->files, path);
    tail->has_changes = true;
    if (!file) {
        discover_hint(tail, path);
        return;
    }
    /* A truncation can leave the size as it was: the marker has to be compared. */
    file->read_size = -1;
    tail_look(tail, file);
}

static void hint_scan(void *ctx)
{
    struct tail *tail = ctx;
    tail->wants_scan = true;
}

static void hint_all(void *ctx)
{
    struct tail *tail = ctx;
    tail->wants_all = true;
}

/* --- reading ---------------------------------------------------------------------- */

static void after_failure(struct tail *tail, struct tail_file *file,
                          const struct err *err)
{
    struct err told;
    if (file->is_packed) {
        archives_failed(tail, file, err);
        return;
    }
    err_set(&told, err->kind, "'%s': %s", file->path, err->text);
    /* A stale handle is opened again by its path, wherever that leads. */
    if (file->state != TAIL_ROTATED || err->kind == ERR_MISSING)
        files_close(&tail->files, file);
    files_back_off(&tail->files, file, tail->now, &told);
}

static void read_open(struct tail *tail, struct tail_file *file)
{
    struct err err = { 0 };
    if (file->is_symlink && file->place && file->config->inotify)
        (void)watch_file(tail->watch, file->place);
    if (file->wants_end && !tail_file_seek_end(file, &tail->reader, &err)) {
        after_failure(tail, file, &err);
        return;
    }
    if (rotation_is_copy(tail, file))
        return;
    size_t budget = LIMIT_FILE_TURN_BYTES;
    switch (tail_file_read(file, &tail->reader, budget, planted(PLANT_HALF_LINE_COUNTS),
                           &err)) {
    case TAIL_READ_MORE:
        files_queue(&tail->files, file);
        return;
    case TAIL_READ_END:
        files_recover(&tail->files, file);
        if (file->is_packed)
            rotation_finish(tail, file);
        else
            rotation_ended(tail, file);
        return;
    case TAIL_READ_CHANGED:
        cuts_settle(tail, file);
        return;
    case TAIL_READ_FAILED:
        after_failure(tail, file, &err);
        return;
    }
}

/** The younger generation is queued again when the older one has ended. It does not
 *  wait for one that cannot be read. */
static bool must_wait(const struct tail_file *file)
{
    return file->before && !file->before->has_ended && file->before->backoff_ms == 0;
}

static void read_one(struct tail *tail, struct tail_file *file)
{
    if (file->state == TAIL_ABSENT || tail->now.mono_ms < file->retry_at_ms ||
        must_wait(file))
        return;
    if (file->is_undecided && (!rotation_succeed(tail, file) || must_wait(file)))
        return;
    switch (files_open(&tail->files, file, tail->now)) {
    case OPEN_DONE:
        read_open(tail, file);
        return;
    case OPEN_GONE:
        if (file->state == TAIL_ROTATED)
            rotation_finish(tail, file);
        else
            rotation_left(tail, file, false);
        return;
    case OPEN_FAILED:
        return;
    }
}

static bool read_queue(struct tail *tail)
{
    struct tail_file *file;
    uint64_t start = tail->tally->bytes_read;
    /* Small files cost their opening, and one that changes under every look must not
     * hold the turn for ever. */
    size_t steps = LIMIT_TURN_FILES;
    while (steps-- > 0 && tail->tally->bytes_read - start < LIMIT_TURN_BYTES &&
           (file = files_next(&tail->files)) != NULL) {
        tail->has_changes = true;
        read_one(tail, file);
        tail_run_hopes(tail);
        if (intake_has_enough(tail->reader.intake)) /* one file at least, in any turn */
            break;
    }
    return tail->files.queue_head != NULL;
}

bool tail_read(struct tail *tail, struct now now, const struct intake *intake)
{
    struct watch_hints hints = { hint_file, hint_scan, hint_all, tail };
    take_now(tail, now);
    tail->reader.intake = intake;
    if (tail->files.archive.unpack)
        unpack_allow(tail->files.archive.unpack, LIMIT_UNPACK_TURN_BYTES);
    search_forget(&tail->search);
    watch_read(tail->watch, &hints);
    sweep_run(tail);
    tail_run_hopes(tail);
    bool has_more = read_queue(tail);
    losses_tell(tail, intake);
    tail->reader.intake = NULL;
    return has_more;
}

int64_t tail_wake_at(const struct tail *tail)
{
    return tail->files.queue_head ? tail->now.mono_ms : sweep_wake_at(tail);
}

/* --- as a kind of input ----------------------------------------------------------- */

static void configure(void *self, const struct inputs_config *config, struct now now)
{
    tail_configure(self, config, now);
}

static bool read_turn(void *self, struct now now, const struct intake *intake)
{
    return tail_read(self, now, intake);
}

static void hint_later(void *ctx, const char *path)
{
    (void)path;
    hint_all(ctx);
}

/** What inotify has to tell would wake the loop for ever. */
static void refuse(void *self, struct now now)
{
    struct watch_hints hints = { hint_later, hint_all, hint_all, self };
    (void)now;
    watch_read(((struct tail *)self)->watch, &hints);
}

static void save(void *self, struct now now)
{
    positions_save(self, now);
}

static void committed(void *self)
{
    positions_committed(self);
}

static bool wants_commit(const void *self)
{
    const struct tail *tail = self;
    return tail->files.wants_commit;
}

static int64_t wake_at(const void *self)
{
    return tail_wake_at(self);
}

static bool is_at_end(const void *self)
{
    const struct tail *tail = self;
    return !tail->files.queue_head && tail->hope_count == 0;
}

const struct input_kind tail_kind = {
    .name = "files",
    .create = create,
    .destroy = destroy,
    .configure = configure,
    .read = read_turn,
    .save = save,
    .committed = committed,
    .refuse = refuse,
    .wants_commit = wants_commit,
    .wake_at = wake_at,
    .is_at_end = is_at_end,
    .describe = tail_describe,
    .describe_sums = tail_describe_sums,
};
