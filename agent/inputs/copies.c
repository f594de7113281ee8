/** Recognising copies by their content and, so that nothing is guessed, by their
 *  name. */
#include "agent/inputs/copies.h"

#include <limits.h>
#include <stdlib.h>

#include "agent/inputs/archives.h"
#include "agent/inputs/cuts.h"
#include "agent/inputs/names.h"

/* What cannot be read for so long counts as different: a bad sector stays one. */
enum { PATIENCE_MS = 30 * 1000 };

static struct tail_file *find_original(struct tail *tail, const struct tail_file *file)
{
    size_t at = 0;
    char base[NAME_MAX + 1];
    /* It may have left the place where it was found before it could be compared. */
    struct slice place = slice_of(file->place ? file->place : file->path);
    while (name_next_base(name_of(place), &at, base, sizeof base)) {
        char *path = path_join(folder_of(place), slice_of(base));
        struct tail_file *found = files_at(&tail->files, path);
        free(path);
        if (found && found != file && found->state == TAIL_LIVE)
            return found;
    }
    return NULL;
}

bool copies_may_repeat(struct tail *tail, const struct tail_file *file)
{
    return file->is_fresh && find_original(tail, file) != NULL;
}

/** It is a file of its own. */
static bool stands_alone(struct tail *tail, struct tail_file *file)
{
    files_set_original(file, NULL);
    if (file->state == TAIL_COPY)
        files_set_state(&tail->files, file, TAIL_LIVE);
    file->is_fresh = false;
    file->is_dirty = true;
    return false;
}

/** Its original is gone and was read: go on behind what both had. */
static bool settle(struct tail *tail, struct tail_file *file)
{
    struct err err;
    file->offset = file->size_bytes;
    if (!tail_file_seek_end(file, &tail->reader, &err))
        tail_file_restart(file);
    return stands_alone(tail, file);
}

static bool is_intact(struct tail *tail, struct tail_file *original)
{
    return original->offset == 0 || original->id.tail_bytes == 0 ||
           tail_content_matches(&tail->reader, original->fd, &original->id,
                                original->offset);
}

static bool repeats(struct tail *tail, struct tail_file *file,
                    struct tail_file *original)
{
    struct err err;
    struct fs_stat mine, its;
    const struct fs *fs = tail->files.fs;
    if (!fs->fstat(fs->ctx, file->fd, &mine, &err) ||
        !fs->fstat(fs->ctx, original->fd, &its, &err))
        return false;
    files_note(&tail->files, file, &mine);
    return mine.size_bytes <= its.size_bytes &&
           tail_same_prefix(&tail->reader, file->fd, original->fd, mine.size_bytes);
}

bool copies_cannot_tell(struct tail *tail, struct tail_file *file, uint64_t failures)
{
    struct err err;
    if (tail->reader.failures == failures || file->backoff_ms >= PATIENCE_MS)
        return false;
    err_set(&err, ERR_IO, "'%s' cannot be compared with what was read", file->path);
    files_back_off(&tail->files, file, tail->now, &err);
    return true;
}

/** @file is what became of @original before anything of it was read, and is read
 *  itself: nothing that was seen is lost. */
static bool takes_seen(struct tail *tail, const struct tail_file *file,
                       const struct tail_file *original)
{
    return original->seen_bytes > 0 &&
           tail_seen_matches(&tail->reader, file->fd, original) &&
           !tail_seen_matches(&tail->reader, original->fd, original);
}

bool copies_repeat(struct tail *tail, struct tail_file *file)
{
    if (file->state == TAIL_COPY && !file->original)
        return settle(tail, file);
    struct tail_file *original =
        file->original ? file->original : find_original(tail, file);
    if (!original || files_open(&tail->files, original, tail->now) != OPEN_DONE)
        return stands_alone(tail, file);
    uint64_t failures = tail->reader.failures;
    bool was_cut = !is_intact(tail, original);
    bool is_copy = !was_cut && repeats(tail, file, original);
    bool has_taken = !was_cut && !is_copy && takes_seen(tail, file, original);
    if (copies_cannot_tell(tail, file, failures))
        return true;
    if (was_cut) {
        cuts_settle(tail, original);
        if (original->retry_at_ms > tail->now.mono_ms)
            return true; /* it is not decided what the original is */
        if (file->state == TAIL_COPY)
            return settle(tail, file);
        return file->offset == 0 ? stands_alone(tail, file) : false;
    }
    if (has_taken)
        tail_file_forget_seen(original);
    if (!is_copy)
        return stands_alone(tail, file);
    files_recover(&tail->files, file);
    if (file->state != TAIL_COPY && file->size_bytes > 0) {
        files_set_state(&tail->files, file, TAIL_COPY);
        files_set_original(file, original);
    }
    file->read_size = file->size_bytes;
    file->read_modified_ns = file->modified_ns;
    return true;
}

bool copies_match(struct tail *tail, const char *path, const struct tail_file *file)
{
    struct fs_stat stat;
    const struct fs *fs = tail->files.fs;
    if (file->offset == 0 || file->id.tail_bytes == 0)
        return false;
    if (name_is_compressed(name_of(slice_of(path))))
        return file->config->archives && archives_match(tail, path, file);
    int fd = tail_open_to_compare(&tail->reader, path, &stat);
    if (fd < 0)
        return false;
    bool matches = stat.size_bytes >= file->offset &&
                   tail_content_matches(&tail->reader, fd, &file->id, file->offset);
    fs->close(fs->ctx, fd);
    return matches;
}

bool copies_is_cut(struct tail *tail, const char *path, const struct tail_file *file)
{
    struct fs_stat stat;
    const struct fs *fs = tail->files.fs;
    int fd = tail_open_to_compare(&tail->reader, path, &stat);
    if (fd < 0)
        return false;
    bool is_shorter = stat.size_bytes > 0 && stat.size_bytes < file->offset;
    int equal = is_shorter
                    ? tail_head_matches(&tail->reader, fd, &file->id, stat.size_bytes)
                    : 0;
    fs->close(fs->ctx, fd);
    /* Many lines of one program begin alike. */
    bool is_changed = stat.modified_ns > file->known_ns;
    return equal >= (is_changed ? TAIL_CUT_PROOF_BYTES : 1);
}

bool copies_is_it(struct tail *tail, const char *path, const struct fs_stat *stat,
                  const struct tail_file *file)
{
    if (!identity_is_inode(&file->id, stat, true))
        return false;
    bool has_births = file->id.birth != 0 && stat->birth != 0;
    bool has_content = file->offset > 0 && file->id.tail_bytes > 0;
    return has_births || file->fd >= 0 || !has_content ||
           copies_match(tail, path, file) || copies_is_cut(tail, path, file);
}

bool copies_begin(struct tail *tail, const char *path, struct tail_file *file)
{
    struct err err;
    struct fs_stat stat, its;
    const struct fs *fs = tail->files.fs;
    if (files_open(&tail->files, file, tail->now) != OPEN_DONE ||
        !fs->fstat(fs->ctx, file->fd, &its, &err)) {
        tail->reader.failures++;
        return true;
    }
    int fd = tail_open_to_compare(&tail->reader, path, &stat);
    if (fd < 0)
        return true;
    bool begins = stat.size_bytes <= its.size_bytes &&
                  tail_same_prefix(&tail->reader, fd, file->fd, stat.size_bytes);
    fs->close(fs->ctx, fd);
    return begins;
}

static bool may_adopt(const struct tail_file *known)
{
    return !known ||
           (known->offset == 0 && (known->is_fresh || known->state == TAIL_COPY));
}

static bool is_copy_of(struct tail *tail, const struct search_entry *entry,
                       const struct tail_file *original)
{
    struct tail_file *known = files_with_inode(&tail->files, &entry->stat);
    return known != original && may_adopt(known) &&
           copies_match(tail, entry->path, original);
}

/** The path that copies of it are named after. */
static const char *path_of_copies(const struct tail_file *original)
{
    if (!original->place || strcmp(original->place, original->path) == 0)
        return files_home(original);
    return original->place;
}

static const struct search_entry *find_copy(struct tail *tail,
                                            const struct tail_file *original)
{
    struct search *search = &tail->search;
    const char *path = path_of_copies(original);
    const struct search_entry *entry = search_guess(search, path);
    if (entry && is_copy_of(tail, entry, original))
        return entry;
    for (int pass = 0; pass < 2; pass++) {
        size_t at = 0;
        while ((entry = search_rotation(search, path, &at)) != NULL) {
            if (!is_copy_of(tail, entry, original))
                continue;
            search_learn(search, path, entry);
            return entry;
        }
        if (pass == 0 && !search_again(search, path))
            break;
    }
    return NULL;
}

static struct tail_file *known_or_new(struct tail *tail,
                                      const struct search_entry *entry,
                                      const struct tail_file *original)
{
    struct tail_file *copy = files_with_inode(&tail->files, &entry->stat);
    if (copy)
        return copy;
    copy = tail_file_create(original->source, original->config, original->path);
    files_set_home(copy, original->home);
    files_add(&tail->files, copy);
    files_note(&tail->files, copy, &entry->stat);
    files_move(&tail->files, copy, entry->path);
    return copy;
}

struct tail_file *copies_adopt(struct tail *tail, struct tail_file *original,
                               bool *is_found)
{
    const struct search_entry *entry = find_copy(tail, original);
    *is_found = entry != NULL;
    if (!entry)
        return NULL;
    bool is_wanted = tail_wanted_by(tail, entry->path) < tail->source_count;
    bool is_packed = name_is_compressed(entry->name);
    /* What is followed already would be read as a log of its own. */
    bool is_known = files_with_inode(&tail->files, &entry->stat) != NULL;
    if (!is_wanted && !is_known && !is_packed &&
        entry->stat.size_bytes == original->offset)
        return NULL;
    struct tail_file *copy = known_or_new(tail, entry, original);
    tail_file_continue(copy, original);
    copy->is_packed = is_packed;
    copy->grown_at_ms = tail->now.mono_ms;
    copy->read_size = -1;
    stands_alone(tail, copy);
    files_set_state(&tail->files, copy,
                    TAIL_LIVE); /* a name is not changed under one */
    files_rename(copy, original->path);
    files_set_state(&tail->files, copy, TAIL_ROTATED);
    files_queue(&tail->files, copy);
    return copy;
}

bool copies_hold_seen(struct tail *tail, const char *path, const struct tail_file *file)
{
    struct fs_stat stat;
    const struct fs *fs = tail->files.fs;
    if (file->seen_bytes == 0 || name_is_compressed(name_of(slice_of(path))))
        return false;
    int fd = tail_open_to_compare(&tail->reader, path, &stat);
    if (fd < 0)
        return false;
    bool holds = tail_seen_matches(&tail->reader, fd, file);
    fs->close(fs->ctx, fd);
    return holds;
}

/** Nobody has looked into what lies at @entry, and somebody will. */
static bool is_to_be_read(struct tail *tail, const struct search_entry *entry)
{
    const struct tail_file *known = files_with_inode(&tail->files, &entry->stat);
    return known ? may_adopt(known)
                 : tail_wanted_by(tail, entry->path) < tail->source_count;
}

bool copies_keep_seen(struct tail *tail, const struct tail_file *original)
{
    size_t at = 0;
    const char *path = path_of_copies(original);
    const struct search_entry *entry;
    (void)search_again(&tail->search, path);
    while ((entry = search_rotation(&tail->search, path, &at)) != NULL) {
        if (is_to_be_read(tail, entry) && copies_hold_seen(tail, entry->path, original))
            return true;
    }
    return false;
}

void copies_settle(struct tail *tail, struct tail_file *original)
{
    struct files *files = &tail->files;
    for (size_t i = 0; i < files->count && original->copy_count > 0; i++) {
        struct tail_file *copy = files->items[i];
        if (copy->original != original)
            continue;
        files_set_original(copy, NULL);
        files_queue(files, copy);
    }
}
