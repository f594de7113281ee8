/** Elders in a map by path; most of them lie in folders where nothing happens. */
#include "agent/inputs/elders.h"

#include <stdlib.h>

#include "agent/base/mem.h"
#include "agent/inputs/generations.h"

enum { PATIENCE_LOOKS = 6, SETTLED_MS = 2000 };

struct elder {
    struct tail_file *file;
    int64_t since_ms;   /**< unix */
    int64_t changed_ns; /**< its folder, when all that lay there was known; 0: never */
    int failed_looks;
};

static struct elder *elder_at(const struct tail *tail, const char *path)
{
    return map_find(&tail->elders, slice_of(path));
}

struct tail_file *elders_find(const struct tail *tail, const char *path)
{
    struct elder *elder = elder_at(tail, path);
    return elder ? elder->file : NULL;
}

void elders_forget(struct tail *tail, const char *path, bool keeps_row)
{
    struct elder *elder = map_take(&tail->elders, slice_of(path));
    if (!elder)
        return;
    if (!keeps_row)
        files_forget_row(&tail->files, elder->file->row_id);
    tail_file_free(elder->file);
    free(elder);
}

void elders_forget_all(struct tail *tail)
{
    size_t at = 0;
    struct tail_file *file;
    while ((file = elders_next(tail, &at)) != NULL)
        elders_forget(tail, file->path, true);
    map_free(&tail->elders);
}

struct tail_file *elders_next(const struct tail *tail, size_t *at)
{
    struct elder *elder = map_next(&tail->elders, at);
    return elder ? elder->file : NULL;
}

static void make_room(struct tail *tail)
{
    size_t at = 0;
    struct elder *elder, *oldest = NULL;
    if (tail->elders.count < LIMIT_ELDERS)
        return;
    while ((elder = map_next(&tail->elders, &at)) != NULL) {
        if (!oldest || elder->since_ms < oldest->since_ms)
            oldest = elder;
    }
    if (oldest)
        elders_forget(tail, oldest->file->path, false);
}

static struct elder *take_in(struct tail *tail, struct tail_file *file,
                             int64_t since_ms)
{
    struct elder *elder = mem_zalloc(sizeof *elder);
    elders_forget(tail, file->path, false);
    make_room(tail);
    *elder = (struct elder){ .file = file, .since_ms = since_ms };
    file->state = TAIL_ELDER;
    map_put(&tail->elders, slice_of(file->path), elder);
    return elder;
}

void elders_restore(struct tail *tail, struct tail_file *file, int64_t saved_ms)
{
    (void)take_in(tail, file, saved_ms);
}

/** The folder will change its time again before anything else can happen in it: within
 *  the grain of that time two changes look like one. */
static bool is_settled(const struct tail *tail, int64_t changed_ns)
{
    return changed_ns != 0 && tail->now.unix_ms - changed_ns / 1000000 >= SETTLED_MS;
}

/** @return false when it has an heir now. */
static bool look(struct tail *tail, struct elder *elder)
{
    const char *home = files_home(elder->file);
    int64_t changed_ns = generations_folder_changed(tail, home);
    bool is_patient = elder->failed_looks < PATIENCE_LOOKS;
    if (changed_ns != 0 && changed_ns == elder->changed_ns)
        return true;
    switch (generations_follow_orphans(tail, elder->file, is_patient)) {
    case GENERATIONS_FOLLOWED:
        return false;
    case GENERATIONS_UNKNOWN:
        elder->failed_looks++;
        return true;
    case GENERATIONS_NONE:
        elder->failed_looks = 0;
        elder->changed_ns = is_settled(tail, changed_ns) ? changed_ns : 0;
        return true;
    }
    return true;
}

static void sweep_one(struct tail *tail, struct elder *elder)
{
    struct fs_stat stat;
    struct tail_file *file = elder->file;
    bool is_old = tail->now.unix_ms - elder->since_ms > ELDER_MS;
    /* An heir that could not tell yet what lies before it, and was rotated itself: what
     * is younger than that is for it to find. */
    if (files_last(&tail->files, file->path))
        return;
    if (tail_stat(tail, file->path, &stat))
        tail_hope_for(tail, tail_source_of(tail, file), file->path);
    else if (!look(tail, elder) || is_old)
        elders_forget(tail, file->path, false);
}

void elders_sweep(struct tail *tail)
{
    size_t at = 0;
    struct elder *elder;
    while ((elder = map_next(&tail->elders, &at)) != NULL)
        sweep_one(tail, elder);
}

void elders_put(struct tail *tail, struct tail_file *file)
{
    files_take_out(&tail->files, file);
    file->is_dirty = true;
    sweep_one(tail, take_in(tail, file, tail->now.unix_ms));
}
