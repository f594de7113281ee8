/** Truncation: from the copy, at the new end, or from the beginning. */
#include "agent/inputs/cuts.h"

#include "agent/inputs/archives.h"
#include "agent/inputs/copies.h"
#include "agent/inputs/generations.h"
#include "agent/inputs/losses.h"

/** What was copied before this moment is known: only later copies can be missed. */
static void begin_anew(struct tail *tail, struct tail_file *file)
{
    struct err err;
    struct fs_stat stat;
    const struct fs *fs = tail->files.fs;
    tail_file_restart(file);
    file->is_fresh = false;
    tail->files.wants_commit = true; /* another one lies here, however quiet it is */
    if (fs->fstat(fs->ctx, file->fd, &stat, &err))
        files_note(&tail->files, file, &stat);
    file->read_modified_ns = file->modified_ns;
}

/** @file begins anew. What lies between its copy and it, or was made since it was read?
 */
static void follow_since_cut(struct tail *tail, struct tail_file *file,
                             const struct tail_file *copy, bool is_copied)
{
    if (file->state != TAIL_LIVE)
        return;
    if (copy)
        (void)generations_follow_between(tail, copy, file);
    else if (!is_copied && !generations_follow_made_since(tail, file, false))
        file->modified_ns = 0; /* it has still to be found out */
    else
        tail_file_knows(file, file->modified_ns);
}

/** What was seen of @file is no more there, and in no copy. What is left of it, where
 *  it only got shorter, may be the same half line. */
static void lose_seen(struct tail *tail, struct tail_file *file)
{
    struct err err;
    struct fs_stat stat;
    const struct fs *fs = tail->files.fs;
    int64_t left = fs->fstat(fs->ctx, file->fd, &stat, &err) ? stat.size_bytes : 0;
    left = left < file->seen_bytes ? left : 0;
    losses_count(&tail->files, file, file->peak_bytes - left, REASON_TRUNCATED);
}

/** The begin of @file is not what was seen of it, and nothing of it was read. */
static void settle_unread(struct tail *tail, struct tail_file *file)
{
    uint64_t failures = tail->reader.failures;
    bool is_live = file->state == TAIL_LIVE;
    if (is_live && !generations_follow_made_since(tail, file, true))
        return;
    bool is_kept = file->seen_bytes == 0 || copies_keep_seen(tail, file);
    if (copies_cannot_tell(tail, file, failures))
        return;
    tail->tally->truncations++;
    if (!is_kept)
        lose_seen(tail, file);
    begin_anew(tail, file);
}

/** @return false: it was not only cut, or that cannot be read. */
static bool settle_shorter(struct tail *tail, struct tail_file *file)
{
    bool is_doubtful = false;
    if (!tail_file_shorten(file, &tail->reader, &is_doubtful))
        return false;
    if (is_doubtful)
        losses_count(&tail->files, file, 0, REASON_CUT);
    return true;
}

void cuts_settle(struct tail *tail, struct tail_file *file)
{
    bool is_copied = false;
    struct tail_file *copy = NULL;
    if (file->is_packed) {
        archives_failed(tail, file, NULL);
        return;
    }
    files_queue(&tail->files, file);
    if (file->offset == 0) {
        settle_unread(tail, file);
        return;
    }
    uint64_t failures = tail->reader.failures;
    copy = copies_adopt(tail, file, &is_copied);
    if (!is_copied && copies_cannot_tell(tail, file, failures))
        return;
    if (!is_copied && settle_shorter(tail, file))
        return;
    if (!is_copied && copies_cannot_tell(tail, file, failures))
        return;
    tail->tally->truncations++;
    copies_settle(tail, file);
    if (!is_copied && file->peak_bytes > file->offset)
        losses_count(&tail->files, file, file->peak_bytes - file->offset,
                     REASON_TRUNCATED);
    begin_anew(tail, file);
    if (copy)
        files_chain(&tail->files, copy, file);
    follow_since_cut(tail, file, copy, is_copied);
}
