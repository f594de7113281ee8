/**
 * Reading one generation of a file, or what is inside of its archive, line by line.
 * Each read begins with the bytes before the offset, so that the same read which
 * fetches new lines also proves that the file is still the one it was.
 */
#ifndef TOCSIN_INPUTS_TAIL_READ_H
#define TOCSIN_INPUTS_TAIL_READ_H

#include "agent/inputs/tail_file.h"

/** What reading needs: one buffer for all files, of TAIL_BUFFER_BYTES. */
enum { TAIL_BUFFER_BYTES = TAIL_BYTES + LIMIT_BLOCK_BYTES };
/** The one archive that is being read: who needs another waits for its end. */
struct archive_slot {
    struct unpack *unpack;
    const struct tail_file *owner;
};

struct tail_reader {
    const struct fs *fs;
    char *buffer; /**< where bytes are now: our own, or lent by the intake */
    char *own_buffer;
    const struct intake *intake; /**< NULL: nothing is read now */
    struct inputs_tally *tally;
    struct ledgers *ledgers;
    struct archive_slot *archive;
    struct now now;    /**< of the turn */
    uint64_t failures; /**< reads that failed: comparing with them proves nothing */
};

enum tail_read {
    TAIL_READ_MORE,    /**< the budget is used up */
    TAIL_READ_END,     /**< nothing more for now, but perhaps a partial line */
    TAIL_READ_CHANGED, /**< the bytes before the offset are not those that were read */
    TAIL_READ_FAILED,
};

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

/** Open what lies at @path to compare it with what was read. @return a descriptor, or
 *  -1; what is there and cannot be opened counts as a failure. */
int tail_open_to_compare(struct tail_reader *reader, const char *path,
                         struct fs_stat *stat);

/** Does @fd begin with what was seen of @file, of which nothing was read? */
bool tail_seen_matches(struct tail_reader *reader, int fd,
                       const struct tail_file *file);

/** Is the content of @fd up to @offset the one that @id remembers? @offset > 0. */
bool tail_content_matches(struct tail_reader *reader, int fd, const struct identity *id,
                          int64_t offset);

/** Does the head still fit, up to @size bytes? @return as identity_match_head. */
int tail_head_matches(struct tail_reader *reader, int fd, const struct identity *id,
                      int64_t size);

/** Do the first @size bytes of two open files look the same (both ends are
 *  compared)? */
bool tail_same_prefix(struct tail_reader *reader, int fd_a, int fd_b, int64_t size);

/** Many lines of one program begin alike: what was written to since we looked is the
 *  same, cut, for sure when so many bytes of its head are equal. */
enum { TAIL_CUT_PROOF_BYTES = 64 };

/** Did it only get shorter than its offset, with the same head? Where that is short and
 *  ends in the middle of a line, what changed since we looked is a new line that begins
 *  like an old one. Otherwise it goes on at its new end; what was not read is lost, and
 *  told. @return false: it was not, or a read failed; nothing has changed.
 *  @is_doubtful  somebody changed it: perhaps it was written anew, with equal lines */
bool tail_file_shorten(struct tail_file *file, struct tail_reader *reader,
                       bool *is_doubtful);

#endif
