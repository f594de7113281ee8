/** Looking for generations by inode, birth, name and content, and putting them in
 *  order. */
#include "agent/inputs/generations.h"

#include <stdlib.h>

#include "agent/base/mem.h"
#include "agent/base/plant.h"
#include "agent/inputs/archives.h"
#include "agent/inputs/copies.h"
#include "agent/inputs/losses.h"
#include "agent/inputs/names.h"

struct generations {
    const struct search_entry **items; /**< the oldest first */
    size_t count, capacity;
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

/** When @entry was made. Without a birth its last change has to do. */
static int64_t made_ns(const struct search_entry *entry)
{
    int64_t birth_ns = (int64_t)entry->stat.birth;
    return birth_ns != 0 ? birth_ns : entry->stat.modified_ns;
}

/** Was @entry made after all that @file knows? */
static bool is_made_after(const struct search_entry *entry,
                          const struct tail_file *file)
{
    return file->known_ns != 0 && made_ns(entry) > file->known_ns;
}

/** Was @entry made after @old? @old_entry: where that lies, NULL when it is gone: then
 *  what was made after its last change that we saw can hold nothing that was read. */
static bool is_younger(const struct generations *all, const struct search_entry *entry,
                       const struct tail_file *old,
                       const struct search_entry *old_entry)
{
    struct slice mark = name_mark(all->base, entry->name);
    if (!old_entry)
        return mark_has_digit(mark) && is_made_after(entry, old);
    return marks_are_alike(mark, name_mark(all->base, old_entry->name)) &&
           compare_age(all, old_entry, entry) < 0;
}

static void put_by_age(struct generations *all, const struct search_entry *entry)
{
    (void)mem_push(all->items, all->count, all->capacity);
    size_t i = all->count - 1;
    for (; i > 0 && compare_age(all, entry, all->items[i - 1]) < 0; i--)
        all->items[i] = all->items[i - 1];
    all->items[i] = entry;
}

/** Where @old lies now, by its inode: its `place` can be older than a rotation. */
static const struct search_entry *entry_of(struct tail *tail, const char *path,
                                           const struct tail_file *old)
{
    size_t at = 0;
    const struct search_entry *entry;
    while ((entry = search_rotation(&tail->search, path, &at)) != NULL) {
        if (copies_is_it(tail, entry->path, &entry->stat, old))
            return entry;
    }
    return NULL;
}

/** Does the place of @old hold a file that was empty when it was left, and that nothing
 *  but its inode's number speaks for? Whatever it holds by now was never read. */
static bool is_filled_since(const struct tail_file *old,
                            const struct search_entry *entry)
{
    return old->offset == 0 && old->id.birth == 0 && entry->stat.size_bytes > 0;
}

/** Was @entry made after what lies at @younger, the file that was known next? NULL:
 *  that is no rotation yet, and nothing is younger. */
static bool is_after(const struct generations *all, const struct search_entry *younger,
                     const struct search_entry *entry)
{
    return younger && compare_age(all, younger, entry) < 0;
}

/** Can @entry have come and gone between @old and now? */
static bool is_between(struct tail *tail, const struct tail_file *old,
                       const struct search_entry *old_entry,
                       const struct search_entry *entry, const struct generations *all)
{
    if (files_with_inode(&tail->files, &entry->stat))
        return false;
    if (entry == old_entry)
        return is_filled_since(old, entry);
    if (!is_younger(all, entry, old, old_entry) || copies_match(tail, entry->path, old))
        return false;
    return !name_is_compressed(entry->name) ||
           (!archives_has_twin(tail, entry) &&
            (old_entry || archives_is_later(tail, entry, old)));
}

/** Collect what was rotated between @old and @file (NULL: and now) and is followed by
 *  nobody. @return false when that cannot be told, because something could not be
 *  read. */
static bool collect(struct tail *tail, const struct tail_file *old,
                    const struct tail_file *file, struct generations *all)
{
    size_t at = 0;
    const char *path = files_home(old);
    uint64_t failures = tail->reader.failures;
    bool is_rotated = file && file->state == TAIL_ROTATED;
    const struct search_entry *entry, *old_entry = entry_of(tail, path, old);
    const struct search_entry *younger = is_rotated ? entry_of(tail, path, file) : NULL;
    while ((entry = search_rotation(&tail->search, path, &at)) != NULL) {
        if (!is_after(all, younger, entry) &&
            is_between(tail, old, old_entry, entry, all))
            put_by_age(all, entry);
    }
    return tail->reader.failures == failures;
}

/** Is @old where the youngest rotation lies, or where it always lay? Then nothing lies
 *  between, and nothing has to be listed. */
static bool is_next_to(struct tail *tail, const struct tail_file *old)
{
    struct fs_stat stat;
    struct slice home = slice_of(files_home(old));
    if (!old->place || !tail_stat(tail, old->place, &stat) ||
        !copies_is_it(tail, old->place, &stat, old))
        return false;
    return slice_equal(home, slice_of(old->place)) ||
           mark_is_youngest(name_mark(name_of(home), name_of(slice_of(old->place))));
}

/* --- following them --------------------------------------------------------------- */

/** Follow what lies at @entry whole, as a generation of the path of @like. */
static struct tail_file *follow_one(struct tail *tail, const struct tail_file *like,
                                    const struct search_entry *entry)
{
    struct tail_file *file = tail_file_create(like->source, like->config, like->path);
    files_set_home(file, like->home);
    file->is_packed = name_is_compressed(entry->name);
    files_add(&tail->files, file);
    files_note(&tail->files, file, &entry->stat);
    files_move(&tail->files, file, entry->path);
    files_retire(&tail->files, file);
    tail->tally->rotations++;
    return file;
}

static void lose(struct tail *tail, const char *path, const struct search_entry *entry,
                 enum ledger_reason reason)
{
    int64_t bytes = name_is_compressed(entry->name) ? archives_estimate(tail, entry)
                                                    : entry->stat.size_bytes;
    losses_count_unseen(&tail->files, path, bytes, reason);
}

/** What cannot be unpacked is lost, and past the bound the oldest are. */
static void lose_some(struct tail *tail, const struct tail_file *like,
                      struct generations *all)
{
    size_t kept = 0, first;
    for (size_t i = 0; i < all->count; i++) {
        const struct search_entry *entry = all->items[i];
        if (!name_is_compressed(entry->name) || archives_want(like, entry))
            all->items[kept++] = entry;
        else
            lose(tail, like->path, entry, REASON_COMPRESSED);
    }
    first = kept > LIMIT_GENERATIONS ? kept - LIMIT_GENERATIONS : 0;
    for (size_t i = 0; i < first; i++)
        lose(tail, like->path, all->items[i], REASON_TOO_MANY_GENERATIONS);
    all->count = kept - first;
    if (first > 0)
        memmove(all->items, all->items + first, all->count * sizeof(void *));
}

/** Follow @all, each whole, before @younger; NULL: the last of them is the youngest. */
static void follow_all(struct tail *tail, const struct tail_file *like,
                       struct generations *all, struct tail_file *younger)
{
    lose_some(tail, like, all);
    if (!younger && all->count > 0)
        younger = follow_one(tail, like, all->items[--all->count]);
    for (size_t i = 0; i < all->count; i++)
        files_chain(&tail->files, follow_one(tail, like, all->items[i]), younger);
}

bool generations_follow_between(struct tail *tail, const struct tail_file *old,
                                struct tail_file *file)
{
    const char *home = files_home(old);
    struct generations all = { .base = name_of(slice_of(home)) };
    uint64_t failures = tail->reader.failures;
    if (planted(PLANT_BETWEEN_IS_SKIPPED) || is_next_to(tail, old))
        return true;
    /* The listing may be older than the rotation that made @file. */
    (void)search_again(&tail->search, home);
    (void)collect(tail, old, file, &all);
    bool is_told = !copies_cannot_tell(tail, file, failures);
    if (is_told)
        follow_all(tail, old, &all, file);
    free(all.items);
    return is_told;
}

enum generations_found generations_follow_orphans(struct tail *tail,
                                                  const struct tail_file *old,
                                                  bool is_patient)
{
    const char *home = files_home(old);
    struct generations all = { .base = name_of(slice_of(home)) };
    enum generations_found found = GENERATIONS_UNKNOWN;
    if (is_next_to(tail, old))
        return GENERATIONS_NONE;
    if (collect(tail, old, NULL, &all) || !is_patient) {
        found = all.count > 0 ? GENERATIONS_FOLLOWED : GENERATIONS_NONE;
        follow_all(tail, old, &all, NULL);
    }
    free(all.items);
    return found;
}

/* --- made since ------------------------------------------------------------------- */

/** Was anything made, renamed or deleted there? A listing costs more than a look. */
static bool has_folder_changed(struct tail *tail, const struct tail_file *file)
{
    int64_t changed_ns = generations_folder_changed(tail, files_home(file));
    return changed_ns == 0 || changed_ns > file->known_ns;
}

int64_t generations_folder_changed(struct tail *tail, const char *home)
{
    struct fs_stat stat;
    struct slice folder = folder_of(slice_of(home));
    char *path = mem_copy(folder.len > 0 ? folder : SLICE("."));
    int64_t changed_ns = tail_stat(tail, path, &stat) ? stat.modified_ns : 0;
    free(path);
    return changed_ns;
}

static bool is_made_since(struct tail *tail, const struct search_entry *entry,
                          struct tail_file *file)
{
    struct slice base = name_of(slice_of(files_home(file)));
    return is_made_after(entry, file) && mark_has_digit(name_mark(base, entry->name)) &&
           !name_is_compressed(entry->name) &&
           !files_with_inode(&tail->files, &entry->stat) &&
           !copies_begin(tail, entry->path, file);
}

bool generations_follow_made_since(struct tail *tail, struct tail_file *file,
                                   bool needs_birth)
{
    size_t at = 0;
    const struct search_entry *entry;
    uint64_t failures = tail->reader.failures;
    if (!has_folder_changed(tail, file)) {
        tail_file_knows(file, file->modified_ns);
        return true;
    }
    /* A copy: opening the file may find that it has another home by now. */
    char *home = mem_copy_text(files_home(file));
    struct generations all = { .base = name_of(slice_of(home)) };
    bool has_seen = false;
    (void)search_again(&tail->search, home);
    while ((entry = search_rotation(&tail->search, home, &at)) != NULL) {
        if ((entry->stat.birth != 0 || !needs_birth) &&
            is_made_since(tail, entry, file)) {
            put_by_age(&all, entry);
            has_seen |= copies_hold_seen(tail, entry->path, file);
        }
    }
    bool is_told = !copies_cannot_tell(tail, file, failures);
    if (is_told && has_seen)
        tail_file_forget_seen(file);
    if (is_told) {
        for (size_t i = 0; i < all.count; i++)
            tail_file_knows(file, made_ns(all.items[i]));
        tail_file_knows(file, file->modified_ns);
        follow_all(tail, file, &all, file);
    }
    free(all.items);
    free(home);
    return is_told;
}
