/**
 * One generation of one file: what it is known by, how far it was read, and reading on
 * from there. A generation begins when a file is created or truncated.
 *
 * There is no buffer per file: a partial line stays in the file and is read again, from
 * its start, when it has grown. Each read begins with the bytes before the offset, so
 * that the same read which fetches new lines also proves that the file is still the one
 * it was.
 */
#ifndef TOCSIN_INPUTS_TAIL_FILE_H
#define TOCSIN_INPUTS_TAIL_FILE_H

#include "agent/base/fs.h"
#include "agent/base/limits.h"
#include "agent/inputs/identity.h"
#include "agent/inputs/input.h"
#include "agent/inputs/ledger.h"

enum tail_state {
    TAIL_LIVE,    /**< at its path */
    TAIL_ROTATED, /**< its path holds another file or none: read to its end, dropped */
    TAIL_COPY,    /**< repeats another file so far: not read until that is cut */
    TAIL_ABSENT,  /**< from the store, not found yet: perhaps its disk is not mounted */
};

struct tail_file {
    const struct source *source;
    const struct source_config *config;
    char *path;  /**< the name its lines are told under; owned */
    char *place; /**< where it lies now, NULL when unknown; owned, or `path` itself */
    enum tail_state state;
    struct identity id;

    int64_t offset; /**< all before was consumed; the start of a line, or inside one */
    struct ledger ledger; /**< what became of the bytes of this generation */
    bool is_in_long_line; /**< at the offset the rest of a cut line goes on */
    bool is_packed;       /**< it lies in an archive; the offset is one of its content */
    enum encoding encoding;
    bool wants_end;       /**< begins behind the last whole line before `offset` */
    bool is_fresh; /**< perhaps a copy that copytruncate made: not looked at yet */

    int64_t size_bytes, modified_ns; /**< when looked at last */
    int64_t peak_bytes;              /**< the largest size seen of this generation */
    int64_t read_size, read_modified_ns; /**< when read last; equal: nothing to read */
    int64_t grown_at_ms;                 /**< mono: last growth, or the rotation */

    int fd; /**< -1: closed */
    bool is_symlink;
    uint64_t used; /**< tick of the last use, to close the longest idle */
    int64_t retry_at_ms, backoff_ms; /**< after an error; 0: none */

    /** Generations of one path: the older is read to its end before the younger. */
    struct tail_file *before, *after;
    bool has_ended;             /**< was read to its end since it stands there */
    struct tail_file *original; /**< TAIL_COPY: what it is a copy of */
    size_t copy_count;          /**< files whose `original` this is */

    struct tail_file *queue_next;
    bool is_queued;
    size_t index; /**< in the list of files */
    uint64_t inode_key[2];
    int64_t row_id, before_row_id;
    bool is_dirty, is_saved;
};
/** What reading needs: one buffer for all files, of TAIL_BUFFER_BYTES. */
enum { TAIL_BUFFER_BYTES = TAIL_BYTES + LIMIT_BLOCK_BYTES };
/** The one archive that is being read: who needs another waits for its end. */
struct archive_slot {
    struct unpack *unpack;
    const struct tail_file *owner;
};

struct tail_reader {
    const struct fs *fs;
    char *buffer;
    const struct intake *intake; /**< NULL: nothing is read now */
    struct inputs_tally *tally;
    struct ledgers *ledgers;
    struct archive_slot *archive;
    struct now now; /**< of the turn */
};

enum tail_read {
    TAIL_READ_MORE,    /**< the budget is used up */
    TAIL_READ_END,     /**< nothing more for now, but perhaps a partial line */
    TAIL_READ_CHANGED, /**< the bytes before the offset are not those that were read */
    TAIL_READ_FAILED,
};

struct tail_file *tail_file_create(const struct source *source,
                                   const struct source_config *config,
                                   const char *path);
void tail_file_free(struct tail_file *file);

/** Change one of its names; @path may be either of the old ones. Equal names share
 *  their memory: there are many files. */
void tail_file_set_path(struct tail_file *file, const char *path);
void tail_file_set_place(struct tail_file *file, const char *place);

/** Read on, about @budget bytes. The file is open. @is_final: nothing will be appended
 *  any more, so what is left without '\n' is a line too. */
enum tail_read tail_file_read(struct tail_file *file, struct tail_reader *reader,
                              size_t budget, bool is_final, struct err *err);

/** It is closed now: whatever was unpacked of it is forgotten. */
void tail_file_detach(const struct tail_file *file, struct archive_slot *archive);

/** Put the offset where the last line that is whole before `offset` ends, and remember
 *  the bytes around it, without feeding anything. */
bool tail_file_seek_end(struct tail_file *file, struct tail_reader *reader,
                        struct err *err);

/** Put the offset to @offset without looking for lines; hashes are taken from there.
 *  @return false when the file is shorter or cannot be read. */
bool tail_file_seek(struct tail_file *file, struct tail_reader *reader, int64_t offset,
                    struct err *err);

/** Is the content of @fd up to @offset the one that @id remembers? @offset > 0. */
bool tail_content_matches(struct tail_reader *reader, int fd, const struct identity *id,
                          int64_t offset);

/** Does the head still fit, up to @size bytes? @return as identity_match_head. */
int tail_head_matches(struct tail_reader *reader, int fd, const struct identity *id,
                      int64_t size);

/** Do the first @size bytes of two open files look the same (both ends are
 *  compared)? */
bool tail_same_prefix(struct tail_reader *reader, int fd_a, int fd_b, int64_t size);

/** It was cut to @size_bytes, but is the same so far: what was not read behind the
 *  offset is lost, and told. */
void tail_file_shrink(struct tail_file *file, struct tail_reader *reader,
                      int64_t size_bytes);

/** A new generation: begin again at 0, with nothing known of the content. */
void tail_file_restart(struct tail_file *file);

/** Bytes that appeared and are not accounted for yet. */
static inline int64_t tail_file_waiting(const struct tail_file *file)
{
    int64_t offset = file->wants_end ? 0 : file->offset;
    return file->peak_bytes > offset ? file->peak_bytes - offset : 0;
}

/** Was all read that was seen? */
static inline bool tail_file_is_read(const struct tail_file *file)
{
    return file->read_size == file->size_bytes &&
           file->read_modified_ns == file->modified_ns;
}

#endif
