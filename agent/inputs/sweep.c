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

/** Look at each file whose source is due. With very many files, the calm ones take
 *  turns, so that idling stays cheap. */
static void sweep_files(struct tail *tail)
{
    struct files *files = &tail->files;
    size_t shares = 1 + files->count / SWEEP_SHARE_FILES;
    size_t turn = tail->sweep_count % shares, share = files->count % shares;
    /* Backwards: a file that is dropped is replaced by the last one. */
    for (size_t i = files->count; i-- > 0;) {
        share = share > 0 ? share - 1 : shares - 1; /* i % shares, without dividing */
        if (i >= files->count || (files->is_calm[i] && share != turn))
            continue;
        struct tail_file *file = files->items[i];
        if (!is_due(tail, file))
            continue;
        size_t count = files->count;
        tail_look(tail, file);
        if (shares > 1 && files->count == count && files->items[i] == file)
            files->is_calm[i] = is_calm(tail, file);
    }
}

static void sweep_source(struct tail *tail, size_t index)
{
    struct tail_source *source = &tail->sources[index];
    bool is_due_now = tail->now.mono_ms >= source->next_sweep_ms;
    if (tail->wants_all || tail->wants_scan || (source->is_blind && is_due_now) ||
        tail->now.mono_ms >= source->next_scan_ms) {
        source->next_scan_ms = later_by_ms(tail->now.mono_ms, SAFETY_SCAN_MS);
        discover_scan(tail, index);
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
    tail->sweep_count++;
    if (tail->wants_all)
        sweep_disturb_all(tail);
    sweep_files(tail);
    elders_sweep(tail);
    for (size_t i = 0; i < tail->source_count; i++)
        sweep_source(tail, i);
    tail->wants_scan = tail->wants_all = false;
}
