/**
 * A disk that can be full: an SQLite VFS before the default one, whose writes fail with
 * SQLITE_FULL while a story says so. Without shared memory, which the store does not
 * need (locking_mode=EXCLUSIVE).
 */
#ifndef TOCSIN_STORY_FULL_DISK_H
#define TOCSIN_STORY_FULL_DISK_H

#include <stdbool.h>

struct full_disk;

/** Register the VFS; one at a time in a process. */
struct full_disk *full_disk_create(void);
void full_disk_free(struct full_disk *disk);

/** What db_open() takes as its vfs. */
const char *full_disk_vfs(const struct full_disk *disk);

void full_disk_set(struct full_disk *disk, bool is_full);

#endif
