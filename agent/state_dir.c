/** Files beside the store, and looks at it from outside. */
#include "agent/state_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/mem.h"
#include "agent/base/text.h"

#define STORE "tocsin.db"
static const char *const suffixes[2] = { "", "-wal" };

enum { STARTS_KEPT = 50, LINE_BYTES = 64 };

/* --- the folder ------------------------------------------------------------------- */

bool state_dir_make(const char *folder, struct err *err)
{
    struct stat stat_folder;
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return err_set_errno(err, "the state folder '%s' cannot be made", folder);
    if (stat(folder, &stat_folder) != 0)
        return err_set_errno(err, "cannot look at the state folder '%s'", folder);
    if (stat_folder.st_mode & 022)
        return err_set(err, ERR_DENIED,
                       "others can write into the state folder '%s'; chmod go-w it, or "
                       "take one of its own",
                       folder);
    return true;
}

static const struct {
    int64_t type;
    const char *doubt;
} doubts[] = {
    { TMPFS_MAGIC,
      "lies on tmpfs, which a reboot empties: what was read and what waits "
      "to be sent is forgotten then" },
    { RAMFS_MAGIC,
      "lies on ramfs, which a reboot empties: what was read and what waits "
      "to be sent is forgotten then" },
    { NFS_SUPER_MAGIC, "lies on NFS, where a store can be damaged by locks and caches; "
                       "take a local disk" },
    { V9FS_MAGIC,
      "lies on 9p, where a store can be damaged by locks and caches; take a "
      "local disk" },
    { SMB_SUPER_MAGIC, "lies on SMB, where a store can be damaged by locks and caches; "
                       "take a local disk" },
    { CIFS_SUPER_MAGIC,
      "lies on SMB, where a store can be damaged by locks and caches; "
      "take a local disk" },
    { SMB2_SUPER_MAGIC,
      "lies on SMB, where a store can be damaged by locks and caches; "
      "take a local disk" },
};

const char *state_dir_doubt(int64_t type)
{
    for (size_t i = 0; i < sizeof doubts / sizeof *doubts; i++)
        if (doubts[i].type == type)
            return doubts[i].doubt;
    return NULL;
}

static char *path_in(const char *folder, const char *name, const char *suffix)
{
    struct buf path = buf_make(PATH_MAX);
    buf_printf(&path, "%s/%s%s", folder, name, suffix);
    char *copy = mem_copy(buf_slice(&path));
    buf_free(&path);
    return copy;
}

/* --- how often it was opened ------------------------------------------------------ */

/** Lines of "count unix_ms", the newest last. */
struct starts {
    struct {
        uint64_t count;
        int64_t unix_ms;
    } items[STARTS_KEPT];
    size_t used;
};

static void read_starts(const char *folder, struct starts *starts)
{
    char line[LINE_BYTES];
    char *path = path_in(folder, "starts", "");
    FILE *in = fopen(path, "re");
    starts->used = 0;
    while (in && starts->used < STARTS_KEPT && fgets(line, sizeof line, in)) {
        int64_t count, unix_ms;
        struct slice rest = slice_trim(slice_of(line)), word;
        if (!slice_next(&rest, ' ', &word) || !slice_to_int(word, &count) ||
            !slice_to_int(rest, &unix_ms) || count < 0)
            continue;
        starts->items[starts->used].count = (uint64_t)count;
        starts->items[starts->used++].unix_ms = unix_ms;
    }
    if (in)
        fclose(in);
    free(path);
}

static uint64_t last_count(const struct starts *starts)
{
    return starts->used > 0 ? starts->items[starts->used - 1].count : 0;
}

static bool write_durably(const char *path, struct slice bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return false;
    bool ok = write(fd, bytes.ptr, bytes.len) == (ssize_t)bytes.len && fsync(fd) == 0;
    return close(fd) == 0 && ok;
}

/** The new file takes the place of the old one at once, or not at all. */
static void write_starts(const char *folder, const struct starts *starts)
{
    struct buf lines = buf_make(STARTS_KEPT * LINE_BYTES);
    char *path = path_in(folder, "starts", ""),
         *fresh = path_in(folder, "starts", ".new");
    for (size_t i = 0; i < starts->used; i++)
        buf_printf(&lines, "%llu %lld\n", (unsigned long long)starts->items[i].count,
                   (long long)starts->items[i].unix_ms);
    if (write_durably(fresh, buf_slice(&lines)))
        (void)rename(fresh, path);
    buf_free(&lines);
    free(path);
    free(fresh);
}

/** When the store was as it is now, at the earliest; 0: nobody knows. */
static int64_t time_of(const struct starts *starts, uint64_t count)
{
    for (size_t i = starts->used; i > 0; i--)
        if (starts->items[i - 1].count <= count)
            return starts->items[i - 1].unix_ms;
    return 0;
}

static void tell_restored(int64_t since_ms, struct state_news *news)
{
    struct buf since = buf_make(64);
    snprintf(news->kind, sizeof news->kind, "restored-store");
    if (since_ms > 0)
        text_put_time(&since, since_ms, 0);
    else
        buf_puts(&since, "an unknown time");
    snprintf(news->summary, sizeof news->summary,
             "the store is older than it was: lines and mails since %s may come again",
             since.ptr);
    buf_free(&since);
    news->description =
        "Somebody has put a copy of the store back, or the disk an older state of it. "
        "What was read and sent since then is not in it. Mails that come again have "
        "the "
        "Message-ID they had.";
}

static void append_start(struct starts *starts, uint64_t count, struct now now)
{
    if (starts->used == STARTS_KEPT)
        memmove(&starts->items[0], &starts->items[1],
                --starts->used * sizeof starts->items[0]);
    starts->items[starts->used].count = count;
    starts->items[starts->used++].unix_ms = now.unix_ms;
}

void state_dir_note(const char *folder, uint64_t count, struct now now,
                    struct state_news *news)
{
    struct starts starts;
    read_starts(folder, &starts);
    uint64_t known = last_count(&starts);
    /* The store was counted up just now, the file was not. */
    if (known >= count && news && !news->kind[0])
        tell_restored(time_of(&starts, count - 1), news);
    /* Only what leads up to this store is of use to the next one. */
    while (starts.used > 0 && last_count(&starts) >= count)
        starts.used--;
    append_start(&starts, count, now);
    write_starts(folder, &starts);
}

/* --- damaged or gone -------------------------------------------------------------- */

static const char lost_description[] =
    "The agent has begun a new store: it reads on at the end of each log, and whatever "
    "was counted, held back or waiting to be sent is only in the old one. Lines that "
    "were written and not read before are not read any more.";

bool state_dir_set_aside(const char *folder, const char *why, struct now now,
                         struct state_news *news, struct err *err)
{
    char name[64];
    struct starts none = { 0 };
    bool ok = true;
    snprintf(name, sizeof name, "corrupt-%lld.db", (long long)(now.unix_ms / 1000));
    for (size_t i = 0; ok && i < 2; i++) {
        char *from = path_in(folder, STORE, suffixes[i]);
        char *to = path_in(folder, name, suffixes[i]);
        if (rename(from, to) != 0 && errno != ENOENT)
            ok =
                err_set_errno(err, "the damaged store '%s' cannot be moved away", from);
        free(from);
        free(to);
    }
    snprintf(news->kind, sizeof news->kind, "damaged-store");
    snprintf(news->summary, sizeof news->summary, "%.400s: it is kept as '%s'", why,
             name);
    news->description = lost_description;
    write_starts(folder, &none);
    return ok;
}

static int64_t size_of(const char *folder, const char *suffix)
{
    struct stat now;
    char *path = path_in(folder, STORE, suffix);
    int64_t size = stat(path, &now) == 0 ? now.st_size : 0;
    free(path);
    return size;
}

bool state_dir_look(const char *folder, struct now now, struct state_news *news,
                    struct err *err)
{
    struct starts starts;
    read_starts(folder, &starts);
    if (size_of(folder, "") > 0)
        return true;
    if (size_of(folder, "-wal") > 0)
        return state_dir_set_aside(folder, "the store's database is gone or empty", now,
                                   news, err);
    if (starts.used == 0)
        return true;
    snprintf(news->kind, sizeof news->kind, "lost-store");
    snprintf(news->summary, sizeof news->summary,
             "the store '%.400s/" STORE "' is gone, though it was there before",
             folder);
    news->description = lost_description;
    starts.used = 0; /* or the new one would be older than it */
    write_starts(folder, &starts);
    return true;
}

/* --- while it runs ---------------------------------------------------------------- */

void state_files_note(struct state_files *files, const char *folder)
{
    for (size_t i = 0; i < 2; i++) {
        struct stat now;
        char *path = path_in(folder, STORE, suffixes[i]);
        if (stat(path, &now) == 0) {
            files->files[i].path = path;
            files->files[i].device = now.st_dev;
            files->files[i].inode = now.st_ino;
        } else {
            free(path);
        }
    }
}

bool state_files_are_there(const struct state_files *files, struct err *err)
{
    for (size_t i = 0; i < 2; i++) {
        struct stat now;
        const char *path = files->files[i].path;
        if (!path || (stat(path, &now) == 0 && now.st_dev == files->files[i].device &&
                      now.st_ino == files->files[i].inode))
            continue;
        return err_set(err, ERR_BROKEN,
                       "the store's file '%s' was moved, deleted or replaced while it "
                       "was in use",
                       path);
    }
    return true;
}

void state_files_clear(struct state_files *files)
{
    for (size_t i = 0; i < 2; i++)
        free(files->files[i].path);
    *files = (struct state_files){ 0 };
}
