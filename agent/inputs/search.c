/** Finding a generation in its folder. */
#include "agent/inputs/search.h"

#include <limits.h>
#include <stdlib.h>

#include "agent/base/mem.h"
#include "agent/inputs/names.h"

enum { MAX_LISTINGS = 16 }; /* a pass over thousands of deleted files must end */

char *path_join(struct slice folder, struct slice name)
{
    bool needs_slash = folder.len > 0 && folder.ptr[folder.len - 1] != '/';
    char *path = mem_zalloc(folder.len + needs_slash + name.len + 1);
    if (folder.len > 0)
        memcpy(path, folder.ptr, folder.len);
    if (needs_slash)
        path[folder.len] = '/';
    if (name.len > 0)
        memcpy(path + folder.len + needs_slash, name.ptr, name.len);
    return path;
}

static void drop_entries(struct search *search)
{
    for (size_t i = 0; i < search->count; i++)
        free(search->items[i].path);
    free(search->items);
    free(search->folder);
    search->items = NULL;
    search->count = search->capacity = 0;
    search->folder = NULL;
}

void search_forget(struct search *search)
{
    drop_entries(search);
    search->list_count = 0;
}

void search_clear(struct search *search)
{
    drop_entries(search);
    free(search->guess.path);
    search->guess.path = NULL;
}

static void add_entry(void *ctx, const char *name)
{
    struct search *search = ctx;
    struct search_entry *entry =
        mem_push(search->items, search->count, search->capacity);
    entry->path = path_join(slice_of(search->folder), slice_of(name));
    entry->name = name_of(slice_of(entry->path));
}

static int compare_names(const void *a, const void *b)
{
    const struct search_entry *x = a, *y = b;
    return slice_compare(x->name, y->name);
}

static void list_folder(struct search *search, struct slice folder)
{
    struct err err;
    drop_entries(search);
    search->folder = mem_copy(folder);
    search->list_count++;
    const char *name = folder.len > 0 ? search->folder : ".";
    (void)search->fs->list(search->fs->ctx, name, add_entry, search, &err);
    if (search->count > 0)
        qsort(search->items, search->count, sizeof *search->items, compare_names);
}

bool search_again(struct search *search, const char *path)
{
    if (search->list_count >= MAX_LISTINGS)
        return false;
    list_folder(search, folder_of(slice_of(path)));
    return true;
}

/** Have the entries of the folder of @path. @return true when they were listed just
 *  now. */
static bool ensure_folder(struct search *search, const char *path)
{
    struct slice folder = folder_of(slice_of(path));
    if (search->folder && slice_equal(slice_of(search->folder), folder))
        return false;
    list_folder(search, folder);
    return true;
}

static bool entry_is_file(struct search *search, struct search_entry *entry)
{
    struct err err;
    if (!entry->has_stat) {
        entry->has_stat = true;
        entry->is_file =
            search->fs->stat(search->fs->ctx, entry->path, &entry->stat, &err) &&
            entry->stat.is_regular;
    }
    return entry->is_file;
}

static bool is_rotation(const char *path, const struct search_entry *entry)
{
    return name_mark(name_of(slice_of(path)), entry->name).len > 0;
}

/** The first entry that does not sort before @name. */
static size_t first_not_before(const struct search *search, struct slice name)
{
    size_t low = 0, high = search->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (slice_compare(search->items[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct search_entry *search_rotation(struct search *search, const char *path,
                                           size_t *at)
{
    ensure_folder(search, path);
    struct slice stem = name_stem(name_of(slice_of(path)));
    size_t i = first_not_before(search, stem) + *at;
    while (i < search->count && slice_starts(search->items[i].name, stem)) {
        struct search_entry *entry = &search->items[i++];
        ++*at;
        if (is_rotation(path, entry) && entry_is_file(search, entry))
            return entry;
    }
    return NULL;
}

/* --- guesses ---------------------------------------------------------------------- */

static char *guessed_path(const struct search *search, const char *path)
{
    struct slice name = name_of(slice_of(path));
    struct slice stem = search->is_infix ? name_stem(name) : name;
    size_t head = (size_t)(name.ptr - path) + stem.len;
    struct buf out = buf_make(PATH_MAX);
    buf_put(&out, slice_make(path, head));
    buf_puts(&out, search->mark[0] ? search->mark : ".1");
    buf_put(&out, slice_make(path + head, name.len - stem.len));
    char *guess = out.overflowed ? NULL : mem_copy(buf_slice(&out));
    buf_free(&out);
    return guess;
}

const struct search_entry *search_guess(struct search *search, const char *path)
{
    struct search_entry *guess = &search->guess;
    free(guess->path);
    *guess = (struct search_entry){ .path = guessed_path(search, path) };
    if (!guess->path)
        return NULL;
    guess->name = name_of(slice_of(guess->path));
    return entry_is_file(search, guess) ? guess : NULL;
}

void search_learn(struct search *search, const char *path,
                  const struct search_entry *entry)
{
    struct slice name = name_of(slice_of(path));
    struct slice mark = name_mark(name, entry->name);
    if (mark.len == 0 || mark.len >= sizeof search->mark ||
        name_is_compressed(entry->name))
        return;
    memcpy(search->mark, mark.ptr, mark.len);
    search->mark[mark.len] = '\0';
    search->is_infix = !slice_starts(entry->name, name);
}

/* --- by inode --------------------------------------------------------------------- */

static const struct search_entry *find_listed(struct search *search, const char *path,
                                              const struct identity *identity,
                                              bool is_other_boot,
                                              enum search_names names)
{
    size_t at = 0;
    struct search_entry *entry;
    const struct search_entry *rotation;
    while ((rotation = search_rotation(search, path, &at)) != NULL) {
        if (identity_is_inode(identity, &rotation->stat, is_other_boot))
            return rotation;
    }
    for (size_t i = 0; names == SEARCH_ALL_NAMES && i < search->count; i++) {
        entry = &search->items[i];
        if (entry_is_file(search, entry) &&
            identity_is_inode(identity, &entry->stat, is_other_boot))
            return entry;
    }
    return NULL;
}

const struct search_entry *search_inode(struct search *search, const char *path,
                                        const struct identity *identity,
                                        bool is_other_boot, enum search_names names)
{
    const struct search_entry *entry = search_guess(search, path);
    if (entry && identity_is_inode(identity, &entry->stat, is_other_boot))
        return entry;
    bool is_new = ensure_folder(search, path);
    entry = find_listed(search, path, identity, is_other_boot, names);
    if (!entry && !is_new && search_again(search, path))
        entry = find_listed(search, path, identity, is_other_boot, names);
    if (entry)
        search_learn(search, path, entry);
    return entry;
}
