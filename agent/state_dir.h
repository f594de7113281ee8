/**
 * The folder of the store: who may get into it, whether what lies there is what was
 * left there, and what becomes of a store that is damaged.
 *
 * A second small file, `starts`, knows how often the store was opened and closed. Where
 * it knows of more than the store does, somebody has put an older store back.
 */
#ifndef TOCSIN_AGENT_STATE_DIR_H
#define TOCSIN_AGENT_STATE_DIR_H

#include <sys/types.h>

#include "agent/base/err.h"
#include "agent/base/now.h"
#include "agent/base/slice.h"

/** What is to be told of the store after a start; kind is empty: nothing. */
struct state_news {
    char kind[32];
    char summary[640];
    const char *description;
};

/** Make @folder with mode 0700 when it is missing. Fails: ERR_DENIED, others can write
 *  into it; or the folder cannot be made. */
bool state_dir_make(const char *folder, struct err *err)
    __attribute__((warn_unused_result));

/** Is there no store in @folder, or an empty one? Then a new one begins, which is news
 *  where there was one before. A WAL without its database is set aside. */
bool state_dir_look(const char *folder, struct now now, struct state_news *news,
                    struct err *err) __attribute__((warn_unused_result));

/** Move the store away, to "corrupt-<unix time>.db" beside it. @why was said of it.
 *  Fails as rename(2). */
bool state_dir_set_aside(const char *folder, const char *why, struct now now,
                         struct state_news *news, struct err *err)
    __attribute__((warn_unused_result));

/** The store says that it was opened and closed @count times, this time included: is
 *  that less than `starts` knows? Then remember @count there, durably. A file that
 *  cannot be written costs the next look, not the start. */
void state_dir_note(const char *folder, uint64_t count, struct now now,
                    struct state_news *news);

/** Which files a running agent writes to. */
struct state_files {
    struct {
        char *path;
        dev_t device;
        ino_t inode;
    } files[2];
};

/** Remember the store in @folder, which is open. Behind a VFS @files stays empty. */
void state_files_note(struct state_files *files, const char *folder);
/** Are they still where they were? What is written to a deleted file is lost.
 *  Fails: ERR_BROKEN. */
bool state_files_are_there(const struct state_files *files, struct err *err)
    __attribute__((warn_unused_result));
void state_files_clear(struct state_files *files);

/** What is to be known of the file system with the statfs(2) type @type, as the end of
 *  a sentence: "lies on tmpfs, which ..."; NULL: nothing. */
const char *state_dir_doubt(int64_t type);

#endif
