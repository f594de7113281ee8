/** File identity: comparisons, and keeping the hashes up to date. */
#include "agent/inputs/identity.h"

#include "agent/base/hash.h"
#include "agent/base/must.h"

/* Dense where short logs of a test or a quiet machine are, sparse towards the end. */
static const size_t head_steps[HEAD_STEPS] = {
    8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, HEAD_BYTES
};

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

static void note_head(struct identity *identity, const char *bytes, int64_t offset)
{
    size_t count = 0;
    while (count < HEAD_STEPS && (int64_t)head_steps[count] <= offset) {
        if (count >= identity->head_count)
            identity->head[count] = hash_bytes(slice_make(bytes, head_steps[count]));
        count++;
    }
    if (count > identity->head_count)
        identity->head_count = count;
}

void identity_note(struct identity *identity, struct slice window,
                   int64_t window_offset, int64_t offset)
{
    size_t tail = identity_tail_length(offset);
    size_t end = (size_t)(offset - window_offset);
    must(offset >= window_offset && end <= window.len && tail <= end);
    identity->tail_bytes = (int64_t)tail;
    identity->tail_hash = hash_bytes(slice_make(window.ptr + end - tail, tail));
    if (window_offset == 0 && identity->head_count < HEAD_STEPS)
        note_head(identity, window.ptr, offset);
}

void identity_forget_content(struct identity *identity)
{
    identity->head_count = 0;
    identity->tail_bytes = 0;
    identity->tail_hash = 0;
}

int identity_match_head(const struct identity *identity, struct slice head)
{
    size_t i = identity->head_count;
    while (i > 0 && head_steps[i - 1] > head.len)
        i--;
    if (i == 0)
        return 0;
    uint64_t hash = hash_bytes(slice_make(head.ptr, head_steps[i - 1]));
    return hash == identity->head[i - 1] ? (int)head_steps[i - 1] : -1;
}

bool identity_match_tail(const struct identity *identity, struct slice before)
{
    return identity->tail_bytes == 0 || (identity->tail_bytes == (int64_t)before.len &&
                                         identity->tail_hash == hash_bytes(before));
}

void identity_put_head(const struct identity *identity, struct buf *out)
{
    for (size_t i = 0; i < identity->head_count; i++)
        buf_put_u64(out, identity->head[i]);
}

void identity_take_head(struct identity *identity, struct slice stored)
{
    struct unbuf in = { .rest = stored };
    size_t count = stored.len / 8 < HEAD_STEPS ? stored.len / 8 : HEAD_STEPS;
    for (size_t i = 0; i < count; i++)
        identity->head[i] = unbuf_u64(&in);
    identity->head_count = count;
}
