/** Finding a generation in its folder. */
#include "agent/inputs/search.h"

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

static void add_entry(void *ctx, const char *name)
{
    struct search *search = ctx;
    struct search_entry *entry =
        mem_push(search->items, search->count, search->capacity);
    entry->path = path_join(slice_of(search->folder), slice_of(name));
    entry->name = name_of(slice_of(entry->path));
}

static void list_folder(struct search *search, struct slice folder)
{
    struct err err;
    drop_entries(search);
    search->folder = mem_copy(folder);
    search->list_count++;
    const char *name = folder.len > 0 ? search->folder : ".";
    (void)search->fs->list(search->fs->ctx, name, add_entry, search, &err);
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

static const struct search_entry *find_listed(struct search *search, const char *path,
                                              const struct identity *identity,
                                              bool is_other_boot)
{
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < search->count; i++) {
            struct search_entry *entry = &search->items[i];
            if (is_rotation(path, entry) == (pass == 0) &&
                entry_is_file(search, entry) &&
                identity_is_inode(identity, &entry->stat, is_other_boot))
                return entry;
        }
    }
    return NULL;
}

const struct search_entry *search_inode(struct search *search, const char *path,
                                        const struct identity *identity,
                                        bool is_other_boot)
{
    bool is_new = ensure_folder(search, path);
    const struct search_entry *entry =
        find_listed(search, path, identity, is_other_boot);
    if (entry || is_new || !search_again(search, path))
        return entry;
    return find_listed(search, path, identity, is_other_boot);
}

const struct search_entry *search_rotation(struct search *search, const char *path,
                                           size_t *at)
{
    ensure_folder(search, path);
    while (*at < search->count) {
        struct search_entry *entry = &search->items[(*at)++];
        if (is_rotation(path, entry) && entry_is_file(search, entry))
            return entry;
    }
    return NULL;
}
