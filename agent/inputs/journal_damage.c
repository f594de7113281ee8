/** Sizes are compared first, so that nothing is opened where nothing is wrong. */
#include "agent/inputs/journal_damage.h"

#include <dirent.h>
#include <endian.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK_BYTES = 512 };
/* struct Header: its begin, and where the number of entries stands. */
enum { ENTRIES_AT = 152, HEADER_BYTES = ENTRIES_AT + 8 };
static const char signature[] = "LPKSHHRH";

/** A walk over all files. */
struct walk {
    bool (*can_open)(const char *path);
    int64_t since_us;
    uint64_t sum_bytes, missing_bytes;
    struct journal_damage *damage;
};

struct file {
    char path[JOURNAL_PATH_BYTES];
    uint64_t bytes;
    bool is_old; /* not written to since */
};

static uint64_t entries_of(const char *path)
{
    char header[HEADER_BYTES];
    uint64_t entries;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t got = fd < 0 ? -1 : pread(fd, header, sizeof header, 0);
    if (fd >= 0)
        close(fd);
    if (got != HEADER_BYTES || memcmp(header, signature, sizeof signature - 1) != 0)
        return 0;
    memcpy(&entries, header + ENTRIES_AT, sizeof entries);
    return le64toh(entries);
}

static void note(struct walk *walk, const struct file *file)
{
    struct journal_damage *damage = walk->damage;
    if (file->is_old)
        return;
    damage->files++;
    damage->entries += entries_of(file->path);
    memcpy(damage->path, file->path, sizeof damage->path);
}

static void add_bytes(struct walk *walk, const struct file *file)
{
    walk->sum_bytes += file->bytes;
}

/** A file that nobody can read on its own. */
static void note_broken(struct walk *walk, const struct file *file)
{
    if (walk->can_open(file->path))
        return;
    walk->missing_bytes -=
        file->bytes < walk->missing_bytes ? file->bytes : walk->missing_bytes;
    note(walk, file);
}

/** The file that was dropped, by its size. */
static void note_dropped(struct walk *walk, const struct file *file)
{
    if (file->bytes != walk->missing_bytes || !walk->can_open(file->path))
        return;
    note(walk, file);
    walk->missing_bytes = 0;
}

static void walk_folder(struct walk *walk, const char *path,
                        void (*each)(struct walk *walk, const struct file *file))
{
    struct dirent *entry;
    struct stat stat;
    DIR *folder = opendir(path);
    while (folder && (entry = readdir(folder)) != NULL) {
        struct file file;
        int len = snprintf(file.path, sizeof file.path, "%s/%s", path, entry->d_name);
        if (!journal_folders_is_file(entry->d_name) || len >= JOURNAL_PATH_BYTES ||
            fstatat(dirfd(folder), entry->d_name, &stat, 0) != 0 ||
            faccessat(dirfd(folder), entry->d_name, R_OK, AT_EACCESS) != 0)
            continue;
        file.bytes = (uint64_t)stat.st_blocks * BLOCK_BYTES;
        file.is_old = stat.st_mtim.tv_sec < walk->since_us / 1000000;
        each(walk, &file);
    }
    if (folder)
        closedir(folder);
}

static void walk_all(struct walk *walk, const struct journal_folders *folders,
                     void (*each)(struct walk *walk, const struct file *file))
{
    for (size_t i = 0; i < folders->count; i++)
        walk_folder(walk, folders->items[i], each);
}

bool journal_damage_find(const struct journal_folders *folders, uint64_t used_bytes,
                         bool (*can_open)(const char *path), int64_t since_us,
                         struct journal_damage *damage)
{
    struct walk walk = { can_open, since_us, 0, 0, damage };
    *damage = (struct journal_damage){ 0 };
    walk_all(&walk, folders, add_bytes);
    if (walk.sum_bytes <= used_bytes)
        return false;
    walk.missing_bytes = walk.sum_bytes - used_bytes;
    walk_all(&walk, folders, note_broken);
    if (walk.missing_bytes > 0)
        walk_all(&walk, folders, note_dropped);
    return damage->files > 0;
}
