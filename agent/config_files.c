/**
 * Reading the files of a configuration. A file that changes while it is read is read
 * again, so that half of what an editor is writing never becomes a configuration.
 */
#include "agent/config_files.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/limits.h"

enum { READ_TRIES = 3 };

/** The loading of one generation. */
struct reading {
    struct config *config;
    struct complaints *complaints;
    struct {
        dev_t device;
        ino_t inode;
    } seen[LIMIT_CONFIG_FILES];
    size_t seen_count;
    bool is_whole; /**< every file could be read and parsed */
};

/** What one read brought, and what fstat() said before it. */
struct file_facts {
    struct stat stat;
    struct slice bytes;
};

/* --- one file -------------------------------------------------------------------- */

/** Read all of @fd into @into, one byte more than it may hold at most.
 *  @return its size, or -1 with errno. */
static ssize_t read_all(int fd, char *into, size_t size)
{
    size_t length = 0;
    while (length < size) {
        ssize_t count = pread(fd, into + length, size - length, (off_t)length);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return -1;
        if (count == 0)
            break;
        length += (size_t)count;
    }
    return (ssize_t)length;
}

static bool is_unchanged(const struct stat *a, const struct stat *b)
{
    return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/** Read @fd until it stays the same during a whole read. */
static bool read_quiet(int fd, const char *path, char *into, size_t size,
                       struct file_facts *facts, struct err *err)
{
    for (int i = 0; i < READ_TRIES; i++) {
        struct stat after;
        if (fstat(fd, &facts->stat) < 0)
            return err_set_errno(err, "cannot look at '%s'", path);
        if (!S_ISREG(facts->stat.st_mode))
            return err_set(err, ERR_INVALID, "'%s' is %s, not a file", path,
                           S_ISDIR(facts->stat.st_mode) ? "a folder"
                                                        : "a device, pipe or socket");
        ssize_t length = read_all(fd, into, size);
        if (length < 0 || fstat(fd, &after) < 0)
            return err_set_errno(err, "cannot read '%s'", path);
        facts->bytes = slice_make(into, (size_t)length);
        if (is_unchanged(&facts->stat, &after))
            return true;
    }
    return err_set(err, ERR_BUSY, "'%s' is being written to; try again", path);
}

/** Read @path into @arena. Fails with ERR_INVALID when it is larger than @max_bytes. */
static bool read_file(const char *path, size_t max_bytes, struct arena *arena,
                      struct file_facts *facts, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return err_set_errno(err, "cannot open '%s'", path);
    char *bytes = mem_grow(NULL, max_bytes + 1, 1);
    bool is_good = read_quiet(fd, path, bytes, max_bytes + 1, facts, err);
    if (is_good && facts->bytes.len > max_bytes)
        is_good = err_set(err, ERR_INVALID, "'%s' is larger than %zu KiB", path,
                          max_bytes / 1024);
    if (is_good)
        facts->bytes = arena_slice(arena, facts->bytes);
    free(bytes);
    close(fd);
    return is_good;
}

/* --- a file's content ------------------------------------------------------------ */

static const char *env_find(const char *name)
{
    return getenv(name);
}

static void load_source(struct reading *reading, const struct source_text *source)
{
    const struct yaml_node *root = yaml_parse(source, reading->complaints);
    if (root)
        schema_load(&config_schema, root, reading->config, env_find,
                    reading->complaints);
    if (!root || root->kind != YAML_MAP)
        reading->is_whole = false;
}

/** Remember the file. @return false when it was read already. */
static bool is_first_time(struct reading *reading, const struct stat *stat)
{
    for (size_t i = 0; i < reading->seen_count; i++)
        if (reading->seen[i].device == stat->st_dev &&
            reading->seen[i].inode == stat->st_ino)
            return false;
    reading->seen[reading->seen_count].device = stat->st_dev;
    reading->seen[reading->seen_count++].inode = stat->st_ino;
    return true;
}

static void note_file(struct config *config, const char *path)
{
    struct config_file *file = arena_zalloc(&config->arena, sizeof *file);
    file->path = arena_text(&config->arena, slice_of(path));
    file->next = config->files;
    config->files = file;
}

static void load_file(struct reading *reading, const char *path, struct place at)
{
    struct arena *arena = reading->complaints->arena;
    struct file_facts facts;
    struct err err;
    note_file(reading->config, path);
    if (!read_file(path, LIMIT_CONFIG_BYTES, arena, &facts, &err)) {
        complain(reading->complaints, at, "%s", err.text);
        reading->is_whole = false;
        return;
    }
    if (!is_first_time(reading, &facts.stat))
        return;
    struct source_text *source = arena_zalloc(arena, sizeof *source);
    *source = (struct source_text){ arena_text(arena, slice_of(path)), facts.bytes };
    if (facts.stat.st_mode & S_IWOTH)
        complain_softly(reading->complaints, (struct place){ .source = source },
                        "every user can change this file; chmod o-w '%s'", path);
    load_source(reading, source);
}

/* --- include --------------------------------------------------------------------- */

/** @path, started at the folder of the file @name when it is not absolute. */
static char *path_beside(struct arena *arena, const char *name, struct slice path)
{
    const char *slash = strrchr(name, '/');
    if (!slash || slice_starts(path, SLICE("/")))
        return arena_text(arena, path);
    return arena_printf(arena, "%.*s%.*s", (int)(slash - name) + 1, name,
                        SLICE_ARG(path));
}

/** A folder that is not there holds no files; one that cannot be read may hold rules
 *  that would be missing in silence. */
static int stops_glob(const char *folder, int code)
{
    (void)folder;
    return code != ENOENT && code != ENOTDIR;
}

static bool has_wildcard(const char *pattern)
{
    return strpbrk(pattern, "*?[") != NULL;
}

static void load_matches(struct reading *reading, char *const *paths, size_t count,
                         struct place at)
{
    for (size_t i = 0; i < count; i++) {
        if (reading->seen_count == LIMIT_CONFIG_FILES) {
            complain(reading->complaints, at,
                     "more than %d files make up this configuration",
                     LIMIT_CONFIG_FILES);
            reading->is_whole = false;
            return;
        }
        load_file(reading, paths[i], at);
    }
}

static void include_matches(struct reading *reading, const char *pattern,
                            struct place at)
{
    glob_t found = { 0 };
    int code = glob(pattern, 0, stops_glob, &found);
    if (code == 0) {
        load_matches(reading, found.gl_pathv, found.gl_pathc, at);
    } else if (code == GLOB_NOMATCH) {
        complain_softly(reading->complaints, at, "no file matches '%s'", pattern);
    } else {
        complain(reading->complaints, at, "cannot read the folder of '%s'", pattern);
        reading->is_whole = false;
    }
    globfree(&found);
}

static void include(struct reading *reading, const struct conf_text *wanted)
{
    struct place at = wanted->node->at;
    char *pattern =
        path_beside(reading->complaints->arena, at.source->name, wanted->value);
    if (has_wildcard(pattern))
        include_matches(reading, pattern, at);
    else
        load_matches(reading, &pattern, 1, at);
}

/** Included files may include others: the list grows while it is walked. */
static bool include_all(struct reading *reading)
{
    for (size_t i = 0; i < reading->config->include.count; i++)
        include(reading, &reading->config->include.items[i]);
    return reading->is_whole;
}

/* --- doors ----------------------------------------------------------------------- */

bool config_read(struct config *config, const char *path, struct complaints *complaints)
{
    struct reading reading = { config, complaints, .is_whole = true };
    load_file(&reading, path, (struct place){ 0 });
    return include_all(&reading);
}

bool config_read_text(struct config *config, const char *name, struct slice yaml,
                      struct complaints *complaints)
{
    struct reading reading = { config, complaints, .is_whole = true };
    struct source_text *source = arena_zalloc(complaints->arena, sizeof *source);
    *source = (struct source_text){
        .name = arena_text(complaints->arena, slice_of(name)),
        .bytes = arena_slice(complaints->arena, yaml),
    };
    load_source(&reading, source);
    return include_all(&reading);
}

bool config_read_node(struct config *config, const struct yaml_node *node,
                      struct complaints *complaints)
{
    struct reading reading = { config, complaints, .is_whole = true };
    schema_load(&config_schema, node, config, NULL, complaints);
    if (node->kind != YAML_MAP)
        reading.is_whole = false;
    return include_all(&reading);
}

/** What the lists of `in_file` are looked for by. */
struct list_reader {
    struct config *config;
    const char *name; /* of the first file */
};

static bool read_list(void *ctx, const char *path, struct arena *arena,
                      struct slice *bytes, struct err *err)
{
    const struct list_reader *reader = ctx;
    struct file_facts facts;
    const char *full = path_beside(arena, reader->name, slice_of(path));
    note_file(reader->config, full);
    if (!read_file(full, LIMIT_LIST_FILE_BYTES, arena, &facts, err))
        return false;
    *bytes = facts.bytes;
    return true;
}

const struct where_files *config_list_files(struct config *config, const char *name)
{
    struct where_files *files = arena_zalloc(&config->arena, sizeof *files);
    struct list_reader *reader = arena_zalloc(&config->arena, sizeof *reader);
    *reader =
        (struct list_reader){ config, arena_text(&config->arena, slice_of(name)) };
    *files = (struct where_files){ read_list, reader };
    return files;
}
