/**
 * What a configuration needs of the file system, as folders free of symbolic links:
 * what the sandbox is drawn around, and what a later configuration is compared with.
 */
#ifndef TOCSIN_AGENT_SANDBOX_PATHS_H
#define TOCSIN_AGENT_SANDBOX_PATHS_H

#include "agent/base/limits.h"
#include "agent/config.h"

struct sandbox_path {
    const char *path;
    unsigned rights; /**< bits of enum landlock_right; the folder and all below it */
};

/** Zero-initialised: none. */
struct sandbox_paths {
    struct sandbox_path items[LIMIT_SANDBOX_PATHS];
    size_t count;
    bool overflowed; /**< further ones were left out */
    bool is_wide;
    struct arena arena;
};

/** Collect what an agent with @config reads and writes, now and after a reload of the
 *  same files. What does not exist yet is represented by the deepest folder above it
 *  that does. @is_wide: of a watched folder that is three or more deep, the one above
 *  it is taken, so that it may be removed and made anew. */
void sandbox_paths_collect(struct sandbox_paths *paths, const struct config *config,
                           bool is_wide);
void sandbox_paths_free(struct sandbox_paths *paths);

/** May @path be used so? */
bool sandbox_paths_cover(const struct sandbox_paths *paths, const char *path,
                         unsigned rights);

#endif
