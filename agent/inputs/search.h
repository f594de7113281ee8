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
    char *folder;               /**< of the entries; NULL: none */
    struct search_entry *items; /**< sorted by name */
    size_t count, capacity;
    int list_count; /**< listings in this pass */
    struct search_entry guess;
    char mark[64]; /**< what the last rotation added to a name; "" counts as ".1" */
    bool is_infix; /**< ... before its ending */
};

/** Forget the listing: a new pass begins. */
void search_forget(struct search *search);
void search_clear(struct search *search);

/** The file that would be the youngest rotation of @path if it was made like the one
 *  before; NULL: none. Costs no listing. Good until the next guess. */
const struct search_entry *search_guess(struct search *search, const char *path);
/** @entry was a rotation of @path: the next guess is made after it. */
void search_learn(struct search *search, const char *path,
                  const struct search_entry *entry);

enum search_names { SEARCH_ROTATIONS, SEARCH_ALL_NAMES };

/** The entry that is the inode of @identity, in the folder of @path: among the names
 *  that a rotation of @path has, then perhaps among all. NULL: none.
 *  @is_other_boot  as identity_is_inode() */
const struct search_entry *search_inode(struct search *search, const char *path,
                                        const struct identity *identity,
                                        bool is_other_boot, enum search_names names);

/** The next regular file whose name is a rotation of @path; start with *@at = 0. */
const struct search_entry *search_rotation(struct search *search, const char *path,
                                           size_t *at);

/** List the folder of @path anew, because what was looked for may be younger than the
 *  listing. @return false when this pass has listed enough. */
bool search_again(struct search *search, const char *path);

/** @folder and @name joined, to be free()d; "" is the current folder. */
char *path_join(struct slice folder, struct slice name);

#endif
