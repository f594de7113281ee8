/** Generations: which is which, and in what order they are read. */
#include "agent/inputs/rotation.h"

#include <stdlib.h>

#include "agent/base/mem.h"
#include "agent/base/plant.h"
#include "agent/inputs/archives.h"
#include "agent/inputs/copies.h"
#include "agent/inputs/names.h"

enum {
    /* Another inode at the same path is taken for the same log (restored from a backup,
     * rewritten by sed -i) only when at least so many bytes are equal. */
    PROOF_BYTES = 256,
};
#define ABSENT_MS HOUR_MS

static bool stat_path(struct tail *tail, const char *path, struct fs_stat *stat)
{
    struct err err;
    return tail->files.fs->stat(tail->files.fs->ctx, path, stat, &err);
}

/** A birth in nanoseconds is proof enough, whatever became of the content. */
static bool is_same_birth(const struct tail_file *file,
                          const struct search_entry *entry)
{
    return file->id.birth != 0 && file->id.birth == entry->stat.birth;
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
    bool has_proof = file->offset > 0 && file->id.tail_bytes > 0;
    if (is_restored && has_proof && !is_same_birth(file, entry) &&
        !copies_match(tail, entry->path, file) &&
        !copies_is_cut(tail, entry->path, file))
        return NULL;
    return entry;
}

/** The same; what is open is looked for under the names of its rotations alone. */
static const struct search_entry *find_moved(struct tail *tail, struct tail_file *file,
                                             bool is_restored)
{
    bool may_wait = file->fd >= 0 && !file->home;
    return find_named(tail, file, is_restored,
                      may_wait ? SEARCH_ROTATIONS : SEARCH_ALL_NAMES);
}

static void go_on_at(struct tail *tail, struct tail_file *file, const char *place,
                     const struct fs_stat *stat)
{
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
    if (file->offset < PROOF_BYTES || !stat_path(tail, file->path, &stat) ||
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
    if (file->fd < 0 || !file->place || !stat_path(tail, file->place, &stat) ||
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

static void become_rotated(struct tail *tail, struct tail_file *file)
{
    file->grown_at_ms = tail->now.mono_ms;
    files_set_state(&tail->files, file, TAIL_ROTATED);
    files_queue(&tail->files, file);
}

/** Where it went is not known yet. What comes from the store is absent until then, so
 *  that the content still has to prove what the numbers say. */
static void wait_where(struct tail *tail, struct tail_file *file, bool is_restored)
{
    if (!is_restored || file->state != TAIL_LIVE)
        return;
    files_set_state(&tail->files, file, TAIL_ABSENT);
    files_move(&tail->files, file, file->path);
    file->grown_at_ms = tail->now.mono_ms;
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
        wait_where(tail, file, is_restored);
        return;
    }
    if (file->state == TAIL_LIVE)
        tail->tally->rotations++;
    files_move(files, file, NULL);
    if (entry) {
        go_on_at(tail, file, entry->path, &entry->stat);
    } else if (file->fd < 0 && !stat_path(tail, file->path, &stat)) {
        files_set_state(files, file, TAIL_ABSENT);
        files_move(files, file, file->path);
        file->grown_at_ms = tail->now.mono_ms;
        return;
    }
    if (file->state != TAIL_ROTATED)
        become_rotated(tail, file);
}

/* --- generations in between ------------------------------------------------------- */

struct generations {
    const struct search_entry *items[LIMIT_GENERATIONS];
    size_t count;
    struct slice base; /**< the name whose rotations they are */
};

static int compare_age(const struct generations *all, const struct search_entry *a,
                       const struct search_entry *b)
{
    /* A compressed file was born when it was compressed, not when its lines were. */
    bool is_packed = name_is_compressed(a->name) || name_is_compressed(b->name);
    if (!is_packed && a->stat.birth != 0 && b->stat.birth != 0 &&
        a->stat.birth != b->stat.birth)
        return a->stat.birth < b->stat.birth ? -1 : 1;
    return marks_compare_age(name_mark(all->base, a->name),
                             name_mark(all->base, b->name));
}

static bool has_digit(struct slice mark)
{
    for (size_t i = 0; i < mark.len; i++) {
        if (mark.ptr[i] >= '0' && mark.ptr[i] <= '9')
            return true;
    }
    return false;
}

/** Was @entry made after @seen_ns? Without a birth its last change has to do. */
static bool is_made_after(const struct search_entry *entry, int64_t seen_ns)
{
    int64_t birth_ns = (int64_t)entry->stat.birth;
    return seen_ns != 0 &&
           (birth_ns != 0 ? birth_ns : entry->stat.modified_ns) > seen_ns;
}

/** Was @entry made after @old? @old_entry: where that lies, NULL when it is gone: then
 *  what was made after its last change that we saw can hold nothing that was read. */
static bool is_younger(const struct generations *all, const struct search_entry *entry,
                       const struct tail_file *old,
                       const struct search_entry *old_entry)
{
    struct slice mark = name_mark(all->base, entry->name);
    if (!old_entry)
        return has_digit(mark) && is_made_after(entry, old->modified_ns);
    return marks_are_alike(mark, name_mark(all->base, old_entry->name)) &&
           compare_age(all, old_entry, entry) < 0;
}

static void put_by_age(struct generations *all, const struct search_entry *entry)
{
    if (all->count == LIMIT_GENERATIONS)
        return;
    size_t i = all->count++;
    for (; i > 0 && compare_age(all, entry, all->items[i - 1]) < 0; i--)
        all->items[i] = all->items[i - 1];
    all->items[i] = entry;
}

/** Where @file lies now, by its inode: its `place` can be older than a rotation. When
 *  it has none and is closed, its inode may be another file's by now. */
static const struct search_entry *entry_of(struct tail *tail, const char *path,
                                           const struct tail_file *file)
{
    size_t at = 0;
    const struct search_entry *entry;
    while ((entry = search_rotation(&tail->search, path, &at)) != NULL) {
        if (identity_is_inode(&file->id, &entry->stat, false) &&
            (file->place || file->fd >= 0 || copies_match(tail, entry->path, file)))
            return entry;
    }
    return NULL;
}

/** Past the bound the oldest is lost. */
static void put_or_lose(struct tail *tail, struct tail_file *old,
                        struct generations *all, const struct search_entry *entry)
{
    if (all->count == LIMIT_GENERATIONS) {
        bool is_oldest = compare_age(all, entry, all->items[0]) < 0;
        const struct search_entry *gone = is_oldest ? entry : all->items[0];
        files_count_unseen(&tail->files, old->path,
                           name_is_compressed(gone->name)
                               ? archives_estimate(tail, gone)
                               : gone->stat.size_bytes,
                           REASON_TOO_MANY_GENERATIONS);
        if (is_oldest)
            return;
        memmove(all->items, all->items + 1, --all->count * sizeof *all->items);
    }
    put_by_age(all, entry);
}

static void collect_packed(struct tail *tail, struct tail_file *old,
                           struct generations *all, const struct search_entry *entry)
{
    if (archives_want(old, entry))
        put_or_lose(tail, old, all, entry);
    else
        files_count_unseen(&tail->files, old->path, archives_estimate(tail, entry),
                           REASON_COMPRESSED);
}

/** Collect what was rotated between @old and now and is followed by nobody. */
static void collect(struct tail *tail, struct tail_file *old, const char *path,
                    struct generations *all)
{
    size_t at = 0;
    const struct search_entry *entry, *old_entry = entry_of(tail, path, old);
    while ((entry = search_rotation(&tail->search, path, &at)) != NULL) {
        if (files_with_inode(&tail->files, &entry->stat) ||
            !is_younger(all, entry, old, old_entry) ||
            copies_match(tail, entry->path, old))
            continue;
        if (!name_is_compressed(entry->name))
            put_or_lose(tail, old, all, entry);
        else if (!archives_has_twin(tail, entry) &&
                 (old_entry || archives_is_later(tail, entry, old)))
            collect_packed(tail, old, all, entry);
    }
}

/** Is @old where the youngest rotation lies, or where it always lay? Then nothing lies
 *  between, and nothing has to be listed. */
static bool is_next_to(struct tail *tail, const struct tail_file *old)
{
    struct fs_stat stat;
    struct slice home = slice_of(files_home(old));
    if (!old->place || !stat_path(tail, old->place, &stat) ||
        !identity_is_inode(&old->id, &stat, false))
        return false;
    return slice_equal(home, slice_of(old->place)) ||
           mark_is_youngest(name_mark(name_of(home), name_of(slice_of(old->place))));
}

/** Follow what lies at @entry whole, as a generation of the path of @like. */
static struct tail_file *follow_one(struct tail *tail, const struct tail_file *like,
                                    const struct search_entry *entry, const char *home)
{
    struct tail_file *file = tail_file_create(like->source, like->config, like->path);
    files_set_home(file, home);
    file->is_packed = name_is_compressed(entry->name);
    files_add(&tail->files, file);
    files_note(&tail->files, file, &entry->stat);
    files_move(&tail->files, file, entry->path);
    become_rotated(tail, file);
    tail->tally->rotations++;
    return file;
}

/** Follow @all, each whole, before @file. @home: as of @file, or NULL. */
static void follow_all(struct tail *tail, const struct generations *all,
                       struct tail_file *file, const char *home)
{
    for (size_t i = 0; i < all->count; i++)
        files_chain(follow_one(tail, file, all->items[i], home), file);
}

/** Follow the generations between @old and @file, each whole, before @file. */
static void follow_between(struct tail *tail, struct tail_file *old,
                           struct tail_file *file)
{
    const char *home = files_home(old);
    struct generations all = { .base = name_of(slice_of(home)) };
    if (planted(PLANT_BETWEEN_IS_SKIPPED) || is_next_to(tail, old))
        return;
    /* The listing may be older than the rotation that made @file. */
    (void)search_again(&tail->search, home);
    collect(tail, old, home, &all);
    follow_all(tail, &all, file, old->home);
}

/** @old is left, and nothing lies at its path whose begin would make us look for what
 *  was rotated in between: it is looked for now. */
static void follow_orphans(struct tail *tail, struct tail_file *old)
{
    struct fs_stat stat;
    char *home = mem_copy_text(files_home(old));
    struct generations all = { .base = name_of(slice_of(home)) };
    if (!old->has_heir && !stat_path(tail, home, &stat) && !is_next_to(tail, old)) {
        collect(tail, old, home, &all);
        if (all.count > 0) {
            const struct search_entry *youngest = all.items[--all.count];
            follow_all(tail, &all, follow_one(tail, old, youngest, old->home),
                       old->home);
        }
    }
    free(home);
}

/** Was anything made, renamed or deleted there? A listing costs more than a look. */
static bool folder_changed_since(struct tail *tail, const char *home, int64_t seen_ns)
{
    struct fs_stat stat;
    struct slice folder = folder_of(slice_of(home));
    char *path = mem_copy(folder.len > 0 ? folder : SLICE("."));
    bool has_changed = !stat_path(tail, path, &stat) || stat.modified_ns > seen_ns;
    free(path);
    return has_changed;
}

/** Follow what was made since @seen_ns in the folder of @file under the name of one of
 *  its rotations, and that nobody knows. */
static void follow_made_since(struct tail *tail, struct tail_file *file,
                              int64_t seen_ns, bool needs_birth)
{
    size_t at = 0;
    const struct search_entry *entry;
    if (!folder_changed_since(tail, files_home(file), seen_ns))
        return;
    /* A copy: opening the file may find that it has another home by now. */
    char *home = mem_copy_text(files_home(file));
    struct generations all = { .base = name_of(slice_of(home)) };
    (void)search_again(&tail->search, home);
    while ((entry = search_rotation(&tail->search, home, &at)) != NULL) {
        if ((entry->stat.birth != 0 || !needs_birth) && is_made_after(entry, seen_ns) &&
            has_digit(name_mark(all.base, entry->name)) &&
            !name_is_compressed(entry->name) &&
            !files_with_inode(&tail->files, &entry->stat) &&
            !copies_begin(tail, entry->path, file))
            put_by_age(&all, entry);
    }
    follow_all(tail, &all, file, file->home);
    free(home);
}

void rotation_missed(struct tail *tail, struct tail_file *file, int64_t seen_ns)
{
    follow_made_since(tail, file, seen_ns, true);
}

void rotation_succeed(struct tail *tail, struct tail_file *file)
{
    struct tail_file *old = map_find(&tail->files.rotated, slice_of(file->path));
    if (!old || old == file)
        return;
    files_chain(old, file);
    files_queue(&tail->files, old);
    follow_between(tail, old, file);
}

/* --- truncation
 * --------------------------------------------------------------------- */

/** What was copied before this moment is known: only later copies can be missed. */
static void begin_anew(struct tail *tail, struct tail_file *file)
{
    struct err err;
    struct fs_stat stat;
    const struct fs *fs = tail->files.fs;
    tail_file_restart(file);
    file->is_fresh = false;
    if (fs->fstat(fs->ctx, file->fd, &stat, &err))
        files_note(&tail->files, file, &stat);
    file->read_modified_ns = file->modified_ns;
}

void rotation_cut(struct tail *tail, struct tail_file *file)
{
    bool is_copied = false;
    struct tail_file *copy = NULL;
    if (file->is_packed) {
        archives_failed(tail, file, NULL);
        return;
    }
    files_queue(&tail->files, file);
    uint64_t failures = tail->reader.failures;
    if (file->offset > 0)
        copy = copies_adopt(tail, file, &is_copied);
    if (!is_copied && copies_cannot_tell(tail, file, failures))
        return;
    if (!is_copied && tail_file_shorten(file, &tail->reader))
        return;
    if (!is_copied && copies_cannot_tell(tail, file, failures))
        return;
    tail->tally->truncations++;
    copies_settle(tail, file);
    if (!is_copied && file->peak_bytes > file->offset)
        files_count_loss(&tail->files, file, file->peak_bytes - file->offset,
                         REASON_TRUNCATED);
    int64_t seen_ns = file->read_modified_ns;
    begin_anew(tail, file);
    if (copy)
        files_chain(copy, file);
    if (copy && file->state == TAIL_LIVE)
        follow_between(tail, copy, file);
    else if (!is_copied && file->state == TAIL_LIVE)
        follow_made_since(tail, file, seen_ns, false);
}

bool rotation_is_copy(struct tail *tail, struct tail_file *file)
{
    return !planted(PLANT_COPY_IS_NEW) &&
           (file->is_fresh || file->state == TAIL_COPY) && copies_repeat(tail, file);
}

/* --- the end of a generation
 * ---------------------------------------------------------- */

/** Is its place known, and right? Another file may have taken it over meanwhile. */
static bool has_place(struct tail *tail, struct tail_file *file)
{
    struct fs_stat stat;
    if (file->place && stat_path(tail, file->place, &stat) &&
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

static void give_up(struct tail *tail, struct tail_file *file)
{
    /* Nothing is given up by an old listing: the next turn may list again. */
    if (!search_again(&tail->search, files_home(file))) {
        files_queue(&tail->files, file);
        return;
    }
    const struct search_entry *entry = find_moved(tail, file, true);
    if (entry && !(file->place && strcmp(entry->path, file->place) == 0)) {
        go_on_at(tail, file, entry->path, &entry->stat);
        return;
    }
    const struct search_entry *packed = archives_find(tail, file);
    if (packed && archives_want(file, packed)) {
        go_on_at(tail, file, packed->path, &packed->stat);
        return;
    }
    int64_t unread =
        packed ? archives_unread(tail, packed, file->offset) : tail_file_waiting(file);
    if (packed && unread != 0)
        files_count_loss(&tail->files, file, unread, REASON_COMPRESSED);
    else if (!packed && (unread > 0 || file->state == TAIL_ROTATED))
        files_count_loss(&tail->files, file, unread, REASON_ROTATED_AWAY);
    follow_orphans(tail, file);
    files_drop(&tail->files, file, false);
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
        rotation_cut(tail, file);
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
    follow_orphans(tail, file);
    if (!settle(tail, file))
        files_drop(&tail->files, file, false);
}

void rotation_look_absent(struct tail *tail, struct tail_file *file)
{
    struct fs_stat stat;
    if (!stat_path(tail, file->path, &stat)) {
        if (tail->now.mono_ms - file->grown_at_ms >= ABSENT_MS)
            give_up(tail, file);
        return;
    }
    if (!stat.is_regular)
        return;
    if (identity_is_inode(&file->id, &stat, true)) {
        go_on_at(tail, file, file->path, &stat);
        files_set_state(&tail->files, file, TAIL_LIVE);
    } else {
        rotation_left(tail, file, true);
    }
}
