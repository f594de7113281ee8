/** From a path to a file that is followed, or a reason why not. */
#include "agent/inputs/discover.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/base/mem.h"
#include "agent/inputs/glob.h"
#include "agent/inputs/names.h"
#include "agent/inputs/rotation.h"
#include "agent/inputs/scan.h"

static bool is_excluded(const struct source_config *config, const char *path)
{
    for (size_t i = 0; i < config->exclude.count; i++) {
        if (glob_excludes(config->exclude.items[i].value, slice_of(path)))
            return true;
    }
    return false;
}

bool discover_matches(const struct source_config *config, const char *path)
{
    for (size_t i = 0; i < config->files.count; i++) {
        if (glob_match(config->files.items[i].value, slice_of(path)))
            return !is_excluded(config, path);
    }
    return false;
}

size_t tail_wanted_by(const struct tail *tail, const char *path)
{
    size_t i = 0;
    while (i < tail->source_count && !discover_matches(tail->sources[i].config, path))
        i++;
    return i;
}

/** Is @path written in the configuration as it is, without wildcards? */
static bool is_literal(const struct source_config *config, const char *path)
{
    for (size_t i = 0; i < config->files.count; i++) {
        if (slice_equal(config->files.items[i].value, slice_of(path)))
            return true;
    }
    return false;
}

static bool is_own_output(const struct tail *tail, const struct fs_stat *stat)
{
    for (int i = 0; i < 2; i++) {
        const struct fs_stat *own = &tail->own_output[i];
        if (own->is_regular && own->device == stat->device && own->inode == stat->inode)
            return true;
    }
    return false;
}

/** Why a file may not be followed, or NULL. "": it may not, and there is nothing to
 *  tell. */
static const char *reason_against(const struct tail *tail,
                                  const struct source_config *config, const char *path,
                                  const struct fs_stat *stat)
{
    if (stat->is_directory)
        return is_literal(config, path) ? "it is a directory" : "";
    if (!stat->is_regular)
        return "it is not a regular file";
    if (is_own_output(tail, stat))
        return "it is the log of tocsin itself";
    return NULL;
}

static bool has_room(const struct tail *tail)
{
    return tail->files.count - tail->files.rotated_count < LIMIT_WATCHED_FILES;
}

/** @path is another name of a file that is followed. */
static void meet_again(struct tail *tail, struct tail_file *file, const char *path)
{
    if (file->state != TAIL_ROTATED)
        tail_look(tail, file);
    /* Still where it was: a hard link, or two patterns. Otherwise this is where it
     * went. */
    struct fs_stat stat;
    struct err err;
    const struct fs *fs = tail->files.fs;
    if (!fs->stat(fs->ctx, path, &stat, &err))
        return;
    file = files_with_inode(&tail->files, &stat);
    if (file && !file->place && file->state != TAIL_ABSENT &&
        tail->now.mono_ms >= file->retry_at_ms)
        files_move(&tail->files, file, path);
}

static void begin(struct tail *tail, const struct tail_source *source, const char *path,
                  const struct fs_stat *stat)
{
    struct tail_file *file = tail_file_create(source->source, source->config, path);
    file->grown_at_ms = tail->now.mono_ms;
    file->is_dirty = true;
    files_add(&tail->files, file);
    files_note(&tail->files, file, stat);
    tail_file_knows(file, stat->modified_ns);
    files_move(&tail->files, file, path);
    files_queue(&tail->files, file);
    if (source->is_starting && source->config->start == START_END) {
        file->offset = stat->size_bytes;
        file->wants_end = file->offset > 0;
    } else {
        (void)rotation_succeed(tail, file);
        file->is_fresh = !source->is_starting;
    }
}

static void refuse(struct tail *tail, const char *path, const char *why)
{
    if (why[0])
        files_refuse(&tail->files, path, why);
}

/** There may be a file at @path, and @source wants it. */
static void consider(struct tail *tail, struct tail_source *source, const char *path)
{
    struct err err = { 0 };
    struct fs_stat stat;
    const struct fs *fs = tail->files.fs;
    if (files_at(&tail->files, path) || name_is_compressed(name_of(slice_of(path))) ||
        is_excluded(source->config, path))
        return;
    if (!fs->stat(fs->ctx, path, &stat, &err)) {
        if (err.kind != ERR_MISSING)
            refuse(tail, path, err.text);
        return;
    }
    struct tail_file *known = files_with_inode(&tail->files, &stat);
    if (known && !rotation_is_another(tail, known, path, &stat)) {
        meet_again(tail, known, path);
        return;
    }
    const char *why = reason_against(tail, source->config, path, &stat);
    if (why)
        refuse(tail, path, why);
    else if (has_room(tail))
        begin(tail, source, path, &stat);
    else
        source->turned_away++;
}

/* --- from where paths come -------------------------------------------------------- */

struct scanning {
    struct tail *tail;
    struct tail_source *source;
    enum tail_gap gap; /* the widest of the pattern */
};

static bool is_missing(const struct tail *tail, const char *path)
{
    struct err err = { 0 };
    struct fs_stat stat;
    const struct fs *fs = tail->files.fs;
    return !fs->stat(fs->ctx, path[0] ? path : ".", &stat, &err) &&
           err.kind == ERR_MISSING;
}

static void visit_folder(void *ctx, const char *path)
{
    struct scanning *scanning = ctx;
    struct tail *tail = scanning->tail;
    if (scanning->source->config->inotify && watch_folder(tail->watch, path))
        return;
    if (!is_missing(tail, path))
        scanning->gap = GAP_UNWATCHED;
    else if (scanning->gap == GAP_NONE)
        scanning->gap = GAP_MISSING;
}

static void visit_file(void *ctx, const char *path)
{
    struct scanning *scanning = ctx;
    consider(scanning->tail, scanning->source, path);
}

static void refuse_pattern(struct tail *tail, struct slice pattern, const char *why)
{
    char *name = mem_copy(pattern);
    files_refuse(&tail->files, name, why);
    free(name);
}

static void tell_cut_short(struct tail *tail, struct slice pattern)
{
    char why[160];
    snprintf(why, sizeof why,
             "more than %d names lie below it, and not all were looked at",
             LIMIT_SCAN_ENTRIES);
    refuse_pattern(tail, pattern, why);
}

/** A million files past the bound are one line of the log, and counted once each. */
static void tell_turned_away(struct tail *tail, struct tail_source *source)
{
    char why[160];
    size_t count = source->turned_away, before = source->turned_away_before;
    source->turned_away_before = count;
    if (count <= before)
        return;
    snprintf(why, sizeof why, "%d files are followed already, and %zu more match",
             LIMIT_WATCHED_FILES, count);
    uint64_t refused = tail->tally->refused_files;
    refuse_pattern(tail, source->config->files.items[0].value, why);
    tail->tally->refused_files = refused + count - before;
}

static void walk_pattern(struct tail *tail, struct tail_source *source, size_t index)
{
    struct slice pattern = source->config->files.items[index].value;
    struct scanning scanning = { tail, source, GAP_NONE };
    struct scan_visitor visitor = { visit_folder, visit_file, &scanning };
    if (!scan_walk(tail->files.fs, pattern, &visitor))
        tell_cut_short(tail, pattern);
    source->gaps[index] = scanning.gap;
}

static void note_blindness(struct tail_source *source)
{
    source->is_blind = false;
    for (size_t i = 0; i < source->config->files.count; i++)
        source->is_blind |= source->gaps[i] == GAP_UNWATCHED;
}

void discover_scan(struct tail *tail, size_t index)
{
    struct tail_source *source = &tail->sources[index];
    source->turned_away = 0;
    for (size_t i = 0; i < source->config->files.count; i++)
        walk_pattern(tail, source, i);
    note_blindness(source);
    tell_turned_away(tail, source);
}

void discover_scan_gaps(struct tail *tail, size_t index)
{
    struct tail_source *source = &tail->sources[index];
    size_t turned_away = source->turned_away, gap_count = 0;
    for (size_t i = 0; i < source->config->files.count; i++)
        gap_count += source->gaps[i] != GAP_NONE;
    if (gap_count == source->config->files.count) {
        discover_scan(tail, index);
        return;
    }
    for (size_t i = 0; i < source->config->files.count; i++) {
        if (source->gaps[i] != GAP_NONE)
            walk_pattern(tail, source, i);
    }
    note_blindness(source);
    source->turned_away = turned_away; /* it is told of all patterns together */
}

void discover_hint(struct tail *tail, const char *path)
{
    for (size_t i = 0; i < tail->source_count; i++) {
        if (discover_matches(tail->sources[i].config, path))
            consider(tail, &tail->sources[i], path);
    }
}

void tail_hope_for(struct tail *tail, size_t source, const char *path)
{
    struct tail_hope *hope =
        mem_push(tail->hopes, tail->hope_count, tail->hope_capacity);
    *hope = (struct tail_hope){ mem_copy_text(path), source };
}

void tail_run_hopes(struct tail *tail)
{
    while (tail->hope_count > 0) {
        struct tail_hope hope = tail->hopes[--tail->hope_count];
        struct tail_source *source = &tail->sources[hope.source];
        if (discover_matches(source->config, hope.path))
            consider(tail, source, hope.path);
        free(hope.path);
    }
}
