/** Looks at every file and for new ones, in the time of each source. */
#include "agent/inputs/sweep.h"

#include <string.h>

#include "agent/inputs/discover.h"
#include "agent/inputs/elders.h"

enum { SWEEP_SHARE_FILES = 250 };
#define SAFETY_SCAN_MS MINUTE_MS
#define SILENT_MS MINUTE_MS

void sweep_disturb_all(struct tail *tail)
{
    if (tail->files.count > 0)
        memset(tail->files.is_calm, false, tail->files.count);
}

void sweep_begin(struct tail *tail, size_t index)
{
    struct tail_source *source = &tail->sources[index];
    discover_scan(tail, index);
    source->next_sweep_ms = later_by_ms(tail->now.mono_ms, source->config->sweep);
    source->next_scan_ms = later_by_ms(tail->now.mono_ms, SAFETY_SCAN_MS);
}

static bool is_due(const struct tail *tail, const struct tail_file *file)
{
    const struct tail_source *source = &tail->sources[tail_source_of(tail, file)];
    return tail->wants_all || tail->now.mono_ms >= source->next_sweep_ms;
}

/** Silent for long, read to its end, and inotify would tell if that changed. */
static bool is_calm(const struct tail *tail, const struct tail_file *file)
{
    const struct tail_source *source = &tail->sources[tail_source_of(tail, file)];
    int64_t age_ms = tail->now.unix_ms - file->modified_ns / 1000000;
    bool is_watched = tail->watch && source->config->inotify && !source->is_blind &&
                      !file->is_symlink && file->backoff_ms == 0;
    return is_watched && file->state == TAIL_LIVE && !file->is_queued &&
           tail_file_is_read(file) &&
           (age_ms >= SILENT_MS || tail->now.mono_ms - file->grown_at_ms >= SILENT_MS);
}

/** With very many files the calm ones take turns, so that idling stays cheap: those in
 *  turn are neighbours in the list, and mostly in memory, here and in the kernel. */
struct share {
    size_t begin, end;
};

static struct share share_in_turn(const struct tail *tail)
{
    size_t count = tail->files.count, shares = 1 + count / SWEEP_SHARE_FILES;
    size_t turn = tail->sweep_count % shares;
    return (struct share){ count * turn / shares, count * (turn + 1) / shares };
}

/** The last file before @end that is in turn or not calm. @return false: none. */
static bool find_before(const struct files *files, struct share share, size_t end,
                        size_t *at)
{
    size_t from = end > share.end ? share.end : 0;
    *at = end - 1;
    if (end == 0 || (end > share.begin && end <= share.end))
        return end > 0;
    const bool *found = memrchr(files->is_calm + from, false, end - from);
    if (!found)
        return from > 0 && find_before(files, share, from, at);
    *at = (size_t)(found - files->is_calm);
    return true;
}

/** Look at each file whose source is due. */
static void sweep_files(struct tail *tail)
{
    struct files *files = &tail->files;
    struct share share = share_in_turn(tail);
    /* Backwards: a file that is dropped is replaced by the last one. */
    for (size_t i = files->count; find_before(files, share, i, &i);) {
        if (i >= files->count)
            continue;
        struct tail_file *file = files->items[i];
        files->is_calm[i] = false; /* it keeps its turn until its source is due */
        if (!is_due(tail, file))
            continue;
        size_t count = files->count;
        tail_look(tail, file);
        if (count > SWEEP_SHARE_FILES && files->count == count &&
            files->items[i] == file)
            files->is_calm[i] = is_calm(tail, file);
    }
}

static void sweep_source(struct tail *tail, size_t index)
{
    struct tail_source *source = &tail->sources[index];
    bool is_due_now = tail->now.mono_ms >= source->next_sweep_ms;
    if (tail->wants_all || tail->wants_scan ||
        tail->now.mono_ms >= source->next_scan_ms) {
        source->next_scan_ms = later_by_ms(tail->now.mono_ms, SAFETY_SCAN_MS);
        discover_scan(tail, index);
    } else if (is_due_now) {
        discover_scan_gaps(tail, index);
    }
    if (is_due_now)
        source->next_sweep_ms = later_by_ms(tail->now.mono_ms, source->config->sweep);
}

int64_t sweep_wake_at(const struct tail *tail)
{
    int64_t at = NEVER_MS;
    for (size_t i = 0; i < tail->source_count; i++) {
        if (tail->sources[i].config->files.count > 0)
            at = earlier_ms(at, tail->sources[i].next_sweep_ms);
    }
    return at;
}

void sweep_run(struct tail *tail)
{
    bool is_due_now = tail->now.mono_ms >= sweep_wake_at(tail);
    tail->wants_all |= is_due_now && watch_lost_folders(tail->watch);
    if (!tail->wants_all && !tail->wants_scan && !is_due_now)
        return;
    tail->has_changes = true;
    if (tail->wants_all)
        sweep_disturb_all(tail);
    if (tail->wants_all || is_due_now) {
        tail->sweep_count++;
        sweep_files(tail);
    }
    elders_sweep(tail);
    for (size_t i = 0; i < tail->source_count; i++)
        sweep_source(tail, i);
    tail->wants_scan = tail->wants_all = false;
}
