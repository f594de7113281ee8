/** Generations: which is which, and in what order they are read. */
#include "agent/inputs/rotation.h"

#include <stdlib.h>

#include "agent/base/mem.h"
#include "agent/base/plant.h"
#include "agent/inputs/archives.h"
#include "agent/inputs/copies.h"
#include "agent/inputs/cuts.h"
#include "agent/inputs/elders.h"
#include "agent/inputs/generations.h"
#include "agent/inputs/losses.h"
#include "agent/inputs/names.h"

enum {
    /* Another inode at the same path is taken for the same log (restored from a backup,
     * rewritten by sed -i) only when at least so many bytes are equal. */
    PROOF_BYTES = 256,
};
#define ABSENT_MS HOUR_MS

/** Does nothing but the number of its inode speak for it? */
static bool is_only_number(const struct tail_file *file)
{
    return file->fd < 0 && file->id.birth == 0 && file->offset == 0;
}

/** Would only the number of its inode say that it is back at the path it left, or under
 *  a name that no rotation makes? */
static bool is_back_by_number(const struct tail_file *file, const char *path)
{
    bool has_left = file->state == TAIL_ROTATED || file->was_rotated;
    return has_left && is_only_number(file) &&
           (strcmp(path, file->path) == 0 || !name_is_rotated(name_of(slice_of(path))));
}

/** Under a name that no rotation makes the number of an inode is not enough, nor that a
 *  file begins like the one that was read: only its birth is, or all its content. */
static bool has_proof(struct tail *tail, const struct tail_file *file,
                      const struct search_entry *entry)
{
    struct slice name = name_of(slice_of(files_home(file)));
    bool is_kin =
        names_are_kin(name, entry->name) && !is_back_by_number(file, entry->path);
    return file->id.birth != 0 || is_kin || copies_match(tail, entry->path, file);
}

/** Where @file lies now, if it still lies in its folder. */
static const struct search_entry *find_named(struct tail *tail, struct tail_file *file,
                                             bool is_restored, enum search_names names)
{
    const struct search_entry *entry =
        search_inode(&tail->search, files_home(file), &file->id, is_restored, names);
    if (!entry)
        return NULL;
    struct tail_file *known = files_with_inode(&tail->files, &entry->stat);
    if (known && known != file)
        return NULL;
    bool is_it = file->fd >= 0 || (has_proof(tail, file, entry) &&
                                   copies_is_it(tail, entry->path, &entry->stat, file));
    return is_it ? entry : NULL;
}

/** The same; what is open is looked for under the names of its rotations alone. */
static const struct search_entry *find_moved(struct tail *tail, struct tail_file *file,
                                             bool is_restored)
{
    bool may_wait = file->fd >= 0 && !file->home;
    return find_named(tail, file, is_restored,
                      may_wait ? SEARCH_ROTATIONS : SEARCH_ALL_NAMES);
}

static void become_rotated(struct tail *tail, struct tail_file *file)
{
    if (file->state == TAIL_LIVE)
        tail->tally->rotations++;
    if (file->state != TAIL_ROTATED)
        files_retire(&tail->files, file);
}

void rotation_doubt(struct tail_file *file)
{
    file->is_fresh |=
        is_only_number(file) && name_is_rotated(name_of(slice_of(file->path)));
}

static void go_on_at(struct tail *tail, struct tail_file *file, const char *place,
                     const struct fs_stat *stat)
{
    rotation_doubt(file);
    file->is_packed = name_is_compressed(name_of(slice_of(place)));
    files_note(&tail->files, file, stat);
    files_move(&tail->files, file, place);
    files_queue(&tail->files, file);
    file->read_size = -1;
}

/** Is more in the file that we hold open than @stat has? */
static bool holds_more(struct tail *tail, const struct tail_file *file,
                       const struct fs_stat *stat)
{
    struct err err;
    struct fs_stat mine;
    const struct fs *fs = tail->files.fs;
    return file->fd >= 0 && fs->fstat(fs->ctx, file->fd, &mine, &err) &&
           mine.size_bytes > stat->size_bytes;
}

/** Is the same log at its path, as another inode? */
static bool is_rewritten(struct tail *tail, struct tail_file *file)
{
    struct fs_stat stat;
    if (file->offset < PROOF_BYTES || !tail_stat(tail, file->path, &stat) ||
        holds_more(tail, file, &stat) || files_with_inode(&tail->files, &stat) ||
        !copies_match(tail, file->path, file))
        return false;
    files_close(&tail->files, file);
    go_on_at(tail, file, file->path, &stat);
    files_set_state(&tail->files, file, TAIL_LIVE);
    return true;
}

/** Was it copied up by an overlay, because somebody writes to it? Then it has another
 *  birth under its number, which no other file can have while this one is open. */
static bool is_copied_up(struct tail *tail, struct tail_file *file)
{
    struct fs_stat stat;
    if (file->fd < 0 || !file->place || !tail_stat(tail, file->place, &stat) ||
        stat.inode != file->id.inode || stat.device != file->id.device ||
        (file->offset > 0 && !copies_match(tail, file->place, file)))
        return false;
    files_close(&tail->files, file);
    go_on_at(tail, file, file->place, &stat);
    return true;
}

/** Is it there as a copy under the name of a rotation? */
static const struct search_entry *find_same_content(struct tail *tail,
                                                    struct tail_file *file)
{
    size_t at = 0;
    const struct search_entry *entry;
    while ((entry = search_rotation(&tail->search, files_home(file), &at)) != NULL) {
        if (!files_with_inode(&tail->files, &entry->stat) &&
            copies_match(tail, entry->path, file))
            return entry;
    }
    return NULL;
}

bool rotation_is_another(struct tail *tail, struct tail_file *file, const char *path,
                         const struct fs_stat *stat)
{
    uint64_t failures = tail->reader.failures;
    bool may_be = file->fd < 0 && file->state == TAIL_ROTATED && !file->place;
    if (!may_be ||
        (!is_back_by_number(file, path) && (copies_is_it(tail, path, stat, file) ||
                                            copies_cannot_tell(tail, file, failures))))
        return false;
    files_disown(&tail->files, file);
    return true;
}

/** Nothing is known of where it lies. Until it has left its path that is where it is
 *  looked for. */
static void become_absent(struct tail *tail, struct tail_file *file)
{
    file->was_rotated = file->state == TAIL_ROTATED;
    files_set_state(&tail->files, file, TAIL_ABSENT);
    files_move(&tail->files, file, file->was_rotated ? NULL : file->path);
    file->grown_at_ms = tail->now.mono_ms;
}

void rotation_wait(struct tail *tail, struct tail_file *file)
{
    if (file->state == TAIL_LIVE || file->state == TAIL_ROTATED)
        become_absent(tail, file);
}

/** Numbers alone are no proof: whatever has them now is another file. */
static void disown(struct tail *tail, struct tail_file *file)
{
    if (file->fd < 0 && file->id.birth == 0)
        files_disown(&tail->files, file);
}

static void copy_left(struct tail *tail, struct tail_file *file)
{
    const struct search_entry *entry = find_moved(tail, file, false);
    if (entry)
        files_move(&tail->files, file, entry->path);
    else
        files_drop(&tail->files, file, false);
}

void rotation_left(struct tail *tail, struct tail_file *file, bool is_restored)
{
    struct fs_stat stat;
    struct files *files = &tail->files;
    uint64_t failures = tail->reader.failures;
    if (is_copied_up(tail, file))
        return;
    if (file->place) {
        tail_hope_for(tail, tail_source_of(tail, file), file->place);
        watch_forget_file(tail->watch, file->place);
    }
    if (file->state == TAIL_COPY) {
        copy_left(tail, file);
        return;
    }
    const struct search_entry *entry = find_moved(tail, file, is_restored);
    if (!entry && is_rewritten(tail, file))
        return;
    if (!entry && file->fd < 0)
        entry = find_same_content(tail, file);
    if (!entry && copies_cannot_tell(tail, file, failures)) {
        if (is_restored)
            rotation_wait(tail, file);
        return;
    }
    files_move(files, file, NULL);
    if (entry) {
        go_on_at(tail, file, entry->path, &entry->stat);
    } else {
        disown(tail, file);
        if (file->fd < 0 && !tail_stat(tail, file->path, &stat)) {
            become_absent(tail, file);
            return;
        }
    }
    become_rotated(tail, file);
}

/* --- heirs ------------------------------------------------------------------------ */

bool rotation_missed(struct tail *tail, struct tail_file *file)
{
    return generations_follow_made_since(tail, file, true);
}

/** @return false: undecided; the two stand behind each other already. */
static bool succeed_last(struct tail *tail, struct tail_file *old,
                         struct tail_file *file)
{
    files_chain(&tail->files, old, file);
    files_queue(&tail->files, old);
    return generations_follow_between(tail, old, file);
}

/** Is @file the elder itself, which somebody put back? */
static bool is_elder_back(struct tail *tail, const struct tail_file *elder,
                          const struct tail_file *file)
{
    struct fs_stat stat;
    return elder->offset > 0 && file->place && tail_stat(tail, file->place, &stat) &&
           copies_is_it(tail, file->place, &stat, elder);
}

static bool succeed_elder(struct tail *tail, const struct tail_file *elder,
                          struct tail_file *file)
{
    uint64_t failures = tail->reader.failures;
    bool is_back = is_elder_back(tail, elder, file);
    if (copies_cannot_tell(tail, file, failures))
        return false;
    if (is_back)
        tail_file_continue(file, elder);
    else if (!generations_follow_between(tail, elder, file))
        return false;
    elders_forget(tail, file->path, false);
    return true;
}

/** The generation that @file comes after, as far as it is followed, or NULL. */
static struct tail_file *find_before(struct tail *tail, struct tail_file *file)
{
    struct tail_file *old = files_last(&tail->files, file->path);
    if (file->is_undecided)
        return file->before;
    if (old && old->state == TAIL_ABSENT && old != file) {
        rotation_look_absent(tail, old);
        old = files_last(&tail->files, file->path);
    }
    return old == file ? NULL : old;
}

bool rotation_succeed(struct tail *tail, struct tail_file *file)
{
    struct tail_file *old = find_before(tail, file);
    const struct tail_file *elder = elders_find(tail, file->path);
    bool was_undecided = file->is_undecided;
    file->is_undecided = (old && !succeed_last(tail, old, file)) ||
                         (!old && elder && !succeed_elder(tail, elder, file));
    file->is_dirty |= file->is_undecided != was_undecided;
    return !file->is_undecided;
}

bool rotation_is_awaited(const struct tail_file *file)
{
    return file->after && file->after->is_undecided;
}

/* --- reading on ------------------------------------------------------------------- */

void rotation_ended(struct tail *tail, struct tail_file *file)
{
    file->has_ended = true;
    if (file->after && !rotation_is_awaited(file))
        files_unchain(&tail->files, file);
}

bool rotation_is_copy(struct tail *tail, struct tail_file *file)
{
    bool is_copy = !planted(PLANT_COPY_IS_NEW) &&
                   (file->is_fresh || file->state == TAIL_COPY) &&
                   copies_repeat(tail, file);
    /* Who stands behind an empty one has nothing to wait for. */
    if (is_copy && file->size_bytes == 0)
        rotation_ended(tail, file);
    return is_copy;
}

/* --- the end of a generation
 * ---------------------------------------------------------- */

/** Is its place known, and right? Another file may have taken it over meanwhile. */
static bool has_place(struct tail *tail, struct tail_file *file)
{
    struct fs_stat stat;
    if (file->place && tail_stat(tail, file->place, &stat) &&
        identity_is_inode(&file->id, &stat, false))
        return true;
    /* a.log.1 may be called a.log.2 by now, which is no rotation of a.log.1. */
    const struct search_entry *entry = find_named(tail, file, false, SEARCH_ALL_NAMES);
    if (entry)
        files_move(&tail->files, file, entry->path);
    return entry != NULL;
}

/** It lies where a source wants to read it: it stays known, under its new name. */
static bool settle(struct tail *tail, struct tail_file *file)
{
    if (!has_place(tail, file) || name_is_compressed(slice_of(file->place)) ||
        tail_wanted_by(tail, file->place) == tail->source_count)
        return false;
    files_unchain(&tail->files, file);
    files_set_state(&tail->files, file, TAIL_LIVE);
    files_rename(file, file->place);
    files_set_home(file, NULL);
    return true;
}

/** Nobody will know @file any more. Without births it looks as if it was made when it
 *  was written to last, which can be after its heir was made. */
static void leave_to(struct tail_file *heir, const struct tail_file *file)
{
    if (!heir || heir->known_ns >= file->known_ns)
        return;
    tail_file_knows(heir, file->known_ns);
    heir->is_dirty = true;
}

/** Do both lie where rotations took them, and was @file made after its heir? */
static bool is_after(const struct tail_file *file, const struct tail_file *heir)
{
    struct slice base = name_of(slice_of(files_home(file)));
    struct slice mark = name_mark(base, name_of(slice_of(file->place)));
    struct slice its = name_mark(base, name_of(slice_of(heir->place)));
    return mark.len > 0 && its.len > 0 && marks_are_alike(its, mark) &&
           marks_compare_age(its, mark) < 0;
}

/** Without births an empty file that is gone is taken for whatever has its number. Is
 *  @file, which was read, younger than what came after that one? Then @file has to be
 *  remembered, or it would be read again as what came and went after its heir. */
static bool outlives_heir(struct tail *tail, struct tail_file *file)
{
    struct tail_file *last = files_last(&tail->files, file->path);
    const struct tail_file *heir = last ? last : elders_find(tail, file->path);
    if (!heir || !heir->place || file->id.birth != 0 || file->offset == 0 ||
        !has_place(tail, file) || !is_after(file, heir) ||
        (last && !generations_follow_between(tail, last, file)))
        return false;
    if (last)
        files_inherit(&tail->files, last);
    leave_to(file, heir);
    return true;
}

/** What became of @file is known: nothing of it will be read any more. */
static void let_go(struct tail *tail, struct tail_file *file)
{
    if (!file->has_heir || outlives_heir(tail, file)) {
        file->has_heir = false;
        elders_put(tail, file);
        return;
    }
    leave_to(files_at(&tail->files, file->path), file);
    leave_to(files_last(&tail->files, file->path), file);
    leave_to(elders_find(tail, file->path), file);
    files_drop(&tail->files, file, false);
}

/** Is it there after all, or in an archive that can be read? */
static bool is_found_again(struct tail *tail, struct tail_file *file,
                           const struct search_entry **packed)
{
    const struct search_entry *entry = find_moved(tail, file, true);
    if (entry && file->place && strcmp(entry->path, file->place) == 0)
        entry = NULL;
    *packed = entry ? NULL : archives_find(tail, file);
    if (*packed && archives_want(file, *packed))
        entry = *packed;
    if (!entry)
        return false;
    go_on_at(tail, file, entry->path, &entry->stat);
    become_rotated(tail, file);
    return true;
}

/** It is nowhere, and the one behind it has still to find out what lies between them:
 *  that must not wait for it, or each would wait for the other. */
static void let_heir_decide(struct tail *tail, struct tail_file *file)
{
    rotation_ended(tail, file);
    files_queue(&tail->files, file->after);
}

/** What was seen of @file and never read. A size that no read proved is its own only
 *  where the number of its inode cannot be another's by now, and is a loss only where
 *  it is no copy of what was read. 0: nothing that anybody can know. */
static int64_t unread_for_sure(struct tail *tail, const struct tail_file *file)
{
    bool is_its_own =
        (file->fd >= 0 || file->id.birth != 0) && !copies_may_repeat(tail, file);
    int64_t settled = tail_file_settled(file);
    if (is_its_own)
        return tail_file_waiting(file);
    return file->peak_bytes > settled ? file->peak_bytes - settled : 0;
}

static void give_up(struct tail *tail, struct tail_file *file)
{
    const struct search_entry *packed;
    uint64_t failures = tail->reader.failures;
    if (tail->now.mono_ms < file->retry_at_ms ||
        (rotation_is_awaited(file) && file->has_ended))
        return;
    /* Nothing is given up by an old listing: the next turn may list again. */
    if (!search_again(&tail->search, files_home(file))) {
        files_queue(&tail->files, file);
        return;
    }
    if (is_found_again(tail, file, &packed) || copies_cannot_tell(tail, file, failures))
        return;
    if (rotation_is_awaited(file)) {
        let_heir_decide(tail, file);
        return;
    }
    int64_t unread = packed ? archives_unread(tail, packed, file->offset)
                            : unread_for_sure(tail, file);
    if (packed && unread != 0)
        losses_count(&tail->files, file, unread, REASON_COMPRESSED);
    else if (!packed && (tail_file_waiting(file) > 0 || file->peak_bytes > 0))
        losses_count(&tail->files, file, unread, REASON_ROTATED_AWAY);
    let_go(tail, file);
}

void rotation_finish(struct tail *tail, struct tail_file *file)
{
    struct err err;
    enum open_result opened = files_open(&tail->files, file, tail->now);
    if (opened == OPEN_GONE)
        give_up(tail, file);
    if (opened != OPEN_DONE)
        return;
    switch (tail_file_read(file, &tail->reader, LIMIT_FILE_TURN_BYTES, true, &err)) {
    case TAIL_READ_MORE:
        files_queue(&tail->files, file);
        return;
    case TAIL_READ_CHANGED:
        cuts_settle(tail, file);
        return;
    case TAIL_READ_FAILED:
        if (file->is_packed)
            archives_failed(tail, file, &err);
        else
            files_back_off(&tail->files, file, tail->now, &err);
        return;
    case TAIL_READ_END:
        break;
    }
    (void)search_again(&tail->search, files_home(file));
    if (!settle(tail, file))
        let_go(tail, file);
}

/** Nothing is at the path of @file. Is it anywhere, or are there younger ones, so that
 *  its disk cannot be missing? */
static void look_beside(struct tail *tail, struct tail_file *file)
{
    if (tail->now.mono_ms - file->grown_at_ms >= ABSENT_MS) {
        give_up(tail, file);
        return;
    }
    const struct search_entry *entry = find_moved(tail, file, true);
    if (entry) {
        go_on_at(tail, file, entry->path, &entry->stat);
        become_rotated(tail, file);
        return;
    }
    if (!file->has_heir &&
        generations_follow_orphans(tail, file, true) == GENERATIONS_FOLLOWED)
        files_inherit(&tail->files, file);
    if (file->has_heir)
        give_up(tail, file);
}

void rotation_look_absent(struct tail *tail, struct tail_file *file)
{
    struct fs_stat stat;
    if (tail->now.mono_ms < file->retry_at_ms)
        return;
    if (!tail_stat(tail, file->path, &stat)) {
        look_beside(tail, file);
        return;
    }
    if (file->was_rotated) {
        give_up(tail, file);
        return;
    }
    if (!stat.is_regular)
        return;
    if (copies_is_it(tail, file->path, &stat, file)) {
        go_on_at(tail, file, file->path, &stat);
        files_set_state(&tail->files, file, TAIL_LIVE);
    } else {
        rotation_left(tail, file, true);
    }
}
