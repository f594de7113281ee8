/**
 * One generation of one file: what it is known by, how far it was read, and reading on
 * from there. A generation begins when a file is created or truncated.
 *
 * There is no buffer per file: a partial line stays in the file and is read again, from
 * its start, when it has grown.
 */
#ifndef TOCSIN_INPUTS_TAIL_FILE_H
#define TOCSIN_INPUTS_TAIL_FILE_H

#include "agent/base/fs.h"
#include "agent/base/limits.h"
#include "agent/inputs/encoding.h"
#include "agent/inputs/identity.h"
#include "agent/inputs/input.h"
#include "agent/inputs/ledger.h"

enum tail_state {
    TAIL_LIVE,    /**< at its path */
    TAIL_ROTATED, /**< its path holds another file or none: read to its end, dropped */
    TAIL_COPY,    /**< repeats another file so far: not read until that is cut */
    TAIL_ABSENT,  /**< from the store, not found yet: perhaps its disk is not mounted */
    TAIL_ELDER,   /**< read to its end, or gone: see elders.h */
};

struct tail_file {
    const struct source *source;
    const struct source_config *config;
    char *path;  /**< the name its lines are told under; owned */
    char *place; /**< where it lies now, NULL when unknown; owned, or `path` itself */
    char *home; /**< where it lay behind a symbolic link, NULL: there was none; owned */
    enum tail_state state;
    struct identity id;

    int64_t offset; /**< all before was consumed; the start of a line, or inside one */
    struct ledger ledger; /**< what became of the bytes of this generation */
    bool is_in_long_line; /**< at the offset the rest of a cut line goes on */
    bool is_packed; /**< it lies in an archive; the offset is one of its content */
    enum encoding encoding;
    bool wants_end; /**< begins behind the last whole line before `offset` */
    bool is_fresh;  /**< perhaps a copy that copytruncate made: not looked at yet */

    int64_t size_bytes, modified_ns; /**< when looked at last */
    /** The largest size that this generation had for sure: it was seen before a read
     *  which proved that it is still the same. */
    int64_t peak_bytes;
    /** While nothing is read, the half line that was seen: a copy may have it soon. */
    int64_t seen_bytes;
    uint64_t seen_hash;
    int64_t read_size, read_modified_ns; /**< when read last; equal: nothing to read */
    /** What was made in its folder before that time is known. Other than the time of a
     *  file, which a power cut turns back, it never gets smaller. */
    int64_t known_ns;
    int64_t grown_at_ms; /**< mono: last growth, or the rotation */

    int fd; /**< -1: closed */
    bool is_symlink;
    uint64_t used; /**< tick of the last use, to close the longest idle */
    int64_t retry_at_ms, backoff_ms; /**< after an error; 0: none */

    /** Generations of one path: the older is read to its end before the younger. */
    struct tail_file *before, *after;
    bool is_undecided; /**< what lies between it and the one before is not known yet */
    bool has_ended;    /**< was read to its end since it stands there, or is nowhere */
    bool has_heir;     /**< a younger one stood behind it, and was followed */
    bool was_rotated;  /**< TAIL_ABSENT: its path may be another's by now */
    struct tail_file *original; /**< TAIL_COPY: what it is a copy of */
    size_t copy_count;          /**< files whose `original` this is */

    struct tail_file *queue_next;
    bool is_queued, is_dirty, is_saved;
    size_t index; /**< in the list of files */
    uint64_t inode_key[2];
    int64_t row_id, before_row_id;
};

struct tail_file *tail_file_create(const struct source *source,
                                   const struct source_config *config,
                                   const char *path);
void tail_file_free(struct tail_file *file);

/** Change one of its names; @path may be an old one. Equal names share their memory. */
void tail_file_set_path(struct tail_file *file, const char *path);
void tail_file_set_place(struct tail_file *file, const char *place);

/** The content of @from goes on in @to, which keeps its own numbers and names. */
void tail_file_continue(struct tail_file *to, const struct tail_file *from);

/** What was seen of it and not read is no more in it: it is told, or read elsewhere. */
void tail_file_forget_seen(struct tail_file *file);

/** A new generation: begin again at 0, with nothing known of the content. */
void tail_file_restart(struct tail_file *file);

/** Bytes before which all is accounted for. */
static inline int64_t tail_file_settled(const struct tail_file *file)
{
    return file->wants_end ? 0 : file->offset;
}

/** Bytes that appeared and are not accounted for yet. */
int64_t tail_file_waiting(const struct tail_file *file);

/** All that was made before @ns is known. */
void tail_file_knows(struct tail_file *file, int64_t ns);

/** Was all read that was seen? */
static inline bool tail_file_is_read(const struct tail_file *file)
{
    return file->read_size == file->size_bytes &&
           file->read_modified_ns == file->modified_ns;
}

/** Is nothing known of its content, and all of it to be read? */
static inline bool tail_file_is_untouched(const struct tail_file *file)
{
    return file->offset == 0 && !file->wants_end && file->state == TAIL_LIVE;
}

#endif
