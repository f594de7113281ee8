/** The set of followed files. */
#include "agent/inputs/files.h"

#include <limits.h>
#include <stdlib.h>

#include "agent/base/mem.h"
#include "agent/base/must.h"
#include "agent/inputs/names.h"
#include "agent/inputs/search.h"

enum { FIRST_BACKOFF_MS = 1000, LAST_BACKOFF_MS = 60 * 1000 };

void files_init(struct files *files, const struct fs *fs, struct log_sink *log,
                struct inputs_tally *tally, size_t open_limit)
{
    *files = (struct files){ .fs = fs, .log = log, .tally = tally };
    files->open_limit = open_limit < LIMIT_OPEN_FILES ? open_limit : LIMIT_OPEN_FILES;
}

static void forget_refused(struct files *files)
{
    size_t at = 0;
    char *path;
    while ((path = map_next(&files->refused, &at)) != NULL)
        free(path);
    map_free(&files->refused);
}

void files_clear(struct files *files)
{
    while (files->count > 0)
        files_drop(files, files->items[files->count - 1], true);
    map_free(&files->by_place);
    map_free(&files->by_inode);
    map_free(&files->last);
    forget_refused(files);
    ledgers_clear(&files->ledgers);
    free(files->items);
    free(files->is_calm);
    free(files->dead_rows);
    *files = (struct files){ 0 };
}

void files_add(struct files *files, struct tail_file *file)
{
    if (file->row_id == 0)
        file->row_id = ++files->last_row_id;
    files->wants_commit = true;
    file->index = files->count;
    *(struct tail_file **)mem_push(files->items, files->count, files->capacity) = file;
    *mem_push(files->is_calm, files->calm_count, files->calm_capacity) = false;
    files->tally->files_watched = files->count;
}

static struct slice inode_key(const struct tail_file *file)
{
    return slice_make((const char *)file->inode_key, sizeof file->inode_key);
}

struct tail_file *files_at(const struct files *files, const char *place)
{
    return map_find(&files->by_place, slice_of(place));
}

struct tail_file *files_with_inode(const struct files *files,
                                   const struct fs_stat *stat)
{
    uint64_t key[2] = { stat->device, stat->inode };
    struct tail_file *file =
        map_find(&files->by_inode, slice_make((const char *)key, sizeof key));
    /* Another file has the number by now, and whose it was has not been looked at. */
    return file && identity_is_inode(&file->id, stat, false) ? file : NULL;
}

struct tail_file *files_last(const struct files *files, const char *path)
{
    return map_find(&files->last, slice_of(path));
}

void files_disown(struct files *files, struct tail_file *file)
{
    if (map_find(&files->by_inode, inode_key(file)) == file)
        map_take(&files->by_inode, inode_key(file));
}

void files_move(struct files *files, struct tail_file *file, const char *place)
{
    if (place && file->place && strcmp(place, file->place) == 0)
        return;
    if (file->place && map_find(&files->by_place, slice_of(file->place)) == file)
        map_take(&files->by_place, slice_of(file->place));
    tail_file_set_place(file, place);
    file->is_dirty = files->wants_commit = true;
    if (!place)
        return;
    /* The map borrows its keys, so whoever lay here before must give up his. */
    struct tail_file *other = map_take(&files->by_place, slice_of(place));
    if (other)
        files_move(files, other, NULL);
    map_put(&files->by_place, slice_of(file->place), file);
}

void files_claim(struct files *files, struct tail_file *file)
{
    uint64_t key[2] = { file->id.device, file->id.inode };
    if (memcmp(file->inode_key, key, sizeof key) == 0 &&
        map_find(&files->by_inode, inode_key(file)) == file)
        return;
    files_disown(files, file);
    memcpy(file->inode_key, key, sizeof key);
    map_take(&files->by_inode, inode_key(file));
    map_put(&files->by_inode, inode_key(file), file);
}

void files_note(struct files *files, struct tail_file *file, const struct fs_stat *stat)
{
    identity_take(&file->id, stat);
    files_claim(files, file);
    file->modified_ns = stat->modified_ns;
    if (file->is_packed)
        return;
    file->size_bytes = stat->size_bytes;
}

static void forget_last(struct files *files, struct tail_file *file)
{
    struct slice path = slice_of(file->path);
    if (map_find(&files->last, path) == file)
        map_take(&files->last, path);
}

/** Nobody at its path is younger. */
static void note_last(struct files *files, struct tail_file *file)
{
    if (file->has_heir || (file->state != TAIL_ROTATED && file->state != TAIL_ABSENT))
        return;
    map_take(&files->last, slice_of(file->path));
    map_put(&files->last, slice_of(file->path), file);
}

void files_set_state(struct files *files, struct tail_file *file, enum tail_state state)
{
    forget_last(files, file);
    files_disturb(files, file);
    files->rotated_count -= file->state == TAIL_ROTATED;
    files->rotated_count += state == TAIL_ROTATED;
    file->state = state;
    file->was_rotated = file->was_rotated && state == TAIL_ABSENT;
    file->is_dirty = files->wants_commit = true;
    note_last(files, file);
}

void files_retire(struct files *files, struct tail_file *file)
{
    file->grown_at_ms = files->now.mono_ms;
    files_set_state(files, file, TAIL_ROTATED);
    files_queue(files, file);
}

void files_rename(struct tail_file *file, const char *path)
{
    must(file->state != TAIL_ROTATED);
    tail_file_set_path(file, path);
    file->is_dirty = true;
}

void files_inherit(struct files *files, struct tail_file *older)
{
    forget_last(files, older);
    older->has_heir = older->is_dirty = files->wants_commit = true;
}

void files_chain(struct files *files, struct tail_file *older,
                 struct tail_file *younger)
{
    if (older == younger)
        return;
    files_inherit(files, older);
    note_last(files, younger); /* @older may have been it for a moment */
    if (older->after || (older->before && younger->before))
        return;
    older->after = younger;
    older->before = older->before ? older->before : younger->before;
    if (older->before)
        older->before->after = older;
    older->has_ended = false;
    younger->before = older;
    younger->before_row_id = older->row_id;
    younger->is_dirty = true;
}

void files_set_original(struct tail_file *copy, struct tail_file *original)
{
    if (copy->original)
        copy->original->copy_count--;
    copy->original = original;
    if (original)
        original->copy_count++;
}

void files_unchain(struct files *files, struct tail_file *file)
{
    if (file->after) {
        file->after->before = file->before;
        files_queue(files, file->after);
    }
    if (file->before)
        file->before->after = file->after;
    file->before = file->after = NULL;
}

static void release_copies(struct files *files, struct tail_file *original)
{
    for (size_t i = 0; i < files->count && original->copy_count > 0; i++) {
        struct tail_file *copy = files->items[i];
        if (copy->original != original)
            continue;
        files_set_original(copy, NULL);
        files_queue(files, copy);
    }
}

static void queue_remove(struct files *files, struct tail_file *file)
{
    struct tail_file **at = &files->queue_head, *last = NULL;
    if (!file->is_queued)
        return;
    while (*at != file) {
        last = *at;
        at = &last->queue_next;
    }
    *at = file->queue_next;
    if (files->queue_tail == file)
        files->queue_tail = last;
    file->is_queued = false;
    file->queue_next = NULL;
}

void files_forget_row(struct files *files, int64_t row_id)
{
    int64_t *dead = mem_push(files->dead_rows, files->dead_count, files->dead_capacity);
    *dead = row_id;
    files->wants_commit = true;
}

void files_take_out(struct files *files, struct tail_file *file)
{
    files_set_original(file, NULL);
    release_copies(files, file);
    forget_last(files, file);
    files->rotated_count -= file->state == TAIL_ROTATED;
    files_unchain(files, file);
    queue_remove(files, file);
    files_recover(files, file);
    files_close(files, file);
    files_disown(files, file);
    if (file->place && map_find(&files->by_place, slice_of(file->place)) == file)
        map_take(&files->by_place, slice_of(file->place));
    struct tail_file *last = files->items[--files->count];
    files->items[file->index] = last;
    files->is_calm[file->index] = files->is_calm[--files->calm_count];
    last->index = file->index;
    files->tally->files_watched = files->count;
}

void files_drop(struct files *files, struct tail_file *file, bool keeps_row)
{
    files_take_out(files, file);
    if (!keeps_row)
        files_forget_row(files, file->row_id);
    tail_file_free(file);
}

/* --- descriptors --------------------------------------------------------------- */

void files_close(struct files *files, struct tail_file *file)
{
    if (file->fd < 0)
        return;
    tail_file_detach(file, &files->archive);
    files->fs->close(files->fs->ctx, file->fd);
    file->fd = -1;
    files->tally->files_open = --files->open_count;
}

/** Could it be opened again at any time? A file without a place could not. */
static bool may_close(const struct tail_file *file, const struct tail_file *keep)
{
    return file->fd >= 0 && file != keep && file->place;
}

/** Close the file that was idle longest. @return false when none may be closed. */
static bool close_idle(struct files *files, const struct tail_file *keep)
{
    struct tail_file *idle = NULL;
    for (size_t i = 0; i < files->count; i++) {
        struct tail_file *file = files->items[i];
        if (may_close(file, keep) && (!idle || file->used < idle->used))
            idle = file;
    }
    if (idle)
        files_close(files, idle);
    return idle != NULL;
}

static int open_place(struct files *files, struct tail_file *file, struct fs_stat *stat,
                      struct err *err)
{
    const struct fs *fs = files->fs;
    if (files->open_count >= files->open_limit)
        close_idle(files, file);
    int fd = fs->open(fs->ctx, file->place, stat, err);
    if (fd < 0 && err->kind == ERR_FULL && close_idle(files, file))
        fd = fs->open(fs->ctx, file->place, stat, err);
    return fd;
}

void files_set_home(struct tail_file *file, const char *home)
{
    char *copy = home && home[0] ? mem_copy_text(home) : NULL;
    free(file->home);
    file->home = copy;
}

static bool is_same_folder(const struct fs *fs, struct slice a, struct slice b)
{
    struct err err;
    struct fs_stat stats[2];
    char *names[2] = { mem_copy(a.len > 0 ? a : SLICE(".")), mem_copy(b) };
    bool ok = fs->stat(fs->ctx, names[0], &stats[0], &err) &&
              fs->stat(fs->ctx, names[1], &stats[1], &err);
    free(names[0]);
    free(names[1]);
    return ok && stats[0].device == stats[1].device && stats[0].inode == stats[1].inode;
}

/** The path of an open file behind its links, to be free()d; NULL: its path leads to
 *  its folder, so that its rotations lie beside it. */
static char *find_home(const struct files *files, const struct tail_file *file)
{
    char real[PATH_MAX];
    const struct fs *fs = files->fs;
    struct slice path = slice_of(file->path), home;
    if (!file->is_symlink || !fs->where(fs->ctx, file->fd, real, sizeof real))
        return NULL;
    home = slice_of(real);
    if (!is_same_folder(fs, folder_of(path), folder_of(home)))
        return mem_copy(home);
    /* Written as the patterns write it, or what is found there would not match them. */
    char *beside = path_join(folder_of(path), name_of(home));
    if (!slice_equal(slice_of(beside), path))
        return beside;
    free(beside);
    return NULL;
}

/** Behind a symbolic link a file is rotated in its own folder. */
static void note_home(struct files *files, struct tail_file *file)
{
    if (file->state != TAIL_LIVE || (!file->is_symlink && !file->home))
        return;
    char *home = find_home(files, file);
    if (strcmp(home ? home : "", file->home ? file->home : "") != 0) {
        files_set_home(file, home);
        file->is_dirty = true;
    }
    free(home);
}

enum open_result files_open(struct files *files, struct tail_file *file, struct now now)
{
    struct err err = { 0 };
    struct fs_stat stat;
    file->used = ++files->tick;
    if (file->fd >= 0)
        return OPEN_DONE;
    if (!file->place)
        return OPEN_GONE;
    int fd = open_place(files, file, &stat, &err);
    if (fd < 0 && (err.kind == ERR_MISSING || err.kind == ERR_INVALID))
        return OPEN_GONE;
    if (fd < 0) {
        files_back_off(files, file, now, &err);
        return OPEN_FAILED;
    }
    if (!identity_is_inode(&file->id, &stat, false)) {
        files->fs->close(files->fs->ctx, fd);
        return OPEN_GONE;
    }
    files_note(files, file, &stat);
    file->fd = fd;
    file->is_symlink = stat.is_symlink;
    note_home(files, file);
    files->tally->files_open = ++files->open_count;
    files_recover(files, file);
    return OPEN_DONE;
}

void files_back_off(struct files *files, struct tail_file *file, struct now now,
                    const struct err *why)
{
    files_disturb(files, file);
    if (file->backoff_ms == 0) {
        files->tally->unreadable_files++;
        log_warning(files->log, "%s; it is tried again by itself", why->text);
        file->backoff_ms = FIRST_BACKOFF_MS / 2;
    }
    file->backoff_ms *= 2;
    if (file->backoff_ms > LAST_BACKOFF_MS)
        file->backoff_ms = LAST_BACKOFF_MS;
    file->retry_at_ms = later_by_ms(now.mono_ms, file->backoff_ms);
}

void files_recover(struct files *files, struct tail_file *file)
{
    if (file->backoff_ms == 0)
        return;
    file->backoff_ms = 0;
    file->retry_at_ms = 0;
    files->tally->unreadable_files--;
}

/* --- queue --------------------------------------------------------------------- */

void files_queue(struct files *files, struct tail_file *file)
{
    files_disturb(files, file);
    if (file->is_queued)
        return;
    file->is_queued = true;
    file->queue_next = NULL;
    if (files->queue_tail)
        files->queue_tail->queue_next = file;
    else
        files->queue_head = file;
    files->queue_tail = file;
}

struct tail_file *files_next(struct files *files)
{
    struct tail_file *file = files->queue_head;
    if (!file)
        return NULL;
    files->queue_head = file->queue_next;
    if (!files->queue_head)
        files->queue_tail = NULL;
    file->queue_next = NULL;
    file->is_queued = false;
    return file;
}

void files_refuse(struct files *files, const char *path, const char *why)
{
    if (map_find(&files->refused, slice_of(path)))
        return;
    if (files->refused.count >= LIMIT_REFUSED_PATHS)
        forget_refused(files);
    char *copy = mem_copy_text(path);
    map_put(&files->refused, slice_of(copy), copy);
    files->tally->refused_files++;
    log_warning(files->log, "'%s' is not read: %s", path, why);
}
