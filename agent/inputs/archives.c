/** Proving by content which archive is which generation. */
#include "agent/inputs/archives.h"

#include <stdlib.h>

#include "agent/base/mem.h"
#include "agent/inputs/losses.h"
#include "agent/inputs/names.h"
#include "agent/inputs/unpack.h"

/** An archive that is damaged at its end may be one that is still being written. */
#define UNFINISHED_MS MINUTE_MS
enum { NEAR_BYTES = LIMIT_UNPACK_TURN_BYTES / 2 };

/** A damaged archive, or one that is too large, is a "no"; what the disk does not give
 *  is none. */
static ssize_t read_inside(struct tail *tail, struct unpack *inside, size_t size,
                           int64_t offset)
{
    struct err err = { 0 };
    ssize_t got = unpack_read_at(inside, tail->reader.buffer, size, offset, &err);
    if (got < 0 && err.kind != ERR_BUSY && err.kind != ERR_INVALID &&
        err.kind != ERR_FULL)
        tail->reader.failures++;
    return got;
}

static bool head_fits(struct tail *tail, struct unpack *inside,
                      const struct identity *id)
{
    char *buffer = tail->reader.buffer;
    ssize_t got = read_inside(tail, inside, HEAD_BYTES, 0);
    return got > 0 && identity_match_head(id, slice_make(buffer, (size_t)got)) >= 0;
}

static bool tail_fits(struct tail *tail, struct unpack *inside,
                      const struct identity *id, int64_t offset)
{
    char *buffer = tail->reader.buffer;
    size_t len = identity_tail_length(offset);
    if (id->tail_bytes != (int64_t)len ||
        read_inside(tail, inside, len, offset - (int64_t)len) != (ssize_t)len)
        return false;
    return identity_match_tail(id, slice_make(buffer, len));
}

bool archives_match(struct tail *tail, const char *path, const struct tail_file *file)
{
    struct fs_stat stat;
    const struct fs *fs = tail->files.fs;
    if (!unpack_knows(slice_of(path)) || file->offset == 0)
        return false;
    int fd = tail_open_to_compare(&tail->reader, path, &stat);
    if (fd < 0)
        return false;
    struct unpack *inside = unpack_open(fs, fd, slice_of(path));
    unpack_allow(inside, LIMIT_UNPACK_TURN_BYTES);
    /* The head first: it is cheap, and tells nearly all of them apart. */
    bool fits =
        head_fits(tail, inside, &file->id) &&
        (file->offset > NEAR_BYTES || tail_fits(tail, inside, &file->id, file->offset));
    unpack_close(inside);
    fs->close(fs->ctx, fd);
    return fits;
}

const struct search_entry *archives_find(struct tail *tail, struct tail_file *file)
{
    size_t at = 0;
    const struct search_entry *entry;
    while ((entry = search_rotation(&tail->search, file->path, &at)) != NULL) {
        if (name_is_compressed(entry->name) &&
            !files_with_inode(&tail->files, &entry->stat) &&
            archives_match(tail, entry->path, file))
            return entry;
    }
    return NULL;
}

bool archives_want(const struct tail_file *file, const struct search_entry *entry)
{
    return file->config->archives && unpack_knows(entry->name);
}

bool archives_has_twin(struct tail *tail, const struct search_entry *entry)
{
    struct err err;
    struct fs_stat stat;
    const struct fs *fs = tail->files.fs;
    char *path = mem_copy_text(entry->path);
    *strrchr(path, '.') = '\0';
    bool has_twin = fs->stat(fs->ctx, path, &stat, &err) && stat.is_regular;
    free(path);
    return has_twin;
}

bool archives_is_later(struct tail *tail, const struct search_entry *entry,
                       const struct tail_file *old)
{
    return old->offset > 0 && old->known_ns > 0 &&
           entry->stat.modified_ns > old->known_ns &&
           !archives_match(tail, entry->path, old);
}

static int64_t estimate_at(struct tail *tail, const char *path)
{
    struct err err;
    struct fs_stat stat;
    const struct fs *fs = tail->files.fs;
    int fd = fs->open(fs->ctx, path, &stat, &err);
    if (fd < 0)
        return 0;
    int64_t bytes = unpack_estimate(fs, fd, stat.size_bytes, slice_of(path));
    fs->close(fs->ctx, fd);
    return bytes;
}

int64_t archives_estimate(struct tail *tail, const struct search_entry *entry)
{
    return estimate_at(tail, entry->path);
}

/** Unpack it to its end, as far as that goes in one turn. */
static int64_t length_of(struct tail *tail, struct unpack *inside, int64_t offset)
{
    struct err err;
    ssize_t got;
    unpack_allow(inside, LIMIT_UNPACK_TURN_BYTES);
    while ((got = unpack_read_at(inside, tail->reader.buffer, LIMIT_BLOCK_BYTES, offset,
                                 &err)) > 0)
        offset += got;
    return got == 0 ? offset : -1;
}

int64_t archives_unread(struct tail *tail, const struct search_entry *entry,
                        int64_t offset)
{
    struct err err;
    struct fs_stat stat;
    const struct fs *fs = tail->files.fs;
    int fd = fs->open(fs->ctx, entry->path, &stat, &err);
    if (fd < 0)
        return -1;
    struct unpack *inside = unpack_open(fs, fd, slice_of(entry->path));
    int64_t length = length_of(tail, inside, offset);
    unpack_close(inside);
    if (length < 0)
        length = unpack_estimate(fs, fd, stat.size_bytes, slice_of(entry->path));
    fs->close(fs->ctx, fd);
    return length >= offset ? length - offset : -1;
}

static bool may_be_unfinished(const struct tail *tail, const struct tail_file *file)
{
    int64_t modified_ms = file->modified_ns / 1000000;
    return tail->now.unix_ms - modified_ms < UNFINISHED_MS;
}

void archives_failed(struct tail *tail, struct tail_file *file, const struct err *why)
{
    bool is_damaged = why && why->kind == ERR_INVALID;
    if ((is_damaged && may_be_unfinished(tail, file)) ||
        (why && !is_damaged && why->kind != ERR_FULL)) {
        struct err told;
        err_set(&told, why->kind, "'%s': %s", file->place, why->text);
        files_close(&tail->files, file);
        files_back_off(&tail->files, file, tail->now, &told);
        return;
    }
    int64_t bytes = tail_file_waiting(file);
    if (bytes == 0 && why && file->place)
        bytes = estimate_at(tail, file->place) - file->offset;
    losses_count(&tail->files, file, bytes,
                 !why         ? REASON_ROTATED_AWAY
                 : is_damaged ? REASON_ARCHIVE_BROKEN
                              : REASON_ARCHIVE_TOO_LARGE);
    files_drop(&tail->files, file, false);
}
