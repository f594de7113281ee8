/** Walking a pattern: a stack of folders, each with the part of the pattern to go. */
#include "agent/inputs/scan.h"

#include <stdlib.h>

#include "agent/base/limits.h"
#include "agent/base/map.h"
#include "agent/base/mem.h"
#include "agent/inputs/glob.h"
#include "agent/inputs/search.h"

struct step {
    char *path;
    struct slice rest;
};

struct visited {
    uint64_t key[2];
};

struct scan {
    const struct fs *fs;
    const struct scan_visitor *visitor;
    struct step *steps;
    size_t count, capacity;
    size_t entry_count;
    struct map visited; /**< folders that `**` entered */

    /* of the folder that is being listed */
    struct slice folder, name, rest;
};

static bool is_double_star(struct slice s)
{
    return s.len == 2 && s.ptr[0] == '*' && s.ptr[1] == '*';
}

static void push(struct scan *scan, char *path, struct slice rest)
{
    struct step *step = mem_push(scan->steps, scan->count, scan->capacity);
    *step = (struct step){ path, rest };
}

/** @path is reached; @rest of the pattern is to go. Takes @path. */
static void arrive(struct scan *scan, char *path, struct slice rest)
{
    if (rest.len > 0) {
        push(scan, path, rest);
        return;
    }
    scan->visitor->file(scan->visitor->ctx, path);
    free(path);
}

static void list(struct scan *scan, const char *path,
                 void (*each)(void *ctx, const char *name))
{
    struct err err;
    scan->visitor->folder(scan->visitor->ctx, path);
    /* A folder that is not there yet, or is a file, simply matches nothing. */
    (void)scan->fs->list(scan->fs->ctx, path[0] ? path : ".", each, scan, &err);
}

static void visit_matching(void *ctx, const char *name)
{
    struct scan *scan = ctx;
    if (++scan->entry_count <= LIMIT_SCAN_ENTRIES &&
        glob_match_name(scan->name, slice_of(name)))
        arrive(scan, path_join(scan->folder, slice_of(name)), scan->rest);
}

/** @return true for a folder that was not entered before. */
static bool enter_once(struct scan *scan, const char *path)
{
    struct err err;
    struct fs_stat stat;
    if (!scan->fs->stat(scan->fs->ctx, path, &stat, &err) || !stat.is_directory)
        return false;
    struct visited *visited = mem_zalloc(sizeof *visited);
    visited->key[0] = stat.device;
    visited->key[1] = stat.inode;
    struct slice key = slice_make((const char *)visited->key, sizeof visited->key);
    if (!map_find(&scan->visited, key)) {
        map_put(&scan->visited, key, visited);
        return true;
    }
    free(visited);
    return false;
}

static void visit_folder(void *ctx, const char *name)
{
    struct scan *scan = ctx;
    if (++scan->entry_count > LIMIT_SCAN_ENTRIES || name[0] == '.')
        return;
    char *path = path_join(scan->folder, slice_of(name));
    if (enter_once(scan, path))
        push(scan, path, scan->rest);
    else
        free(path);
}

static void walk_double_star(struct scan *scan, const struct step *step,
                             struct slice after)
{
    struct slice all = SLICE("*");
    scan->folder = slice_of(step->path);
    scan->rest = step->rest;
    list(scan, step->path, visit_folder);
    push(scan, mem_copy_text(step->path), after.len > 0 ? after : all);
}

static void walk_step(struct scan *scan, const struct step *step)
{
    struct slice rest = step->rest, name;
    slice_next(&rest, '/', &name);
    if (is_double_star(name)) {
        walk_double_star(scan, step, rest);
        return;
    }
    if (name.len == 0) {
        arrive(scan, mem_copy_text(step->path), rest);
        return;
    }
    scan->folder = slice_of(step->path);
    scan->name = name;
    scan->rest = rest;
    if (glob_has_wildcard(name)) {
        list(scan, step->path, visit_matching);
        return;
    }
    if (rest.len == 0)
        scan->visitor->folder(scan->visitor->ctx, step->path);
    arrive(scan, path_join(scan->folder, name), rest);
}

static void free_visited(struct scan *scan)
{
    size_t at = 0;
    void *visited;
    while ((visited = map_next(&scan->visited, &at)) != NULL)
        free(visited);
    map_free(&scan->visited);
}

bool scan_walk(const struct fs *fs, struct slice pattern,
               const struct scan_visitor *visitor)
{
    struct scan scan = { .fs = fs, .visitor = visitor };
    bool is_absolute = pattern.len > 0 && pattern.ptr[0] == '/';
    while (pattern.len > 0 && pattern.ptr[0] == '/')
        pattern = slice_make(pattern.ptr + 1, pattern.len - 1);
    push(&scan, mem_copy_text(is_absolute ? "/" : ""), pattern);
    while (scan.count > 0) {
        struct step step = scan.steps[--scan.count];
        if (step.rest.len > 0)
            walk_step(&scan, &step);
        free(step.path);
    }
    free(scan.steps);
    free_visited(&scan);
    return scan.entry_count <= LIMIT_SCAN_ENTRIES;
}
