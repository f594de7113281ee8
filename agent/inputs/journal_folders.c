/** Names, permissions and times; no file is read. */
#include "agent/inputs/journal_folders.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/hash.h"
#include "agent/base/mem.h"

/* The library has at most so many folders open besides when it opens a file. */
enum { SPARE_DESCRIPTORS = 4 };
enum { MACHINE_DIGITS = 32 };

/* systemd-journald.service(8): persistent and volatile. */
static const char *const own_folders[] = { "/var/log/journal", "/run/log/journal" };
enum { OWN_FOLDERS = sizeof own_folders / sizeof *own_folders };

void journal_folders_clear(struct journal_folders *folders)
{
    while (folders->count > 0)
        free(folders->items[--folders->count]);
}

/* --- which ------------------------------------------------------------------------ */

static void add_folder(struct journal_folders *folders, const char *path,
                       const char *name)
{
    char below[PATH_MAX];
    int len = snprintf(below, sizeof below, "%s/%s", path, name);
    if (len < (int)sizeof below && folders->count < JOURNAL_FOLDERS)
        folders->items[folders->count++] = mem_copy_text(name[0] ? below : path);
}

/** "0123456789abcdef0123456789abcdef", or that with ".NAMESPACE": the library looks
 *  into no others. */
static bool is_of_a_machine(const char *name)
{
    size_t digits = strspn(name, "0123456789abcdef");
    return digits == MACHINE_DIGITS && (name[digits] == '\0' || name[digits] == '.');
}

static void find_below(struct journal_folders *folders, const char *path)
{
    struct dirent *entry;
    DIR *folder = opendir(path);
    while (folder && (entry = readdir(folder)) != NULL) {
        bool may_be_one = entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN;
        if (may_be_one && is_of_a_machine(entry->d_name))
            add_folder(folders, path, entry->d_name);
    }
    if (folder)
        closedir(folder);
}

static void find_folders(struct journal_folders *folders)
{
    journal_folders_clear(folders);
    if (folders->directory.len > 0) {
        char *path = mem_copy(folders->directory);
        add_folder(folders, path, "");
        find_below(folders, path);
        free(path);
        return;
    }
    for (size_t i = 0; i < OWN_FOLDERS; i++) {
        add_folder(folders, own_folders[i], "");
        if (folders->machine[0])
            add_folder(folders, own_folders[i], folders->machine);
    }
}

/* --- what is in them -------------------------------------------------------------- */

static void note_unreadable(struct journal_health *health, const char *folder,
                            const char *name)
{
    health->unreadable++;
    err_set_errno(&health->why,
                  "'%s/%s' cannot be read (is the user in group systemd-journal?)",
                  folder, name);
}

bool journal_folders_is_file(const char *name)
{
    struct slice text = slice_of(name);
    return slice_ends(text, SLICE(".journal")) || slice_ends(text, SLICE(".journal~"));
}

static void survey_folder(struct journal_health *health, const char *path,
                          uint64_t *listing)
{
    struct dirent *entry;
    DIR *folder = opendir(path);
    if (!folder && errno != ENOENT && errno != ENOTDIR) {
        health->files++;
        note_unreadable(health, path, "");
    }
    while (folder && (entry = readdir(folder)) != NULL) {
        if (!journal_folders_is_file(entry->d_name))
            continue;
        health->files++;
        /* A sum, so that the order in which a folder is listed does not matter. */
        *listing += hash_bytes(slice_of(entry->d_name));
        if (faccessat(dirfd(folder), entry->d_name, R_OK, AT_EACCESS) != 0 &&
            errno != ENOENT)
            note_unreadable(health, path, entry->d_name);
    }
    if (folder)
        closedir(folder);
}

struct journal_health journal_folders_survey(struct journal_folders *folders,
                                             uint64_t *listing)
{
    struct journal_health health = { 0 };
    uint64_t sum = 0;
    find_folders(folders);
    for (size_t i = 0; i < folders->count; i++)
        survey_folder(&health, folders->items[i], &sum);
    if (listing)
        *listing = sum;
    return health;
}

bool journal_folders_usable(const struct journal_folders *folders,
                            const struct journal_health *health, struct err *err)
{
    if (health->files == 0 && folders->directory.len > 0)
        return err_set(err, ERR_MISSING, "there is no journal file in '%.*s'",
                       SLICE_ARG(folders->directory));
    if (health->files == 0)
        return err_set(err, ERR_MISSING,
                       "there is no journal of this machine in '%s' or '%s'",
                       own_folders[0], own_folders[1]);
    if (health->unreadable == health->files) {
        *err = health->why;
        return false;
    }
    return true;
}

/* --- their times ------------------------------------------------------------------ */

static int64_t sum_of_times(const struct journal_folders *folders)
{
    struct stat stat;
    int64_t sum = 0;
    for (size_t i = 0; i < folders->count; i++) {
        if (fstatat(AT_FDCWD, folders->items[i], &stat, 0) == 0)
            sum += stat.st_mtim.tv_sec * INT64_C(1000000000) + stat.st_mtim.tv_nsec;
    }
    return sum;
}

void journal_folders_note(struct journal_folders *folders)
{
    folders->changed_ns = sum_of_times(folders);
}

bool journal_folders_changed(const struct journal_folders *folders)
{
    return sum_of_times(folders) != folders->changed_ns;
}

/* --- descriptors ------------------------------------------------------------------ */

bool journal_has_descriptors(struct err *err)
{
    int fds[SPARE_DESCRIPTORS];
    int count = 0;
    while (count < SPARE_DESCRIPTORS &&
           (fds[count] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
        count++;
    bool is_good = count == SPARE_DESCRIPTORS || (errno != EMFILE && errno != ENFILE);
    while (count > 0)
        close(fds[--count]);
    return is_good || err_set(err, ERR_FULL,
                              "too few file descriptors are left for the journal's "
                              "files; raise LimitNOFILE= or `ulimit -n`");
}
