/**
 * All files that are followed: found by place and by inode, opened and closed within
 * the bound on descriptors, and queued when there is something to read.
 */
#ifndef TOCSIN_INPUTS_FILES_H
#define TOCSIN_INPUTS_FILES_H

#include "agent/base/map.h"
#include "agent/inputs/tail_read.h"

struct files {
    const struct fs *fs;
    struct log_sink *log;
    struct inputs_tally *tally;
    struct tail_file **items; /**< in no order */
    size_t count, capacity;
    /** Of each item: nothing happened to it for long, so that with very many files it
     *  is looked at less often. Bytes, so that a sweep passes them in one go. */
    bool *is_calm;
    size_t calm_count, calm_capacity;
    struct map by_place; /**< of each file whose place is known */
    struct map by_inode; /**< of each file whose inode was seen */
    struct map last;     /**< path -> what was there last and has no heir yet */
    size_t rotated_count;
    bool wants_commit;  /**< who is who has changed: a crash must not forget it */
    struct map refused; /**< paths that were told to be refused */
    struct tail_file *queue_head, *queue_tail;
    int64_t *dead_rows; /**< to be deleted from the store */
    size_t dead_count, dead_capacity, dead_saved_count;
    int64_t last_row_id;
    size_t open_count, open_limit;
    uint64_t tick;
    struct ledgers ledgers;
    struct archive_slot archive;
    struct now now; /**< of the turn */
};

/** @open_limit: how many descriptors may be used for files. */
void files_init(struct files *files, const struct fs *fs, struct log_sink *log,
                struct inputs_tally *tally, size_t open_limit);
void files_clear(struct files *files);

/** Take @file in, which is owned from here on. Its row gets a number. */
void files_add(struct files *files, struct tail_file *file);
/** Forget and free it. @keeps_row: its row stays in the store. */
void files_drop(struct files *files, struct tail_file *file, bool keeps_row);
/** Take it out and give it to the caller; its row stays in the store. */
void files_take_out(struct files *files, struct tail_file *file);
/** Let the row of that number be deleted with the next save. */
void files_forget_row(struct files *files, int64_t row_id);
/** What lies at @place, has the numbers of @stat, or left @path last. NULL: none. */
struct tail_file *files_at(const struct files *files, const char *place);
struct tail_file *files_with_inode(const struct files *files,
                                   const struct fs_stat *stat);
struct tail_file *files_last(const struct files *files, const char *path);
/** It is where its numbers say, though nobody has looked: what is there is not new. */
void files_claim(struct files *files, struct tail_file *file);
/** Its numbers are others' by now. */
void files_disown(struct files *files, struct tail_file *file);

/** Say where it lies now; NULL: unknown. */
void files_move(struct files *files, struct tail_file *file, const char *place);
/** Tell its lines under another path. It must not be TAIL_ROTATED. */
void files_rename(struct tail_file *file, const char *path);
/** The path beside which its rotations lie. */
static inline const char *files_home(const struct tail_file *file)
{
    return file->home ? file->home : file->path;
}
/** @home: copied; NULL or "": its path is no symbolic link. */
void files_set_home(struct tail_file *file, const char *home);
/** Note which inode it is, and what was seen of it. */
void files_note(struct files *files, struct tail_file *file,
                const struct fs_stat *stat);
/** Change the state; keeps the map of those without an heir right. */
void files_set_state(struct files *files, struct tail_file *file,
                     enum tail_state state);
/** Its path is another's, or nobody's, from now on: it is read to its end. */
void files_retire(struct files *files, struct tail_file *file);
/** A younger one of its path is followed; it is to be read to its end before @younger,
 *  and after all that stood before that. One between two others stays there. */
void files_inherit(struct files *files, struct tail_file *older);
void files_chain(struct files *files, struct tail_file *older,
                 struct tail_file *younger);
/** Take it out of the line of generations; who waited for it waits no more. */
void files_unchain(struct files *files, struct tail_file *file);
/** @copy holds what @original holds; NULL: it is no copy (any more). */
void files_set_original(struct tail_file *copy, struct tail_file *original);

enum open_result {
    OPEN_DONE,   /**< it is open */
    OPEN_GONE,   /**< nothing, or another file, lies at its place */
    OPEN_FAILED, /**< tried again later by itself; told once */
};
/** Make sure that it is open; the longest idle file may be closed for it. */
enum open_result files_open(struct files *files, struct tail_file *file,
                            struct now now);
void files_close(struct files *files, struct tail_file *file);

/** Leave it alone for a while, longer each time; tells @why the first time. */
void files_back_off(struct files *files, struct tail_file *file, struct now now,
                    const struct err *why);
/** It works again. */
void files_recover(struct files *files, struct tail_file *file);

/** Look at it as often as at others again. */
static inline void files_disturb(struct files *files, const struct tail_file *file)
{
    files->is_calm[file->index] = false;
}

/** Put it at the end of the queue, once. */
void files_queue(struct files *files, struct tail_file *file);
/** Take the next from the queue, or NULL. */
struct tail_file *files_next(struct files *files);

/** @path is not read: told once. */
void files_refuse(struct files *files, const char *path, const char *why);

#endif
