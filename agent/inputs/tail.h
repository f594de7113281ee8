/**
 * Follows all files of all sources: finds them, looks whether they grew, moved or were
 * truncated, and reads them in turns that are fair to all.
 *
 * inotify only says where to look first. What is true is what a look at the file says,
 * and every file is looked at once in a sweep.
 */
#ifndef TOCSIN_INPUTS_TAIL_H
#define TOCSIN_INPUTS_TAIL_H

#include "agent/inputs/files.h"
#include "agent/inputs/kind.h"
#include "agent/inputs/search.h"
#include "agent/inputs/watch.h"

/** What inotify leaves out of a pattern, so that each sweep has to walk it. */
enum tail_gap {
    GAP_NONE,
    GAP_MISSING,   /**< a folder that is not there: nothing is in it yet */
    GAP_UNWATCHED, /**< a folder that cannot be watched, or must not */
};

struct tail_source {
    const struct source *source;
    const struct source_config *config;
    int64_t next_sweep_ms, next_scan_ms; /**< mono */
    enum tail_gap *gaps; /**< of each pattern, as it was walked last; owned */
    bool is_blind;       /**< one of them is GAP_UNWATCHED */
    bool is_first;       /**< its first start ever is not in the store yet */
    bool is_starting;    /**< files found now were there at that first start */
    bool is_saved;       /**< the first start stands in the running transaction */
    size_t turned_away, turned_away_before; /**< files past the bound; by last scan */
};

/** A path where a file may lie that is not followed yet. */
struct tail_hope {
    char *path;
    size_t source;
};

/** Plain data, shared by tail.c, rotation.c and positions.c. */
struct tail {
    const struct input_world *world;
    struct inputs_tally *tally;
    struct files files;
    struct map elders; /**< see elders.h */
    struct search search;
    struct watch *watch; /**< NULL: none */
    struct tail_reader reader;
    struct tail_source *sources;
    size_t source_count;
    struct tail_hope *hopes;
    size_t hope_count, hope_capacity;
    struct fs_stat own_output[2]; /**< our own stdout and stderr, never read */
    struct now now;               /**< of the call that runs */
    uint64_t sweep_count;
    bool wants_scan, wants_all;
    bool has_changes; /**< since the last commit: perhaps a file is to be saved */
};

extern const struct input_kind tail_kind;

/** Take the sources and find their files; those of the store first. */
void tail_configure(struct tail *tail, const struct inputs_config *config,
                    struct now now);
bool tail_read(struct tail *tail, struct now now, const struct intake *intake);
/** When the next sweep is due, or something waits to be read. */
int64_t tail_wake_at(const struct tail *tail);

void tail_describe(const void *self, enum text_form form, struct buf *out);
void tail_describe_sums(const void *self, enum text_form form, struct buf *out);

/* --- for rotation.c and positions.c ---------------------------------------------- */

/** What is at @path? Links are followed. @return false: nothing that can be seen. */
static inline bool tail_stat(const struct tail *tail, const char *path,
                             struct fs_stat *stat)
{
    struct err err;
    return tail->files.fs->stat(tail->files.fs->ctx, path, stat, &err);
}

/** Look for files at what was hoped for, until no hope is left. */
void tail_run_hopes(struct tail *tail);
/** Look at @path soon: a file may lie there that is new. */
void tail_hope_for(struct tail *tail, size_t source, const char *path);
/** Look at @file now: did it grow, or leave its place? */
void tail_look(struct tail *tail, struct tail_file *file);
/** Does a source want to read @path? @return its place in the list, or source_count. */
size_t tail_wanted_by(const struct tail *tail, const char *path);
/** The place in the list of the source that @file belongs to. */
size_t tail_source_of(const struct tail *tail, const struct tail_file *file);

#endif
