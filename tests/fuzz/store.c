/** Any bytes as the store: it is opened, brought up to date or refused, and what was
 *  there is not gone when it was refused. Behind the first four bytes, which say how
 *  long it is, comes the database, then its WAL. */
#include "frame/fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/mem.h"
#include "agent/state.h"

enum { PATH_BYTES = 512, HEADER_BYTES = 100 };

static void write_file(const char *path, struct slice bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    must(fd >= 0 && write(fd, bytes.ptr, bytes.len) == (ssize_t)bytes.len);
    close(fd);
}

/** Does the file at @path begin with @bytes? In SQLite's header (100 bytes) opening may
 *  note how it is used. */
static bool holds(const char *path, struct slice bytes)
{
    char *read_back = mem_zalloc(bytes.len + 1);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd >= 0 ? read(fd, read_back, bytes.len) : -1;
    if (fd >= 0)
        close(fd);
    bool is_same = len == (ssize_t)bytes.len &&
                   (len <= HEADER_BYTES ||
                    memcmp(read_back + HEADER_BYTES, bytes.ptr + HEADER_BYTES,
                           bytes.len - HEADER_BYTES) == 0);
    free(read_back);
    return is_same;
}

/** Call @visit for each file of @folder. @return whether one call said yes. */
static bool any_file(const char *folder,
                     bool (*visit)(const char *path, struct slice bytes),
                     struct slice bytes)
{
    bool found = false;
    DIR *dir = opendir(folder);
    must(dir != NULL);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        char path[PATH_BYTES];
        struct stat is;
        snprintf(path, sizeof path, "%.200s/%.255s", folder, entry->d_name);
        if (lstat(path, &is) == 0 && S_ISREG(is.st_mode))
            found |= visit(path, bytes);
    }
    closedir(dir);
    return found;
}

static bool drop(const char *path, struct slice bytes)
{
    (void)bytes;
    must(unlink(path) == 0);
    return false;
}

static void try_store(const char *folder, struct slice database, struct slice wal)
{
    char path[PATH_BYTES];
    struct err err = { 0 };
    snprintf(path, sizeof path, "%.200s/tocsin.db", folder);
    write_file(path, database);
    snprintf(path, sizeof path, "%.200s/tocsin.db-wal", folder);
    if (wal.len > 0)
        write_file(path, wal);
    struct db *db = state_open(folder, NULL, &err);
    if (db) {
        (void)state_count_start(db, &err);
        db_close(db);
        return;
    }
    must(err.kind != ERR_NONE && err.text[0] != '\0');
    /* What the WAL holds may have come into the database. */
    must(wal.len > 0 || any_file(folder, holds, database));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char folder[] = "/dev/shm/tocsin-fuzz.XXXXXX",
         elsewhere[] = "/tmp/tocsin-fuzz.XXXXXX";
    uint32_t len;
    if (size < sizeof len || size > 1 << 20)
        return 0;
    const char *made = mkdtemp(folder);
    if (!made)
        made = mkdtemp(elsewhere);
    must(made != NULL);
    struct slice bytes = fuzz_input(data + sizeof len, size - sizeof len);
    memcpy(&len, data, sizeof len);
    if (len > bytes.len)
        len = (uint32_t)bytes.len;
    try_store(made, slice_make(bytes.ptr, len),
              slice_make(bytes.ptr + len, bytes.len - len));
    (void)any_file(made, drop, SLICE(""));
    must(rmdir(made) == 0);
    return 0;
}
