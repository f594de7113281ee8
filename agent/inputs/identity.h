/**
 * What a file is known by: device, inode, birth, inode generation, hashes of the first
 * bytes and of the bytes before the offset. The numbers say "perhaps the same file",
 * the hashes say "the same content"; a file is continued at an offset only when both
 * agree, or when the hashes alone are proof enough.
 *
 * Hashes cover only bytes that were consumed, and of the head at fixed lengths and at
 * the ends of its first lines, so that a file which shrank can still be compared up to
 * its new size.
 */
#ifndef TOCSIN_INPUTS_IDENTITY_H
#define TOCSIN_INPUTS_IDENTITY_H

#include "agent/base/buf.h"
#include "agent/base/fs.h"

enum { HEAD_BYTES = 1024, HEAD_STEPS = 64, HEAD_LINES = 8 };
enum { TAIL_BYTES = 4096 };

struct identity {
    uint64_t device, inode, birth, generation;
    uint16_t head[HEAD_STEPS]; /**< of hashes of the first 8, 16, ... 1024 bytes */
    /** Of the first lines that end in the head: where, and hashes of all before it. */
    uint16_t line_ends[HEAD_LINES], line_hashes[HEAD_LINES];
    uint8_t head_count, line_count; /**< known ones of both */
    uint64_t tail_hash; /**< of the last <= TAIL_BYTES bytes before the offset */
    int64_t tail_bytes; /**< 0: not known, or nothing stands before the offset */
};

/** Take the numbers of @stat, the hashes apart. */
void identity_take(struct identity *identity, const struct fs_stat *stat);

/** Can @stat be the same inode? What one side does not know decides nothing.
 *  @is_other_boot  the device may have been given another number meanwhile */
bool identity_is_inode(const struct identity *identity, const struct fs_stat *stat,
                       bool is_other_boot);

/** Remember the bytes before the new @offset. @window holds the file's bytes from
 *  @window_offset on, at least the last TAIL_BYTES of them before @offset and, while
 *  less than HEAD_BYTES were consumed before, all of them. */
void identity_note(struct identity *identity, struct slice window,
                   int64_t window_offset, int64_t offset);

/** Forget the hashes: nothing of this content was consumed yet. */
void identity_forget_content(struct identity *identity);

/** Bytes of the head that were compared and are equal; 0 when nothing could be
 *  compared; -1 when they differ. @head: the first bytes of a file, up to
 *  HEAD_BYTES. */
int identity_match_head(const struct identity *identity, struct slice head);

/** Is @shorter, a file that ends with '\n' and is shorter than what was consumed, what
 *  that was up to the end of one of its first lines? 1: yes, -1: no, 0: not known. */
int identity_match_lines(const struct identity *identity, struct slice shorter);

/** Do the bytes before the offset fit? @before: exactly those, min(offset,
 *  TAIL_BYTES). */
bool identity_match_tail(const struct identity *identity, struct slice before);

/** Bytes that stand before @offset in the marker. */
static inline size_t identity_tail_length(int64_t offset)
{
    return offset < TAIL_BYTES ? (size_t)offset : (size_t)TAIL_BYTES;
}

/** The hashes of head and lines as bytes, for the store. */
void identity_put_head(const struct identity *identity, struct buf *out);
void identity_take_head(struct identity *identity, struct slice stored);

#endif
