/**
 * Looks for a generation of a file in the folder where it lay: by inode, under the
 * names that rotations make, under any name. A folder is listed once and remembered
 * while one pass over the files lasts, because at midnight all of them rotate together.
 */
#ifndef TOCSIN_INPUTS_SEARCH_H
#define TOCSIN_INPUTS_SEARCH_H

#include "agent/base/fs.h"
#include "agent/inputs/identity.h"

struct search_entry {
    char *path;
    struct slice name; /**< the last part of it */
    struct fs_stat stat;
    bool has_stat, is_file;
};

struct search {
    const struct fs *fs;
    char *folder; /**< of the entries; NULL: none */
    struct search_entry *items;
    size_t count, capacity;
    int list_count; /**< listings in this pass */
};

/** Forget the listing: a new pass begins. */
void search_forget(struct search *search);

/** The entry that is the inode of @identity, in the folder of @path; names that a
 *  rotation of @path has are looked at first. @is_other_boot: as identity_is_inode.
 *  NULL: none. */
const struct search_entry *search_inode(struct search *search, const char *path,
                                        const struct identity *identity,
                                        bool is_other_boot);

/** The next regular file whose name is a rotation of @path; start with *@at = 0. */
const struct search_entry *search_rotation(struct search *search, const char *path,
                                           size_t *at);

/** List the folder of @path anew, because what was looked for may be younger than the
 *  listing. @return false when this pass has listed enough. */
bool search_again(struct search *search, const char *path);

/** @folder and @name joined, to be free()d; "" is the current folder. */
char *path_join(struct slice folder, struct slice name);

#endif
