/** Looking for generations by inode, birth, name and content, and putting them in
 *  order. */
#include "agent/inputs/generations.h"

#include <stdlib.h>

#include "agent/base/mem.h"
#include "agent/base/plant.h"
#include "agent/inputs/archives.h"
#include "agent/inputs/copies.h"
#include "agent/inputs/names.h"

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
    if (!old->place || !tail_stat(tail, old->place, &stat) ||
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
    files_retire(&tail->files, file);
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
void generations_follow_between(struct tail *tail, struct tail_file *old,
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
void generations_follow_orphans(struct tail *tail, struct tail_file *old)
{
    struct fs_stat stat;
    char *home = mem_copy_text(files_home(old));
    struct generations all = { .base = name_of(slice_of(home)) };
    if (!old->has_heir && !tail_stat(tail, home, &stat) && !is_next_to(tail, old)) {
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
    bool has_changed = !tail_stat(tail, path, &stat) || stat.modified_ns > seen_ns;
    free(path);
    return has_changed;
}

/** Follow what was made since @seen_ns in the folder of @file under the name of one of
 *  its rotations, and that nobody knows. */
void generations_follow_made_since(struct tail *tail, struct tail_file *file,
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
