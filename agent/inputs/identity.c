/** File identity: comparisons, and keeping the hashes up to date. */
#include "agent/inputs/identity.h"

#include "agent/base/hash.h"
#include "agent/base/must.h"
#include "agent/base/plant.h"

/** How many bytes the hash @step is of: dense where the banners are that a program
 *  writes at each start, because a file that was written anew, shorter and with the
 *  same banner, must not be taken for one that was cut. */
static size_t head_length(size_t step)
{
    if (step < 32)
        return 8 * (step + 1);
    return step < 48 ? 16 * (step - 15) : 32 * (step - 31);
}

static uint16_t short_hash(struct slice bytes)
{
    return (uint16_t)hash_bytes(bytes);
}

static uint16_t head_hash(struct slice head, size_t step)
{
    return short_hash(slice_make(head.ptr, head_length(step)));
}

/* The first byte of a stored head: what others wrote is not compared. */
enum { HEAD_FORMAT = 3 };

static bool differ(uint64_t a, uint64_t b)
{
    return a != 0 && b != 0 && a != b;
}

bool identity_is_inode(const struct identity *identity, const struct fs_stat *stat,
                       bool is_other_boot)
{
    if (identity->inode != stat->inode || differ(identity->birth, stat->birth) ||
        differ(identity->generation, stat->generation))
        return false;
    /* A birth time in nanoseconds says more than a device number, which a reboot
     * changes. */
    bool has_birth = identity->birth != 0 && stat->birth != 0;
    return identity->device == stat->device || (is_other_boot && has_birth);
}

void identity_take(struct identity *identity, const struct fs_stat *stat)
{
    /* A birth and a generation belong to one inode and are not carried to the next. */
    if (!identity_is_inode(identity, stat, true))
        identity->birth = identity->generation = 0;
    identity->device = stat->device;
    identity->inode = stat->inode;
    if (stat->birth != 0)
        identity->birth = stat->birth;
    if (stat->generation != 0)
        identity->generation = stat->generation;
}

static void note_head(struct identity *identity, struct slice consumed)
{
    size_t count = identity->head_count;
    for (; count < HEAD_STEPS && head_length(count) <= consumed.len; count++)
        identity->head[count] = head_hash(consumed, count);
    identity->head_count = (uint8_t)count;
}

static void note_lines(struct identity *identity, struct slice consumed)
{
    size_t count = identity->line_count;
    size_t len = consumed.len < HEAD_BYTES ? consumed.len : HEAD_BYTES;
    size_t at = count > 0 ? identity->line_ends[count - 1] : 0;
    const char *end;
    while (count < HEAD_LINES && at < len &&
           (end = memchr(consumed.ptr + at, '\n', len - at)) != NULL) {
        at = (size_t)(end - consumed.ptr) + 1;
        identity->line_ends[count] = (uint16_t)at;
        identity->line_hashes[count++] = short_hash(slice_make(consumed.ptr, at));
    }
    identity->line_count = (uint8_t)count;
}

void identity_note(struct identity *identity, struct slice window,
                   int64_t window_offset, int64_t offset)
{
    size_t tail = identity_tail_length(offset);
    size_t end = (size_t)(offset - window_offset);
    must(offset >= window_offset && end <= window.len && tail <= end);
    identity->tail_bytes = (int64_t)tail;
    identity->tail_hash = hash_bytes(slice_make(window.ptr + end - tail, tail));
    if (window_offset > 0 || identity->head_count == HEAD_STEPS)
        return;
    note_head(identity, slice_make(window.ptr, end));
    note_lines(identity, slice_make(window.ptr, end));
}

void identity_forget_content(struct identity *identity)
{
    identity->head_count = identity->line_count = 0;
    identity->tail_bytes = 0;
    identity->tail_hash = 0;
}

int identity_match_head(const struct identity *identity, struct slice head)
{
    size_t i = 0;
    for (; i < identity->head_count && head_length(i) <= head.len; i++) {
        if (head_hash(head, i) != identity->head[i] && !planted(PLANT_HEAD_UNCHECKED))
            return -1;
    }
    return i > 0 ? (int)head_length(i - 1) : 0;
}

int identity_match_lines(const struct identity *identity, struct slice shorter)
{
    size_t count = identity->line_count, i = 0;
    bool is_full = count == HEAD_LINES;
    size_t known = is_full ? identity->line_ends[count - 1] : HEAD_BYTES;
    if (shorter.len > known || planted(PLANT_HEAD_UNCHECKED))
        return 0;
    while (i < count && identity->line_ends[i] < shorter.len)
        i++;
    bool is_end = i < count && identity->line_ends[i] == shorter.len;
    return is_end && identity->line_hashes[i] == short_hash(shorter) ? 1 : -1;
}

bool identity_match_tail(const struct identity *identity, struct slice before)
{
    return identity->tail_bytes == 0 || planted(PLANT_TAIL_UNCHECKED) ||
           (identity->tail_bytes == (int64_t)before.len &&
            identity->tail_hash == hash_bytes(before));
}

static void put_number(struct buf *out, uint16_t number)
{
    buf_putc(out, (char)(number >> 8));
    buf_putc(out, (char)number);
}

static uint16_t number_at(struct slice stored, size_t at)
{
    return (uint16_t)((unsigned char)stored.ptr[at] << 8 |
                      (unsigned char)stored.ptr[at + 1]);
}

void identity_put_head(const struct identity *identity, struct buf *out)
{
    buf_putc(out, HEAD_FORMAT);
    buf_putc(out, (char)identity->head_count);
    for (size_t i = 0; i < identity->head_count; i++)
        put_number(out, identity->head[i]);
    for (size_t i = 0; i < identity->line_count; i++) {
        put_number(out, identity->line_ends[i]);
        put_number(out, identity->line_hashes[i]);
    }
}

void identity_take_head(struct identity *identity, struct slice stored)
{
    enum { BEFORE = 2, LINE = 4 };
    identity->head_count = identity->line_count = 0;
    if (stored.len < BEFORE || stored.ptr[0] != HEAD_FORMAT)
        return;
    size_t count = (unsigned char)stored.ptr[1], at = BEFORE + 2 * count;
    if (count > HEAD_STEPS || stored.len < at || (stored.len - at) % LINE != 0 ||
        (stored.len - at) / LINE > HEAD_LINES)
        return;
    for (size_t i = 0; i < count; i++)
        identity->head[i] = number_at(stored, BEFORE + 2 * i);
    for (size_t i = 0; at < stored.len; i++, at += LINE) {
        identity->line_ends[i] = number_at(stored, at);
        identity->line_hashes[i] = number_at(stored, at + 2);
        identity->line_count = (uint8_t)(i + 1);
    }
    identity->head_count = (uint8_t)count;
}
